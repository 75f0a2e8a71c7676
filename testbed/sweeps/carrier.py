"""Whoever carries runs out: this process, lanes beside it, or a cluster. They take runs, and give them back done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.run import Trials, do
from testbed.experiment.world.snapshot import Snapshot

Place = Callable[[PlannedRun], Path]
"""Makes a new folder for a run to be made in."""

Report = Callable[[PlannedRun, int, "Snapshot | None"], None]
"""Told now and then how far a run has come: its time (ns), and how it stands, where that is known."""


class Done(NamedTuple):
    """A run that was carried out, well or not."""

    run: PlannedRun
    folder: Path
    """Where it is, hidden still."""
    document: dict[str, Any]


class Carrier(ABC):
    """Carries runs out, in an order of its own. Used from one thread, to which it also reports."""

    @abstractmethod
    def submit(self, run: PlannedRun) -> None:
        """Let `run` be carried out."""

    @abstractmethod
    def completed(self) -> Iterator[Done]:
        """Each run as it is done, until there is none left; more may be submitted meanwhile.

        Raises OSError for a folder that cannot be written to, RunError for what keeps all runs from being done.
        """

    @abstractmethod
    def cancel(self) -> None:
        """End at once what is under way, and let go of everything. Also called when all is done."""


class Here(Carrier):
    """In this process, one after another."""

    def __init__(self, trials: Trials, place: Place, report: Report) -> None:
        self._trials = trials
        self._place = place
        self._report = report
        self._waiting: list[PlannedRun] = []

    def submit(self, run: PlannedRun) -> None:
        self._waiting.append(run)

    def completed(self) -> Iterator[Done]:
        while self._waiting:
            yield self._do(self._waiting.pop(0))

    def _do(self, run: PlannedRun) -> Done:
        def tell(now: int, snapshot: Snapshot | None = None) -> None:
            self._report(run, now, snapshot)

        trial = self._trials[run.spec.clock](run, self._place(run))
        return Done(run, trial.folder, do(trial, tell))

    def cancel(self) -> None:
        self._waiting.clear()
