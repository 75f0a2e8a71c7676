"""The runs of a sweep as numbers: what was varied, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from testbed.comparison.grouping import NOT_SET, PLAN
from testbed.experiment.expect.kinds import ExpectationError, quantity
from testbed.experiment.language.label import label
from testbed.report.page.sweep.offer import Choice, Offer
from testbed.report.sweep import short
from testbed.store.folder import experiment_of, read_document

Run = Mapping[str, Any]
Setting = tuple[str, ...]
"""One value of each axis, as a file has it."""


class Plan(NamedTuple):
    """What an experiment's folder says of all its runs."""

    number: int
    """Of experiments: which."""
    given: Mapping[str, Any]
    """What `--set` gave for all."""
    order: Mapping[str, int]
    """The runs' places, by their names, as the file has them."""

    def place(self, name: str) -> tuple[int, int]:
        return self.number, self.order.get(name, len(self.order))  # repetitions that were added come last


def _plans(folders: Sequence[Path]) -> dict[Path, Plan]:
    found = {}
    for number, home in enumerate(dict.fromkeys(map(experiment_of, folders))):
        told = read_document(home, PLAN) if (home / PLAN).is_file() else {}
        order = {run["id"]: place for place, run in enumerate(told.get("runs") or [])}
        found[home] = Plan(number, told.get("set") or {}, order)
    return found


class Sweep:
    """Runs with their folders, by setting."""

    def __init__(self, runs: Sequence[Run], folders: Sequence[Path]) -> None:
        plans = _plans(folders)
        told = [(run, folder, plans[experiment_of(folder)]) for run, folder in zip(runs, folders, strict=True)]
        told.sort(key=lambda one: one[2].place(one[0]["id"]))
        self.runs = [
            {**run, "params": {"name": run["name"], "clock": run["clock"]} | dict(plan.given) | run["params"]}
            for run, _, plan in told
        ]
        self.folders = [folder for _, folder, _ in told]
        self.offer = Offer(self)
        self.name = " · ".join(dict.fromkeys(run["name"] for run in runs))

    @cached_property
    def axes(self) -> dict[str, list[str]]:
        """What varies, by its path, with its values: numbers ascending, else as they came."""
        paths = list(
            dict.fromkeys(path for run in self.runs for path in run["params"] if path not in ("seed", "repeat"))
        )
        found = {path: ordered([self.value_of(run, path) for run in self.runs]) for path in paths}
        return {path: labels for path, labels in found.items() if len(labels) > 1}

    @cached_property
    def factors(self) -> list[tuple[str, ...]]:
        """The axes, those together that advance together: of these, none can be looked at by itself."""
        found: list[tuple[str, ...]] = []
        for path in self.axes:
            mate = next((factor for factor in found if self._together(factor[0], path)), None)
            if mate is None:
                found.append((path,))
            else:
                found[found.index(mate)] = (*mate, path)
        return found

    def _together(self, one: str, other: str) -> bool:
        """Whether either value tells the other."""
        pairs = {(self.value_of(run, one), self.value_of(run, other)) for run in self.runs}
        return len(pairs) == len(self.axes[one]) == len(self.axes[other])

    @cached_property
    def short(self) -> dict[str, str]:
        """The axes' last words, as many as tell them apart."""
        return dict(zip(self.axes, short(list(self.axes)), strict=True))

    @staticmethod
    def value_of(run: Run, path: str) -> str:
        """What a run has on an axis, as a file has it."""
        return label(run["params"][path]) if path in run["params"] else NOT_SET

    @cached_property
    def settings(self) -> dict[Setting, list[Run]]:
        """The runs that differ by their seed alone, in the axes' order."""
        return self.by(*self.axes)

    def by(self, *paths: str) -> dict[Setting, list[Run]]:
        """The runs by the values of some axes, all others together, in the axes' order."""
        groups: dict[Setting, list[Run]] = {}
        for run in self.runs:
            groups.setdefault(tuple(self.value_of(run, path) for path in paths), []).append(run)
        places = [{value: at for at, value in enumerate(self.axes[path])} for path in paths]
        return dict(
            sorted(groups.items(), key=lambda group: [at[one] for at, one in zip(places, group[0], strict=True)])
        )

    def label(self, setting: Setting) -> str:
        """A setting in words: `loss 1%, delay 20ms`, or of one axis its value. One of axes that advance together is
        enough."""
        known = dict(zip(self.axes, setting, strict=True))
        first = [factor[0] for factor in self.factors]
        if len(first) == 1:
            return known[first[0]]
        return ", ".join(f"{self.short[path]} {known[path]}" for path in first) or "all runs"

    def named(self, run: Run) -> str:
        """A run in words: its setting, and which repetition."""
        where = self.label(tuple(self.value_of(run, path) for path in self.axes))
        return f"{where}, repetition {run.get('repeat', 1)}"

    @cached_property
    def flows(self) -> list[str]:
        """The flows' names, over all runs."""
        return list(dict.fromkeys(name for run in self.runs for name in run.get("flows") or {}))

    # -- values -------------------------------------------------------------------------------------------------------

    def value(self, run: Run, choice: Choice) -> float | None:
        """What a run gives for a choice; None where it has no such number, or did not end well."""
        return choice.measure.value(run) if run["status"] == "complete" else None

    def values(self, runs: Sequence[Run], choice: Choice) -> list[float]:
        """The same of several runs, without those that have none."""
        found = (self.value(run, choice) for run in runs)
        return [value for value in found if value is not None]

    def groups(self, choice: Choice) -> dict[str, list[float]]:
        """The values of each setting, by its label."""
        return {self.label(setting): self.values(runs, choice) for setting, runs in self.settings.items()}


def ordered(values: Sequence[str]) -> list[str]:
    """Each once: as they came, or ascending where all are quantities."""
    each = list(dict.fromkeys(values))
    sizes = [magnitude(value) for value in each]
    known = [(size, value) for size, value in zip(sizes, each, strict=True) if size is not None]
    return [value for _, value in sorted(known)] if len(known) == len(each) else each


@cache
def magnitude(text: str) -> float | None:
    """How much a value is, if it is a quantity; false is less than true."""
    if text in ("false", "true"):
        return float(text == "true")
    try:
        return float(quantity(text)[0])
    except ExpectationError:
        return None
