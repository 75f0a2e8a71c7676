"""The parts that BBR is made of, one by one, and the numbers that its settings must keep to."""

from __future__ import annotations

import pytest
from path_model import heard

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.tcp.congestion.base import Sample, Start
from testbed.tcp.congestion.bbr.draft import Bbr, BbrSpec
from testbed.tcp.congestion.bbr.filters import WindowedMax
from testbed.tcp.congestion.bbr.long_term import LongTerm
from testbed.tcp.congestion.bbr.model import INFINITY, Aggregation, Model, State
from testbed.tcp.congestion.bbr.policer import Policer
from testbed.tcp.congestion.bbr.probe_rtt import ProbeRtt
from testbed.tcp.congestion.bbr.rounds import FullPipe, Rounds
from testbed.tcp.congestion.bbr.short_term import ShortTerm
from testbed.tcp.congestion.bbr.v1 import Bbr1Spec, Model1

MBIT = 10**6
START = Start(1000, 10_000, seed=1)


def model(min_rtt: int = 40 * MILLISECOND, bw: int = 10 * MBIT, kind: type[Model] = Model) -> Model:
    built = kind(START, FullPipe(0.25, 3), 4, 2)
    built.min_rtt, built.bw, built.max_bw = min_rtt, bw, bw
    return built


def arrived(total: int, prior: int, **fields: int) -> Sample:
    return heard(1000, total_delivered=total, prior_delivered=prior, **fields)


# -- the filter --------------------------------------------------------------------------------------------------------


def test_the_largest_of_the_last_ticks_is_remembered_and_then_forgotten():
    window = WindowedMax()
    told = [window.update(value, tick, 3) for tick, value in enumerate([5, 9, 4, 6, 3, 2, 1])]
    assert told == [5, 9, 9, 9, 6, 6, 3]


def test_of_one_tick_the_largest_counts():
    window = WindowedMax()
    assert [window.update(value, 1, 2) for value in (3, 7, 2, 6)] == [3, 7, 7, 7]
    assert window.update(1, 2, 2) == 7
    assert window.update(1, 3, 2) == 1


def test_a_window_of_one_tick_forgets_the_tick_before():
    window = WindowedMax()
    assert window.update(9, 1, 1) == 9
    assert window.update(2, 2, 1) == 2


def test_ticks_may_be_far_apart():
    window = WindowedMax()
    window.update(9, 1, 10)
    assert window.update(2, 1000, 10) == 2


# -- rounds and the plateau --------------------------------------------------------------------------------------------


def test_a_round_is_over_when_something_arrives_that_was_sent_after_it_began():
    rounds = Rounds()
    begins = []
    for total, prior in [(1000, 0), (2000, 0), (3000, 1000), (4000, 2000), (5000, 3000)]:
        rounds.update(arrived(total, prior))
        begins.append(rounds.round_start)
    assert begins == [True, False, True, False, True]
    assert rounds.round_count == 3


def test_a_window_that_was_full_counts_for_a_round_and_the_next():
    """Section 2.2: C.is_cwnd_limited, "at any point in the last packet-timed round trip"."""
    rounds = Rounds()
    seen = []
    for number, limited in enumerate([True, False, False, False]):  # each a round
        rounds.update(heard(1000, limited, total_delivered=1000 * (number + 1), prior_delivered=1000 * number))
        seen.append(rounds.is_cwnd_limited)
    assert seen == [True, True, False, False]


@pytest.mark.parametrize(
    ("rates", "full"),
    [([10, 20, 40, 41, 42, 43], True), ([10, 13, 17, 22, 28, 35], False), ([10, 10, 10, 13, 13, 13], False)],
)
def test_the_pipe_is_full_after_three_rounds_with_less_than_a_quarter_more(rates, full):
    pipe = FullPipe(0.25, 3)
    for rate in rates:
        pipe.check_full_bw_reached(rate)
    assert pipe.full_bw_now is pipe.full_bw_reached is full


# -- the model ---------------------------------------------------------------------------------------------------------


def test_the_bandwidth_delay_product():
    assert model().bdp_multiple(1.0) == 50_000
    assert model().bdp_multiple(2.25) == 112_500
    assert model().bdp_multiple(1.0, 2 * MBIT) == 10_000


def test_without_a_round_trip_it_is_the_initial_window():
    assert model(min_rtt=INFINITY).bdp_multiple(1.0) == 10_000


def test_at_least_four_segments_are_needed_and_two_more_for_a_probe():
    """Sections 5.6.4.2 and 5.6.4.3."""
    tiny = model(bw=64_000)
    assert tiny.inflight(1.0) == 4000
    tiny.state = State.PROBE_BW_UP
    assert tiny.inflight(1.0) == 6000


def test_version_1_has_three_segments_more_an_even_number_and_two_more_for_a_probe():
    first = model(kind=Model1)
    assert first.inflight(1.0) == 54_000
    assert first.inflight(1.01) == 54_000
    assert first.inflight(1.02) == 54_000
    assert first.inflight(1.03) == 56_000
    first.state = State.PROBE_BW_UP
    assert first.inflight(1.0) == 56_000


def test_what_the_application_limited_counts_only_if_it_is_more():
    """Section 5.5.4."""
    path = model(bw=0)
    for rate, limited, known in [(5, True, 5), (3, True, 5), (7, True, 7), (3, False, 7), (9, False, 9)]:
        path.update_max_bw(heard(rate=rate), limited, tick=0)
        assert path.max_bw == known
    path.update_max_bw(heard(rate=0), False, tick=9)  # no sample
    path.update_max_bw(heard(rate=2), True, tick=9)
    assert path.max_bw == 9
    path.update_max_bw(heard(rate=2), False, tick=9)
    assert path.max_bw == 2


def test_what_comes_faster_than_the_bandwidth_is_aggregation():
    """Section 5.5.9: 10 Mbit/s are a segment in 0.8 ms; five come at once each 4 ms."""
    path, aggregation = model(), Aggregation()
    for burst in range(1, 20):
        for _ in range(5):
            aggregation.update(burst * 4 * MILLISECOND, heard(), path, 100_000, 10)
    assert path.extra_acked == 5000


def test_aggregation_is_no_more_than_the_window():
    path, aggregation = model(), Aggregation()
    for _ in range(50):
        aggregation.update(SECOND, heard(), path, 20_000, 10)
    assert path.extra_acked == 20_000


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_the_volume_at_which_losses_crossed_the_threshold():
    """Section 5.5.10.2: at the prefix x of the lost segment, (lost before + x) / (in flight before + x) is 2 %."""
    bound = LongTerm(model(), 0.02, 0.15, True)
    at = bound.inflight_at_loss(10_000, 15_000, 410_000)
    x = at - 400_000
    assert (5000 + x) / at == pytest.approx(0.02, rel=0.001)


@pytest.mark.parametrize(("lost", "sack", "too_high"), [(1000, True, False), (1001, True, True), (1, False, True)])
def test_more_than_two_percent_is_too_much_and_without_sack_any_loss(lost, sack, too_high):
    assert LongTerm(model(), 0.02, 0.15, sack).is_inflight_too_high(lost, 50_000) is too_high


def test_headroom_is_fifteen_percent_a_segment_at_least_and_never_below_the_minimum():
    bound = LongTerm(model(), 0.02, 0.15, True)
    for longterm, target in [(INFINITY, INFINITY), (100_000, 85_000), (6000, 5000), (4000, 4000)]:
        bound.inflight_longterm = longterm
        assert bound.inflight_with_headroom() == target


def test_the_bound_is_raised_by_1_2_4_8_segments_a_round():
    """Section 5.3.3.5."""
    path = model()
    bound = LongTerm(path, 0.02, 0.15, True)
    bound.inflight_longterm = 40_000
    bound.start_probe()
    bound.raise_slope(40_000)
    steps = []
    for _ in range(6):
        before = bound.inflight_longterm
        window = before // 1000
        for number in range(window):  # the last acknowledgement begins the next round
            path.rounds.update(arrived(1_000_000, 1_000_000 if number == window - 1 else -1))
            bound.adapt(heard(1000, in_flight_then=1000), bound.inflight_longterm, probing=True)
        steps.append((bound.inflight_longterm - before) // 1000)
    assert steps == [1, 2, 4, 8, 16, 32]


def test_a_bound_that_does_not_limit_is_not_raised():
    path = model()
    bound = LongTerm(path, 0.02, 0.15, True)
    bound.inflight_longterm = 40_000
    bound.raise_slope(30_000)
    path.rounds.update(arrived(1000, 0))
    for _ in range(100):
        bound.adapt(heard(1000, in_flight_then=1000), 30_000, probing=True)
    assert bound.inflight_longterm == 40_000


def test_what_was_in_flight_without_harm_is_safe():
    bound = LongTerm(model(), 0.02, 0.15, True)
    bound.inflight_longterm = 40_000
    bound.adapt(heard(in_flight_then=45_000, lost_since=1000), 45_000, probing=False)
    assert bound.inflight_longterm == 40_000
    bound.adapt(heard(in_flight_then=45_000, lost_since=900), 45_000, probing=False)
    assert bound.inflight_longterm == 45_000


@pytest.mark.parametrize(("delivered", "rate", "volume"), [(9, 9, 90_000), (5, 7, 70_000)])
def test_a_round_with_losses_leaves_what_was_delivered_but_at_least_07(delivered, rate, volume):
    """Section 5.5.10.3."""
    short = ShortTerm(0.7)
    short.note_loss(0)
    short.update_latest_delivery_signals(heard(rate=delivered * MBIT, rate_delivered=delivered * 10_000))
    assert short.loss_round_start
    short.adapt_lower_bounds_from_congestion(10 * MBIT, 100_000)
    assert (short.bw_shortterm, short.inflight_shortterm) == (rate * MBIT, volume)


# -- ProbeRTT ----------------------------------------------------------------------------------------------------------


def test_the_minimum_is_kept_for_ten_seconds_and_looked_for_after_five():
    path = model(min_rtt=INFINITY)
    probe = ProbeRtt(path, 10 * SECOND, 5 * SECOND, 200 * MILLISECOND)
    due = []
    for second in range(1, 13):
        probe.update_min_rtt(second * SECOND, (40 if second == 1 else 50 + second) * MILLISECOND)
        due.append(probe.due)
    assert due == [False] * 6 + [True] + [False] * 5  # later than 5 s after the first; the next from then on
    assert path.min_rtt == 57 * MILLISECOND  # of the second window


def test_the_round_trip_of_the_handshake_is_the_first_minimum():
    assert Model(Start(1000, 10_000, rtt=30 * MILLISECOND), FullPipe(0.25, 3), 4, 2).min_rtt == 30 * MILLISECOND


def test_an_acknowledgement_that_measures_nothing_is_no_minimum():
    path = model(min_rtt=INFINITY)
    probe = ProbeRtt(path, 10 * SECOND, 5 * SECOND, 200 * MILLISECOND)
    for second in range(1, 20):
        probe.update_min_rtt(second * SECOND, 0)
        assert not probe.due
    assert path.min_rtt == INFINITY


# -- the pace ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rtt", "pace"), [(40 * MILLISECOND, 5.54 * MBIT), (0, 221.6 * MBIT)])
def test_the_first_pace_is_the_initial_window_in_a_round_trip_277_times_as_fast(rtt, pace):
    """Section 5.6.2; 1 ms if nobody has measured one."""
    assert BbrSpec().build(START._replace(rtt=rtt)).pacing_rate == pytest.approx(pace)


def test_the_first_measurement_corrects_the_first_pace():
    bbr = BbrSpec().build(START)
    bbr.acknowledged(SECOND, arrived(1000, 0, rtt=40 * MILLISECOND, srtt=40 * MILLISECOND))
    assert bbr.pacing_rate == pytest.approx(5.54 * MBIT)


# -- after a timeout ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [BbrSpec(), Bbr1Spec()])
def test_when_a_timeout_is_repaired_the_window_is_what_it_was(spec):
    """Section 5.6.4.4: "the last known good"; the sender tells of the end of a fast recovery only."""
    bbr = spec.build(START)
    bbr.timed_out(SECOND, 10_000, again=False)
    assert bbr.cwnd == 1000
    bbr.acknowledged(2 * SECOND, arrived(1000, 0, repairing=True))
    assert bbr.cwnd <= 4000
    bbr.acknowledged(3 * SECOND, arrived(2000, 1000, repairing=False))
    assert bbr.cwnd >= 10_000


def drained() -> Bbr:
    """In Drain, at 10 Mbit/s, with a window of 10 segments."""
    bbr = BbrSpec().build(START)
    assert isinstance(bbr, Bbr)
    bbr.acknowledged(0, arrived(1000, 0, rate=10 * MBIT, rate_delivered=1000))
    bbr.cwnd = 10_000
    bbr.model.state, bbr.model.pipe.full_bw_reached = State.DRAIN, True
    return bbr


def rounds_with_losses(bbr: Bbr, number: int, **fields: int) -> list[int]:
    """The bound on the bandwidth after each of them."""
    bounds = []
    for total in range(1000, 1000 * number + 1, 1000):
        bbr.segment_lost(total, 1000, 1000, 10_000, False)
        seen = arrived(total + 1000, total, rate=MBIT, rate_delivered=1000, in_flight=9000, **fields)
        bbr.acknowledged(total, seen)
        bounds.append(bbr.short_term.bw_shortterm)
    return bounds


def test_what_is_undone_is_what_was_before_the_episode_not_before_its_last_round():
    """Section 5.5.11.1, in the prose; NoteLoss() in 5.5.10.2 would save the state of each round."""
    bbr = drained()
    assert rounds_with_losses(bbr, 3, recovering=True) == [10_000_000, 7_000_000, 4_900_000]
    bbr.undo(SECOND)
    assert bbr.short_term.bw_shortterm == bbr.short_term.inflight_shortterm == INFINITY


def test_what_losses_bound_after_a_timeout_is_the_window_before_it():
    bbr = drained()
    bbr.timed_out(SECOND, 10_000, again=False)
    rounds_with_losses(bbr, 1, repairing=True)
    assert bbr.short_term.inflight_shortterm == 7000


# -- policers (version 1) ----------------------------------------------------------------------------------------------


def police(rate: int, lost_of_ten: int, rounds: int = 12) -> Policer:
    """Rounds of 100 ms and ten segments at `rate`, of which so many are lost, in the first halves of the rounds."""
    policer, total, lost = Policer(), 0, 0
    for number in range(rounds):
        total += rate // 80
        lost += lost_of_ten * rate // 800
        now = (number + 1) * 100 * MILLISECOND
        policer.update(now, arrived(total, 0, lost=lost_of_ten), lost, False, round_start=True)
    return policer


def test_two_alike_intervals_of_heavy_loss_are_a_policer():
    policer = police(2 * MBIT, 3)
    assert policer.in_use
    assert policer.bw == pytest.approx(2 * MBIT, rel=0.02)


def test_two_intervals_that_differ_by_more_than_an_eighth_are_none():
    policer, total, lost = Policer(), 0, 0
    for number in range(12):
        size = (25_000, 29_000, 34_000)[number // 4]
        total, lost = total + size, lost + size // 2
        policer.update(number * 100 * MILLISECOND, arrived(total, 0, lost=size // 2), lost, False, round_start=True)
        assert not policer.in_use


def test_it_is_kept_to_for_48_rounds():
    policer = police(2 * MBIT, 3)
    assert [policer.expired(round_start=True) for _ in range(48)] == [False] * 47 + [True]
    assert not policer.in_use


def test_less_than_a_fifth_lost_is_no_policer():
    assert not police(2 * MBIT, 1).in_use


def test_an_application_that_limits_the_rate_is_no_policer():
    policer = Policer()
    for number in range(20):
        policer.update(number * SECOND, arrived(number * 1000, 0, lost=1000), number * 1000, number % 3 == 2, True)
    assert not policer.in_use


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "settings"),
    [
        (BbrSpec, {"probe_wait_min": 3, "probe_wait_max": 2}),
        (BbrSpec, {"loss_threshold": 1.0}),
        (BbrSpec, {"max_bw_window": 0}),
        (BbrSpec, {"min_window": 0}),
        (BbrSpec, {"drain_pacing_gain": 0.0}),
        (BbrSpec, {"pacing_margin": 1.0}),
        (Bbr1Spec, {"high_gain": 1.0}),
        (Bbr1Spec, {"extra_acked_window": 0}),
    ],
)
def test_settings_without_sense_are_refused(spec, settings):
    with pytest.raises(UnitError):
        spec(**settings)
