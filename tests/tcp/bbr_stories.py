"""What the tests of both BBRs share: a flow, the way it walks through its states, and waiting for one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from path_model import MBIT, Flow, Path

from testbed.clock import FOREVER, MILLISECOND, SECOND
from testbed.tcp.congestion import CONTROLS, Start
from testbed.tcp.congestion.bbr.control import ModelBased
from testbed.tcp.congestion.bbr.model import State

TRIP = 40 * MILLISECOND
RATE = 10 * MBIT
BDP = 50_000
MSS = 1000

DOWN = State.PROBE_BW_DOWN
CRUISE = State.PROBE_BW_CRUISE
REFILL = State.PROBE_BW_REFILL
UP = State.PROBE_BW_UP


class Story:
    """A flow of control `name` on a path of 10 Mbit/s and 40 ms, with a buffer of four times their product."""

    def __init__(
        self, name: str = "bbr", *, rate: int = RATE, trip: int = TRIP, buffer: int = 4 * BDP,
        mark_above: int = FOREVER, writes: Iterable[tuple[int, int]] | None = None,
        lose: Callable[[int], bool] = lambda number: False, seed: int = 1, kind: type[Flow] = Flow,
        start: Start | None = None, **settings: object,
    ) -> None:  # fmt: skip
        self.path = Path(rate, buffer, mark_above)
        control = CONTROLS[name](**settings).build(start or Start(MSS, 10 * MSS, seed=seed))
        assert isinstance(control, ModelBased)
        self.control = control
        self.flow = kind(self.path, control, trip, writes=writes, lose=lose)
        self.walk: list[State] = [State.STARTUP]
        self.since: list[int] = [0]
        self.losing: set[int] = set()
        self.seen: Callable[[], None] = lambda: None
        self.flow.tell = self._tell

    def _tell(self, now: int, cause: str) -> None:
        if self.state is not self.walk[-1]:
            self.walk.append(self.state)
            self.since.append(now)
        self.seen()

    @property
    def state(self) -> State:
        return self.control.model.state

    def variable(self, name: str) -> Any:
        """A variable of the trace."""
        return dict(self.control.variables)[name]

    def run(self, duration: int) -> Story:
        self.path.run(duration)
        return self

    def until(self, reached: Callable[[Story], bool], limit: int = 20 * SECOND) -> Story:
        """Run, by 100 µs, until something is so."""
        end = self.path.now + limit
        while not reached(self):
            assert self.path.now < end, f"still {self.state.words} after {self.walk}"
            self.path.run(100_000)
        return self

    def until_in(self, *states: State, limit: int = 20 * SECOND) -> Story:
        return self.until(lambda story: story.state in states, limit)

    def goodput(self, duration: int) -> float:
        """bit/s delivered in the next `duration`."""
        before = self.flow.delivered
        self.run(duration)
        return (self.flow.delivered - before) * 8 * SECOND / duration


class Bursty(Flow):
    """Acknowledgements that come all together, every 30 ms, as from a radio link."""

    period = 30 * MILLISECOND

    def _acknowledge(self, order: int, marked: bool) -> None:
        due = -(-self.path.now // self.period) * self.period
        self.path.at(due, lambda: super(Bursty, self)._acknowledge(order, marked))


def trickle(start: int, end: int, every: int = 20 * MILLISECOND, size: int = MSS) -> list[tuple[int, int]]:
    """An application that writes little: 0.4 Mbit/s."""
    return [(time, size) for time in range(start, end, every)]


def every(n: int) -> Callable[[int], bool]:
    """Lose each n-th segment."""
    return lambda number: number % n == 0


def losing_in(state: State, share: int = 5, **options: Any) -> Story:
    """A flow that begins to lose each n-th segment when it comes to `state`, until `losing` is empty."""
    losing: set[int] = set()
    s = Story(lose=lambda number: bool(losing) and number % share == 0, **options)
    s.until_in(state)
    losing.add(share)
    s.losing = losing
    return s
