"""How far a run, or a sweep of many, has come: drawn live on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from testbed.cli.progress.pace import Pace
from testbed.clock import SECOND

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from testbed.sweeps.standing import Progress, Say, Standing, Tell

LINE_EVERY: Final = 5.0
"""Seconds between two lines where there is no terminal."""

DRAW_EVERY: Final = 0.1
"""Seconds between two drawings at least: many agents tell much."""

EARLY: Final = 0.02
"""With a smaller share done, nobody can say how long the rest will take."""


@contextmanager
def telling(console: Console, every: float = LINE_EVERY, draw_every: float = DRAW_EVERY) -> Iterator[tuple[Tell, Say]]:
    """Whom to tell of progress, and to say what is to stay, both on `console`.

    What is drawn of progress on a terminal vanishes at the end.
    """

    def say(line: str) -> None:
        console.print(line, soft_wrap=True)

    if not console.is_terminal or console.is_dumb_terminal:
        yield _Lines(console, every).tell, say
        return
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False) as live:
        yield _Drawing(live, draw_every).tell, say


class _Telling(ABC):
    """What both need: the time between two tellings, the time left, and the pace of the run in progress."""

    def __init__(self, every: float, last: float) -> None:
        self.pace = Pace()
        self._every = every
        self._last = last
        self._began = time.monotonic()
        self._index = 0

    def tell(self, progress: Progress | Standing) -> None:
        from testbed.sweeps.standing import Standing

        if not isinstance(progress, Standing):
            self._follow(progress)
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        if isinstance(progress, Standing):
            self.show_sweep(progress)
        else:
            self.show(progress)

    def _follow(self, progress: Progress) -> None:
        if progress.index != self._index:
            self._index, self.pace = progress.index, Pace()
        if progress.snapshot is not None:
            self.pace.add(progress.now, progress.snapshot)

    @abstractmethod
    def show(self, progress: Progress) -> None:
        """Make it seen."""

    @abstractmethod
    def show_sweep(self, standing: Standing) -> None:
        """The same of many runs at once."""

    def left(self, progress: Progress) -> str:
        """` · 0:17 left`, at most, of all runs; nothing where nobody knows."""
        share = share_done(progress)
        if share is None:
            return ""
        if progress.run.spec.clock == "real":
            if progress.until is None:
                return ""
            seconds = (1 - share) * progress.count * progress.until / SECOND
        elif share < EARLY:
            return ""
        else:
            seconds = (time.monotonic() - self._began) * (1 - share) / share
        return f" · {clock_face(seconds)} left"

    def reached(self, standing: Standing) -> str:
        """`37/200 runs · 2 at work · 0:40 left`; the time by the pace so far."""
        at_work = f" · {len(standing.at_work)} at work" if standing.at_work else ""
        parts = (now / run.spec.duration for run, now in standing.at_work if run.spec.duration)
        made = standing.done - standing.taken_over + sum(min(1.0, part) for part in parts)
        share = made / max(1, standing.count - standing.taken_over)
        seconds = (time.monotonic() - self._began) * (1 - share) / max(share, EARLY)
        left = f" · {clock_face(seconds)} left" if share >= EARLY else ""
        return f"{standing.done}/{standing.count} runs{at_work}{left}"


class _Lines(_Telling):
    """A line every few seconds."""

    def __init__(self, console: Console, every: float) -> None:
        super().__init__(every, time.monotonic())
        self._console = console

    def show(self, progress: Progress) -> None:
        from testbed.report.tables import rate

        goodput = f" · {rate(sum(map(self.pace.goodput, progress.run.spec.flows)))}" if progress.snapshot else ""
        line = f"{' '.join(_title(progress))}: {_reached(progress)}{goodput}{self.left(progress)}"
        self._console.print(line, soft_wrap=True)

    def show_sweep(self, standing: Standing) -> None:
        self._console.print(f"{standing.name} {self.reached(standing)}", soft_wrap=True)


class _Drawing(_Telling):
    """The live table, drawn at the first telling and then as often as it may."""

    def __init__(self, live: Live, every: float) -> None:
        super().__init__(every, -every)
        self._live = live

    def show(self, progress: Progress) -> None:
        from testbed.cli.progress.live import LiveTable, live_rows

        flows, links = live_rows(progress, self.pace) if progress.snapshot is not None else ([], [])
        reached = f"{_reached(progress)}{self.left(progress)}"
        table = LiveTable(_styled(_title(progress)), share_done(progress), reached, flows, links)
        self._live.update(table, refresh=True)

    def show_sweep(self, standing: Standing) -> None:
        from testbed.cli.progress.live import SweepView

        self._live.update(SweepView(standing, self.reached(standing)), refresh=True)


def share_done(progress: Progress) -> float | None:
    """The part of all runs that is done, as far as anyone knows: a run may end before its duration."""
    if progress.until is None and progress.count == 1:
        return None
    run = min(1.0, progress.now / progress.until) if progress.until else 0.0
    return (progress.index + run) / progress.count


def clock_face(seconds: float) -> str:
    """17.2 -> `0:18`, 3725 -> `1:02:05`: whole seconds, rounded up, for it is never over before it is over."""
    minutes, rest = divmod(-int(-seconds // 1), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _title(progress: Progress) -> list[str]:
    """The experiment's name, and which of its runs this is."""
    name = progress.run.spec.name
    return [name] if progress.count == 1 else [name, f"{progress.index + 1}/{progress.count}", progress.run.id]


def _styled(title: list[str]) -> Text:
    from rich.text import Text

    name, *rest = title
    return Text.assemble((name, "bold"), *(f" {part}" for part in rest))


def _reached(progress: Progress) -> str:
    until = f" of {progress.until / SECOND:g}s" if progress.until else ""
    return f"{progress.now / SECOND:.1f}s{until} of {progress.run.spec.clock} time"
