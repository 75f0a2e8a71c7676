"""Losses that duplicate acknowledgements show: fast retransmit, limited transmit, NewReno's recovery.

RFC 5681 section 3.2, RFC 3042, RFC 6582. In all stories ten segments are in flight, and the window is ten.
"""

from __future__ import annotations

import pytest


@pytest.fixture
def ten(story):
    """Ten segments in flight: 1, 1001, …, 9001."""

    def begin(unsent=0, **settings):
        s = story(**settings).established()
        s.write(10_000 + unsent)
        assert len(s.take()) == 10
        return s

    return begin


def duplicates(s, count, ack=1):
    """Receive so many; return the sequence numbers of what was sent in answer."""
    sent = []
    for _ in range(count):
        s.receive("ACK", ack=ack)
        sent += [s.ours(segment.seq) for segment in s.take()]
    return sent


# -- fast retransmit ---------------------------------------------------------------------------------------------------


def test_the_third_duplicate_acknowledgement_repeats_the_missing_segment(ten):
    s = ten()
    assert duplicates(s, 2) == []
    s.receive("ACK", ack=1)
    s.expect("ACK", seq=1, length=1000, reason="fast retransmit")
    assert s.ssthresh == 5000
    assert s.connection.stats.fast_retransmits == 1
    assert s.teller.windows[-1] == ("fast retransmit", 8000, 5000)  # ssthresh and the three that have left


def test_how_many_duplicates_mean_loss_can_be_set(ten):
    s = ten(dupack_threshold=5, limited_transmit=False)
    assert duplicates(s, 4) == []
    assert duplicates(s, 1) == [1]


def test_the_first_two_duplicates_let_a_new_segment_out(ten):
    """RFC 3042: limited transmit."""
    s = ten(unsent=10_000)
    assert duplicates(s, 1) == [10_001]
    assert duplicates(s, 1) == [11_001]
    assert duplicates(s, 1) == [1]


def test_what_limited_transmit_sent_does_not_count_for_the_threshold(ten):
    """RFC 5681 section 3.2 step 2"""
    s = ten(unsent=10_000)
    assert duplicates(s, 3) == [10_001, 11_001, 1]
    assert s.ssthresh == 5000


def test_without_limited_transmit_the_first_two_send_nothing(ten):
    s = ten(unsent=10_000, limited_transmit=False)
    assert duplicates(s, 2) == []


def test_reordering_that_ends_before_the_third_duplicate_costs_nothing(ten):
    s = ten(unsent=2000)
    assert duplicates(s, 2) == [10_001, 11_001]
    s.receive("ACK", ack=4001)
    assert s.cwnd == 11_000
    assert s.connection.sender.recovery.inflation == 0


# -- what is no duplicate (RFC 5681 section 2) -------------------------------------------------------------------------


def test_segments_with_data_are_no_duplicates(ten):
    s = ten()
    for _ in range(5):
        s.receive("ACK", ack=1, data=100)
        s.expect("ACK")
    assert s.connection.stats.duplicate_acks_received == 0


def test_window_updates_are_no_duplicates(ten):
    s = ten()
    for window in (10_000, 20_000, 30_000, 40_000):
        s.receive("ACK", ack=1, window=window)
    s.check_silence()
    assert s.connection.stats.duplicate_acks_received == 0


def test_acknowledgements_while_nothing_is_outstanding_are_no_duplicates(story):
    s = story().established()
    duplicates(s, 5)
    s.write(1000)
    s.expect_data(1)
    assert duplicates(s, 2) == []


def test_older_acknowledgements_are_no_duplicates(ten):
    s = ten()
    s.receive("ACK", ack=3001)
    assert duplicates(s, 5, ack=2001) == []


def test_new_data_acknowledged_begins_the_count_anew(ten):
    s = ten(limited_transmit=False)
    duplicates(s, 2)
    s.receive("ACK", ack=1001)
    assert duplicates(s, 2, ack=1001) == []
    assert duplicates(s, 1, ack=1001) == [1001]


def test_duplicates_without_end_repeat_the_segment_once(ten):
    """A counter that overflows, or is compared with >=, would send it again and again."""
    s = ten()
    assert duplicates(s, 600) == [1]
    assert s.connection.stats.fast_retransmits == 1


# -- recovery ----------------------------------------------------------------------------------------------------------


def test_in_recovery_each_duplicate_lets_one_segment_out_once_half_has_left(ten):
    s = ten(unsent=10_000, limited_transmit=False)
    assert duplicates(s, 3) == [1]
    assert duplicates(s, 2) == []  # window 5 + 5, in flight 10
    assert duplicates(s, 1) == [10_001]
    assert duplicates(s, 1) == [11_001]


def test_a_full_acknowledgement_ends_recovery_with_a_deflated_window(ten):
    """RFC 6582 section 3.2 step 3, full: min(ssthresh, max(FlightSize, SMSS) + SMSS)."""
    s = ten()
    assert duplicates(s, 3) == [1]
    s.receive("ACK", ack=10_001)
    assert s.cwnd == 2000
    assert s.teller.windows[-1] == ("recovered", 2000, 5000)
    assert not s.connection.sender.recovery.active


def test_with_much_in_flight_recovery_ends_at_the_threshold(ten):
    s = ten(unsent=10_000, limited_transmit=False)
    assert duplicates(s, 9) == [1, 10_001, 11_001, 12_001, 13_001]
    s.receive("ACK", ack=10_001)
    assert s.cwnd == 5000
    s.expect_data(14_001)


def test_a_partial_acknowledgement_repeats_the_next_hole_at_once(ten):
    """RFC 6582 step 3, partial: two losses in one window take two round trips and no timeout."""
    s = ten()
    assert duplicates(s, 3) == [1]
    s.receive("ACK", ack=4001)
    s.expect("ACK", seq=4001, length=1000, reason="partial acknowledgement")
    s.receive("ACK", ack=10_001)
    assert s.connection.stats.timeouts == 0
    assert s.connection.stats.fast_retransmits == 1
    assert s.ssthresh == 5000  # one reduction for one window


def test_a_partial_acknowledgement_deflates_by_what_it_acknowledges_less_one_segment(ten):
    s = ten()
    assert duplicates(s, 8) == [1]
    assert s.teller.windows[-1][1] == 5000 + 8000
    s.receive("ACK", ack=4001)
    s.expect_data(4001)
    assert s.teller.windows[-1][1] == 13_000 - 4000 + 1000


def test_every_segment_of_a_window_may_be_lost_but_the_last_ones(ten):
    """Partial acknowledgements walk through all holes, each segment once: no loop, no whole buffer again."""
    s = ten()
    assert duplicates(s, 3) == [1]
    for place in range(1001, 7001, 1000):
        s.receive("ACK", ack=place)
        s.expect_data(place)
    s.receive("ACK", ack=10_001)
    s.check_silence()
    assert s.connection.stats.retransmitted_segments == 7


def test_only_the_first_partial_acknowledgement_restarts_the_timer(ten):
    """RFC 6582 section 4, the impatient variant."""
    s = ten(limited_transmit=False)
    s.tick("500ms")
    assert duplicates(s, 3) == [1]
    s.tick("400ms")
    s.receive("ACK", ack=1001)
    s.expect_data(1001)
    s.tick("500ms")
    s.receive("ACK", ack=2001)
    s.expect_data(2001)
    s.tick("500ms")
    s.expect("ACK", seq=2001, at="1.9s", reason="retransmission timeout")
    s.take()


def test_after_recovery_old_duplicates_do_not_begin_another(ten):
    """`recover`: the acknowledgement must cover more than what was outstanding when the loss was found."""
    s = ten(unsent=2000, limited_transmit=False)
    assert duplicates(s, 3) == [1]
    s.receive("ACK", ack=10_001)
    s.expect_data(10_001, 11_001)
    assert duplicates(s, 5, ack=10_001) == []
    assert s.connection.stats.fast_retransmits == 1


def test_a_new_loss_after_recovery_is_a_new_reduction(ten):
    s = ten(unsent=20_000)
    assert duplicates(s, 3)[-1] == 1
    s.receive("ACK", ack=12_001)  # all that was outstanding
    s.take()
    s.receive("ACK", ack=13_001)
    s.take()
    assert duplicates(s, 3, ack=13_001)[-1] == 13_001
    assert s.connection.stats.fast_retransmits == 2


def test_a_timeout_in_recovery_ends_it_and_keeps_the_threshold(ten):
    s = ten()
    assert duplicates(s, 3) == [1]
    s.receive("ACK", ack=6001)
    s.expect_data(6001)
    s.tick("1s")
    s.expect("ACK", seq=6001, reason="retransmission timeout")
    assert (s.cwnd, s.ssthresh) == (1000, 5000)
    assert not s.connection.sender.recovery.active
    assert s.connection.sender.recovery.inflation == 0


def test_after_a_timeout_duplicates_of_what_was_sent_again_begin_no_recovery(ten):
    """RFC 6582 step 4"""
    s = ten()
    s.tick("1s")
    s.expect_data(1)
    s.receive("ACK", ack=1001)
    s.expect_data(1001, 2001)
    assert duplicates(s, 5, ack=1001) == []
    assert s.connection.stats.fast_retransmits == 0


def test_the_very_first_segment_can_be_repeated_fast(story):
    """Read to the letter, RFC 6582's first `recover` would forbid it."""
    s = story().established()
    s.write(4000)
    s.expect_data(1, 1001, 2001, 3001)
    assert duplicates(s, 3) == [1]


def test_a_lost_fin_does_not_confuse_recovery(ten):
    s = ten()
    s.close()
    s.expect("FIN,ACK", seq=10_001)
    assert duplicates(s, 3) == [1]
    s.receive("ACK", ack=10_001)  # all but the FIN: a partial acknowledgement
    s.expect("FIN,ACK", seq=10_001, reason="partial acknowledgement")
    s.tick("1s")
    s.expect("FIN,ACK", seq=10_001, reason="retransmission timeout")
    s.receive("ACK", ack=10_002)
    assert s.state == "FIN-WAIT-2"


def test_the_retransmission_keeps_the_segments_bounds(story):
    """What was cut as one segment is repeated as one, even if the window allows less today."""
    s = story(nagle=False).established()
    for size in (700, 300, 1000, 500):
        s.write(size)
        s.take()
    s.receive("ACK", ack=1, window=0xFFFF)
    assert duplicates(s, 1) == []
    s.receive("ACK", ack=1)
    s.expect("ACK,PSH", seq=1, length=700)
