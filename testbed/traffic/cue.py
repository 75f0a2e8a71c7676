"""How the two ends of a dialogue know whose turn it is.

Each end has the whole script. What it cannot see is what the other has done, so each tells the other the
number of every step that it has finished. In virtual time the two cues are joined by the clock; between
processes the control channel takes the place of `tell`.
"""

from __future__ import annotations

from collections.abc import Callable

from testbed.clock import Clock


class Cue:
    """One end's line to the other. `hear(step, now)` is set by the end that listens to it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._other: Cue | None = None
        self.hear: Callable[[int, int], None] | None = None

    @classmethod
    def pair(cls, clock: Clock) -> tuple[Cue, Cue]:
        """The client's and the server's cue, joined: what one tells, the other hears at the same instant."""
        client, server = cls(clock), cls(clock)
        client._other, server._other = server, client
        return client, server

    def tell(self, step: int, now: int) -> None:
        """This end has finished `step`."""
        if self._other is not None:
            self._clock.at(now, self._other._told, step)

    def _told(self, step: int, now: int) -> None:
        if self.hear is not None:
            self.hear(step, now)
