"""An alarm clock that an event loop can watch: exact to the microsecond, and never early.

The loops' own timers are neither: asyncio rounds a wait up to a millisecond, uvloop to whole milliseconds, and rings up
to 0.4 ms early. Linux has the timerfd; elsewhere a thread waits.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from io import FileIO
from typing import Any, Final

SECOND: Final = 1_000_000_000

_ABSOLUTE: Final = 1  # TFD_TIMER_ABSTIME
_PR_SET_TIMERSLACK: Final = 29


class Timer(ABC):
    """Rings once. Its file descriptor is readable from then until it is set again."""

    @abstractmethod
    def fileno(self) -> int:
        """What a loop watches."""

    @abstractmethod
    def set(self, due: int | None) -> None:
        """Ring at `due` (ns, as `time.monotonic_ns` counts), at once if that is over; None: do not."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back. Doing it again does nothing."""


def best_timer() -> Timer:
    """The most exact one that this system has."""
    if hasattr(os, "timerfd_create"):
        return SystemTimer()
    return LibraryTimer() if sys.platform == "linux" else ThreadTimer()


def sharpen() -> None:
    """Ask the kernel not to put this thread's wake-ups off so that they coincide with others (its timer slack)."""
    if sys.platform == "linux":
        _library().prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(1), 0, 0, 0)


class SystemTimer(Timer):
    """A timerfd by way of `os`, from Python 3.13 on. To set it also hushes it: nobody need read it."""

    def __init__(self) -> None:
        system: Any = os  # whose timerfd functions depend on the version
        self._settime = system.timerfd_settime_ns
        flags = system.TFD_NONBLOCK | system.TFD_CLOEXEC
        self._file = FileIO(system.timerfd_create(time.CLOCK_MONOTONIC, flags=flags))

    def fileno(self) -> int:
        return self._file.fileno()

    def set(self, due: int | None) -> None:
        self._settime(self._file, flags=_ABSOLUTE, initial=0 if due is None else max(1, due))

    def close(self) -> None:
        self._file.close()


class _Setting(ctypes.Structure):
    """struct itimerspec: an interval, which is zero, and when to ring."""

    _fields_ = [(name, ctypes.c_long) for name in ("again_seconds", "again_nanoseconds", "seconds", "nanoseconds")]


class LibraryTimer(Timer):
    """A timerfd by way of the C library."""

    def __init__(self) -> None:
        self._library = _library()
        self._descriptor: int = self._library.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), f"timerfd_create: {os.strerror(ctypes.get_errno())}")
        self._file = FileIO(self._descriptor)
        self._setting = _Setting()
        self._reference = ctypes.byref(self._setting)

    def fileno(self) -> int:
        return self._file.fileno()

    def set(self, due: int | None) -> None:
        setting = self._setting
        setting.seconds, setting.nanoseconds = (0, 0) if due is None else divmod(max(1, due), SECOND)
        if self._library.timerfd_settime(self._descriptor, _ABSOLUTE, self._reference, None):
            raise OSError(ctypes.get_errno(), f"timerfd_settime: {os.strerror(ctypes.get_errno())}")

    def close(self) -> None:
        self._file.close()


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


class ThreadTimer(Timer):
    """A thread that waits, and a pair of sockets by which it tells."""

    def __init__(self) -> None:
        self._due: int | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._ears, self._mouth = socket.socketpair()
        self._ears.setblocking(False)
        self._thread = threading.Thread(target=self._wait, name="timer", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._ears.fileno()

    def set(self, due: int | None) -> None:
        with self._changed:
            self._hush()
            self._due = due
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._ears.close()
        self._mouth.close()

    def _hush(self) -> None:
        """Take back what has rung."""
        with suppress(BlockingIOError):
            self._ears.recv(64)

    def _wait(self) -> None:
        with self._changed:
            while not self._closed:
                left = None if self._due is None else self._due - time.monotonic_ns()
                if left is None or left > 0:
                    self._changed.wait(None if left is None else left / SECOND)
                else:
                    self._due = None
                    self._mouth.send(b"!")
