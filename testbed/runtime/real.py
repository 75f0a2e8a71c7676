"""The wall clock: it drives the heap, and is the only one that says what time it is.

One timer wakes the loop when the head of the heap is due. An action is told the time that it asked for, and how late
that was is counted. What comes from outside the heap, a datagram or a coroutine, comes at the wall's time, after
everything that was due by then.

A process that falls behind does a bounded part of what is due, reads its sockets, and goes on. What arrives meanwhile
takes its place in the heap by the time of its arrival: order is kept, and only the wall runs ahead.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

from testbed.clock import Clock
from testbed.runtime.lateness import Lateness
from testbed.runtime.timerfd import Timer, sharpen
from testbed.runtime.waker import Readable, Waker
from testbed.wire.packet import Packet

MOST: Final = 256
"""Entries of the heap that are done before the sockets are looked at again."""

SLICE: Final = 16
"""Entries whose lateness is measured together."""


class RealTime:
    """Drives `clock` on `loop`. Everything happens in the loop's thread."""

    def __init__(
        self,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        *,
        wall: Callable[[], int] = time.monotonic_ns,
        timer: Timer | None = None,
    ) -> None:
        self.clock = clock
        self.lateness = Lateness()
        self.behind = True
        """Whether something due has not been done yet, or time has not begun: what arrives must then go to the heap."""
        self.failed: asyncio.Future[None] = loop.create_future()
        """Gets the exception when something inside breaks; nothing more happens then."""
        self._wall = wall
        self._origin: int | None = None  # the wall's time at the experiment's 0
        self._frozen: int | None = None  # the experiment's time, once it stands still
        self._waker = Waker(loop, self._wake, wall, timer)
        self._flushes: list[Callable[[], None]] = []
        self._border = _Border(self)
        self._standing = False  # whether a coroutine is acting, and time stands still for it
        clock.catch_up = self._catch_up
        sharpen()

    # -- the life of a run -------------------------------------------------------------------------------------------

    def begin(self, start: int) -> None:
        """Let the experiment's time be 0 at `start` (ns, CLOCK_MONOTONIC), which may be still to come."""
        self._origin = start
        self.settle()

    def now(self) -> int:
        """The experiment's time by the wall (ns). Below 0 before it begins; what it was when frozen, after that."""
        if self._frozen is not None:
            return self._frozen
        return self._wall() - self._origin if self._origin is not None else -1

    def freeze(self) -> None:
        """Let no more time pass, and nothing more arrive; the clock may then be run on by hand."""
        if not self.frozen:
            self._frozen = max(self.now(), self.clock.now)
            self._waker.stop()
            self._flushes.clear()

    @property
    def frozen(self) -> bool:
        """Whether it is over: what arrives or leaves now does not count."""
        return self._frozen is not None

    def close(self) -> None:
        """Freeze, and give everything back. Doing it again does nothing."""
        self.freeze()
        self._waker.close()
        self.failed.cancel()

    # -- for what comes from outside ---------------------------------------------------------------------------------

    def add_reader(self, readable: Readable, callback: Callable[[], None]) -> None:
        """Call `callback` when there is something to read; it is to `arrive`, deliver and `settle`."""

        def enter() -> None:
            with self._border:
                callback()

        self._waker.add_reader(readable, enter)

    def remove_reader(self, readable: Readable) -> None:
        """Watch it no longer."""
        self._waker.remove_reader(readable)

    def arrive(self) -> int:
        """The time of what has just arrived: everything due by then has been done, unless we are `behind`."""
        now = self.now()
        if now < 0:
            return 0  # before the start: it waits in the heap, after what was there first
        with self._border:
            self._work(now)
        if not self.behind and not self.frozen:
            self.clock.now = now
        return now

    def settle(self) -> None:
        """After whatever has happened: do what is due by now, let packets leave, and see to it that we are woken for
        the next."""
        now = self.now()
        with self._border:
            if now >= 0:
                self._work(now)
            if self._origin is not None and not self.frozen:
                due = self.clock.next_due()
                self._waker.at(None if due is None else self._origin + due)

    def at_settle(self, flush: Callable[[], None]) -> None:
        """Call `flush` once, as soon as what is being done now has been done."""
        self._flushes.append(flush)

    def watch(self, direction: str, deliver: Callable[[Packet, int], None]) -> Callable[[Packet, int], None]:
        """`deliver`, with its lateness counted as the link direction's."""
        late = self.lateness.of(direction)

        def watched(packet: Packet, due: int) -> None:
            if not self.frozen:
                late.add(self.now() - due)
            deliver(packet, due)

        return watched

    # -- within ------------------------------------------------------------------------------------------------------

    def _work(self, until: int) -> None:
        """Do what is due by `until`, though not too much at once, and let packets leave."""
        clock, late = self.clock, self.lateness.work
        self.behind = True
        for _ in range(MOST // SLICE):
            due = clock.next_due()
            if due is None or due > until or self.frozen:
                self.behind = False
                break
            done = clock.work(until, SLICE)
            late.add_equal(self.now() - due, done)
        for flush in self._flushes:
            flush()
        self._flushes.clear()

    def _wake(self) -> None:
        self._standing = False
        if not self.frozen:
            self.settle()

    def _catch_up(self) -> None:
        """A coroutine is about to act: have the clock show the wall's time, and settle when it has acted.

        Until then time stands still. Whoever is called from the heap has the right time already.
        """
        if not (self._border.depth or self._standing or self.frozen):
            self.arrive()
            self._standing = True
            self._waker.soon()


class _Border:
    """Between the loop and the heap: who comes from the heap does not drive it, and what breaks in there ends the
    run, and is not for the loop's handler to swallow. Within itself it does nothing."""

    __slots__ = ("_time", "depth")

    def __init__(self, time: RealTime) -> None:
        self.depth = 0
        self._time = time

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.depth -= 1
        if error is None or self.depth:
            return False
        self._time.freeze()
        if not isinstance(error, Exception):
            return False  # an interrupt: nothing has broken, and whoever runs the loop hears of it
        if not self._time.failed.done():
            self._time.failed.set_exception(error)
        return True
