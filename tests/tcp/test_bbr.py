"""BBR and its states, by the test cases of the draft's own Appendix A (draft-ietf-ccwg-bbr-06): A.1 to A.11, and A.20.

The others are in test_bbr_paths.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from bbr_stories import BDP, CRUISE, DOWN, MSS, RATE, REFILL, TRIP, UP, Story, every, trickle
from path_model import MBIT

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion.base import Start
from testbed.tcp.congestion.bbr.model import INFINITY, State

# -- A.1 to A.4: Startup and Drain -------------------------------------------------------------------------------------


def test_startup_ends_when_three_rounds_bring_less_than_a_quarter_more():
    """A.1"""
    s = Story().until(lambda s: s.control.model.pipe.full_bw_reached)
    assert s.control.model.pipe.full_bw_count == 3
    assert s.control.model.pipe.full_bw_now
    assert s.control.model.max_bw == pytest.approx(RATE, rel=0.02)
    assert s.state is State.DRAIN


def test_startup_doubles_the_rate_each_round():
    """Section 5.3.1.1: the bandwidth is found in log2(BDP) rounds, here six from 10 to 640 segments."""
    s = Story(rate=128 * MBIT, buffer=4 * 640 * MSS)
    rounds: dict[int, int] = {}
    s.seen = lambda: rounds.update({s.control.model.rounds.round_count: s.control.model.max_bw})
    s.until_in(State.DRAIN)
    growing = [bw for bw in rounds.values() if 3 * MBIT < bw < 100 * MBIT]  # from the second round's on
    assert len(growing) == 5
    assert all(1.9 < after / before < 2.4 for before, after in pairwise(growing))
    assert s.control.model.rounds.round_count <= 2 + 6 + 3 + 1


def test_losses_end_startup_though_the_application_limits_the_rate():
    """A.2: more than 2 %, in six places, for a round of recovery; inflight_longterm is what got through."""
    s = Story(writes=trickle(0, 10 * SECOND, 20 * MILLISECOND, 12 * MSS), lose=every(8))
    s.until(lambda s: s.control.model.pipe.full_bw_reached, limit=3 * SECOND)
    assert s.control.model.pipe.full_bw_count == 0
    assert s.control.model.pipe.full_bw_now
    assert s.variable("inflight_longterm") < INFINITY


def test_few_losses_do_not_end_startup():
    s = Story(writes=trickle(0, 10 * SECOND, 20 * MILLISECOND, 12 * MSS), lose=every(100)).run(9 * SECOND)
    assert set(s.walk) <= {State.STARTUP, State.PROBE_RTT}


def test_losses_in_many_places_do_not_end_startup_if_they_are_less_than_two_percent():
    s = Story(rate=128 * MBIT, buffer=4 * 640 * MSS, lose=every(70)).until_in(State.DRAIN)
    assert s.flow.lost > 20 * MSS
    assert s.control.model.pipe.full_bw_count == 3
    assert s.variable("inflight_longterm") == INFINITY


def test_without_sack_one_loss_in_recovery_ends_startup():
    """Section 5.3.1.3: more cannot be seen."""
    s = Story(start=Start(MSS, 10 * MSS, sack=False), lose=lambda number: number == 30)
    s.until_in(State.DRAIN, limit=SECOND)
    assert s.control.model.pipe.full_bw_count < 3


def test_drain_halves_the_pace_until_no_more_than_the_bdp_is_in_flight():
    """A.3"""
    s = Story().until_in(State.DRAIN)
    assert s.flow.in_flight > 1.9 * BDP
    assert s.control.pacing_rate == pytest.approx(0.5 * 0.99 * RATE, rel=0.02)
    began = s.path.now
    s.until_in(DOWN, CRUISE)
    assert s.flow.in_flight <= 1.05 * BDP
    assert s.path.now - began < 2.5 * TRIP  # the queue is a round trip more


def test_drain_ends_after_three_rounds_though_the_queue_is_not_gone():
    """A.4. Its 10 % less bandwidth would not do: half of what was believed must be more than there is."""
    s = Story(buffer=20 * BDP).until(lambda s: s.control.model.pipe.full_bw_count == 2)
    s.path.rate //= 4
    s.until_in(State.DRAIN)
    began = s.control.model.rounds.round_count
    s.until_in(DOWN, CRUISE)
    assert s.state is DOWN
    assert s.flow.in_flight > 1.5 * BDP
    assert s.control.model.rounds.round_count == began + 4


# -- A.5 to A.9: ProbeBW -----------------------------------------------------------------------------------------------


def test_the_states_follow_each_other():
    s = Story().run(4 * SECOND)
    assert s.walk == [State.STARTUP, State.DRAIN, CRUISE, REFILL, UP, DOWN, CRUISE]


def test_up_ends_when_three_rounds_bring_no_more_bandwidth():
    """A.5"""
    s = Story().until_in(UP)
    assert s.control.model.pipe.full_bw == pytest.approx(RATE, rel=0.02)
    began = s.control.model.rounds.round_count
    assert s.control.pacing_rate == pytest.approx(1.25 * 0.99 * RATE, rel=0.02)
    s.until_in(DOWN)
    assert s.control.model.pipe.full_bw_count == 3
    assert s.control.model.rounds.round_count == began + 3
    assert s.flow.in_flight <= 2.25 * BDP + 3 * MSS


def test_losses_end_up_though_the_application_limits_the_rate():
    """A.6. The text of A.6 has inflight_longterm updated, the pseudocode of 5.5.10.2 not: so did we."""
    losing: list[bool] = []
    s = Story(writes=[(0, 1_000_000), *trickle(SECOND, 20 * SECOND, 10 * MILLISECOND, 4 * MSS)],
              lose=lambda number: bool(losing) and number % 10 == 0)  # fmt: skip
    s.until_in(UP)
    losing.append(True)
    s.until(lambda s: s.state is not UP, limit=SECOND)
    assert s.state.in_probe_bw
    assert s.control.model.pipe.full_bw_count == 0
    assert s.variable("inflight_longterm") == INFINITY


@pytest.mark.parametrize("bulk", [0, 1_000_000])
def test_the_application_alone_ends_neither_startup_nor_up(bulk):
    """A.7"""
    s = Story(writes=[(0, bulk), *trickle(1500 * MILLISECOND, 19 * SECOND)]).run(18 * SECOND)
    if bulk:
        assert s.walk[-1] is UP or State.PROBE_RTT in s.walk
        assert DOWN not in s.walk[s.walk.index(UP) :] or s.walk[s.walk.index(UP) + 1] is State.PROBE_RTT
    else:
        assert set(s.walk) <= {State.STARTUP, State.PROBE_RTT}


def test_down_ends_when_queue_and_headroom_are_clear():
    """A.8: with inflight_longterm set, 15 % of it are left to others as well."""
    s = Story(buffer=BDP // 2).until(lambda s: s.variable("inflight_longterm") < INFINITY).until_in(DOWN)
    assert s.control.pacing_rate == pytest.approx(0.9 * 0.99 * s.control.model.bw, rel=0.02)
    s.until_in(CRUISE)
    assert s.flow.in_flight <= s.control.model.inflight(1.0, s.control.model.max_bw) + MSS
    assert s.flow.in_flight <= 0.85 * s.variable("inflight_longterm") + MSS


def test_down_goes_to_refill_when_the_queue_does_not_clear_in_time():
    """A.9"""
    s = Story(buffer=100 * BDP, probe_rtt_interval=60 * SECOND).until_in(UP).until_in(DOWN)
    s.path.rate = s.path.rate * 7 // 10
    began = s.path.now
    s.until_in(CRUISE, REFILL)
    assert s.state is REFILL
    assert 2 * SECOND <= s.path.now - began <= 3 * SECOND + TRIP


def test_a_bound_holds_and_a_cruise_leaves_headroom_below_it():
    """Section 5.6.4.7."""
    s = Story(buffer=BDP // 2).until(lambda s: s.variable("inflight_longterm") < 1.6 * BDP).until_in(CRUISE).run(TRIP)
    assert s.state is CRUISE
    assert s.control.cwnd <= 0.85 * s.variable("inflight_longterm") + 1
    s.until_in(REFILL).run(TRIP // 2)
    assert s.state is REFILL
    assert 0.9 * s.variable("inflight_longterm") < s.control.cwnd <= s.variable("inflight_longterm")


@pytest.mark.parametrize("seed", range(3))
def test_probes_are_two_to_three_seconds_apart_by_chance(seed):
    """Section 5.3.3.8.2: T_bbr; with more than 63 segments in flight 63 rounds take longer."""
    s = Story(trip=100 * MILLISECOND, seed=seed, probe_rtt_interval=60 * SECOND).run(8 * SECOND)
    phases = list(zip(s.walk, s.since, strict=True))
    waits = [
        refill[1] - down[1]
        for down, cruise, refill in zip(phases, phases[1:], phases[2:], strict=False)
        if [down[0], cruise[0], refill[0]] == [DOWN, CRUISE, REFILL]
    ]
    assert waits
    assert all(2 * SECOND <= wait <= 3.1 * SECOND for wait in waits)


def test_chance_is_the_seeds():
    def walks(seed: int) -> list[int]:
        return Story(seed=seed).run(5 * SECOND).since

    assert walks(1) == walks(1)
    assert walks(1) != walks(2)


def test_a_small_flow_probes_as_often_as_reno_would_recover():
    """Section 5.3.3.8.2: T_reno, as many rounds as there are segments in the bandwidth-delay product: here about 12."""
    s = Story(trip=10 * MILLISECOND, buffer=100_000).until_in(UP).until_in(CRUISE)
    began = s.control.model.rounds.round_count
    s.until_in(REFILL)
    assert s.control.model.rounds.round_count - began < 14


# -- A.10, A.11, A.20: ProbeRTT ----------------------------------------------------------------------------------------


def test_without_a_lower_round_trip_for_five_seconds_half_the_bdp_is_held_for_200_ms():
    """A.10"""
    s = Story().until_in(State.PROBE_RTT)
    assert 5 * SECOND < s.path.now < 5.1 * SECOND
    assert s.variable("cwnd_gain") == 0.5
    assert s.control.cwnd == pytest.approx(BDP // 2, rel=0.03)
    before = s.control.prior_cwnd
    s.until(lambda s: s.flow.in_flight <= BDP // 2 + MSS)
    began = s.path.now
    s.until_in(CRUISE)
    assert 200 * MILLISECOND <= s.path.now - began <= 200 * MILLISECOND + 2 * TRIP
    assert s.control.cwnd == pytest.approx(before, rel=0.02)
    assert s.control.model.max_bw == pytest.approx(RATE, rel=0.01)


def test_after_probe_rtt_what_losses_had_bounded_is_forgotten():
    """Section 5.3.4.4."""
    s = Story().until_in(State.PROBE_RTT)
    s.control.short_term.bw_shortterm, s.control.short_term.inflight_shortterm = RATE // 2, BDP // 2
    s.until_in(CRUISE)
    assert s.variable("bw_shortterm") == s.variable("inflight_shortterm") == INFINITY


def test_probe_rtt_costs_two_percent():
    """Section 5.3.4.2; what the pacing margin and the draining after a probe cost comes on top."""
    s = Story().run(5 * SECOND)
    assert s.goodput(10 * SECOND) > 0.96 * RATE


def test_a_path_that_has_become_longer_is_believed():
    s = Story().run(3 * SECOND)
    s.flow.trip = 2 * TRIP
    s.run(9 * SECOND)
    assert s.variable("min_rtt") == pytest.approx(2 * TRIP, rel=0.03)
    assert s.goodput(SECOND) > 0.9 * RATE


def test_a_pause_is_as_good_as_a_probe():
    """A.11"""
    s = Story(writes=[(0, 3_000_000), (12 * SECOND, 2_000_000)]).run(11 * SECOND)
    assert s.flow.in_flight == 0
    s.run(SECOND + 2 * TRIP)
    assert State.PROBE_RTT not in s.walk
    assert s.goodput(500 * MILLISECOND) > 0.85 * RATE


def test_after_a_pause_the_pace_is_the_bandwidth():
    """Section 5.4.1: no burst of a window, and no slow start."""
    s = Story(writes=[(0, 1_000_000), (5 * SECOND, 1_000_000)]).run(4 * SECOND)
    window = s.control.cwnd
    s.control.idle(s.path.now, 10 * MSS)
    s.run(SECOND)
    assert s.flow.in_flight == MSS
    assert s.control.cwnd == window
    assert s.control.pacing_rate == pytest.approx(0.99 * RATE, rel=0.01)


def test_probe_rtt_in_startup_returns_to_startup():
    """A.20"""
    s = Story(writes=trickle(0, 20 * SECOND)).until_in(State.PROBE_RTT).until_in(State.STARTUP)
    assert not s.control.model.pipe.full_bw_reached
    assert s.walk == [State.STARTUP, State.PROBE_RTT, State.STARTUP]
