"""Coroutines in virtual time: an event loop that lives in the clock's heap.

Whatever the loop is asked to call, now or later, is an entry of the same heap as packets and retransmissions, so that
one order holds for all, and whoever runs the heap runs the coroutines with it: `run` here, or a trial that has never
heard of them. There is no thread, no file and no socket of the machine in here: what would wait for one is refused,
for its time is not ours. Tasks hash by the order in which they were made, so that a set of them, as `asyncio.wait`
returns, is walked in the same order in every run. (`asyncio.as_completed` over bare coroutines is not: give it tasks.)
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Any, Final, NoReturn, TypeVar, TypeVarTuple

from testbed.clock import FOREVER, SECOND, Clock
from testbed.errors import RunError
from testbed.runtime.stall import StalledError, describe

MOST_CALLS: Final = 1_000_000
"""What the loop may be asked to call within one instant: who polls with `sleep(0)` keeps time from passing."""

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
    """An event loop whose time is `clock`'s. It need not be run: what it is asked to call runs with the heap."""

    _stopping: bool  # what we use of BaseEventLoop's inside

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self._tasks_made = 0
        self._instant = 0  # when the last call was
        self._calls = 0  # at that instant
        self.set_task_factory(_make_task)

    def time(self) -> float:
        """Seconds since the experiment began."""
        return self.clock.now / SECOND

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self._check_closed()  # type: ignore[attr-defined]
        handle = asyncio.Handle(callback, args, self, context)
        self.clock.at(self.clock.now, self._call, handle)
        return handle

    call_soon_threadsafe = call_soon  # there is one thread

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

    def end(self) -> None:
        """Cancel all tasks, which may still tidy up at this instant, and close. The clock's heap is left alone."""
        self.clock = Clock(self.clock.now)  # one of our own, with nobody else in it
        for task in asyncio.all_tasks(self):
            task.cancel()
        sweeping = self.create_task(self.shutdown_asyncgens())
        with suppress(StalledError):
            self.clock.run(self.clock.now)
        sweeping.cancel()
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # it clings to life: left behind
        self.close()

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
            self.clock.at(since + round(delay * SECOND), self._call, handle)
        return handle

    def _call(self, handle: asyncio.Handle, now: int) -> None:
        """An entry of the heap: what the loop was asked to call, in the place of whatever loop runs already."""
        if handle.cancelled() or self.is_closed():
            return
        self._calls = self._calls + 1 if now == self._instant else 0
        self._instant = now
        if self._calls > MOST_CALLS:
            self._calls = 0
            raise StalledError(now, [f"{line}, without waiting" for line in describe(asyncio.all_tasks(self))])
        if self.is_running():
            handle._run()
        else:
            with self._instead():
                handle._run()

    @contextmanager
    def _instead(self) -> Iterator[None]:
        """Be the running loop; the one that was, as in a notebook, and its task stand back meanwhile."""
        outer = asyncio._get_running_loop()
        task = asyncio.current_task(outer) if outer is not None else None
        hooks = sys.get_asyncgen_hooks()
        if outer is not None and task is not None:
            asyncio.tasks._leave_task(outer, task)
        asyncio._set_running_loop(self)
        sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            sys.set_asyncgen_hooks(*hooks)
            asyncio._set_running_loop(outer)
            if outer is not None and task is not None:
                asyncio.tasks._enter_task(outer, task)

    def _run_once(self) -> None:
        """BaseEventLoop's heart, when it is run itself: the heap's next entry."""
        if not self.clock.step() and not self._stopping:
            raise StalledError(self.clock.now, describe(asyncio.all_tasks(self)))

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
        raise RunError(f"{method}: {thing} cannot be waited for in virtual time; use testbed.streams, or clock: real")

    return refuse


for _thing, _methods in _REFUSED.items():
    for _method in _methods:
        setattr(VirtualLoop, _method, _refusal(_method, _thing))
