"""Vegas: keep a few segments in the queue, and no more (Brakmo and Peterson 1995).

Reno must lose something to learn that a queue is full. Vegas looks at the delay. If no one waited, a window would be
sent in the least round-trip time ever seen, the base RTT; what does not fit in there waits somewhere:

    queued = cwnd - cwnd * base RTT / RTT

Once a round trip, by the least RTT in it: with fewer than alpha segments queued the window grows by a segment, with
more than beta it shrinks by one. Slow start ends when more than gamma are. A flow that is alone settles with a full
link and a short queue, and loses nothing; one beside Reno, which fills the queue, yields. Its weak spot is a base RTT
that was measured through somebody's standing queue, or on a route that is no more: it is never forgotten.

As in Linux, slow start grows in every round trip (in the paper: in every second, to have a quiet one to measure in), a
round with fewer than three samples is Reno's, and so are the answers to losses and marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from testbed.errors import UnitError
from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start, Variables
from testbed.tcp.congestion.reno import Reno
from testbed.units import Count

ENOUGH_SAMPLES: Final = 3
"""In a round trip: with two, both may be of a delayed acknowledgement (Linux's tcp_vegas)."""


@dataclass(frozen=True, kw_only=True)
class VegasSpec(ControlSpec):
    """Keeps two to four segments in the queue, by the rise of the round-trip time (Brakmo and Peterson 1995)."""

    alpha: Count = 2
    """Segments in the queue below which the window grows (Linux: 2)."""

    beta: Count = 4
    """Segments in the queue above which it shrinks (Linux: 4)."""

    gamma: Count = 1
    """Segments in the queue above which slow start ends (Linux: 1)."""

    def __post_init__(self) -> None:
        if self.beta < self.alpha:
            raise UnitError("beta must not be below alpha")

    def build(self, start: Start) -> Control:
        return Vegas(start, self)


class Vegas(Reno):
    """Decides once a round trip. RTTs are 0 while there are none."""

    __slots__ = ("_base", "_end", "_queued", "_rtt", "_samples", "_spec")

    def __init__(self, start: Start, spec: VegasSpec) -> None:
        super().__init__(start)
        self._spec = spec
        self._base = 0  # the least RTT of all
        self._rtt = 0  # the least of this round
        self._samples = 0  # in this round
        self._end = 0  # SND.NXT when it began
        self._queued = 0.0  # bytes, in the last round

    def acknowledged(self, now: int, sample: Sample) -> str:
        if sample.rtt:
            self._base = min(self._base or sample.rtt, sample.rtt)
            self._rtt = min(self._rtt or sample.rtt, sample.rtt)
            self._samples += 1
        if sample.recovering:
            self._begin_round(sample)
            return ""
        if sample.una <= self._end:
            return super().acknowledged(now, sample) if self.cwnd < self.ssthresh else ""
        cause = self._decide(now, sample)
        self._begin_round(sample)
        return cause

    def _begin_round(self, sample: Sample) -> None:
        self._end = sample.next
        self._rtt = self._samples = 0

    def _decide(self, now: int, sample: Sample) -> str:
        """A round is over."""
        starting = self.cwnd < self.ssthresh
        if self._samples < ENOUGH_SAMPLES:
            return super().acknowledged(now, sample) if starting else self._step(sample.limited, "too few samples")
        self._queued = self.cwnd * (1 - self._base / self._rtt)
        segments = self._queued / self.mss
        if starting and segments <= self._spec.gamma:
            return super().acknowledged(now, sample)
        if starting:
            self._set(int(self.cwnd - self._queued) + self.mss)
            return "queue in slow start"
        if segments > self._spec.beta:
            self._set(self.cwnd - self.mss)
            return "queue too long"
        return self._step(sample.limited and segments < self._spec.alpha, "queue too short")

    def _step(self, wanted: bool, cause: str) -> str:
        if not wanted:
            return ""
        self.cwnd += self.mss
        return cause

    def _set(self, window: int) -> None:
        """Shrink to `window`, and have no slow start from there."""
        self.cwnd = min(self.cwnd, max(window, 2 * self.mss))
        self.ssthresh = min(self.ssthresh, self.cwnd)

    @property
    def variables(self) -> Variables:
        return ("base_rtt", self._base), ("queued", self._queued)
