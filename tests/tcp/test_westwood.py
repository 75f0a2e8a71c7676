"""Westwood+: bandwidth by acknowledgements, filtered twice, and what is left of the window by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from path_model import MBIT, Path, heard

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion import ControlSpec, Start
from testbed.tcp.congestion.base import Control
from testbed.tcp.congestion.reno import RenoSpec
from testbed.tcp.congestion.westwood import WestwoodSpec

MSS = 1000
TRIP = 100 * MILLISECOND


class Receiver:
    """Acknowledges so many segments in each round trip."""

    def __init__(self, segments: int = 100) -> None:
        self.control: Control = WestwoodSpec().build(Start(MSS, 10 * MSS))
        self.control.cwnd = self.control.ssthresh = segments * MSS
        self.now = 5 * SECOND
        self.hear(1)  # begins the first interval

    def hear(self, segments: int, *, over: int = 0, **fields: int) -> None:
        gap = (over or TRIP) // segments
        for _ in range(segments):
            self.now += gap
            self.control.acknowledged(self.now, heard(MSS, **({"rtt": TRIP, "srtt": TRIP} | fields)))

    @property
    def bandwidth(self) -> float:
        value = dict(self.control.variables)["bandwidth"]
        assert isinstance(value, float)
        return value


def test_the_first_round_trip_is_taken_as_it_is():
    receiver = Receiver()
    receiver.hear(50)
    assert receiver.bandwidth == 50 * MSS * 8 * 10


def test_later_ones_are_smoothed_twice():
    """(7 a + b) / 8, and the same once more."""
    receiver = Receiver()
    receiver.hear(50)
    receiver.hear(100)
    first = (7 * 50 + 100) / 8
    second = (7 * 50 + first) / 8
    assert receiver.bandwidth == pytest.approx(second * MSS * 8 * 10)


def test_an_interval_is_at_least_50_ms():
    receiver = Receiver()
    short = 10 * MILLISECOND
    receiver.hear(5, over=short, rtt=short, srtt=short)
    assert receiver.bandwidth == 0
    for _ in range(4):
        receiver.hear(5, over=short, rtt=short, srtt=short)
    assert receiver.bandwidth == 25 * MSS * 8 * 20


def test_a_loss_leaves_bandwidth_times_the_least_round_trip():
    receiver = Receiver()
    receiver.hear(80)
    receiver.control.lost(receiver.now, 100 * MSS)
    assert (receiver.control.cwnd, receiver.control.ssthresh) == (80 * MSS, 80 * MSS)


def test_a_mark_is_answered_like_a_loss_gentleness_or_not():
    """The rule itself knows how much was queued (RFC 8511 is about halving)."""
    receiver = Receiver()
    receiver.control = WestwoodSpec().build(Start(MSS, 100 * MSS, abe=True))
    receiver.hear(1)
    receiver.hear(40)
    receiver.control.marked(receiver.now, 100 * MSS)
    assert receiver.control.cwnd == 40 * MSS


def test_before_anything_was_measured_it_is_renos():
    control = WestwoodSpec().build(Start(MSS, 10 * MSS))
    control.lost(0, 10 * MSS)
    assert control.ssthresh == 5 * MSS


def test_a_loss_does_not_enlarge_a_window_below_what_the_path_carries():
    """Then slow start goes there."""
    receiver = Receiver()
    receiver.hear(80)
    receiver.control.cwnd = 20 * MSS
    receiver.control.lost(receiver.now, 20 * MSS)
    assert (receiver.control.cwnd, receiver.control.ssthresh) == (20 * MSS, 80 * MSS)


def test_a_timeout_leaves_the_threshold_and_measures_the_round_trip_anew():
    receiver = Receiver()
    receiver.hear(80)
    receiver.control.timed_out(receiver.now, 100 * MSS, False)
    assert (receiver.control.cwnd, receiver.control.ssthresh) == (MSS, 80 * MSS)
    assert dict(receiver.control.variables)["rtt_min"] == 0


def quiet(receiver: Receiver) -> None:
    for _ in range(20):
        receiver.hear(2, limited=False)


def silent(receiver: Receiver) -> None:
    receiver.now += 10 * SECOND
    receiver.hear(1)


@pytest.mark.parametrize("rest", [quiet, silent])
def test_what_the_application_does_not_send_tells_nothing_of_the_path(rest: Callable[[Receiver], None]):
    receiver = Receiver()
    receiver.hear(80)
    rest(receiver)
    receiver.hear(80)
    assert receiver.bandwidth == pytest.approx(80 * MSS * 8 * 10, rel=0.01)


def test_more_than_was_known_counts_even_then():
    receiver = Receiver()
    receiver.hear(40)
    for _ in range(100):
        receiver.hear(80, limited=False)
    assert receiver.bandwidth == pytest.approx(80 * MSS * 8 * 10, rel=0.01)


def test_recovery_is_measured_although_the_window_is_not_full():
    receiver = Receiver()
    receiver.hear(80)
    for _ in range(100):
        receiver.hear(40, limited=False, recovering=True)
    assert receiver.bandwidth == pytest.approx(40 * MSS * 8 * 10, rel=0.01)


# -- on a path ---------------------------------------------------------------------------------------------------------


def goodput(spec: ControlSpec, buffer: int, lose: int) -> float:
    path = Path(10 * MBIT, buffer)
    flow = path.flow(
        spec.build(Start(MSS, 10 * MSS)), 50 * MILLISECOND, lose=lambda number: lose > 0 and number % lose == 0
    )
    path.run(30 * SECOND)
    return flow.una * 8 / 30


def test_noise_does_not_halve_it():
    """One segment in 500 is lost: Reno's 1.2 / sqrt(p) is 27 segments, of the 63 that the path holds."""
    reno, westwood = goodput(RenoSpec(), 62_500, 500), goodput(WestwoodSpec(), 62_500, 500)
    assert reno < 5 * MBIT
    assert westwood > 8 * MBIT


def test_after_a_queue_has_overflowed_the_path_stays_full():
    """A third of the path's content as buffer: Reno's half empties the pipe, the measured window just does not."""
    reno, westwood = goodput(RenoSpec(), 20_000, 0), goodput(WestwoodSpec(), 20_000, 0)
    assert westwood > reno
    assert westwood > 0.94 * 10 * MBIT
