"""How far apart the clocks of two computers are, and how well that is known.

CLOCK_MONOTONIC begins anywhere: the agents' is asked for many times, and the quickest answer says most (as NTP has
it, RFC 5905 section 8): the clock was read somewhere between question and answer, in the middle as far as we know,
and at most half of that time away from it. Two crystals part by some 10 µs a second, so that it is asked for each run.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from testbed.control.channel.end import Channel
from testbed.control.channel.frames import ChannelError

PINGS: Final = 16
"""Questions. The more, the likelier it is that nothing stood in the way of one."""

PING_TIME: Final = 5.0
"""Seconds for all of them."""


@dataclass(frozen=True, slots=True)
class Offset:
    """What their clock shows when ours shows 0 (ns), give or take `error`."""

    offset: int
    error: int

    def theirs(self, ours: int) -> int:
        """What their clock shows when ours shows `ours`."""
        return ours + self.offset

    @classmethod
    def of(cls, asked: int, there: int, answered: int) -> Offset:
        """From one question: our clock before, theirs, and ours after."""
        return cls(there - (asked + answered) // 2, (answered - asked + 1) // 2)


async def measure(channel: Channel, pings: int = PINGS) -> Offset:
    """The best of `pings` answers. On both sides somebody must be in `receive`. Raises ChannelError."""
    try:
        async with asyncio.timeout(PING_TIME):
            offsets = [Offset.of(*await channel.ping()) for _ in range(pings)]
    except TimeoutError as error:
        raise ChannelError(f"{channel.peer} did not tell its time for {PING_TIME:g} s") from error
    return min(offsets, key=lambda one: one.error)
