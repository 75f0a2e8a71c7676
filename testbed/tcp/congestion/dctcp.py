"""DCTCP: the window shrinks by as much as there is congestion, told by the share of marked bytes (RFC 8257).

For data centres, where the switches mark packets (ECN) as soon as a short queue forms. To halve the window at the first
mark, as Reno must, would drain such a queue and leave the link idle. DCTCP counts: in each window, which share M of the
bytes acknowledged had met a queue? A slow average of it,

    alpha = (1 - g) alpha + g M

says how congested the path is, between 0 and 1, and at most once a window the window becomes cwnd (1 - alpha / 2): a
few marks cost little, and marks throughout halve it. All else is Reno's, the answer to a loss as well (section 3.5).

The receiver must echo marks exactly, which `Sample.marked` is to contain.
"""

from __future__ import annotations

from dataclasses import dataclass

from testbed.errors import UnitError
from testbed.tcp.congestion.base import Control, Sample, Start, Variables
from testbed.tcp.congestion.reno import Reno, RenoSpec
from testbed.units import Share


@dataclass(frozen=True, kw_only=True)
class DctcpSpec(RenoSpec):
    """For data centres: reduction in proportion to the share of bytes that were marked (RFC 8257)."""

    g: Share = 1 / 16
    """The weight of the newest window in the average (RFC 8257: 1/16)."""

    initial_alpha: Share = 1.0
    """The average to begin with (RFC 8257: 1, so that a first mark halves the window)."""

    def __post_init__(self) -> None:
        if self.g <= 0:
            raise UnitError("g must be above 0")

    def build(self, start: Start) -> Control:
        return Dctcp(start, self)


class Dctcp(Reno):
    """Reno, with an answer to marks in proportion."""

    __slots__ = ("_alpha", "_bytes_acked", "_bytes_marked", "_g", "_window_end")

    counts_marks = True

    def __init__(self, start: Start, spec: DctcpSpec) -> None:
        super().__init__(start, spec.hystart)
        self._g = spec.g
        self._alpha = spec.initial_alpha
        self._bytes_acked = 0  # of this window
        self._bytes_marked = 0
        self._window_end = 0  # SND.NXT when it began

    def acknowledged(self, now: int, sample: Sample) -> str:
        # Section 3.3, steps 1 to 8: in recovery too, and when the window limits nobody.
        self._bytes_acked += sample.acked
        self._bytes_marked += sample.marked
        if sample.una > self._window_end and self._bytes_acked:
            marked = min(self._bytes_marked / self._bytes_acked, 1.0)  # SACK may tell of marks before they are counted
            self._alpha += self._g * (marked - self._alpha)
            self._window_end = sample.next
            self._bytes_acked = self._bytes_marked = 0
        return super().acknowledged(now, sample)

    def marked(self, now: int, in_flight: int) -> str:
        self.remember()
        self.ssthresh = self.cwnd = max(int(self.cwnd * (1 - self._alpha / 2)), 2 * self.mss)  # step 9
        return "ECN echo"

    @property
    def variables(self) -> Variables:
        return ("alpha", self._alpha), *super().variables
