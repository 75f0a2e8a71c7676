"""Reno: slow start and congestion avoidance as RFC 5681 has them."""

from __future__ import annotations

from dataclasses import dataclass

from testbed.tcp.congestion.base import Control, ControlSpec


@dataclass(frozen=True, kw_only=True)
class RenoSpec(ControlSpec):
    """Slow start, congestion avoidance, and halving on loss (RFC 5681), with NewReno's recovery (RFC 6582)."""

    def build(self, mss: int, initial_window: int) -> Control:
        return Reno(mss, initial_window)


class Reno(Control):
    """Additive increase of one segment a round trip, multiplicative decrease by half."""

    __slots__ = ("_acked",)

    def __init__(self, mss: int, initial_window: int) -> None:
        super().__init__(mss, initial_window)
        self._acked = 0  # bytes acknowledged since the window grew last

    def acknowledged(self, now: int, acked: int) -> str:
        if self.cwnd < self.ssthresh:
            self.cwnd += min(acked, self.mss)  # equation (2)
            return "slow start"
        # The way that section 3.1 recommends, by bytes: delayed acknowledgements do not slow it down, and a small
        # window grows by a whole segment a round trip, which equation (3) misses by half a segment.
        self._acked += acked
        if self._acked < self.cwnd:
            return ""
        self._acked -= self.cwnd
        self.cwnd += self.mss
        return "congestion avoidance"

    def lost(self, now: int, in_flight: int) -> None:
        self.ssthresh = max(in_flight // 2, 2 * self.mss)  # equation (4)
        self.cwnd = self.ssthresh
        self._acked = 0

    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        # Section 3.1 holds ssthresh constant for a segment that timed out before; section 4.3 wants one reduction
        # for the losses of one window. (After a recovery has inflated the window for long, half of what is
        # outstanding would even be more than before.)
        if not again:
            self.ssthresh = max(in_flight // 2, 2 * self.mss)
        self.cwnd = self.mss  # LW, the loss window
        self._acked = 0

    def recovered(self, now: int, in_flight: int) -> None:
        # RFC 6582 section 3.2 step 3, first choice: no burst after recovery.
        self.cwnd = min(self.ssthresh, max(in_flight, self.mss) + self.mss)

    def idle(self, now: int, restart_window: int) -> None:
        self.cwnd = min(restart_window, self.cwnd)
