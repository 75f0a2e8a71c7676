"""Westwood+: after a loss, as much as the path was seen to carry (Mascolo et al. 2001; Grieco and Mascolo 2004).

Reno halves the window whatever the loss meant. On a radio link, where losses are mostly noise, that wastes half of the
link each time. Westwood+ measures the rate at which data is acknowledged, and leaves what keeps the path just full:

    ssthresh = bandwidth * least RTT

After noise, with an empty queue, that is about the window there was; after a queue has overflowed it is the window less
the queue. Growth is Reno's.

The rate is measured over a round trip, but at least 50 ms, and smoothed twice, as in Linux. A round trip in which the
application had nothing to send, or paused, tells only that the path carries at least so much: it cannot lower the
estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion.base import Control, Sample, Start, Variables
from testbed.tcp.congestion.reno import Reno, RenoSpec

LEAST_INTERVAL: Final = 50 * MILLISECOND
"""Shorter ones see bunches of acknowledgements (Linux's TCP_WESTWOOD_RTT_MIN)."""

WEIGHT: Final = 1 / 8
"""Of the newest, in either of the two averages (Linux's westwood_do_filter)."""


@dataclass(frozen=True, kw_only=True)
class WestwoodSpec(RenoSpec):
    """For lossy radio links: Reno, but a loss leaves the measured bandwidth times the least RTT (Westwood+)."""

    def build(self, start: Start) -> Control:
        return Westwood(start, self.hystart)


class Westwood(Reno):
    """Rates are in bit/s."""

    __slots__ = ("_bandwidth", "_bytes", "_first", "_free", "_heard", "_rtt_min", "_since")

    def __init__(self, start: Start, hystart: bool = False) -> None:
        super().__init__(start._replace(abe=False), hystart)  # a mark tells of a queue, which the rule accounts for
        self._bandwidth = 0.0
        self._first = 0.0  # what is smoothed once only
        self._rtt_min = 0  # 0: to be measured
        self._since = 0  # when the interval began; 0: none has
        self._bytes = 0  # that were delivered in it
        self._free = False  # whether something else than the network limited the rate in it
        self._heard = 0  # the last acknowledgement

    def acknowledged(self, now: int, sample: Sample) -> str:
        self._measure(now, sample)
        return super().acknowledged(now, sample)

    def _measure(self, now: int, sample: Sample) -> None:
        if sample.rtt:
            self._rtt_min = min(self._rtt_min or sample.rtt, sample.rtt)
        interval = max(sample.srtt, LEAST_INTERVAL)
        full = sample.limited or sample.recovering or sample.repairing
        if not full or now - self._heard > interval:
            self._free = True
        self._heard = now
        self._bytes += sample.delivered
        if not self._since:
            self._restart(now)
        elif now - self._since >= interval:
            self._smooth(self._bytes * 8 * SECOND / (now - self._since))
            self._restart(now)

    def _restart(self, now: int) -> None:
        self._since = now
        self._bytes = 0
        self._free = False

    def _smooth(self, rate: float) -> None:
        if not self._bandwidth:
            self._bandwidth = self._first = rate
        elif not self._free or rate > self._bandwidth:
            self._first += WEIGHT * (rate - self._first)
            self._bandwidth += WEIGHT * (self._first - self._bandwidth)

    def reduced(self, in_flight: int) -> int:
        window = super().reduced(in_flight)
        if not self._bandwidth or not self._rtt_min:
            return window
        return max(int(self._bandwidth * self._rtt_min / (8 * SECOND)), 2 * self.mss)

    def lost(self, now: int, in_flight: int) -> None:
        before = self.cwnd
        super().lost(now, in_flight)
        self.cwnd = min(self.cwnd, before)  # a threshold above it is reached by slow start

    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        super().timed_out(now, in_flight, again)
        self._rtt_min = 0  # the path may be another one (Linux's reset_rtt_min)

    @property
    def variables(self) -> Variables:
        return ("bandwidth", self._bandwidth), ("rtt_min", self._rtt_min), *super().variables
