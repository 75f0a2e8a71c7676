"""Reno: slow start and congestion avoidance as RFC 5681 has them.

The ancestor of all the others. While nothing is lost the window grows: below the threshold by what is acknowledged, so
that it doubles in a round trip; above it by one segment a round trip. A loss means that the path is full, and halves
it. Drawn over time that is a sawtooth, whose teeth are W/2 round trips long: a loss every 3W²/8 segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start, Variables, WindowBased
from testbed.tcp.congestion.hystart import slow_start

ABE_BETA: Final = 0.8
"""What an ECN mark leaves of the window (RFC 8511 section 3.1: 0.8 for Reno)."""


@dataclass(frozen=True, kw_only=True)
class RenoSpec(ControlSpec):
    """Slow start, congestion avoidance, and halving on loss (RFC 5681)."""

    hystart: bool = False
    """Leave the first slow start when delay rises, before anything is lost (HyStart++, RFC 9406)."""

    def build(self, start: Start) -> Control:
        return Reno(start, self.hystart)


class Reno(WindowBased):
    """Additive increase of one segment a round trip, multiplicative decrease by half."""

    __slots__ = ("_abe", "_acked", "_slow_start")

    def __init__(self, start: Start, hystart: bool = False) -> None:
        super().__init__(start)
        self._abe = start.abe
        self._slow_start = slow_start(start, hystart)
        self._acked = 0  # bytes acknowledged since the window grew last

    def grow(self, now: int, sample: Sample) -> str:
        if self.cwnd < self.ssthresh:
            return self._slow_start.advance(self, sample)
        # The way that section 3.1 recommends, by bytes: delayed acknowledgements do not slow it down, and a small
        # window grows by a whole segment a round trip, which equation (3) misses by half a segment.
        self._acked += sample.acked
        if self._acked < self.cwnd:
            return ""
        self._acked -= self.cwnd
        self.cwnd += self.mss
        return "congestion avoidance"

    def reduced(self, in_flight: int) -> int:
        self._acked = 0
        return max(in_flight // 2, 2 * self.mss)  # equation (4)

    def marked(self, now: int, in_flight: int) -> str:
        window = min(in_flight, self.cwnd)
        cause = super().marked(now, in_flight)
        if self._abe:
            self.ssthresh = self.cwnd = max(int(window * ABE_BETA), 2 * self.mss)  # RFC 8511
        return cause

    @property
    def variables(self) -> Variables:
        return self._slow_start.variables
