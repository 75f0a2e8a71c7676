"""How much may be in flight: the initial window, slow start, congestion avoidance, and what a timeout or a pause does.

RFC 5681, RFC 6928. Losses that duplicate acknowledgements show are in test_recovery.
"""

from __future__ import annotations

import pytest

from testbed.clock import SECOND
from testbed.tcp.congestion import CONTROLS, Control
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


@pytest.mark.parametrize("acked", [100, 1000, 2000, 2500])
def test_congestion_avoidance_grows_by_a_segment_for_each_window_acknowledged(acked):
    """RFC 5681 section 3.1, by bytes: however many segments an acknowledgement covers."""
    reno = CONTROLS["reno"]().build(1000, 5000)
    reno.ssthresh = 5000
    for window in (5000, 6000, 7000):
        assert reno.cwnd == window
        for _ in range(window // acked):
            reno.acknowledged(0, acked)
        if window % acked:
            reno.acknowledged(0, window % acked)
    assert reno.cwnd == 8000


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
    s = story().established()
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


# -- every control (the contract of the plug) --------------------------------------------------------------------------


@pytest.fixture(params=sorted(CONTROLS))
def control(request) -> Control:
    return CONTROLS[request.param]().build(1000, 10_000)


def test_every_control_begins_with_the_initial_window_and_no_threshold(control):
    assert (control.mss, control.cwnd, control.ssthresh) == (1000, 10_000, UNLIMITED)


def test_every_control_at_most_doubles_in_a_round_trip(control):
    for _ in range(10):
        control.acknowledged(0, 1000)
    assert 10_000 <= control.cwnd <= 20_000


def test_every_control_reduces_on_loss_and_keeps_two_segments(control):
    control.lost(0, 10_000)
    assert 2000 <= control.ssthresh < 10_000
    assert control.cwnd < 10_000
    for _ in range(20):
        control.lost(0, 1000)
    assert control.ssthresh >= 2000


def test_every_control_begins_again_with_one_segment_after_a_timeout(control):
    control.timed_out(0, 10_000, False)
    assert control.cwnd == 1000
    assert 2000 <= control.ssthresh < 10_000


def test_every_control_reduces_once_for_one_loss(control):
    control.timed_out(0, 10_000, False)
    threshold = control.ssthresh
    control.timed_out(SECOND, 4000, True)
    assert control.ssthresh == threshold


def test_every_control_restarts_with_no_more_than_it_had(control):
    control.idle(0, 20_000)
    assert control.cwnd == 10_000
    control.idle(0, 4000)
    assert control.cwnd == 4000


def test_every_control_holds_whole_bytes_through_anything(control):
    for step in range(200):
        control.acknowledged(step, 1 + step * 37 % 1000)
        if step % 50 == 49:
            control.lost(step, control.cwnd)
            control.recovered(step, control.cwnd // 2)
        assert type(control.cwnd) is int
        assert control.cwnd >= 1000
