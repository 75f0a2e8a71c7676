"""The receiver's window: how it slides, closes, is probed and opens (RFC 9293 section 3.8.6, RFC 7323 section 2)."""

from __future__ import annotations

import pytest

from testbed.clock import SECOND

# -- sliding -----------------------------------------------------------------------------------------------------------


def test_the_window_closes_as_data_waits_and_opens_as_it_is_read(story):
    s = story(receive_buffer=4000).established()
    s.receive("ACK", data=1000)
    s.expect("ACK", ack=1001, window=3000)
    s.receive("ACK", data=1000)
    s.expect("ACK", ack=2001, window=2000)
    s.read(2000)
    s.expect("ACK", ack=2001, window=4000, reason="window update")


def test_the_sender_keeps_within_the_window(story):
    s = story().established(window=3000)
    s.write(9000)
    s.expect_data(1, 1001, 2001)
    s.receive("ACK", ack=1001, window=3000)
    s.expect_data(3001)
    s.receive("ACK", ack=4001, window=2000)
    s.expect_data(4001, 5001)


def test_an_older_segment_does_not_change_the_window(story):
    """SND.WL1 and SND.WL2"""
    s = story().established(window=10_000)
    s.write(20_000)
    s.take()
    s.receive("ACK", seq=21, ack=5001, window=5000, data=10)
    s.expect("ACK", ack=1)
    s.receive("ACK", seq=1, ack=5001, window=60_000, data=20)  # sent earlier, overtaken
    s.expect("ACK", ack=31)
    s.receive("ACK", ack=4001, window=60_000)
    assert s.connection.sender.peer.size == 5000
    s.receive("ACK", ack=5001, window=6000)
    s.expect_data(10_001)


def test_a_retransmission_that_acknowledges_more_gives_the_window_as_well(story):
    """Its sequence number is old. The window before would reach beyond the peer's buffer by what is acknowledged."""
    s = story().established(window=3000)
    s.write(9000)
    s.expect_data(1, 1001, 2001)
    s.receive("ACK", seq=11, ack=1, data=10, window=3000)
    s.expect("ACK", ack=1)
    s.receive("ACK", seq=1, ack=3001, data=10, window=0)
    s.expect("ACK", ack=21)


def test_a_peer_that_takes_its_window_back_gets_no_new_data_and_no_crash(story):
    """A peer should not (RFC 9293 section 3.8.6), and we must live with it (MUST-34)."""
    s = story().established(window=5000)
    s.write(9000)
    s.expect_data(1, 1001, 2001, 3001, 4001)
    s.receive("ACK", ack=1001, window=1000)
    s.check_silence()
    s.tick("1s")
    s.expect_data(1001)
    s.receive("ACK", ack=5001, window=5000)
    s.expect_data(5001, 6001)


def test_our_right_edge_never_moves_to_the_left(story):
    """Checked by the harness at each segment; here the window is offered, filled in odd pieces, read and offered."""
    s = story(receive_buffer=100_000, window_scaling=True).established(window_scale=2)
    for size in (1, 999, 3, 1000, 17):
        for _ in range(20):
            s.receive("ACK", data=size)
            s.take()
    s.read(5000)
    s.take()
    s.receive("ACK", data=1)
    s.take()


def test_more_than_the_buffer_is_never_held_however_small_the_segments(story):
    """A window rounded up to its scale's unit at each acknowledgement would grow for ever."""
    s = story(receive_buffer=200_000, window_scaling=True, mss=1000).established(window_scale=7)
    unit = 1 << s.config.window_scale
    while s.shown_edge > s.peer_next:
        room = s.shown_edge - s.peer_next
        s.receive("ACK", data=997 if room > 3000 else min(room, 1))
        s.take()
        assert s.connection.receiver.reassembly.unread <= 200_000 + unit
        if s.connection.receiver.show_window() == 0:
            break
    assert s.connection.receiver.reassembly.unread >= 200_000 - unit


# -- scale -------------------------------------------------------------------------------------------------------------


def test_the_window_is_scaled_when_both_offered(story):
    s = story(receive_buffer=1 << 20, window_scaling=True)
    s.open()
    s.expect("SYN", window_scale=5, window=0xFFFF)
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000, window_scale=3, window=1000)
    s.expect("ACK", window=1 << 15)
    s.write(9000)
    s.expect_data(1)  # the SYN's own window is never scaled
    s.receive("ACK", ack=1001, window=250)
    s.expect_data(1001, 2001)


def test_a_window_above_64_kib_needs_the_peers_offer_too(story):
    s = story(receive_buffer=1 << 20, window_scaling=True).established(window_scale=None, window=2000)
    s.receive("ACK", data=10, window=3000)
    s.expect("ACK", window=0xFFFF)  # more is free, but the field cannot say it
    s.write(9000)
    s.expect_data(1, 1001, 2001)


def test_no_scale_is_answered_when_none_was_offered(story):
    s = story(passive=True, window_scaling=True, receive_buffer=1 << 20)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK", window_scale=None)


def test_no_scale_is_offered_when_switched_off_and_the_peers_is_ignored(story):
    s = story(passive=True, window_scaling=False, receive_buffer=1 << 20)
    s.receive("SYN", seq=0, mss=1000, window_scale=9)
    s.expect("SYN,ACK", window_scale=None)
    s.receive("ACK", seq=1, window=1000)
    s.write(5000)
    s.expect_data(1)


def test_a_scale_above_14_counts_as_14(story):
    """RFC 7323 section 2.3"""
    s = story(window_scaling=True).established(window_scale=15)
    s.receive("ACK", window=1)
    assert s.connection.sender.peer.size == 1 << 14


# -- zero window -------------------------------------------------------------------------------------------------------


def closed(s, unsent=5000):
    """The peer's window is closed, with data waiting."""
    s.established(window=1000)
    s.write(1000 + unsent)
    s.expect_data(1)
    s.receive("ACK", ack=1001, window=0)
    return s


def test_a_closed_window_is_probed_with_back_off(story):
    """Section 3.8.6.1: the first probe after one RTO, then exponentially more slowly (SHLD-29, SHLD-30)."""
    s = closed(story())
    s.tick("63s")
    for time in ("1s", "3s", "7s", "15s", "31s", "63s"):
        s.expect("ACK", seq=1001, length=1, at=time, reason="window probe")


@pytest.mark.parametrize("answered", [True, False])
def test_the_back_off_is_the_same_whether_probes_are_answered_or_not(story, answered):
    s = closed(story())
    for time, wait in (("1s", "1s"), ("3s", "2s"), ("7s", "4s"), ("15s", "8s"), ("31s", "16s")):
        s.tick(wait)
        s.expect("ACK", seq=1001, length=1, at=time)
        if answered:
            s.receive("ACK", ack=1001, window=0)


def test_the_time_between_probes_has_the_timeouts_maximum(story):
    s = closed(story(rto_max=10 * SECOND))
    s.tick("35s")
    for time in ("1s", "3s", "7s", "15s", "25s", "35s"):
        s.expect("ACK", seq=1001, at=time)


def test_answered_probes_keep_the_connection_for_ever(story):
    """MUST-37"""
    s = closed(story(data_retries=3))
    probes = 0
    for _ in range(1000):
        s.tick("1s")
        for _ in s.take():
            probes += 1
            s.receive("ACK", ack=1001, window=0)
    assert probes > 15
    assert s.state == "ESTABLISHED"


def test_unanswered_probes_end_the_connection(story):
    s = closed(story(data_retries=3))
    s.tick("15s")
    assert len(s.take()) == 4
    s.tick("16s")
    assert s.state == "CLOSED"
    assert s.error == "connection timed out"


def test_an_acknowledged_probe_counts_as_sent(story):
    s = closed(story())
    s.tick("1s")
    s.expect("ACK", seq=1001, length=1)
    s.receive("ACK", ack=1002, window=3000)
    s.expect_data(1002, 2002, 3002)


def test_a_refused_probe_is_sent_again_with_the_rest(story):
    s = closed(story())
    s.tick("1s")
    s.expect("ACK", seq=1001, length=1)
    s.receive("ACK", ack=1001, window=3000)
    s.expect_data(1001, 2001, 3001)


def test_the_acknowledgement_of_a_probe_is_no_round_trip_of_what_followed_it(story):
    """Karn: the octet was sent twice, so its acknowledgement may belong to the probe."""
    s = closed(story(nagle=False))
    samples = len(s.teller.samples)
    s.tick("1s")
    s.expect("ACK", seq=1001, length=1)
    s.receive("ACK", ack=1001, window=3000)
    s.expect_data(1001, 2001, 3001)
    s.receive("ACK", ack=1002, window=3000)
    s.take()
    assert len(s.teller.samples) == samples


def test_when_the_window_opens_probing_ends_and_begins_anew(story):
    s = closed(story())
    s.tick("3s")
    s.expect("ACK", at="1s")
    s.expect("ACK", at="3s")
    s.receive("ACK", ack=1001, window=1000)
    s.expect_data(1001)
    s.receive("ACK", ack=2001, window=0)
    s.tick("1s")
    s.expect("ACK", seq=2001, length=1, at="4s")


def test_a_fin_alone_probes_as_well(story):
    """A FIN must not be stuck behind a closed window."""
    s = story().established(window=1000)
    s.write(1000)
    s.expect_data(1)
    s.close()
    s.receive("ACK", ack=1001, window=0)
    assert s.state == "FIN-WAIT-1"
    s.tick("1s")
    s.expect("FIN,ACK", seq=1001, length=0, reason="window probe")
    s.receive("ACK", ack=1002, window=0)
    assert s.state == "FIN-WAIT-2"


def test_a_fin_refused_by_a_closed_window_goes_when_it_opens(story):
    s = story().established(window=1000)
    s.write(1000)
    s.expect_data(1)
    s.close()
    s.receive("ACK", ack=1001, window=0)
    s.tick("1s")
    s.expect("FIN,ACK", seq=1001)
    s.receive("ACK", ack=1001, window=0)
    s.receive("ACK", ack=1001, window=500)
    s.expect("FIN,ACK", seq=1001)
    s.receive("ACK", ack=1002, window=500)
    assert s.state == "FIN-WAIT-2"


def test_data_in_flight_when_the_window_closes_is_not_given_up_while_the_peer_answers(story):
    """The peer has taken its window back: what was sent is repeated, and the answers keep the connection."""
    s = story(data_retries=2).established(window=2000)
    s.write(2000)
    s.expect_data(1, 1001)
    s.receive("ACK", ack=1, window=0)
    for _ in range(600):
        s.tick("1s")
        for _ in s.take():
            s.receive("ACK", ack=1, window=0)
    assert s.connection.stats.timeouts > 8
    assert s.state == "ESTABLISHED"


# -- the closed window, seen from the receiver -------------------------------------------------------------------------


def full(s):
    """Our window is closed, with 1000 bytes unread."""
    s.established()
    s.receive("ACK", data=1000)
    s.expect("ACK", ack=1001, window=0)
    return s


def test_a_probe_is_answered_and_not_taken(story):
    s = full(story(receive_buffer=1000))
    for _ in range(3):
        s.receive("ACK", seq=1001, data=1)
        s.expect("ACK", ack=1001, window=0)
    assert len(s.read()) == 1000
    s.expect("ACK", ack=1001, window=1000, reason="window update")


def test_acknowledgements_are_taken_at_a_closed_window(story):
    """Section 3.10.7.4: "special allowance should be made to accept valid ACKs, URGs, and RSTs"."""
    s = full(story(receive_buffer=1000))
    s.write(10)
    s.expect("ACK,PSH", seq=1)
    s.receive("ACK", seq=1001, ack=11)
    assert s.connection.deadline is None


def test_acknowledgements_on_a_probe_are_taken_too(story):
    s = full(story(receive_buffer=1000))
    s.write(10)
    s.expect("ACK,PSH", seq=1)
    s.receive("ACK", seq=1001, ack=11, data=1)
    s.expect("ACK", ack=1001, window=0)
    assert s.connection.sender.una == s.isn + 11


def test_a_reset_is_taken_at_a_closed_window(story):
    s = full(story(receive_buffer=1000))
    s.receive("RST", seq=1001)
    assert s.state == "CLOSED"


def test_an_old_segment_at_a_closed_window_is_answered(story):
    s = full(story(receive_buffer=1000))
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=1001, window=0)


def test_two_closed_windows_do_not_answer_each_other_for_ever(story):
    s = full(story(receive_buffer=1000))
    s.receive("ACK", window=0)
    s.write(500)
    s.check_silence()
    for _ in range(3):
        s.receive("ACK", seq=1001, ack=1, window=0)  # a plain acknowledgement needs no answer
        s.check_silence()
    s.tick("1s")
    s.expect("ACK", seq=1, length=1, reason="window probe")


def test_two_full_windows_with_holes_do_not_answer_each_other_for_ever(story):
    """The duplicate acknowledgements of a peer that has filled our window stand on its right edge."""
    s = story(receive_buffer=2000).established()
    s.write(4000)
    s.take()
    s.receive("ACK", seq=1001, ack=1, data=1000)  # the first segment of its two is lost, and of our four
    s.expect("ACK", seq=4001, ack=1)
    for _ in range(3):
        s.receive("ACK", seq=2001, ack=1)
    s.expect("ACK", seq=1, length=1000, reason="fast retransmit")


def test_a_fin_at_a_closed_window_is_answered_and_taken_when_it_opens(story):
    s = full(story(receive_buffer=1000))
    s.receive("FIN,ACK", seq=1001)
    s.expect("ACK", ack=1001, window=0)
    assert s.state == "ESTABLISHED"
    s.read()
    s.expect("ACK", ack=1001, window=1000)
    s.receive("FIN,ACK", seq=1001)
    s.expect("ACK", ack=1002)
    assert s.state == "CLOSE-WAIT"


def test_reading_after_the_fin_sends_no_window_updates(story):
    s = story(receive_buffer=1001).established()
    s.receive("FIN,ACK", data=1000)
    s.expect("ACK", ack=1002)
    s.read()
    s.tick("10s")


def test_out_of_order_data_does_not_narrow_the_window(story):
    """Its place is inside the window already: it must not be counted twice."""
    s = story(receive_buffer=10_000).established()
    s.receive("ACK", seq=2001, data=3000)
    s.expect("ACK", ack=1, window=10_000)
    s.receive("ACK", seq=1, data=2000)
    s.expect("ACK", ack=5001, window=5000)
