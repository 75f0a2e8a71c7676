"""Who waits for what, when nothing can happen any more.

A task is described by the innermost thing that can speak for itself: an object whose method the task is in and
that has a `waiting_for` (our streams have), else the coroutine and the line where it waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from testbed.errors import RunError
from testbed.units import show_duration

_OURS: Final = Path(__file__).parent
"""Where the code is that tells nobody anything about a program."""


class StalledError(RunError):
    """Nothing is left to happen, and yet somebody waits. `waiting` has a line for each."""

    def __init__(self, now: int, waiting: list[str]) -> None:
        self.now = now
        self.waiting = waiting
        who = "; ".join(waiting) or "nobody can be named"
        super().__init__(f"no more progress is possible at {show_duration(now)}: {who}")


def describe(tasks: Iterable[asyncio.Task[Any]]) -> list[str]:
    """A line for each task that is not done, in the order of their names."""
    waiting = [task for task in tasks if not task.done()]
    return [f"{task.get_name()} {_wait(task)}" for task in sorted(waiting, key=_natural)]


def wait_of(task: asyncio.Task[Any], who: str, file: str) -> str:
    """What `task` of `who` waits for, and where in `file`: `left reads from 10.0.0.2:80 (ESTABLISHED), at x.py:12`."""
    frames = list(_frames(task.get_coro()))
    ours = [frame for frame in frames if frame.f_code.co_filename == file]
    if not ours:
        return f"{who} has not begun"
    inner = f" in {_function(frames[-1])}" if frames[-1] is not ours[-1] else ""
    return f"{speech(task) or f'{who} waits{inner}'}, at {_place(ours[-1])} in {_function(ours[-1])}"


def speech(task: asyncio.Task[Any]) -> str | None:
    """What `task` waits for in the words of the innermost thing that can speak; None where nothing can."""
    frames = list(_frames(task.get_coro()))
    return next((spoken for frame in reversed(frames) if (spoken := _spoken(frame.f_locals.get("self")))), None)


def _natural(task: asyncio.Task[Any]) -> tuple[int, str]:
    name = task.get_name()
    return len(name), name


def _wait(task: asyncio.Task[Any]) -> str:
    frames = list(_frames(task.get_coro()))
    if not frames:
        return "has not begun"
    outer = next((frame for frame in frames if Path(frame.f_code.co_filename).parent != _OURS), frames[0])
    spoken = speech(task)
    if spoken:
        return f"({_function(outer)}): {spoken}"
    inner = f", in {_function(frames[-1])}" if frames[-1] is not outer else ""
    return f"waits in {_function(outer)} at {_place(outer)}{inner}"


def _place(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def _function(frame: FrameType) -> str:
    return frame.f_code.co_qualname.rpartition("<locals>.")[2]


def _spoken(speaker: object) -> str | None:
    """What an object says that it waits for, itself or through its transport."""
    for candidate in (speaker, getattr(speaker, "transport", None)):
        text = getattr(candidate, "waiting_for", None)
        if isinstance(text, str):
            return text
    return None


def _frames(awaited: Any) -> Iterator[FrameType]:
    """The frames of a coroutine and of what it awaits, outermost first."""
    while awaited is not None:
        kind = next((kind for kind in ("cr", "gi", "ag") if getattr(awaited, f"{kind}_frame", None)), None)
        if kind is None:
            return
        yield getattr(awaited, f"{kind}_frame")
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
