"""Is there a policer? Version 1's search for a token bucket, which lets bursts pass and then drops what exceeds a rate.

To a maximum filter a bucket that was full looks like bandwidth; what follows is loss, which version 1 does not heed. So
it looks for two intervals in a row, each from loss to loss, in which much was lost and as much delivered: then that is
the rate that one is allowed, and it is kept to for a while. (Linux calls it the long-term bandwidth; the later versions
heed losses, and need no such thing.)
"""

from __future__ import annotations

from typing import Final

from testbed.clock import MILLISECOND
from testbed.tcp.congestion.base import Sample

_BITS: Final = 8_000_000_000
"""Bytes by ns, times this, are bit/s."""

MIN_ROUNDS: Final = 4
"""Rounds of an interval at least; four times as many at most."""

LOSS_THRESH: Final = 0.2
"""Bytes lost for each delivered that make an interval one of a policer."""

BW_RATIO: Final = 1 / 8
"""Two intervals agree when their rates differ by no more than this share,"""

BW_DIFF: Final = 4_000
"""or by no more than this (bit/s)."""

MAX_ROUNDS: Final = 48
"""How long the rate is kept to before the path is tried again."""


class Policer:
    """`bw` (bit/s) is what the policer lets pass, to be kept to while `in_use`."""

    __slots__ = ("_delivered", "_lost", "_rounds", "_sampling", "_stamp", "bw", "in_use")

    def __init__(self) -> None:
        self.reset()
        self._delivered = self._lost = self._stamp = 0

    def reset(self) -> None:
        """Search anew."""
        self.bw = 0
        self.in_use = False
        self._sampling = False
        self._rounds = 0

    def update(self, now: int, rs: Sample, lost: int, app_limited: bool, round_start: bool) -> None:
        """Note an acknowledgement; `lost` is all that the connection has lost."""
        if self.in_use or not (self._sampling or rs.lost):
            return  # an interval begins with a loss: a bucket that is empty
        if not self._sampling:
            self._begin(now, rs, lost)
        if app_limited:
            self.reset()
            return
        self._rounds += round_start
        if self._rounds > 4 * MIN_ROUNDS:
            self.reset()
        elif self._rounds >= MIN_ROUNDS and rs.lost:  # and ends with one
            self._end(now, rs, lost)

    def _begin(self, now: int, rs: Sample, lost: int) -> None:
        self._sampling = True
        self._stamp, self._delivered, self._lost = now, rs.total_delivered, lost
        self._rounds = 0

    def _end(self, now: int, rs: Sample, lost: int) -> None:
        delivered, interval = rs.total_delivered - self._delivered, now - self._stamp
        if not delivered or lost - self._lost < LOSS_THRESH * delivered or interval < MILLISECOND:
            return
        bw = delivered * _BITS // interval
        difference = abs(bw - self.bw)
        if self.bw and (difference <= BW_RATIO * self.bw or difference <= BW_DIFF):
            self.bw = (bw + self.bw) // 2
            self.in_use = True
            self._rounds = 0
            return
        self.bw = bw
        self._begin(now, rs, lost)

    def expired(self, round_start: bool) -> bool:
        """Whether the rate was kept to for long enough; asked once an acknowledgement, in ProbeBW."""
        if not self.in_use or not round_start:
            return False
        self._rounds += 1
        if self._rounds < MAX_ROUNDS:
            return False
        self.reset()
        return True
