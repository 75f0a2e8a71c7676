"""How much may be in flight: the initial window, slow start, congestion avoidance, and what a timeout or a pause does.

RFC 5681, RFC 6928. Losses that duplicate acknowledgements show are in test_recovery.
"""

from __future__ import annotations

import pytest

from testbed.tcp.congestion.base import UNLIMITED

# -- the initial window ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mss", "window"), [(1000, 10_000), (1460, 14_600), (2000, 14_600), (8960, 17_920), (536, 5360)]
)
def test_the_initial_window_is_ten_segments_or_14600_bytes_but_at_least_two_segments(story, mss, window):
    """RFC 6928 section 2: min(10*MSS, max(2*MSS, 14600))."""
    s = story(mss=mss).established(mss=mss)
    assert s.cwnd == window
    s.write(60_000)
    assert sum(len(segment.payload) for segment in s.take()) == window // mss * mss
    assert s.ssthresh == UNLIMITED


def test_the_initial_window_can_be_set(story):
    s = story(initial_window=3).established()
    s.write(10_000)
    s.expect_data(1, 1001, 2001)


@pytest.mark.parametrize(("losses", "window"), [("1s", 10_000), ("3s", 1000)])
def test_more_than_one_lost_syn_makes_it_one_segment(story, losses, window):
    """RFC 6928 section 2, last paragraph; RFC 5681 section 3.1 would have it after the first."""
    s = story()
    s.open()
    s.expect("SYN")
    s.tick(losses)
    s.take()
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK")
    assert s.cwnd == window


# -- growth ------------------------------------------------------------------------------------------------------------


def test_slow_start_grows_by_what_is_acknowledged_but_at_most_a_segment_an_acknowledgement(story):
    """RFC 5681 equation (2): cwnd += min(N, SMSS)."""
    s = story().established()
    s.write(60_000)
    s.take()
    s.receive("ACK", ack=1001)
    assert s.cwnd == 11_000
    s.expect_data(10_001, 11_001)
    s.receive("ACK", ack=3001)
    assert s.cwnd == 12_000
    s.expect_data(12_001, 13_001, 14_001)
    s.receive("ACK", ack=3101)
    assert s.cwnd == 12_100


def test_a_window_that_was_not_filled_does_not_grow(story):
    """RFC 7661 and common sense: ten segments acknowledged one by one are no proof that twenty would do."""
    s = story(nagle=False).established()
    for place in range(1, 1000, 100):
        s.write(100)
        s.expect("ACK,PSH", seq=place)
        s.receive("ACK", ack=place + 100)
    assert s.cwnd == 10_000


def test_the_acknowledgement_of_the_syn_does_not_grow_the_window(story):
    s = story(passive=True, initial_window=1).established()
    assert s.cwnd == 1000


def test_the_peers_window_does_not_count_as_ours(story):
    s = story().established(window=2000)
    s.write(50_000)
    s.expect_data(1, 1001)
    s.receive("ACK", ack=2001, window=2000)
    s.expect_data(2001, 3001)
    assert s.cwnd == 10_000


# -- a timeout ---------------------------------------------------------------------------------------------------------


def test_a_timeout_leaves_one_segment_and_half_of_the_flight_as_threshold(story):
    """RFC 5681 equation (4) and section 3.1's LW."""
    s = story().established()
    s.write(8000)
    s.take()
    s.tick("1s")
    s.expect_data(1)
    assert (s.cwnd, s.ssthresh) == (1000, 4000)


def test_the_threshold_is_at_least_two_segments(story):
    s = story().established()
    s.write(1000)
    s.take()
    s.tick("1s")
    s.take()
    assert s.ssthresh == 2000


def test_a_segment_that_times_out_again_leaves_the_threshold(story):
    s = story().established()
    s.write(8000)
    s.take()
    s.tick("7s")
    assert len(s.take()) == 3
    assert (s.cwnd, s.ssthresh) == (1000, 4000)


def test_after_a_timeout_slow_start_goes_up_to_the_threshold_and_then_avoidance(story):
    s = story(frto=False).established()
    s.write(60_000)
    s.take()
    s.tick("1s")
    s.take()
    assert s.ssthresh == 5000
    windows = []
    for end in range(1001, 13_001, 1000):
        s.receive("ACK", ack=end)
        s.take()
        windows.append(s.cwnd // 1000)
    assert windows == [2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6]


# -- a pause -----------------------------------------------------------------------------------------------------------


def grown(s):
    s.established()
    s.write(20_000)
    for end in range(1001, 20_002, 1000):
        s.take()
        s.receive("ACK", ack=end)
    return s


def test_after_a_pause_longer_than_the_timeout_the_window_is_the_initial_one(story):
    """RFC 5681 section 4.1"""
    s = grown(story())
    assert s.cwnd > 15_000
    s.tick("1.1s")
    s.write(30_000)
    assert len(s.take()) == 10
    assert s.cwnd == 10_000


def test_a_shorter_pause_changes_nothing(story):
    s = grown(story())
    before = s.cwnd
    s.tick("900ms")
    s.write(30_000)
    assert len(s.take()) == before // 1000 > 15


def test_the_restart_can_be_switched_off(story):
    s = grown(story(idle_restart=False))
    before = s.cwnd
    s.tick("60s")
    s.write(30_000)
    assert len(s.take()) == before // 1000 > 15


def test_a_pause_does_not_enlarge_a_small_window_and_keeps_the_threshold(story):
    s = story().established()
    s.write(8000)
    s.take()
    s.tick("1s")
    s.take()
    s.receive("ACK", ack=8001)
    before = s.cwnd
    assert before < 10_000
    s.tick("60s")
    s.write(1000)
    s.take()
    assert (s.cwnd, s.ssthresh) == (before, 4000)


def test_receiving_is_no_pause_in_sending_less(story):
    """What counts is when we last sent data, not when we last heard something."""
    s = grown(story())
    for _ in range(4):
        s.tick("300ms")
        s.receive("ACK", data=10)
        s.take()
    s.write(30_000)
    assert len(s.take()) == 10
