"""HyStart++: out of slow start when the queue fills, and back into it when that was only jitter (RFC 9406)."""

from __future__ import annotations

from itertools import count

import pytest
from path_model import MBIT, Path, heard

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion import Control, Start
from testbed.tcp.congestion.base import UNLIMITED
from testbed.tcp.congestion.cubic import CubicSpec
from testbed.tcp.congestion.reno import RenoSpec

MSS = 1000
FULL, CAREFUL = "slow start", "conservative slow start"


class Listener:
    """A Reno with HyStart++ that is told of whole rounds."""

    def __init__(self, paced: bool = False) -> None:
        self.control = RenoSpec(hystart=True).build(Start(MSS, 10 * MSS, paced=paced))
        self.round = 0

    def hear(self, *rtts: float, acked: int = MSS) -> str:
        """More of the same round: an acknowledgement for each of these RTTs (ms)."""
        cause = ""
        for rtt in rtts:
            sample = heard(acked, rtt=int(rtt * MILLISECOND), una=self.round * 1000, next=self.round * 1000 + 500)
            cause = self.control.acknowledged(0, sample)
        return cause

    def hear_round(self, *rtts: float, acked: int = MSS) -> str:
        self.round += 1
        return self.hear(*rtts, acked=acked)


@pytest.fixture
def listener() -> Listener:
    return Listener()


# -- into conservative slow start --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "rise"),
    [(1, 4), (20, 4), (32, 4), (40, 5), (80, 10), (128, 16), (600, 16)],
)
def test_a_rise_of_an_eighth_but_at_least_4_and_at_most_16_ms_means_a_queue(listener, before, rise):
    """Section 4.2: RttThresh = max(MIN_RTT_THRESH, min(lastRoundMinRTT / 8, MAX_RTT_THRESH))."""
    listener.hear_round(*[before] * 8)
    assert listener.hear_round(*[before + rise - 0.01] * 8) == FULL
    listener = Listener()
    listener.hear_round(*[before] * 8)
    assert listener.hear_round(*[before + rise] * 8) == CAREFUL


def test_seven_samples_are_no_opinion(listener):
    listener.hear_round(*[50] * 8)
    assert listener.hear_round(*[90] * 7) == FULL
    assert listener.hear(90) == CAREFUL


def test_it_is_the_least_of_the_round_that_counts(listener):
    listener.hear_round(*[50] * 8)
    assert listener.hear_round(*[90] * 7, 51, *[90] * 10) == FULL


def test_the_first_round_has_nothing_to_be_compared_with(listener):
    assert listener.hear_round(*[500] * 20) == FULL


def test_acknowledgements_without_a_measurement_are_not_counted(listener):
    listener.hear_round(*[50] * 8)
    assert listener.hear_round(*[90, 0] * 7) == FULL


# -- in it, and out of it ----------------------------------------------------------------------------------------------


def careful() -> Listener:
    listener = Listener()
    listener.hear_round(*[50] * 8)
    assert listener.hear_round(*[60] * 8) == CAREFUL
    return listener


def test_conservative_slow_start_grows_by_a_quarter():
    listener = careful()
    before = listener.control.cwnd
    listener.hear(*[60] * 8)
    assert listener.control.cwnd - before == 8 * MSS // 4


def test_it_lasts_five_rounds_the_one_it_began_in_included():
    """Section 4.2, and then the window becomes the threshold."""
    listener = careful()
    for _ in range(4):
        assert listener.hear_round(*[60] * 8) == CAREFUL
    before = listener.control.cwnd
    assert listener.control.ssthresh == UNLIMITED
    assert listener.hear_round(60) == "HyStart++ ends slow start"
    assert listener.control.ssthresh == listener.control.cwnd == before
    assert listener.hear(60) != FULL


def test_an_rtt_below_the_first_says_that_it_was_jitter():
    listener = careful()
    listener.hear_round(*[60] * 8)
    before = listener.control.cwnd
    assert listener.hear_round(*[60] * 7, 59.9) == FULL
    listener.hear(59)
    assert dict(listener.control.variables)["css_rounds"] == 0
    assert listener.control.cwnd - before == 8 * MSS // 4 + MSS


def test_after_jitter_it_watches_on_with_all_its_patience():
    listener = careful()
    listener.hear_round(*[50] * 8)
    assert listener.hear_round(*[60] * 8) == CAREFUL
    for _ in range(4):
        assert listener.hear_round(*[60] * 8) == CAREFUL
    assert listener.hear_round(60) == "HyStart++ ends slow start"


def test_a_loss_ends_either(listener):
    for one in (listener, careful()):
        one.control.lost(0, 10 * MSS)
        assert one.control.ssthresh == 5 * MSS


def test_only_the_first_slow_start_is_watched(listener):
    """Section 4.3: later ones have a threshold."""
    listener.control.timed_out(0, 100 * MSS, False)
    listener.control.ssthresh = 100 * MSS
    listener.hear_round(*[50] * 8)
    assert listener.hear_round(*[90] * 20) == FULL


def test_an_acknowledgement_of_much_counts_for_eight_segments_unless_paced(listener):
    """L in section 4.3; plain slow start has one segment."""
    listener.hear_round(50, acked=20 * MSS)
    assert listener.control.cwnd == 18 * MSS
    paced = Listener(paced=True)
    paced.hear_round(50, acked=20 * MSS)
    assert paced.control.cwnd == 30 * MSS
    plain = RenoSpec().build(Start(MSS, 10 * MSS))
    plain.acknowledged(0, heard(20 * MSS))
    assert plain.cwnd == 11 * MSS


def test_an_application_that_sends_little_does_not_end_slow_start(listener):
    for number in count():
        sample = heard(rtt=(50 + number) * MILLISECOND, una=number, next=number, limited=False)
        assert listener.control.acknowledged(0, sample) == ""
        if number == 100:
            break
    assert listener.control.ssthresh == UNLIMITED


# -- on a path ---------------------------------------------------------------------------------------------------------


def lost_at_the_start(control: Control, buffer: int) -> int:
    """Segments lost in the first seconds on a path that holds 125 kB, and its buffer."""
    path = Path(20 * MBIT, buffer)
    path.flow(control, 50 * MILLISECOND)
    path.run(2 * SECOND)
    assert control.cwnd > 125_000
    return path.drops


@pytest.mark.parametrize("spec", [RenoSpec, CubicSpec])
def test_slow_start_ends_before_a_long_queue_overflows(spec):
    start = Start(MSS, 10 * MSS)
    assert lost_at_the_start(spec(hystart=False).build(start), 900_000) > 900
    assert lost_at_the_start(spec(hystart=True).build(start), 900_000) == 0


@pytest.mark.parametrize("spec", [RenoSpec, CubicSpec])
def test_a_queue_shorter_than_that_loses_much_less(spec):
    """Delay is heard of a round trip late."""
    start = Start(MSS, 10 * MSS)
    plain = lost_at_the_start(spec(hystart=False).build(start), 250_000)
    assert lost_at_the_start(spec(hystart=True).build(start), 250_000) < plain / 3
