"""The serialiser: a link's rate, and when it is free again."""

from __future__ import annotations

from typing import Final

from testbed.clock import SECOND

EIGHT_SECONDS: Final = 8 * SECOND  # a byte takes this many ns at 1 bit/s


class Serialiser:
    """Sends one packet after another at `rate` (bit/s), or all at once if that is None.

    A packet takes `8·size / rate`, which is seldom a whole number of nanoseconds. Each departure is therefore
    reckoned from the exact departure before it, and rounded half up by itself: of packets sent back to back
    none is ever more than half a nanosecond off, however many there were. A packet that finds the link idle
    begins on a whole nanosecond.
    """

    __slots__ = ("_half", "_part", "_rate", "free_at")

    def __init__(self, rate: int | None) -> None:
        self.free_at = 0  # when the packet being sent has left; at or before now: idle
        self._part = 0  # the exact departure is free_at + (_part - _half) / _rate
        self._half = 0
        self._rate = 0
        self.set_rate(rate)

    def set_rate(self, rate: int | None) -> None:
        """From the next packet on. The one that is being sent leaves as it would have."""
        self._rate = rate or 0
        self._half = self._part = self._rate // 2

    def send(self, size: int, now: int) -> int:
        """Begin to send `size` bytes at `now`, not before `free_at`. Returns how long it takes (ns)."""
        if not self._rate:
            self.free_at = now
            return 0
        part = self._part if now == self.free_at else self._half
        duration, self._part = divmod(size * EIGHT_SECONDS + part, self._rate)
        self.free_at = now + duration
        return duration
