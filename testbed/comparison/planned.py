"""What was planned of runs, by their experiments' folders: their order, and what was set for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from testbed.comparison.measure import Run
from testbed.experiment.layout import RESOLVED
from testbed.store.folder import read_document

OF_THE_RUN: Final = ("name", "clock")
"""What runs may differ in without its being a parameter."""


class Planned(NamedTuple):
    """What an experiment's folder says of all its runs; nothing, where there is no such folder."""

    number: int
    """Of experiments: which."""
    given: Mapping[str, Any]
    """What `--set` gave for all."""
    order: Mapping[str, int]
    """The runs' places, by their names, as the file has them."""

    def place(self, run: Run) -> tuple[int, int]:
        """Experiment by experiment, in the order of their files; repetitions that were added come last."""
        return self.number, self.order.get(run["id"], len(self.order))

    def parameters(self, run: Run) -> dict[str, Any]:
        """What was set of a run: its axes' values, what `--set` gave for all runs, and what else tells runs apart."""
        return {name: run.get(name) for name in OF_THE_RUN} | dict(self.given) | dict(run["params"])


def planned(experiments: Iterable[Path]) -> dict[Path, Planned]:
    """What was planned in each of these folders."""
    found = {}
    for number, folder in enumerate(dict.fromkeys(experiments)):
        told = read_document(folder, RESOLVED) if (folder / RESOLVED).is_file() else {}
        order = {run.get("id"): place for place, run in enumerate(told.get("runs") or [])}
        found[folder] = Planned(number, told.get("set") or {}, order)
    return found
