"""How an event loop is made to call back: when it is time, when there is something to read, or at its next turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from testbed.runtime.timerfd import Timer, best_timer

NEAR: Final = 20_000
"""Ns. What is due so soon is not worth a timer: on a virtual machine its interrupt alone costs as much. The loop goes
round until it is time, and looks at the sockets as it does."""

_UNKNOWN: Final = -1


class Readable(Protocol):
    """A socket, or whatever else has a file descriptor."""

    def fileno(self) -> int: ...


class Waker:
    """Calls `wake` when asked to, by means of one timer. Times are the wall's."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        wake: Callable[[], None],
        wall: Callable[[], int] = time.monotonic_ns,
        timer: Timer | None = None,
    ) -> None:
        self._loop = loop
        self._wake = wake
        self._wall = wall
        self._timer = timer or best_timer()
        self._set: int | None = _UNKNOWN  # what the timer is set to
        self._turning = False  # whether we shall be called at the loop's next turn
        self._readers: list[Readable] = []
        self.add_reader(self._timer, self._ring)

    def at(self, due: int | None) -> None:
        """Wake at `due` instead of whenever was asked before: soon, if that is near or over. None: never."""
        if due is not None and due - self._wall() < NEAR:
            self.soon()
            due = None
        if due != self._set:
            self._set = due
            self._timer.set(due)

    def soon(self) -> None:
        """Wake at the loop's next turn, after the sockets have had theirs."""
        if not self._turning:
            self._turning = True
            self._loop.call_soon(self._turn)

    def add_reader(self, readable: Readable, callback: Callable[[], None]) -> None:
        """Call `callback` when there is something to read."""
        self._readers.append(readable)
        self._loop.add_reader(readable.fileno(), callback)

    def remove_reader(self, readable: Readable) -> None:
        """Watch it no longer, if it was watched."""
        if readable in self._readers:
            self._readers.remove(readable)
            self._loop.remove_reader(readable.fileno())

    def stop(self) -> None:
        """Call nobody any more."""
        for reader in list(self._readers):
            self.remove_reader(reader)

    def close(self) -> None:
        """Stop, and give everything back. Doing it again does nothing."""
        self.stop()
        self._timer.close()

    def _ring(self) -> None:
        self._set = _UNKNOWN  # so that it is set again, which also silences it
        self._wake()

    def _turn(self) -> None:
        self._turning = False
        self._wake()
