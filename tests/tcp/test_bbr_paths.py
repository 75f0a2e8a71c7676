"""BBR on peculiar paths, on paths that change, and with losses, true and false: A.12 to A.22 of the draft's Appendix A.

The draft is draft-ietf-ccwg-bbr-06; the states by themselves are in test_bbr.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from bbr_stories import BDP, CRUISE, DOWN, MSS, RATE, REFILL, TRIP, UP, Bursty, Story, every, losing_in, trickle
from path_model import MBIT

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion.bbr.model import INFINITY, State

# -- A.12 to A.14: paths with peculiarities ----------------------------------------------------------------------------


def test_startup_finds_the_bandwidth_behind_bursty_acknowledgements():
    """A.12"""
    s = Story(kind=Bursty).until_in(State.DRAIN)
    assert s.control.model.max_bw > 0.9 * RATE


def test_bursty_acknowledgements_do_not_stall_a_cruise():
    """A.13: the window has as much more as comes in a burst."""
    s = Story(kind=Bursty).run(2 * SECOND).until_in(CRUISE)
    burst = RATE * Bursty.period // (8 * SECOND)
    assert s.variable("extra_acked") == pytest.approx(burst, rel=0.3)
    assert s.control.cwnd > 2 * BDP + burst // 2
    assert s.goodput(SECOND) > 0.93 * RATE


def test_less_than_a_segment_in_the_path_still_means_four_in_flight():
    """A.14: 64 kbit/s and 20 ms make 160 bytes."""
    s = Story(rate=64_000, trip=20 * MILLISECOND, buffer=50_000).run(30 * SECOND)
    assert s.walk[-1].in_probe_bw or s.walk[-1] is State.PROBE_RTT
    assert 4 * MSS <= s.control.cwnd <= 10 * MSS
    assert s.goodput(10 * SECOND) > 0.95 * 64_000


# -- A.15 to A.17: the path changes ------------------------------------------------------------------------------------


def test_ten_times_the_bandwidth_is_found():
    """A.15, where losses have set inflight_longterm: its steps double each round."""
    s = Story(buffer=BDP // 2).until(lambda s: s.variable("inflight_longterm") < INFINITY).until_in(CRUISE)
    s.path.rate, s.path.buffer = 10 * RATE, 5 * BDP
    bounds: list[float] = []
    s.until_in(UP)
    s.seen = lambda: s.control.model.rounds.round_start and bounds.append(s.variable("inflight_longterm"))
    s.until(lambda s: s.control.model.max_bw > 90 * MBIT, limit=12 * SECOND)
    steps = [after - before for before, after in pairwise(bounds) if after > before]
    assert max(steps) > 8 * MSS


def test_a_tenth_of_the_bandwidth_is_found_at_once_for_now_and_after_two_cycles_for_good():
    """A.16"""
    s = Story(rate=10 * RATE, buffer=5 * BDP).until_in(CRUISE)
    s.path.rate = RATE
    s.until(
        lambda s: s.variable("bw_shortterm") < 5 * RATE, limit=1500 * MILLISECOND
    )  # 0.7 times as much after each round
    assert s.control.model.max_bw > 9 * RATE
    cycle = s.variable("cycle_count")
    s.until(lambda s: s.control.model.max_bw < 1.5 * RATE, limit=20 * SECOND)
    assert 1 <= s.variable("cycle_count") - cycle <= 4
    assert s.goodput(5 * SECOND) > 0.85 * RATE


def test_a_policer_is_obeyed():
    """A.17: tokens for 5 Mbit/s, a bucket of 40 kB, on a link of 40 Mbit/s."""
    tokens, filled = 40_000.0, 0

    def police(number: int) -> bool:
        nonlocal tokens, filled
        now = s.path.now
        tokens, filled = min(40_000.0, tokens + (now - filled) * 5 * MBIT / (8 * SECOND)), now
        if tokens < MSS:
            return True
        tokens -= MSS
        return False

    s = Story(rate=40 * MBIT, lose=police)
    s.run(5 * SECOND)
    lost, sent = s.flow.lost, s.flow.sent
    assert s.goodput(10 * SECOND) > 0.75 * 5 * MBIT
    assert (s.flow.lost - lost) / ((s.flow.sent - sent) * MSS) < 0.05
    assert s.variable("bw") < 6 * MBIT


# -- A.18, A.19, A.21, A.22: losses, true and false --------------------------------------------------------------------


def test_a_loss_too_many_ends_a_probe_and_bounds_what_is_in_flight():
    """A.21: at what was in flight when 2 % were lost, but not below 0.7 of the bandwidth-delay product."""
    s = losing_in(UP).until_in(DOWN, limit=SECOND)
    assert s.control.cycle.prev_probe_too_high
    assert not s.control.cycle.is_bw_probe_sample
    assert 0.7 * BDP <= s.variable("inflight_longterm") <= 1.3 * BDP


def test_one_loss_in_a_hundred_does_not_end_a_probe():
    s = losing_in(UP, share=100).until_in(DOWN, limit=SECOND)
    assert s.control.model.pipe.full_bw_count == 3
    assert s.variable("inflight_longterm") == INFINITY


def test_a_recovery_for_nothing_returns_to_the_probe():
    """A.18: bounds at least as wide as before, a refill, and then the probe again."""
    s = losing_in(UP).until_in(DOWN, limit=SECOND)
    s.losing.clear()
    s.control.undo(s.path.now)
    assert s.variable("inflight_longterm") == INFINITY
    assert s.variable("bw_shortterm") == s.variable("inflight_shortterm") == INFINITY
    assert s.control.cwnd >= 2 * BDP
    assert s.state is REFILL
    s.until_in(UP, limit=SECOND)


def test_a_recovery_for_nothing_returns_to_startup():
    """A.18, as seen from Startup."""
    s = Story(rate=10 * RATE, buffer=40 * BDP, lose=lambda number: number in range(60, 110, 5)).until_in(State.DRAIN)
    assert s.control.model.max_bw < 5 * RATE
    s.control.undo(s.path.now)
    assert s.state is State.STARTUP
    assert not s.control.model.pipe.full_bw_reached
    s.until_in(State.DRAIN)
    assert s.control.model.max_bw > 9 * RATE


def test_a_timeout_for_nothing_gives_the_window_back():
    """A.19"""
    s = Story().until_in(CRUISE)
    window = s.control.cwnd
    s.control.timed_out(s.path.now, s.flow.in_flight, again=False)
    assert s.control.cwnd == MSS
    s.control.undo(s.path.now)
    assert s.control.cwnd == window


def test_a_refill_that_the_application_does_not_use_lowers_no_estimate():
    """A.22"""
    s = Story(writes=[(0, 3_000_000), *trickle(3 * SECOND, 9 * SECOND)]).until_in(REFILL)
    s.until_in(UP)
    s.run(3 * SECOND)
    assert s.control.model.max_bw == pytest.approx(RATE, rel=0.01)


# -- losses while cruising, and marks ----------------------------------------------------------------------------------


def test_a_round_with_losses_slows_down_to_what_was_delivered():
    """Section 5.5.10.3: while cruising, and only until the next refill."""
    s = losing_in(CRUISE, share=20)
    s.until(lambda s: s.variable("bw_shortterm") < INFINITY, limit=SECOND)
    assert 0.7 * RATE <= s.variable("bw_shortterm") <= RATE
    assert s.variable("bw") == s.variable("bw_shortterm")
    assert s.control.model.max_bw == pytest.approx(RATE, rel=0.02)
    s.losing.clear()
    s.until_in(REFILL)
    assert s.variable("bw_shortterm") == s.variable("inflight_shortterm") == INFINITY


def test_one_percent_of_random_loss_leaves_most_of_the_bandwidth():
    """Section 3.1: average loss rates of up to 1 %."""
    assert Story(lose=every(100)).run(5 * SECOND).goodput(8 * SECOND) > 0.75 * RATE


def test_a_shallow_buffer_costs_little():
    """Section 1: a tenth of a bandwidth-delay product, where a loss-based control has holes."""
    s = Story(buffer=BDP // 10).run(2 * SECOND)
    assert s.goodput(8 * SECOND) > 0.88 * RATE
    assert s.flow.lost / (s.flow.sent * MSS) < 0.02


def test_after_losses_the_next_probe_only_touches_the_bound():
    """Section 5.3.3.6: precautionary bandwidth probing. If that does no harm, a longer one follows without cruising."""
    s = losing_in(UP).until_in(DOWN, limit=SECOND)
    s.losing.clear()
    s.run(6 * SECOND)
    down = s.walk.index(DOWN, s.walk.index(UP))
    cycle = [state for state in s.walk[down:] if state is not State.PROBE_RTT]
    while cycle[1] is not REFILL:
        cycle.pop(0)
    assert cycle[1:6] == [REFILL, UP, DOWN, REFILL, UP]


def test_marks_end_startup_and_probes_and_slow_a_cruise_down():
    """Section 3.7: the answer is ours, but there must be one."""
    s = Story(mark_above=BDP // 4, buffer=10 * BDP).until_in(State.DRAIN)
    assert s.control.model.pipe.full_bw_count < 3
    s.until_in(UP).until_in(DOWN)
    assert s.control.model.pipe.full_bw_count < 3
    assert s.variable("inflight_longterm") < 2 * BDP
    s.until_in(CRUISE)
    s.control.marked(s.path.now, s.flow.in_flight)
    s.run(3 * TRIP)
    assert s.variable("bw_shortterm") < INFINITY
    assert s.flow.lost == 0
