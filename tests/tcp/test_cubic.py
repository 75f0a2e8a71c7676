"""CUBIC by its equations and tables: RFC 9438. Windows are in segments of 1000 bytes where the RFC has them so."""

from __future__ import annotations

from itertools import pairwise
from math import cbrt

import pytest
from path_model import MBIT, Path, heard

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.tcp.congestion import Start
from testbed.tcp.congestion.base import Control
from testbed.tcp.congestion.cubic import Cubic, CubicSpec
from testbed.tcp.congestion.reno import RenoSpec

MSS = 1000
TRIP = 100 * MILLISECOND
ALPHA = 3 * 0.3 / 1.7  # 0.529


class Sender:
    """Fills the window of a control, on a path whose round trip is always the same; begins in congestion avoidance."""

    def __init__(self, control: Control, segments: int, trip: int = TRIP, ack_every: int = 1) -> None:
        self.control = control
        self.trip = trip
        self.now = 5 * SECOND
        self.sent = 0  # segments
        control.cwnd = control.ssthresh = segments * MSS
        self.sample = heard(ack_every * MSS, rtt=trip, srtt=trip)

    def acknowledge(self) -> str:
        self.sent += self.sample.acked // MSS
        self.now += self.trip * self.sample.acked // self.control.cwnd
        return self.control.acknowledged(self.now, self.sample)

    def run(self, time: int) -> None:
        until = self.now + time
        while self.now < until:
            self.acknowledge()

    def lose(self) -> None:
        self.control.lost(self.now, self.control.cwnd)
        self.control.recovered(self.now, self.control.cwnd - MSS)

    @property
    def window(self) -> float:
        return self.control.cwnd / MSS


def cubic(segments: int, *, trip: int = TRIP, ack_every: int = 1, **settings: object) -> Sender:
    return Sender(CubicSpec(**settings).build(Start(MSS, 10 * MSS)), segments, trip, ack_every)  # type: ignore[arg-type]


def variables(sender: Sender) -> dict[str, float]:
    return dict(sender.control.variables)


# -- the curve ---------------------------------------------------------------------------------------------------------


def test_a_loss_leaves_seven_tenths_and_k_is_the_time_to_return():
    """Equation (2): K = cbrt(100 * 0.3 / 0.4) = 4.217 s."""
    sender = cubic(100)
    sender.lose()
    assert sender.window == 70
    sender.acknowledge()
    assert variables(sender)["k"] == pytest.approx(4.217 * SECOND, rel=1e-3)
    assert variables(sender)["w_max"] == 100 * MSS


@pytest.mark.parametrize("ack_every", [1, 2, 8])
@pytest.mark.parametrize("time", [1, 2, 4, 8, 12])
def test_the_window_follows_the_curve_whatever_the_acknowledgements(time, ack_every):
    """Equation (1): W(t) = 0.4 (t - K)³ + W_max. Since the target is a round trip ahead the window is there in time."""
    sender = cubic(1000, ack_every=ack_every)
    sender.lose()
    sender.run(time * SECOND)
    k = cbrt(1000 * 0.3 / 0.4)
    assert sender.window == pytest.approx(0.4 * (time - k) ** 3 + 1000, rel=0.001)


def test_it_rises_fast_rests_at_w_max_and_rises_again():
    sender = cubic(1000)
    sender.lose()
    windows = []
    for _ in range(18):
        sender.run(SECOND)
        windows.append(sender.window)
    steps = [after - before for before, after in pairwise(windows)]
    assert windows[8] == pytest.approx(1000, rel=0.01)  # K is 9.1 s
    assert steps[0] > 60
    assert min(steps) == min(steps[7:10]) < 2
    assert steps[-1] > 60


def test_the_trace_says_in_which_region_the_window_grows():
    sender = cubic(1000)
    sender.lose()
    sender.run(3 * SECOND)
    assert sender.acknowledge() == "concave region"
    sender.run(10 * SECOND)
    assert sender.acknowledge() == "convex region"
    friendly = cubic(10, trip=10 * MILLISECOND)
    friendly.lose()
    assert {friendly.acknowledge() for _ in range(100)} == {"Reno-friendly region"}


def test_it_never_grows_by_more_than_half_in_a_round_trip():
    """Section 4.2: target <= 1.5 cwnd, however steep the curve is by then."""
    sender = cubic(10, c=1000.0)
    sender.lose()
    for _ in range(10):
        before = sender.window
        sender.run(TRIP)
        assert before <= sender.window <= 1.7 * before  # e^0.5: the half is taken anew at each acknowledgement


def test_growth_by_parts_of_a_byte_adds_up():
    """Near W_max of a large window an acknowledgement is worth less than a byte."""
    sender = cubic(200)
    sender.lose()
    sender.run(4500 * MILLISECOND)  # K is 5.3 s
    before = sender.control.cwnd
    causes = [sender.acknowledge() for _ in range(400)]
    assert causes.count("") > 200
    assert sender.control.cwnd > before + 50
    sender.run(300 * MILLISECOND)
    assert sender.window == pytest.approx(200, abs=0.05)


# -- the tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("c", "trip", "period", "average"),
    [
        (0.4, 100, 10**4, 187), (0.4, 100, 10**5, 1054), (0.4, 100, 10**6, 5926), (0.4, 10, 10**7, 5926),
        (4, 100, 10**3, 59), (4, 100, 10**4, 333), (4, 10, 10**6, 1874), (0.04, 100, 10**5, 593),
    ],
)  # fmt: skip
def test_the_average_window_is_that_of_tables_1_and_2(c, trip, period, average):
    """Where every 1/p-th segment is lost the window is back at W_max just then, and the average is (3 + beta) / 4 of
    that (section 5)."""
    w_max = average / (3.7 / 4)
    sender = cubic(round(w_max), c=c, trip=trip * MILLISECOND, ack_every=max(1, period // 20_000))
    sender.lose()
    began = sender.now
    sender.sent = 0
    while sender.sent < period:
        sender.acknowledge()
    assert sender.window == pytest.approx(w_max, rel=0.01)
    assert sender.sent * sender.trip / (sender.now - began) == pytest.approx(average, rel=0.015)


@pytest.mark.parametrize(
    ("trip", "period", "average"),
    [(100, 10**2, 12), (100, 10**3, 38), (10, 10**2, 12), (10, 10**3, 38), (10, 10**4, 120)],
)
def test_the_average_window_is_renos_where_the_tables_say_so(trip, period, average):
    """Tables 1 and 2: 1.2 / sqrt(p), and a little more where the regions meet, in the second row."""
    reno = Sender(RenoSpec().build(Start(MSS, 10 * MSS)), average, trip * MILLISECOND)
    sender = cubic(average, trip=trip * MILLISECOND)
    for one in (reno, sender):
        began = one.now
        for number in range(12):
            while one.sent < (number + 1) * period:
                one.acknowledge()
            one.lose()
        assert one.sent * one.trip / (one.now - began) == pytest.approx(average, rel=0.15)


# -- the Reno-friendly region ------------------------------------------------------------------------------------------


def test_w_est_grows_by_alpha_a_round_trip_and_by_one_beyond_the_window_before():
    """Section 4.3: alpha = 3 (1 - beta) / (1 + beta) until W_est reaches cwnd_prior, as fast as Reno from there."""
    sender = cubic(20, trip=10 * MILLISECOND)
    sender.lose()
    sender.run(100 * MILLISECOND)
    assert sender.window == pytest.approx(14 + 10 * ALPHA, abs=0.2)
    sender.run(20 * MILLISECOND)
    assert sender.window == pytest.approx(20.5, abs=0.5)
    before = sender.window
    sender.run(100 * MILLISECOND)
    assert sender.window == pytest.approx(before + 10, abs=0.5)


def test_fast_convergence_does_not_hasten_the_reno_friendly_region():
    """What counts is the window before the loss, cwnd_prior, and not the W_max that was lowered."""
    sender = cubic(40, trip=10 * MILLISECOND)
    sender.lose()
    sender.lose()
    assert sender.window == pytest.approx(19.6, abs=0.1)  # W_max is 28 * 0.85 = 23.8, cwnd_prior 28
    sender.run(100 * MILLISECOND)
    sender.run(10 * MILLISECOND)
    before = sender.window
    assert 23.8 < before < 27
    sender.run(20 * MILLISECOND)
    assert sender.window == pytest.approx(before + 2 * ALPHA, abs=0.2)


# -- a loss ------------------------------------------------------------------------------------------------------------


def test_fast_convergence_gives_up_more_when_a_loss_comes_early():
    """Section 4.7: W_max = cwnd (1 + beta) / 2. The window itself is reduced once, by beta: not to 0.595."""
    sender = cubic(100)
    sender.lose()
    sender.lose()
    assert sender.window == 49
    sender.acknowledge()
    assert variables(sender)["w_max"] == 70 * MSS * 0.85
    assert variables(sender)["k"] == pytest.approx(cbrt((59.5 - 49) / 0.4) * SECOND, rel=1e-3)


def test_the_curve_begins_at_the_window_there_is_after_fast_convergence():
    """K is from the gap between W_max and the window; with (1 - beta) W_max it would stand still for 2 s."""
    sender = cubic(1000)
    sender.lose()
    sender.lose()
    before = sender.window
    sender.run(SECOND // 2)
    assert sender.window > before + 10


def test_without_fast_convergence_w_max_is_the_window_that_was_lost():
    sender = cubic(100, fast_convergence=False)
    sender.lose()
    sender.lose()
    sender.acknowledge()
    assert variables(sender)["w_max"] == 70 * MSS


def test_a_window_above_w_max_is_remembered_whole():
    sender = cubic(100)
    sender.lose()
    sender.run(8 * SECOND)
    assert sender.window > 110
    before = sender.control.cwnd
    sender.lose()
    sender.acknowledge()
    assert variables(sender)["w_max"] == before


@pytest.mark.parametrize(("source", "threshold"), [("flight_size", 42), ("cwnd", 70)])
def test_the_threshold_is_from_what_is_in_flight_or_from_the_window(source, threshold):
    """Section 4.6: flight_size * beta; some have cwnd."""
    control = cubic(100, ssthresh_from=source).control
    control.lost(0, 60 * MSS)
    assert control.ssthresh == threshold * MSS


def test_beta_and_c_are_settings():
    sender = cubic(100, beta=0.5, c=4.0)
    sender.lose()
    assert sender.window == 50
    sender.acknowledge()
    assert variables(sender)["k"] == pytest.approx(cbrt(50 / 4) * SECOND, rel=1e-3)


@pytest.mark.parametrize("settings", [{"c": 0.0}, {"beta": 0.0}, {"beta": 1.0}])
def test_settings_without_sense_are_refused(settings):
    with pytest.raises(UnitError, match=f"^{next(iter(settings))} "):
        CubicSpec(**settings)


# -- marks -------------------------------------------------------------------------------------------------------------


def test_a_mark_is_answered_like_a_loss_or_more_gently():
    """RFC 9438 section 4.6; RFC 8511: 0.85."""
    control = cubic(100).control
    control.marked(0, 100 * MSS)
    assert (control.cwnd, control.ssthresh) == (70 * MSS, 70 * MSS)
    gentle = CubicSpec().build(Start(MSS, 100 * MSS, abe=True))
    gentle.marked(0, 100 * MSS)
    assert (gentle.cwnd, gentle.ssthresh) == (85 * MSS, 85 * MSS)


def test_marks_take_the_window_to_one_segment_and_the_threshold_to_two():
    """Section 4.6."""
    control = cubic(3).control
    for _ in range(5):
        control.marked(0, control.cwnd)
    assert (control.cwnd, control.ssthresh) == (MSS, 2 * MSS)


# -- when congestion avoidance begins ----------------------------------------------------------------------------------


def test_the_time_in_recovery_does_not_count():
    """The epoch begins with congestion avoidance, not with the loss, however long the recovery was."""
    sender = cubic(1000)
    sender.lose()
    recovering = heard(MSS, rtt=TRIP, srtt=TRIP, recovering=True)
    for _ in range(50):
        sender.now += TRIP
        sender.control.acknowledged(sender.now, recovering)
    sender.acknowledge()
    assert sender.window == pytest.approx(700, abs=1)
    sender.run(SECOND)
    assert sender.window == pytest.approx(0.4 * (1 - cbrt(750)) ** 3 + 1000, rel=0.02)


def test_after_a_timeout_there_is_no_plateau_and_the_curve_rises_from_where_slow_start_ended():
    """Section 4.8: K = 0, W_max is the window at the beginning."""
    sender = cubic(100)
    sender.control.timed_out(sender.now, 100 * MSS, False)
    assert (sender.control.cwnd, sender.control.ssthresh) == (MSS, 70 * MSS)
    while sender.control.cwnd < 70 * MSS:
        assert sender.acknowledge() == "slow start"
    sender.acknowledge()
    assert (variables(sender)["k"], variables(sender)["w_max"]) == (0, 70 * MSS)
    assert variables(sender)["cwnd_prior"] == 100 * MSS
    sender.run(5 * SECOND)
    assert sender.window == pytest.approx(70 + 0.4 * 5**3, rel=0.1)


def test_after_hystart_the_curve_rises_from_where_slow_start_ended():
    """Section 4.10: W_max = cwnd_prior = cwnd, K = 0."""
    sender = cubic(300)  # as if HyStart++ had set the threshold
    sender.acknowledge()
    inside = variables(sender)
    assert (inside["k"], inside["w_max"], inside["cwnd_prior"]) == (0, 300 * MSS, 300 * MSS)


def test_a_pause_that_led_to_slow_start_begins_another_epoch():
    sender = cubic(1000)
    sender.lose()
    sender.run(3 * SECOND)
    sender.now += 10 * SECOND
    sender.control.idle(sender.now, 10 * MSS)
    while sender.control.cwnd < sender.control.ssthresh:
        sender.acknowledge()
    sender.acknowledge()
    assert sender.window == pytest.approx(700, abs=2)
    sender.run(SECOND)
    assert sender.window == pytest.approx(0.4 * (1 - cbrt(750)) ** 3 + 1000, rel=0.01)


# -- limited by the application ----------------------------------------------------------------------------------------


def test_time_stands_still_while_the_window_is_not_the_limit():
    """Section 5.8. Otherwise the target would be 1.5 times the window afterwards."""
    paused, busy = cubic(1000), cubic(1000)
    for sender in (paused, busy):
        sender.lose()
        sender.run(3 * SECOND)
    idle = heard(MSS, limited=False, rtt=TRIP, srtt=TRIP)
    for _ in range(600):
        paused.now += TRIP
        assert paused.control.acknowledged(paused.now, idle) == ""
    assert paused.control.cwnd == busy.control.cwnd
    for sender in (paused, busy):
        sender.run(3 * SECOND)
    assert paused.window == pytest.approx(busy.window, rel=0.005)


@pytest.mark.parametrize("measured", [TRIP, 0], ids=["measured", "retransmitted"])
def test_silence_is_no_time_either(measured):
    """After it the first acknowledgement finds the window full, and must not let it leap."""
    paused, busy = cubic(1000), cubic(1000)
    for sender in (paused, busy):
        sender.lose()
        sender.run(3 * SECOND)
    paused.now += 60 * SECOND
    paused.sample.rtt = measured
    before = paused.window
    paused.acknowledge()
    assert paused.window < before + 1
    paused.sample.rtt = TRIP
    for sender in (paused, busy):
        sender.run(3 * SECOND)
    assert paused.window == pytest.approx(busy.window, rel=0.01)


def test_an_application_that_writes_now_and_then_does_not_make_the_window_leap():
    """The same on a path: 200 kB every two seconds, on a path that would carry 2.5 MB."""
    path = Path(10 * MBIT, 125_000)
    control = CubicSpec().build(Start(MSS, 10 * MSS))
    control.cwnd = control.ssthresh = 50 * MSS
    path.flow(control, 50 * MILLISECOND, writes=[(number * 2 * SECOND, 200 * MSS) for number in range(20)])
    path.run(40 * SECOND)
    assert path.drops == 0
    assert control.cwnd < 100 * MSS


def test_a_week_without_loss_is_no_harm():
    sender = cubic(100)
    sender.acknowledge()
    sender.sample.rtt = sender.sample.srtt = sender.trip = 7 * 24 * 3600 * SECOND
    for _ in range(3):
        sender.acknowledge()
    assert sender.window < 105


# -- undone ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["lost", "timed_out"])
def test_after_a_loss_that_was_none_the_curve_goes_on(event):
    """Section 4.9.2: as if nothing had happened, fast convergence included."""
    sender, undisturbed = cubic(1000), cubic(1000)
    for one in (sender, undisturbed):
        one.lose()
        one.run(3 * SECOND)
    before = variables(sender)
    if event == "lost":
        sender.control.lost(sender.now, sender.control.cwnd)
    else:
        sender.control.timed_out(sender.now, sender.control.cwnd, False)
    sender.now += TRIP
    sender.control.undo(sender.now)
    assert variables(sender) == before
    assert sender.control.cwnd == undisturbed.control.cwnd
    undisturbed.run(3 * SECOND)
    sender.run(3 * SECOND - TRIP)
    assert sender.window == pytest.approx(undisturbed.window, rel=0.01)


def test_what_has_grown_beyond_the_window_before_keeps_its_new_curve():
    """Section 4.9.2: only if cwnd < cwnd_prior."""
    sender = cubic(100)
    sender.lose()
    sender.run(10 * SECOND)
    assert sender.window > 100
    before, window, threshold = variables(sender), sender.window, sender.control.ssthresh
    sender.control.undo(sender.now)
    assert variables(sender) == before
    assert (sender.window, sender.control.ssthresh) == (window, threshold)


# -- on a path ---------------------------------------------------------------------------------------------------------


def test_alone_it_keeps_a_path_full_with_less_than_half_of_its_content_as_buffer():
    """From B = (1 / 0.7 - 1) of the path on a loss does not empty the queue; Reno needs as much again as the path."""
    goodput = {}
    for spec in (CubicSpec(), RenoSpec()):
        path = Path(10 * MBIT, 27_000)  # 0.43 of 62.5 kB
        flow = path.flow(spec.build(Start(MSS, 10 * MSS)), 50 * MILLISECOND)
        path.run(60 * SECOND)
        goodput[type(spec)] = flow.una * 8 / 60
    assert goodput[CubicSpec] > 0.98 * 10 * MBIT
    assert goodput[RenoSpec] < 0.96 * 10 * MBIT


def test_two_flows_share_a_path():
    path = Path(3 * MBIT, 19_000)
    flows = [
        path.flow(CubicSpec().build(Start(MSS, 10 * MSS)), 50 * MILLISECOND, start=number * SECOND) for number in (0, 7)
    ]
    path.run(60 * SECOND)
    before = [flow.una for flow in flows]
    path.run(120 * SECOND)
    one, other = (flow.una - then for flow, then in zip(flows, before, strict=True))
    assert (one + other) ** 2 / (2 * (one**2 + other**2)) > 0.95  # Jain


def test_a_loss_in_each_of_many_recoveries_does_not_enlarge_the_window():
    """Every 500th segment is lost, those sent again too: recovery follows recovery."""
    path = Path(10 * MBIT, 62_500)
    control = CubicSpec().build(Start(MSS, 10 * MSS))
    assert isinstance(control, Cubic)
    path.flow(control, 50 * MILLISECOND, lose=lambda number: number % 500 == 0)
    path.run(5 * SECOND)
    assert path.drops < 200
    assert control.cwnd < 125 * MSS
