"""Who waits for what, when nothing can happen any more.

A task is described by the innermost thing that can speak for itself: an object whose method the task is in and
that has a `waiting_for` (our streams have), else the coroutine and the line where it waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from testbed.errors import RunError
from testbed.units import show_duration


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


def _natural(task: asyncio.Task[Any]) -> tuple[int, str]:
    name = task.get_name()
    return len(name), name


def _wait(task: asyncio.Task[Any]) -> str:
    frames = list(_frames(task.get_coro()))
    for frame in reversed(frames):
        spoken = _spoken(frame.f_locals.get("self"))
        if spoken:
            return f"({_function(frames[0])}): {spoken}"
    if not frames:
        return "has not begun"
    where = f"{Path(frames[0].f_code.co_filename).name}:{frames[0].f_lineno}"
    inner = f", in {_function(frames[-1])}" if len(frames) > 1 else ""
    return f"waits in {_function(frames[0])} at {where}{inner}"


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
