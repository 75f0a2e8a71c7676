"""Fixed: always the same window. Not a congestion control, but what a lesson on them begins with.

Too small, and the link idles: the throughput is window / RTT. As large as bandwidth * RTT, and it is full. Larger, and
the rest waits in the queue; larger than path and queue together, and what does not fit is lost and sent again, round
trip after round trip, without anybody giving way. That is how the Internet collapsed in 1986, and why the others are.
"""

from __future__ import annotations

from dataclasses import dataclass

from testbed.errors import UnitError
from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start
from testbed.units import Window


@dataclass(frozen=True, kw_only=True)
class FixedSpec(ControlSpec):
    """A window of fixed size whatever happens, for lessons: not for a network that is shared."""

    window: Window = (10, "segments")
    """How much may be in flight: `10 segments`, or `64KiB`."""

    def __post_init__(self) -> None:
        if self.window[0] < 1:
            raise UnitError("window must be at least 1 segment or byte")

    def build(self, start: Start) -> Control:
        return Fixed(start, self)


class Fixed(Control):
    """Hears, and does nothing."""

    __slots__ = ()

    steers_recovery = True

    def __init__(self, start: Start, spec: FixedSpec) -> None:
        super().__init__(start)
        number, unit = spec.window
        self.cwnd = max(number, start.mss) if unit == "bytes" else number * start.mss

    def acknowledged(self, now: int, sample: Sample) -> str:
        return ""

    def lost(self, now: int, in_flight: int) -> None:
        pass

    def marked(self, now: int, in_flight: int) -> str:
        return ""

    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        pass

    def recovered(self, now: int, in_flight: int) -> None:
        pass

    def undo(self, now: int) -> None:
        pass

    def idle(self, now: int, restart_window: int) -> None:
        pass
