"""Slow start, and HyStart++, which leaves it when the queue begins to fill (RFC 9406).

Slow start doubles the window in each round trip until something is lost. By then up to twice as much is on its way as
the path holds, and half of that may be lost at once. HyStart++ listens to the round-trip time instead: a queue that
begins to fill makes it rise long before anything is dropped. Since jitter does so too, it first only slows down, and
looks whether the rise was meant:

    slow start ──(1)──> conservative slow start ──(3)──> congestion avoidance
        ^─────────(2)──────────────┘

(1) The least RTT of this round is above that of the round before by an eighth, but at least 4 ms and at most 16 ms.
(2) The least RTT of this round is below what it was at (1): that had been jitter.
(3) Five rounds have passed, in which the window grew by a quarter of the usual. It becomes the threshold.

Whatever is lost or marked on the way ends slow start as ever: news of the queue is a round trip old, and one that is
shorter than the path overflows all the same, though by much less. Only the first slow start is watched: later ones have
a threshold that tells them where to stop (section 4.3).

A control whose window is below its threshold asks its `SlowStart` to `advance` it.
"""

from __future__ import annotations

from typing import Final

from testbed.clock import MILLISECOND
from testbed.tcp.congestion.base import UNLIMITED, Control, Sample, Start, Variables

# RFC 9406 section 4.3
MIN_RTT_THRESH: Final = 4 * MILLISECOND
MAX_RTT_THRESH: Final = 16 * MILLISECOND
MIN_RTT_DIVISOR: Final = 8
N_RTT_SAMPLE: Final = 8
CSS_GROWTH_DIVISOR: Final = 4
CSS_ROUNDS: Final = 5
L_UNPACED: Final = 8
"""Segments that one acknowledgement may count for; without limit where segments leave one by one."""


class SlowStart:
    """As RFC 5681 has it: up to the threshold, or to the first loss."""

    __slots__ = ()

    def advance(self, control: Control, sample: Sample) -> str:
        """New data was acknowledged: enlarge the window of `control`. The cause is returned, for the trace."""
        control.cwnd += min(sample.acked, control.mss)  # equation (2)
        return "slow start"

    @property
    def variables(self) -> Variables:
        return ()


class HyStart(SlowStart):
    """One connection's HyStart++. RTTs are 0 while there are none."""

    __slots__ = ("_baseline", "_last", "_least", "_limit", "_rounds", "_samples", "_window_end")

    def __init__(self, start: Start) -> None:
        self._limit = UNLIMITED if start.paced else L_UNPACED * start.mss
        self._window_end = 0  # [windowEnd]
        self._last = 0  # least RTT of the round before [lastRoundMinRTT]
        self._least = 0  # and of this one [currentRoundMinRTT]
        self._samples = 0  # in this round [rttSampleCount]
        self._baseline = 0  # least RTT when conservative slow start began [cssBaselineMinRtt]; 0: it has not
        self._rounds = 0  # of conservative slow start

    def advance(self, control: Control, sample: Sample) -> str:
        if control.ssthresh != UNLIMITED:
            return super().advance(control, sample)
        if sample.una > self._window_end:
            self._begin_round(sample)
            if self._rounds > CSS_ROUNDS:
                control.ssthresh = control.cwnd
                return "HyStart++ ends slow start"
        grown = min(sample.acked, self._limit)
        control.cwnd += grown // CSS_GROWTH_DIVISOR if self._baseline else grown
        if sample.rtt:
            self._samples += 1
            self._least = min(self._least or sample.rtt, sample.rtt)
            if self._samples >= N_RTT_SAMPLE:
                self._judge()
        return "conservative slow start" if self._baseline else "slow start"

    def _begin_round(self, sample: Sample) -> None:
        self._window_end = sample.next
        self._last = self._least
        self._least = self._samples = 0
        if self._baseline:
            self._rounds += 1

    def _judge(self) -> None:
        """Enough samples for an opinion, and perhaps for another one than before."""
        if self._baseline:
            if self._least < self._baseline:
                self._baseline = self._rounds = 0
        elif self._last:
            threshold = max(MIN_RTT_THRESH, min(self._last // MIN_RTT_DIVISOR, MAX_RTT_THRESH))
            if self._least >= self._last + threshold:
                self._baseline = self._least
                self._rounds = 1  # a round of which only a part is left counts as one

    @property
    def variables(self) -> Variables:
        return ("round_rtt", self._least), ("last_round_rtt", self._last), ("css_rounds", self._rounds)


def slow_start(start: Start, hystart: bool) -> SlowStart:
    """The slow start that a control's spec asks for."""
    return HyStart(start) if hystart else SlowStart()
