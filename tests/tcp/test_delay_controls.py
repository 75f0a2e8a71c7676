"""Vegas and LEDBAT: controls that listen to delay, settle before anything is lost, and yield to those that do not."""

from __future__ import annotations

import pytest
from path_model import MBIT, Flow, Path, heard

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.tcp.congestion import Control, ControlSpec, Start
from testbed.tcp.congestion.base import UNLIMITED
from testbed.tcp.congestion.ledbat import LedbatSpec
from testbed.tcp.congestion.reno import RenoSpec
from testbed.tcp.congestion.vegas import VegasSpec

MSS = 1000
START = Start(MSS, 10 * MSS)
TRIP = 100 * MILLISECOND
MINUTE = 60 * SECOND


class Rounds:
    """Tells a control of round trips, each with so many acknowledgements of the same RTT (ms)."""

    def __init__(self, control: Control, window: int = 20) -> None:
        self.control = control
        control.cwnd = control.ssthresh = window * MSS
        self.now = 5 * SECOND
        self.number = 0

    def hear(self, rtt: float, count: int = 8, **fields: int) -> str:
        self.number += 1
        cause = ""
        for _ in range(count):
            self.now += int(rtt * MILLISECOND) // count
            given = {
                "rtt": int(rtt * MILLISECOND), "srtt": int(rtt * MILLISECOND), "una": self.number,
                "next": self.number, "prior_in_flight": self.control.cwnd,
            }  # fmt: skip
            cause = self.control.acknowledged(self.now, heard(**(given | fields))) or cause
        return cause

    @property
    def window(self) -> float:
        return self.control.cwnd / MSS


def beside_reno(spec: ControlSpec, buffer: int) -> tuple[float, float]:
    """The shares of two flows, the second a Reno that comes after 10 s, once they have had 20 s to settle."""
    path = Path(10 * MBIT, buffer)
    flows = [
        path.flow(spec.build(START), 50 * MILLISECOND),
        path.flow(RenoSpec().build(START), 50 * MILLISECOND, start=10 * SECOND),
    ]
    path.run(30 * SECOND)
    before = [flow.una for flow in flows]
    path.run(30 * SECOND)
    one, other = (flow.una - then for flow, then in zip(flows, before, strict=True))
    return one / (one + other), other / (one + other)


# -- Vegas -------------------------------------------------------------------------------------------------------------


def vegas(window: int = 20, **settings: int) -> Rounds:
    rounds = Rounds(VegasSpec(**settings).build(START), window)
    rounds.hear(100, count=1)  # the base RTT; the first acknowledgement ends a round of its own
    return rounds


@pytest.mark.parametrize(
    ("rtt", "change", "cause"),
    [(100, 1, "queue too short"), (110, 1, "queue too short"), (112, 0, ""), (124, 0, ""), (126, -1, "queue too long")],
)
def test_vegas_keeps_two_to_four_segments_queued(rtt, change, cause):
    """Of 20 segments less 20 * 100 / RTT: 1.8 for 110 ms, 2.1 for 112, 3.9 for 124, 4.1 for 126."""
    rounds = vegas()
    rounds.hear(rtt)
    rounds.control.cwnd = 20 * MSS
    assert rounds.hear(rtt, count=1) == cause
    assert rounds.window == 20 + change


def test_vegas_goes_by_the_least_of_the_round():
    rounds = vegas()
    rounds.control.cwnd = 20 * MSS
    rounds.hear(200)
    rounds.number -= 1  # the same round goes on
    rounds.hear(101, count=1)
    before = rounds.window
    assert rounds.hear(200) == "queue too short"
    assert rounds.window == before + 1


def test_vegas_with_two_samples_in_a_round_is_reno():
    rounds = vegas()
    for _ in range(5):
        before = rounds.window
        assert rounds.hear(300, count=2) == "too few samples"
        assert rounds.window == before + 1


def test_vegas_does_not_grow_while_the_application_is_the_limit_but_shrinks_all_the_same():
    rounds = vegas()
    rounds.hear(100, limited=False)
    before = rounds.window
    rounds.hear(100, limited=False)
    assert rounds.window == before
    rounds.hear(200, limited=False)
    rounds.hear(200, limited=False)
    assert rounds.window < before


def test_vegas_leaves_slow_start_when_more_than_a_segment_is_queued():
    rounds = vegas()
    control = rounds.control
    control.cwnd, control.ssthresh = 20 * MSS, UNLIMITED
    assert rounds.hear(100) == "slow start"
    assert rounds.hear(120) == "slow start"
    assert control.cwnd == 36 * MSS
    rounds.hear(120)  # 36 * 100 / 120 is 30: six are queued, one may be
    assert (control.cwnd, control.ssthresh) == (31 * MSS, 31 * MSS)


def test_vegas_never_goes_below_two_segments():
    rounds = vegas(window=3, alpha=0, beta=0)
    for _ in range(10):
        rounds.hear(1000)
    assert rounds.window == 2


def test_vegas_halves_on_loss():
    rounds = vegas()
    rounds.control.lost(0, 20 * MSS)
    assert rounds.window == 10


def test_vegas_begins_a_new_round_after_recovery():
    """Delays in recovery say nothing of a window that is not in use then."""
    rounds = vegas()
    rounds.hear(100, recovering=True)
    assert rounds.hear(100, count=1) == "too few samples"


def test_vegas_settings_are_checked():
    with pytest.raises(UnitError, match=r"^beta "):
        VegasSpec(alpha=5, beta=4)


def test_vegas_alone_fills_the_path_with_a_queue_of_two_to_four_segments():
    path = Path(10 * MBIT, 125_000)
    flow = path.flow(VegasSpec().build(START), 50 * MILLISECOND)
    path.run(10 * SECOND)
    queued: list[int] = []
    flow.tell = lambda now, cause: queued.append(path.queue)
    drops, before = path.drops, flow.una
    path.run(10 * SECOND)
    assert (flow.una - before) * 8 > 0.999 * 10 * MBIT * 10
    assert path.drops == drops
    assert 2 * MSS <= min(queued) <= max(queued) <= 5 * MSS


def test_vegas_yields_to_reno():
    vegas_share, _ = beside_reno(VegasSpec(), 62_500)
    assert vegas_share < 0.25


# -- LEDBAT ------------------------------------------------------------------------------------------------------------


def ledbat(window: int = 20, **settings: float) -> Rounds:
    rounds = Rounds(LedbatSpec(**settings).build(START), window)  # type: ignore[arg-type]
    rounds.hear(50, count=1, acked=0)  # the base delay
    return rounds


def test_ledbat_begins_with_two_segments():
    assert LedbatSpec().build(START).cwnd == 2 * MSS


@pytest.mark.parametrize(
    ("delay", "change"), [(50, 1.0), (75, 0.75), (100, 0.5), (150, 0.0), (200, -0.5), (250, -1.0), (450, -3.0)]
)
def test_ledbat_changes_in_proportion_to_what_is_missing_to_the_target(delay, change):
    """A segment a round trip at most, with no queue; nothing with the target of 100 ms; less beyond."""
    rounds = ledbat()
    rounds.hear(delay, count=4, acked=0)
    rounds.hear(delay, count=20)
    assert rounds.window - 20 == pytest.approx(change, abs=0.3)


def test_ledbat_gain_and_target_are_settings():
    rounds = ledbat(gain=0.5, target=50 * MILLISECOND)
    rounds.hear(75, count=4, acked=0)
    rounds.hear(75, count=40)  # two windows, half of the target queued, half of the gain
    assert rounds.window - 20 == pytest.approx(0.5, abs=0.05)


def test_ledbat_hears_the_least_of_the_latest_delays_so_that_one_late_acknowledgement_is_nothing():
    rounds = ledbat()
    rounds.hear(50, count=4, acked=0)
    rounds.number += 1
    rounds.hear(1000, count=1, acked=0, srtt=2000 * MILLISECOND)
    assert dict(rounds.control.variables)["queuing_delay"] == 0


def test_ledbat_forgets_delays_older_than_a_round_trip():
    rounds = ledbat()
    rounds.hear(50, count=4, acked=0)
    rounds.now += SECOND
    rounds.hear(90, count=1, acked=0)
    assert dict(rounds.control.variables)["queuing_delay"] == 40 * MILLISECOND


def test_ledbat_remembers_the_least_delay_for_ten_minutes():
    rounds = ledbat()
    for _ in range(9):
        rounds.now += MINUTE
        rounds.hear(80, count=4, acked=0)
        assert dict(rounds.control.variables)["base_delay"] == 50 * MILLISECOND
    rounds.now += MINUTE
    rounds.hear(80, count=4, acked=0)
    assert dict(rounds.control.variables)["base_delay"] == 80 * MILLISECOND


def test_ledbat_goes_by_the_delay_of_the_way_there_where_timestamps_tell():
    """Else by the round trip, and a queue on the way back is taken for one on the way there."""
    both = ledbat(), ledbat()
    rounds, blind = both
    for one in both:
        one.control.cwnd = 20 * MSS
    rounds.hear(50, count=8, one_way=25 * MILLISECOND)
    rounds.hear(450, count=20, one_way=25 * MILLISECOND)
    blind.hear(50, count=8)
    blind.hear(450, count=20)
    assert rounds.window > 20
    assert blind.window < 19


def test_ledbat_halves_on_loss_and_begins_again_after_a_timeout():
    rounds = ledbat()
    rounds.control.lost(0, 20 * MSS)
    assert rounds.window == 10
    rounds.control.timed_out(0, 10 * MSS, False)
    assert rounds.window == 1
    rounds.hear(50, count=1)
    assert rounds.window == 2


def test_ledbat_does_not_go_below_two_segments():
    rounds = ledbat()
    for _ in range(10):
        rounds.hear(1000)
    assert rounds.window == 2


def test_ledbat_keeps_a_window_of_no_more_than_is_used_and_a_segment():
    """Section 2.4.2: max_allowed_cwnd. So a pause leaves no window that was never tried."""
    rounds = ledbat()
    rounds.hear(50, count=8, prior_in_flight=5 * MSS, limited=False)
    assert rounds.window == 6


@pytest.mark.parametrize(
    "settings",
    [{"target": 101 * MILLISECOND}, {"target": 0}, {"gain": 1.1}, {"base_history": 0}, {"current_filter": 0}],
)
def test_ledbat_settings_are_checked(settings):
    with pytest.raises(UnitError, match=f"^{next(iter(settings))} "):
        LedbatSpec(**settings)


def test_ledbat_alone_fills_the_path_with_a_queue_of_its_target():
    path = Path(10 * MBIT, 250_000)
    flow: Flow = path.flow(LedbatSpec(target=40 * MILLISECOND).build(START), 50 * MILLISECOND)
    path.run(20 * SECOND)
    before = flow.una
    path.run(10 * SECOND)
    assert path.drops == 0
    assert (flow.una - before) * 8 > 0.999 * 10 * MBIT * 10
    assert path.queue * 8 * SECOND / path.rate == pytest.approx(40 * MILLISECOND, rel=0.1)


def test_ledbat_yields_to_reno():
    """Whose queue of up to 200 ms is beyond the target most of the time."""
    ledbat_share, _ = beside_reno(LedbatSpec(), 250_000)
    assert ledbat_share < 0.1
