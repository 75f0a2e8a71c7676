"""Options: offered, agreed, used (RFC 9293 section 3.2, RFC 7323, RFC 2018)."""

from __future__ import annotations

import pytest

from testbed.clock import MILLISECOND, SECOND

DAY = 24 * 3600 * SECOND

# -- agreement ---------------------------------------------------------------------------------------------------------


def test_the_syn_offers_what_is_switched_on(story):
    s = story(timestamps=True, sack=True, window_scaling=True, receive_buffer=4 << 20)
    s.open()
    syn = s.expect("SYN", mss=1000, sack_permitted=True, window_scale=7, timestamp_echo=0)
    assert syn.timestamp is not None


def test_the_syn_offers_nothing_that_is_switched_off(story):
    s = story()
    s.open()
    s.expect("SYN", sack_permitted=False, window_scale=None, timestamp=None)


@pytest.mark.parametrize("offered", [True, False])
def test_the_syn_ack_answers_only_what_was_offered(story, offered):
    s = story(passive=True, timestamps=True, sack=True, window_scaling=True, receive_buffer=4 << 20)
    offer = {"timestamp": 7, "sack_permitted": True, "window_scale": 2} if offered else {}
    s.receive("SYN", seq=0, mss=1000, **offer)
    segment = s.expect("SYN,ACK", sack_permitted=offered, window_scale=7 if offered else None)
    assert (segment.timestamp is not None) is offered
    assert segment.timestamp_echo == (7 if offered else 0)


@pytest.mark.parametrize("setting", ["timestamps", "sack", "window_scaling"])
def test_what_we_do_not_want_is_not_answered_though_the_peer_offers_it(story, setting):
    s = story(passive=True, **{"timestamps": True, "sack": True, "window_scaling": True, setting: False})
    s.receive("SYN", seq=0, mss=1000, timestamp=7, sack_permitted=True, window_scale=2)
    segment = s.expect("SYN,ACK")
    found = {
        "timestamps": segment.timestamp is not None,
        "sack": segment.sack_permitted,
        "window_scaling": segment.window_scale is not None,
    }
    assert [name for name, on in found.items() if not on] == [setting]


def test_an_option_the_peer_did_not_answer_is_not_used(story):
    s = story(timestamps=True, sack=True, window_scaling=True).established()
    s.receive("ACK", seq=1001, data=100)
    s.expect("ACK", timestamp=None, sack=[])


@pytest.mark.parametrize("flags", ["ACK", "ACK,PSH"])
def test_unknown_options_are_ignored(story, flags):
    """MUST-6"""
    s = story().established(unknown=((253, b"abc"),))
    s.receive(flags, data=10, unknown=((254, b"\x01\x02"), (99, b"")))
    s.expect("ACK", ack=11, unknown=())


# -- timestamps --------------------------------------------------------------------------------------------------------


def stamped(story, **settings):
    s = story(timestamps=True, **settings)
    return s.established(timestamp=1000)


def test_every_segment_carries_our_clock_and_the_peers_last(story):
    s = stamped(story)
    s.receive("ACK", data=10, timestamp=1005)
    first = s.expect("ACK", timestamp_echo=1005)
    s.tick("25ms")
    s.write(10)
    second = s.expect("ACK,PSH", timestamp_echo=1005)
    assert (second.timestamp - first.timestamp) % 2**32 == 25


def test_a_retransmission_carries_the_clock_as_it_is_now(story):
    s = stamped(story)
    s.write(10)
    first = s.expect("ACK,PSH", seq=1)
    s.tick("1s")
    again = s.expect("ACK,PSH", seq=1, timestamp_echo=1000)
    assert (again.timestamp - first.timestamp) % 2**32 == 1000


def test_a_keep_alive_probe_carries_timestamps_like_any_segment(story):
    s = stamped(story, keepalive=True, keepalive_idle=10 * SECOND)
    s.tick("10s")
    assert s.expect("ACK", seq=0, length=0, timestamp_echo=1000).timestamp is not None


def test_timestamps_take_12_bytes_from_each_segment(story):
    s = stamped(story, nagle=False)
    s.write(1000)
    s.expect("ACK", length=988, header_size=32)
    s.expect("ACK,PSH", length=12, header_size=32)


def test_the_clock_can_be_slower(story):
    s = stamped(story, timestamp_tick=100 * MILLISECOND)
    s.write(10)
    first = s.expect("ACK,PSH")
    s.tick("900ms")
    s.receive("ACK", ack=11)
    s.write(10)
    assert (s.expect("ACK,PSH").timestamp - first.timestamp) % 2**32 == 9


def test_a_segment_without_timestamp_is_dropped_in_silence_once_they_are_agreed(story):
    """RFC 7323 section 3.2"""
    s = stamped(story)
    s.receive("ACK", data=10, timestamp=None)
    assert s.read() == b""


def test_a_reset_needs_no_timestamp(story):
    s = stamped(story)
    s.receive("RST", seq=1)
    assert s.state == "CLOSED"


def test_our_reset_carries_one(story):
    s = stamped(story)
    s.abort()
    assert s.expect("RST,ACK").timestamp is not None


def test_the_echo_is_that_of_the_segment_that_covers_what_was_acknowledged_last(story):
    """RFC 7323 section 4.3: out of order, the earlier value stays, so that the peer's measure includes the hole."""
    s = stamped(story)
    s.receive("ACK", seq=1001, data=1000, timestamp=2000)
    s.expect("ACK", ack=1, timestamp_echo=1000)
    s.receive("ACK", seq=1, data=1000, timestamp=2001)
    s.expect("ACK", ack=2001, timestamp_echo=2001)


def test_with_delayed_acknowledgements_the_first_segments_value_is_echoed(story):
    s = stamped(story, delayed_ack=200 * MILLISECOND)
    s.receive("ACK", data=900, timestamp=2000)
    s.tick("20ms")
    s.receive("ACK", data=1100, timestamp=2020)
    s.expect("ACK", ack=2001, timestamp_echo=2000)


# -- PAWS (RFC 7323 section 5) -----------------------------------------------------------------------------------------


def test_a_segment_with_an_older_timestamp_is_acknowledged_and_dropped(story):
    s = stamped(story)
    s.receive("ACK", data=10, timestamp=999)
    s.expect("ACK", ack=1)
    assert s.read() == b""


def test_an_equal_timestamp_is_good(story):
    s = stamped(story)
    s.receive("ACK", data=10, timestamp=1000)
    s.expect("ACK", ack=11)


def test_timestamps_wrap(story):
    s = story(timestamps=True).established(timestamp=2**32 - 5)
    s.receive("ACK", data=10, timestamp=2**32 - 1)
    s.expect("ACK", ack=11, timestamp_echo=2**32 - 1)
    s.receive("ACK", data=10, timestamp=3)
    s.expect("ACK", ack=21, timestamp_echo=3)
    s.receive("ACK", data=10, timestamp=2**32 - 1)
    s.expect("ACK", ack=21)


def test_half_of_the_number_space_is_where_older_begins(story):
    s = stamped(story)
    s.receive("ACK", data=10, timestamp=1000 + 2**31)
    s.expect("ACK", ack=1)
    s.receive("ACK", seq=1, data=10, timestamp=1000 + 2**31 - 1)
    s.expect("ACK", ack=11)


def test_a_reset_is_not_subject_to_paws(story):
    s = stamped(story)
    s.receive("RST", seq=1, timestamp=1)
    assert s.state == "CLOSED"


def test_an_old_timestamp_does_not_become_the_one_to_echo(story):
    s = stamped(story)
    s.receive("ACK", data=10, timestamp=500)
    s.expect("ACK", timestamp_echo=1000)


@pytest.mark.parametrize(("idle", "accepted"), [(24 * DAY, False), (24 * DAY + SECOND, True)])
def test_after_24_idle_days_any_timestamp_is_good(story, idle, accepted):
    """Section 5.5: the peer's clock may have gone half round meanwhile."""
    s = stamped(story)
    s.tick(f"{idle // SECOND}s")
    s.receive("ACK", data=10, timestamp=5)
    s.expect("ACK", ack=11 if accepted else 1, timestamp_echo=5 if accepted else 1000)


def test_an_old_duplicate_from_before_the_wrap_is_recognised(story):
    """What PAWS is for: the numbers fit, 2^32 bytes later, and only the timestamp tells."""
    s = stamped(story)
    s.receive("ACK", data=100, timestamp=5000)
    s.expect("ACK", ack=101)
    s.receive("ACK", seq=101, data=100, timestamp=1200)
    s.expect("ACK", ack=101)
    assert len(s.read()) == 100


def test_acknowledgements_with_old_timestamps_are_not_used(story):
    s = stamped(story)
    s.write(10)
    s.expect("ACK,PSH")
    s.receive("ACK", ack=11, timestamp=1)
    s.expect("ACK")
    assert s.connection.sender.una == s.isn + 1


# -- SACK, generated by the receiver (RFC 2018) ------------------------------------------------------------------------


def sacked(story, **settings):
    options = {"sack_permitted": True, **({"timestamp": 1} if settings.get("timestamps") else {})}
    return story(sack=True, **settings).established(**options)


def test_what_waits_beyond_a_hole_is_reported(story):
    s = sacked(story)
    s.receive("ACK", seq=1001, data=500)
    s.expect("ACK", ack=1, sack=[(1001, 1501)])


def test_a_block_grows_with_its_neighbours(story):
    s = sacked(story)
    s.receive("ACK", seq=1001, data=500)
    s.expect("ACK", sack=[(1001, 1501)])
    s.receive("ACK", seq=1501, data=500)
    s.expect("ACK", sack=[(1001, 2001)])
    s.receive("ACK", seq=801, data=200)
    s.expect("ACK", sack=[(801, 2001)])


def test_the_latest_block_comes_first_and_the_others_by_when_they_grew(story):
    s = sacked(story)
    for seq in (1001, 3001, 5001):
        s.receive("ACK", seq=seq, data=500)
        s.take()
    s.receive("ACK", seq=3501, data=100)
    s.expect("ACK", ack=1, sack=[(3001, 3601), (5001, 5501), (1001, 1501)])


@pytest.mark.parametrize(("timestamps", "most"), [(False, 4), (True, 3)])
def test_there_is_room_for_four_blocks_or_three_beside_timestamps(story, timestamps, most):
    s = sacked(story, timestamps=timestamps)
    for seq in range(1001, 13_001, 2000):
        s.receive("ACK", seq=seq, data=500)
        segment = s.take()[-1]
    assert len(segment.sack) == most
    assert segment.header_size <= 60


def test_a_filled_hole_takes_its_block_away(story):
    s = sacked(story)
    for seq in (1001, 3001):
        s.receive("ACK", seq=seq, data=500)
        s.take()
    s.receive("ACK", seq=1, data=1000)
    s.expect("ACK", ack=1501, sack=[(3001, 3501)])
    s.receive("ACK", seq=1501, data=1500)
    s.expect("ACK", ack=3501, sack=[])


def test_data_we_send_reports_blocks_as_well_and_stays_within_the_segment_size(story):
    s = sacked(story)
    s.receive("ACK", seq=1001, data=500)
    s.take()
    s.write(5000)
    for segment in s.take():
        assert segment.sack
        assert segment.header_size + len(segment.payload) <= 1020


def test_a_retransmission_stays_within_the_segment_size_although_blocks_have_come(story):
    """It was cut when there were none: sent with them it would be too large for the link, each time again."""
    s = sacked(story, timestamps=True, tail_loss_probe=False)
    s.write(5000)
    s.take()
    for seq in (1001, 3001, 5001):
        s.receive("ACK", seq=seq, ack=1, data=500)
        s.take()
    s.tick("1s")
    (segment,) = s.take()
    assert len(segment.payload) == 988
    assert segment.header_size + len(segment.payload) <= 1020


def test_without_agreement_no_blocks_are_sent(story):
    s = story(sack=True).established()
    s.receive("ACK", seq=1001, data=500)
    s.expect("ACK", ack=1, sack=[])


def test_blocks_that_the_peer_sends_do_no_harm(story):
    s = sacked(story, tail_loss_probe=False, rack=False)
    s.write(3000)
    s.take()
    isn = s.isn
    s.receive("ACK", ack=1, sack=(((isn + 1001) % 2**32, (isn + 2001) % 2**32),))
    s.receive("ACK", ack=3001, sack=((5, 4), (0, 0)))
    assert s.connection.deadline is None
