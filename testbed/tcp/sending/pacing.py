"""Pacing: when the next segment may leave. A time, not a thread: the sender looks, and sets a timer if it is too early.

Without a rate of the control's own, a paced sender spreads the window over the round trip: twice as fast in slow start,
and a fifth faster afterwards, so that the window can grow (as Linux has it: 200 % and 120 %).
"""

from __future__ import annotations

from typing import Final

AUTO: Final = "auto"
ON: Final = "on"
OFF: Final = "off"

_BITS: Final = 8_000_000_000

SLOW_START_PERCENT: Final = 200
AVOIDANCE_PERCENT: Final = 120
MOST_CREDIT: Final = 1_000_000
"""ns: how far a sender that came late may make up for it; more would be the burst that pacing is to avoid."""


class Pacer:
    """`next_at` (ns) is when the next segment may leave; `rate` in bit/s, 0: at once."""

    __slots__ = ("next_at", "rate")

    def __init__(self) -> None:
        self.rate = 0
        self.next_at = 0

    def sent(self, now: int, size: int) -> None:
        """`size` bytes have left now."""
        start = max(self.next_at, now - MOST_CREDIT)
        self.next_at = start + size * _BITS // self.rate


def window_rate(cwnd: int, ssthresh: int, srtt: int) -> int:
    """The rate (bit/s) for a control that has none of its own."""
    percent = SLOW_START_PERCENT if cwnd < ssthresh // 2 else AVOIDANCE_PERCENT
    return cwnd * _BITS * percent // (100 * srtt)
