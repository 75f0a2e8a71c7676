"""How far a run has come: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

    from testbed.experiment.run import Progress

Tell = Callable[["Progress"], None]

LINE_EVERY: Final = 5.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def telling(console: Console, every: float = LINE_EVERY) -> Iterator[Tell]:
    """Whom to tell of progress, which appears on `console`."""
    if console.is_terminal:
        with _bar(console) as tell:
            yield tell
    else:
        yield _Lines(console, every).tell


@contextmanager
def _bar(console: Console) -> Iterator[Tell]:
    """A bar that appears when there is something to tell, and vanishes at the end."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[reached]}"),
        TimeElapsedColumn(), console=console, transient=True,
    )  # fmt: skip
    task = bars.add_task("", total=None, reached="", visible=False)
    with bars:

        def tell(progress: Progress) -> None:
            known = progress.until is not None or progress.count > 1
            bars.update(
                task, description=_title(progress), total=progress.count if known else None,
                completed=progress.index + _share(progress), reached=_reached(progress), visible=True,
            )  # fmt: skip

        yield tell


class _Lines:
    """A line every few seconds."""

    def __init__(self, console: Console, every: float) -> None:
        self._console = console
        self._every = every
        self._last = time.monotonic()

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            self._console.print(f"{_title(progress)}: {_reached(progress)}", soft_wrap=True)


def _title(progress: Progress) -> str:
    name = progress.run.spec.name
    return name if progress.count == 1 else f"{name} {progress.index + 1}/{progress.count} {progress.run.id}"


def _share(progress: Progress) -> float:
    """The part of the run that is done, as far as anyone knows."""
    return min(1.0, progress.now / progress.until) if progress.until else 0.0


def _reached(progress: Progress) -> str:
    until = f" of {progress.until / 1e9:g}s" if progress.until else ""
    return f"{progress.now / 1e9:.1f}s{until} of {progress.run.spec.clock} time"
