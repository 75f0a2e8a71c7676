"""No silly windows: Nagle's rule and the sender's side, the receiver's side, and delayed acknowledgements.

RFC 9293 sections 3.7.4, 3.8.6.2 and 3.8.6.3.
"""

from __future__ import annotations

from testbed.clock import MILLISECOND

MS = MILLISECOND

# -- Nagle -------------------------------------------------------------------------------------------------------------


def test_nagle_holds_a_small_segment_while_data_is_unacknowledged(story):
    s = story().established()
    s.write(10)
    s.expect("ACK,PSH", seq=1, length=10)
    s.write(10)
    s.write(10)
    s.receive("ACK", ack=11)
    s.expect("ACK,PSH", seq=11, length=20)


def test_nagle_lets_a_full_segment_pass(story):
    s = story().established()
    s.write(10)
    s.expect("ACK,PSH", seq=1)
    s.write(1500)
    s.expect("ACK", seq=11, length=1000)
    s.receive("ACK", ack=1011)
    s.expect("ACK,PSH", seq=1011, length=500)


def test_without_nagle_each_write_leaves_at_once(story):
    s = story(nagle=False).established()
    for place in (1, 11, 21):
        s.write(10)
        s.expect("ACK,PSH", seq=place, length=10)


def test_the_last_small_segment_need_not_wait_when_the_application_has_closed(story):
    s = story().established()
    s.write(10)
    s.expect("ACK,PSH", seq=1)
    s.write(10)
    s.close()
    s.expect("FIN,ACK,PSH", seq=11, length=10)


# -- the sender --------------------------------------------------------------------------------------------------------


def test_the_sender_does_not_fill_a_small_opening_of_the_window(story):
    s = story().established(window=4000)
    s.write(10_000)
    s.expect_data(1, 1001, 2001, 3001)
    s.receive("ACK", ack=4001, window=500)
    s.check_silence()
    s.receive("ACK", ack=4001, window=1000)
    s.expect_data(4001)


def test_half_of_the_largest_window_is_worth_a_segment(story):
    """(3) of section 3.8.6.2.1, for a peer whose buffer is smaller than two segments."""
    s = story().established(window=1200)
    s.write(5000)
    s.expect_data(1)
    s.receive("ACK", ack=1001, window=599)
    s.check_silence()
    s.receive("ACK", ack=1001, window=600)
    s.expect("ACK", seq=1001, length=600)


def test_the_override_timer_sends_what_fits(story):
    s = story().established(window=4000)
    s.write(10_000)
    s.expect_data(1, 1001, 2001, 3001)
    s.receive("ACK", ack=4001, window=500)
    s.tick("200ms")
    s.expect("ACK", seq=4001, length=500, at="200ms", reason="override")


def test_the_override_time_can_be_set(story):
    s = story(sws_override=900 * MS).established(window=4000)
    s.write(10_000)
    s.expect_data(1, 1001, 2001, 3001)
    s.receive("ACK", ack=4001, window=500)
    s.tick("899ms")
    s.check_silence()
    s.tick("1ms")
    s.expect("ACK", seq=4001, length=500)


# -- the receiver ------------------------------------------------------------------------------------------------------


def test_the_window_opens_by_a_segment_or_half_of_the_buffer_and_not_by_less(story):
    """Section 3.8.6.2.2"""
    s = story(receive_buffer=4000).established()
    for end in (1000, 2000, 3000, 4000):
        s.receive("ACK", data=1000)
        s.expect("ACK", ack=end + 1, window=4000 - end)
    s.read(500)
    s.read(499)
    s.receive("ACK", seq=4001, data=1)  # a probe
    s.expect("ACK", ack=4001, window=0)
    s.read(1)
    s.receive("ACK", seq=4001, data=1)
    s.expect("ACK", ack=4001, window=1000)


def test_a_reader_in_small_steps_causes_one_update_and_not_many(story):
    s = story(receive_buffer=4000).established()
    for end in (1000, 2000, 3000, 4000):
        s.receive("ACK", data=1000)
        s.expect("ACK", ack=end + 1)
    for _ in range(19):
        s.read(100)
        s.check_silence()
    s.read(100)
    s.expect("ACK", ack=4001, window=2000, reason="window update")


def test_a_small_buffer_opens_by_half(story):
    s = story(receive_buffer=600).established()
    s.receive("ACK", data=600)
    s.expect("ACK", ack=601, window=0)
    s.read(299)
    s.check_silence()
    s.read(1)
    s.expect("ACK", ack=601, window=300)


def test_a_buffer_of_one_byte_works(story):
    s = story(receive_buffer=1).established()
    for place in (1, 2, 3):
        s.receive("ACK", seq=place, data=1)
        s.expect("ACK", ack=place + 1, window=0)
        assert len(s.read()) == 1
        s.expect("ACK", ack=place + 1, window=1)


# -- delayed acknowledgements ------------------------------------------------------------------------------------------


def test_one_segment_is_acknowledged_after_the_delay(story):
    s = story(delayed_ack=200 * MS).established()
    s.receive("ACK", data=1000)
    s.tick("300ms")
    s.expect("ACK", ack=1001, at="200ms", reason="delayed acknowledgement")


def test_the_second_full_segment_is_acknowledged_at_once(story):
    s = story(delayed_ack=200 * MS).established()
    s.receive("ACK", data=1000)
    s.tick("50ms")
    s.receive("ACK", data=1000)
    s.expect("ACK", ack=2001, at="50ms")
    s.tick("1s")


def test_small_segments_count_by_their_bytes(story):
    s = story(delayed_ack=200 * MS).established()
    for _ in range(3):
        s.receive("ACK", data=600)
        s.check_silence()
    s.receive("ACK", data=600)
    s.expect("ACK", ack=2401)


def test_the_delay_counts_from_the_first_segment_that_waits(story):
    s = story(delayed_ack=200 * MS).established()
    s.receive("ACK", data=100)
    s.tick("150ms")
    s.receive("ACK", data=100)
    s.tick("50ms")
    s.expect("ACK", ack=201, at="200ms")


def test_data_carries_the_acknowledgement_that_waits(story):
    s = story(delayed_ack=200 * MS).established()
    s.receive("ACK", data=100)
    s.write(10)
    s.expect("ACK,PSH", seq=1, ack=101)
    s.receive("ACK", ack=11)
    s.tick("1s")


def test_how_many_segments_wait_for_each_other_can_be_set(story):
    s = story(delayed_ack=200 * MS, ack_every=4).established()
    for _ in range(3):
        s.receive("ACK", data=1000)
        s.check_silence()
    s.receive("ACK", data=1000)
    s.expect("ACK", ack=4001)


def test_without_a_delay_every_segment_is_acknowledged(story):
    s = story(delayed_ack=0).established()
    for end in (101, 201, 301):
        s.receive("ACK", data=100)
        s.expect("ACK", ack=end)


def test_what_is_out_of_order_is_acknowledged_at_once_and_so_is_what_fills_a_hole(story):
    """RFC 5681 section 4.2"""
    s = story(delayed_ack=200 * MS).established()
    s.receive("ACK", seq=1001, data=1000)
    s.expect("ACK", ack=1, at="0ms")
    s.receive("ACK", seq=3001, data=1000)
    s.expect("ACK", ack=1, at="0ms")
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501, at="0ms")  # part of the hole
    s.receive("ACK", seq=501, data=500)
    s.expect("ACK", ack=2001, at="0ms")


def test_a_fin_is_acknowledged_at_once(story):
    s = story(delayed_ack=200 * MS).established()
    s.receive("FIN,ACK", seq=1, data=10)
    s.expect("ACK", ack=12, at="0ms")
