"""The timestamps option: our clock, the peer's last value, and protection against wrapped sequence numbers
(RFC 7323 sections 4 and 5)."""

from __future__ import annotations

from typing import Final

from testbed.clock import SECOND
from testbed.tcp.sequence import MASK

STALE: Final = 24 * 24 * 3600 * SECOND
"""After an idle time of 24 days TS.Recent is no longer valid (section 5.5)."""

_HALF: Final = 0x80000000


class Timestamps:
    """One end's view. `on` says that both ends agreed in the handshake."""

    __slots__ = ("_recent_at", "offset", "on", "recent", "tick")

    def __init__(self, tick: int, offset: int) -> None:
        self.tick = tick
        self.offset = offset  # each connection counts from another number (section 7.1)
        self.on = False
        self.recent = 0  # TS.Recent, to be echoed
        self._recent_at = 0

    def value(self, now: int) -> int:
        """TSval for a segment sent now (section 5.4)."""
        return (now // self.tick + self.offset) & MASK

    def elapsed(self, now: int, echo: int) -> int:
        """The age (ns) of our value that the peer echoes; negative when it was never ours."""
        ticks = (self.value(now) - echo) & MASK
        return (ticks if ticks < _HALF else ticks - MASK - 1) * self.tick

    def sent_at(self, now: int, echo: int) -> int | None:
        """When, at the latest, the segment was sent whose value the peer echoes (ns), for the clock has ticks; None
        if it was never ours."""
        ticks = (self.value(now) - echo) & MASK
        at = now // self.tick - ticks
        return (at + 1) * self.tick - 1 if at >= 0 else None

    def agree(self, now: int, value: int) -> None:
        """The peer's SYN carried the option, and we offered it or will."""
        self.on = True
        self.recent = value
        self._recent_at = now

    def is_old(self, now: int, value: int) -> bool:
        """PAWS: whether a segment with this TSval is an old duplicate (section 5.3, R1)."""
        return (value - self.recent) & MASK >= _HALF and now - self._recent_at <= STALE

    def note(self, now: int, value: int) -> None:
        """Remember the TSval of a segment that covers the left edge of what was acknowledged (section 4.3)."""
        if (value - self.recent) & MASK < _HALF or now - self._recent_at > STALE:
            self.recent = value
            self._recent_at = now
