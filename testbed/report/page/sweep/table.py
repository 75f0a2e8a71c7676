"""The runs of a sweep as numbers: what was varied, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from testbed.comparison.factors import factors, telling
from testbed.comparison.grouping import NOT_SET
from testbed.comparison.planned import planned
from testbed.experiment.language.label import label
from testbed.experiment.status import COMPLETE
from testbed.report.axes import in_order, short
from testbed.report.page.sweep.offer import Choice, Offer
from testbed.report.tables import Run
from testbed.store.folder import experiment_of

Setting = tuple[str, ...]
"""One value of each axis, as a file has it."""


class Sweep:
    """Runs with their folders, by setting."""

    def __init__(self, runs: Sequence[Run], folders: Sequence[Path]) -> None:
        plans = planned(map(experiment_of, folders))
        told = [(run, folder, plans[experiment_of(folder)]) for run, folder in zip(runs, folders, strict=True)]
        told.sort(key=lambda one: one[2].place(one[0]))
        self.runs = [{**run, "params": plan.parameters(run)} for run, _, plan in told]
        self.folders = [folder for _, folder, _ in told]
        self._labels: dict[tuple[int, str], str] = {}
        self._values: dict[tuple[int, str, str], float | None] = {}
        self._groups: dict[tuple[str, ...], dict[Setting, list[Run]]] = {}
        self.offer = Offer(self)
        self.name = " · ".join(dict.fromkeys(run["name"] for run in runs))

    @cached_property
    def axes(self) -> dict[str, list[str]]:
        """What varies, by its path, with its values: numbers ascending, else as they came."""
        paths = list(
            dict.fromkeys(path for run in self.runs for path in run["params"] if path not in ("seed", "repeat"))
        )
        found = {path: in_order([self.value_of(run, path) for run in self.runs]) for path in paths}
        return {path: labels for path, labels in found.items() if len(labels) > 1}

    @cached_property
    def factors(self) -> list[tuple[str, ...]]:
        """The axes, those together that advance together: of these, none can be looked at by itself."""
        return [(*chosen, *along) for chosen, along in factors(list(self.axes), self._rows)]

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """The axes that suffice to tell the settings apart."""
        return telling(list(self.axes), self._rows)

    @cached_property
    def _rows(self) -> list[dict[str, str]]:
        return [{path: self.value_of(run, path) for path in self.axes} for run in self.runs]

    @cached_property
    def short(self) -> dict[str, str]:
        """The axes' last words, as many as tell them apart."""
        return dict(zip(self.axes, short(list(self.axes)), strict=True))

    def value_of(self, run: Run, path: str) -> str:
        """What a run has on an axis, as a file has it."""
        key = id(run), path
        if key not in self._labels:
            self._labels[key] = label(run["params"][path]) if path in run["params"] else NOT_SET
        return self._labels[key]

    @cached_property
    def settings(self) -> dict[Setting, list[Run]]:
        """The runs that differ by their seed alone, in the axes' order."""
        return self.by(*self.axes)

    def by(self, *paths: str) -> dict[Setting, list[Run]]:
        """The runs by the values of some axes, all others together, in the axes' order."""
        if paths not in self._groups:
            self._groups[paths] = self._grouped(paths)
        return self._groups[paths]

    def _grouped(self, paths: tuple[str, ...]) -> dict[Setting, list[Run]]:
        groups: dict[Setting, list[Run]] = {}
        for run in self.runs:
            groups.setdefault(tuple(self.value_of(run, path) for path in paths), []).append(run)
        places = [{value: at for at, value in enumerate(self.axes[path])} for path in paths]
        return dict(
            sorted(groups.items(), key=lambda group: [at[one] for at, one in zip(places, group[0], strict=True)])
        )

    def label(self, setting: Setting) -> str:
        """A setting in words: `loss 1%, delay 20ms`, or of one axis its value."""
        known = self.told(setting)
        if len(known) == 1:
            return next(iter(known.values()))
        return ", ".join(f"{self.short[path]} {value}" for path, value in known.items()) or "all runs"

    def told(self, setting: Setting) -> dict[str, str]:
        """Of a setting, what suffices to tell it from the others."""
        known = dict(zip(self.axes, setting, strict=True))
        return {path: known[path] for path in self.telling}

    @cached_property
    def flows(self) -> list[str]:
        """The flows' names, over all runs."""
        return list(dict.fromkeys(name for run in self.runs for name in run.get("flows") or {}))

    # -- values -------------------------------------------------------------------------------------------------------

    def value(self, run: Run, choice: Choice) -> float | None:
        """What a run gives for a choice; None where it has no such number, or did not end well."""
        key = id(run), choice.metric, choice.flow
        if key not in self._values:
            self._values[key] = choice.measure.value(run) if run["status"] == COMPLETE else None
        return self._values[key]

    def values(self, runs: Sequence[Run], choice: Choice) -> list[float]:
        """The same of several runs, without those that have none."""
        found = (self.value(run, choice) for run in runs)
        return [value for value in found if value is not None]
