"""Coroutines in virtual time: an event loop that advances the clock's heap when nobody has anything to do.

Timers of the loop are entries of the same heap as packets and retransmissions, so that one order holds for all.
After each entry everything that it has made ready runs, at the same instant, before the next. There is no
thread, no file and no socket of the machine in here: what would wait for one is refused, for its time is not
ours. Tasks hash by the order in which they were made, so that a set of them, as `asyncio.wait` returns, is
walked in the same order in every run. (`asyncio.as_completed` over bare coroutines is not: give it tasks.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any, Final, NoReturn, TypeVar, TypeVarTuple

from testbed.clock import FOREVER, SECOND, Clock
from testbed.errors import RunError
from testbed.runtime.stall import StalledError, describe

MOST_ROUNDS: Final = 100_000
"""How often tasks may take turns within one instant: who polls with `sleep(0)` keeps time from passing."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def run(clock: Clock, main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on `clock` and return its result. Tasks that it leaves behind are cancelled.

    Raises `StalledError` if `main` waits for what will never happen.
    """
    runner = asyncio.Runner(loop_factory=lambda: VirtualLoop(clock))
    try:
        return runner.run(main)
    finally:
        with suppress(StalledError):  # a task that clings to life is left behind, not waited for
            runner.close()


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time is `clock`'s."""

    # What we use of BaseEventLoop's inside.
    _ready: Any  # a deque of the handles to run next
    _stopping: bool

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self._tasks_made = 0
        self._rounds = 0  # since time last moved
        self.set_task_factory(_make_task)

    def time(self) -> float:
        """Seconds since the experiment began."""
        return self.clock.now / SECOND

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        # Not by way of call_at: adding to a float's worth of seconds would lose nanoseconds.
        return self._schedule(self.clock.now, delay, callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self._schedule(0, when, callback, args, context)

    def next_task(self) -> int:
        """The number of a new task, from 1."""
        self._tasks_made += 1
        return self._tasks_made

    def _schedule(
        self,
        since: int,
        delay: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
    ) -> asyncio.TimerHandle:
        """A timer for `delay` seconds after `since` (ns), to the nearest nanosecond; one for ever never rings."""
        self._check_closed()  # type: ignore[attr-defined]
        handle = asyncio.TimerHandle(since / SECOND + delay, callback, args, self, context)
        if delay < FOREVER / SECOND:
            self.clock.at(since + round(delay * SECOND), self._ring, handle)
        return handle

    def _ring(self, handle: asyncio.TimerHandle, now: int) -> None:
        if not handle.cancelled():
            self._ready.append(handle)

    def _run_once(self) -> None:
        """BaseEventLoop's heart: run what is ready; if nothing is, let time pass until something is."""
        self._rounds += 1
        while not self._ready and not self._stopping:
            self._rounds = 0
            if not self.clock.step():
                raise StalledError(self.clock.now, describe(asyncio.all_tasks(self)))
        if self._rounds > MOST_ROUNDS:
            self._rounds = 0
            raise StalledError(
                self.clock.now, [f"{line}, without waiting" for line in describe(asyncio.all_tasks(self))]
            )
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _write_to_self(self) -> None:
        """Nothing to wake: the loop never sleeps."""


class _Task(asyncio.Task[Any]):
    """A task whose place in a set does not depend on where in memory it lies."""

    def __init__(self, coro: Any, *, loop: VirtualLoop, **options: Any) -> None:
        self._number = loop.next_task()
        options["name"] = options.get("name") or f"Task-{self._number}"
        super().__init__(coro, loop=loop, **options)

    def __hash__(self) -> int:
        return self._number


def _make_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> _Task:
    assert isinstance(loop, VirtualLoop)
    return _Task(coro, loop=loop, **options)


# -- what has no place in virtual time -------------------------------------------------------------------------------

_REFUSED: Final = {
    "a thread": ("run_in_executor", "getaddrinfo", "getnameinfo"),
    "a process": ("subprocess_exec", "subprocess_shell"),
    "a pipe": ("connect_read_pipe", "connect_write_pipe"),
    "a signal": ("add_signal_handler",),
    "a socket of the machine": (
        "add_reader", "add_writer", "create_connection", "create_server", "create_datagram_endpoint",
        "create_unix_connection", "create_unix_server", "connect_accepted_socket", "sock_accept", "sock_connect",
        "sock_recv", "sock_recv_into", "sock_recvfrom", "sock_recvfrom_into", "sock_sendall", "sock_sendto",
        "sock_sendfile", "sendfile",
    ),
}  # fmt: skip


def _refusal(method: str, thing: str) -> Callable[..., NoReturn]:
    def refuse(self: VirtualLoop, *args: Any, **options: Any) -> NoReturn:
        raise RunError(
            f"{method}: {thing} cannot be waited for in virtual time; use testbed.runtime.streams, or clock: real"
        )

    return refuse


for _thing, _methods in _REFUSED.items():
    for _method in _methods:
        setattr(VirtualLoop, _method, _refusal(_method, _thing))
