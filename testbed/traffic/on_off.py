"""Bursts and silences: traffic that the application limits, not the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.traffic.application import Application, FlowContext
from testbed.traffic.chance import draw
from testbed.traffic.reading import ReadingEnd
from testbed.traffic.writing import WritingEnd
from testbed.units import Count, Duration, Rate, Size

if TYPE_CHECKING:
    from testbed.host.socket import Socket

Distribution = Literal["constant", "exponential", "pareto"]


@dataclass(frozen=True, kw_only=True)
class OnOffSpec(Application):
    """Write in bursts: `on` at a `rate`, or `burst` bytes at once, then be silent for `off`."""

    rate: Rate | None = None
    """How fast it writes during `on`."""

    on: Duration = 500 * MILLISECOND
    """Length of a burst at `rate`: the mean, where it is drawn."""

    burst: Size | None = None
    """Bytes written at once, instead of `rate` for `on`: the mean, where it is drawn."""

    off: Duration = 500 * MILLISECOND
    """Length of a silence: the mean, where it is drawn."""

    distribution: Distribution = "constant"
    """How the lengths of bursts and silences vary: `constant`, `exponential`, or `pareto` with its heavy tail."""

    shape: float = 1.5
    """The shape of `pareto`: the nearer to 1, the heavier its tail."""

    write_size: Size = 1448
    """Bytes of one write at `rate`."""

    bursts: Count | None = None
    """How many bursts. Left out: until `duration` is over, or the run."""

    duration: Duration | None = None
    """How long to go on, from the flow's start. Left out: until the `bursts` are over, or the run."""

    def __post_init__(self) -> None:
        for wrong, problem in (
            ((self.rate is None) == (self.burst is None), "on-off takes either a rate or a burst"),
            (self.rate == 0, "rate must be at least 1bit/s"),
            (self.off < 1, "off must be at least 1ns"),
            (self.on < 1, "on must be at least 1ns"),
            (self.write_size < 1, "write_size must be at least 1B"),
            (self.shape <= 1, "shape must be above 1, or there is no mean"),
        ):
            if wrong:
                raise UnitError(problem)

    @property
    def endless(self) -> bool:
        return self.bursts is None and self.duration is None

    def client(self, context: FlowContext) -> OnOffClient:
        return OnOffClient(context, self)

    def server(self, context: FlowContext) -> ReadingEnd:
        return ReadingEnd(context)


class OnOffClient(WritingEnd):
    """Alternates between a burst and a silence, drawing the length of each from the flow's `on-off` stream.

    What the socket has no room for waits: a burst that the network cannot carry runs into the next.
    """

    def __init__(self, context: FlowContext, spec: OnOffSpec) -> None:
        super().__init__(context, spec.duration)
        self._spec = spec
        self._stream = context.stream("on-off")
        self._bursts = 0
        self._began = 0
        self._until = 0

    def connected(self, socket: Socket, now: int) -> None:
        self._burst(None, now)

    def _burst(self, subject: None, now: int) -> None:
        """A burst begins."""
        if self._finishing:
            self.finish(now)  # its time was over before it was connected
            return
        if self._bursts == self._spec.bursts:
            self.finish(now)
            return
        self._bursts += 1
        if self._spec.burst is not None:
            self.write(self._draw(self._spec.burst), now)
            self._silence(now)
            return
        self._began, self._until = now, now + self._draw(self._spec.on)
        self._write(0, now)

    def _write(self, number: int, now: int) -> None:
        """The burst's write of this number: its time is reckoned from the burst's beginning, so as not to drift."""
        spec = self._spec
        assert spec.rate is not None
        self.write(spec.write_size, now)
        due = self._began + (number + 1) * spec.write_size * 8 * SECOND // spec.rate
        if self._finishing:
            return
        if due < self._until:
            self.context.clock.at(due, self._write, number + 1)
        else:
            self._silence(self._until)

    def _silence(self, since: int) -> None:
        self.context.clock.at(since + self._draw(self._spec.off), self._burst, None)

    def _draw(self, mean: int) -> int:
        return draw(self._stream, self._spec.distribution, mean, self._spec.shape)
