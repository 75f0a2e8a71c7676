"""BBR's first version: its walk, its gain cycle, its window, and what it makes of losses and policers."""

from __future__ import annotations

import pytest
from bbr_stories import BDP, CRUISE, DOWN, MSS, RATE, TRIP, UP, Bursty, Story, trickle
from path_model import MBIT

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion.bbr.model import State


def story(**options) -> Story:
    return Story("bbr1", **options)


def test_startup_paces_and_windows_at_2885_until_three_rounds_bring_no_more():
    s = story().until_in(State.DRAIN)
    assert s.control.model.pipe.full_bw_count == 3
    assert s.control.model.max_bw == pytest.approx(RATE, rel=0.02)
    assert s.flow.in_flight == pytest.approx(2.885 * BDP, rel=0.1)
    assert s.control.pacing_rate == pytest.approx(0.99 * RATE / 2.885, rel=0.02)


def test_drain_leaves_a_bandwidth_delay_product():
    s = story().until_in(State.DRAIN).until_in(UP, DOWN, CRUISE)
    assert s.flow.in_flight <= BDP + 6 * MSS


def test_a_cycle_is_one_phase_up_one_down_and_six_even():
    s = story().run(5 * SECOND)
    first = s.walk.index(UP)
    phases = list(zip(s.walk[first:], s.since[first:], strict=True))
    assert [state for state, _ in phases[:6]] == [UP, DOWN, CRUISE] * 2
    times = [time for _, time in phases]
    assert 1.25 * TRIP < times[1] - times[0] < 2 * TRIP  # up: until a quarter more is in flight
    assert times[2] - times[1] < 1.2 * TRIP  # down: until it is gone, a round trip at most
    assert times[3] - times[2] == pytest.approx(6 * 1.02 * TRIP, rel=0.05)


@pytest.mark.parametrize("seed", range(40))
def test_a_cycle_begins_anywhere_but_down(seed):
    s = story(seed=seed).until_in(UP, DOWN, CRUISE)
    assert s.state is not DOWN


def test_where_it_begins_is_the_seeds():
    begins = {story(seed=seed).until_in(UP, DOWN, CRUISE).control._cycle_index for seed in range(40)}
    assert begins == {0, 2, 3, 4, 5, 6, 7}


def test_the_window_is_twice_the_bandwidth_delay_product():
    s = story().run(3 * SECOND).until_in(CRUISE)
    assert s.control.cwnd == pytest.approx(2 * BDP + s.variable("extra_acked") + 3 * MSS, rel=0.03)


def test_the_window_has_as_much_more_as_comes_at_once():
    s = story(kind=Bursty).run(2 * SECOND).until_in(CRUISE)
    assert s.control.cwnd > 2 * BDP + RATE * Bursty.period // (16 * SECOND)
    assert s.goodput(SECOND) > 0.93 * RATE


def test_after_ten_seconds_without_a_lower_round_trip_four_segments_are_held_for_200_ms():
    s = story(rate=RATE // 4).until_in(State.PROBE_RTT)
    assert 10 * SECOND < s.path.now < 10.2 * SECOND
    assert s.control.cwnd == 4 * MSS
    s.until(lambda s: s.flow.in_flight <= 4 * MSS)
    began = s.path.now
    s.until_in(UP, CRUISE)
    assert 200 * MILLISECOND <= s.path.now - began <= 200 * MILLISECOND + 2 * TRIP
    assert s.control.cwnd > 2 * BDP // 4
    assert s.control.model.max_bw == pytest.approx(RATE // 4, rel=0.01)


@pytest.mark.parametrize(("n", "least"), [(100, 0.95), (20, 0.85)])
def test_random_losses_cost_little_more_than_what_is_lost(n, least):
    s = story(lose=lambda number: number % n == 0).run(SECOND)
    assert s.goodput(5 * SECOND) > least * RATE


def test_in_the_first_round_of_recovery_no_more_is_sent_than_arrives():
    s = story(lose=lambda number: number == 1500).run(SECOND)
    s.until(lambda s: s.flow.recovering)
    window = s.control.prior_cwnd
    before = s.flow.in_flight
    assert s.control.cwnd <= before + 2 * MSS
    s.run(TRIP // 2)
    assert s.flow.in_flight <= before + 2 * MSS
    s.until(lambda s: not s.flow.recovering)
    s.run(2 * TRIP)
    assert s.control.cwnd >= 0.95 * window


def test_a_timeout_leaves_one_segment_and_then_returns_to_the_window():
    s = story().run(2 * SECOND)
    window = s.control.cwnd
    s.control.timed_out(s.path.now, s.flow.in_flight, again=False)
    assert s.control.cwnd == MSS
    assert s.control.model.pipe.full_bw == 0
    s.run(3 * TRIP)
    assert s.control.cwnd == pytest.approx(window, rel=0.05)


def test_a_timeout_for_nothing_is_undone():
    s = story().run(2 * SECOND)
    window = s.control.cwnd
    s.control.timed_out(s.path.now, s.flow.in_flight, again=False)
    s.control.undo(s.path.now)
    assert s.control.cwnd == window


def test_marks_are_nothing_to_it():
    s = story().run(2 * SECOND)
    before = s.control.cwnd, s.control.pacing_rate
    assert s.control.marked(s.path.now, s.flow.in_flight) == ""
    assert before == (s.control.cwnd, s.control.pacing_rate)


def policed(detection: bool) -> Story:
    """Tokens for 5 Mbit/s, a bucket of 500 kB, on a link of 40 Mbit/s."""
    tokens, filled = 500_000.0, 0

    def police(number: int) -> bool:
        nonlocal tokens, filled
        now = s.path.now
        tokens, filled = min(500_000.0, tokens + (now - filled) * 5 * MBIT / (8 * SECOND)), now
        if tokens < MSS:
            return True
        tokens -= MSS
        return False

    s = story(rate=40 * MBIT, lose=police, policer_detection=detection)
    return s


def test_a_policer_is_found_and_kept_to():
    s = policed(detection=True).until(lambda s: s.control.policer.in_use, limit=SECOND)
    assert s.variable("policed_bw") == s.variable("bw") == pytest.approx(5 * MBIT, rel=0.1)
    assert s.control.model.max_bw > 30 * MBIT  # what the bucket had let pass
    s.run(TRIP)
    assert s.state is CRUISE
    assert s.control.pacing_rate == pytest.approx(0.99 * s.variable("policed_bw"), rel=0.01)
    assert s.run(SECOND).flow.lost < policed(detection=False).run(s.path.now).flow.lost
    s.run(2 * SECOND)
    assert not s.control.policer.in_use  # after 48 rounds it is tried again


def test_probe_rtt_in_startup_returns_to_startup():
    s = story(writes=trickle(0, 20 * SECOND)).until_in(State.PROBE_RTT).until_in(State.STARTUP)
    assert s.walk == [State.STARTUP, State.PROBE_RTT, State.STARTUP]
