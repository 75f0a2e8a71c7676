"""Runs by what was set: along the axis that is compared, and by the circumstances, which are all the others.

Two runs are a pair when only the setting differs: the same circumstances and the same seed, so that they have met the
same losses (common random numbers).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from testbed.comparison.factors import factor
from testbed.comparison.measure import Run
from testbed.comparison.planned import planned
from testbed.errors import ConfigError
from testbed.experiment.language.document import nearest
from testbed.experiment.language.label import axes_called, label
from testbed.experiment.status import COMPLETE
from testbed.store.folder import experiment_of

NOT_SET: Final = "not set"
"""What an axis is in a run that does not have it."""

_CHANCE: Final = ("seed", "repeat")
"""What tells repetitions from each other, and is no circumstance."""

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Grouped:
    """Runs by their setting and circumstances."""

    by: Labels
    """The paths of the axes that make up the setting."""
    others: Labels
    """Those that make up the circumstances."""
    cells: Mapping[Labels, Mapping[Labels, Sequence[Run]]]
    """Runs by setting, and by circumstances."""
    notes: list[str] = field(default_factory=list)
    along: Labels = ()
    """Axes that advance together with the setting."""

    def runs(self) -> list[Run]:
        """All of them."""
        return [run for cell in self.cells.values() for runs in cell.values() for run in runs]

    @cached_property
    def settings(self) -> list[Labels]:
        """In the order of the experiment's file."""
        return _in_order(list(self.cells))

    @cached_property
    def circumstances(self) -> list[Labels]:
        """All that occur, in the same order."""
        return _in_order(list(dict.fromkeys(where for cell in self.cells.values() for where in cell)))


def group(runs: Sequence[Run], by: str | Sequence[str] | None = None) -> Grouped:
    """Complete runs, taken apart by the axes `by`; by default the only one that varies. Raises ConfigError."""
    plans = planned(map(_experiment, runs))
    runs = sorted(runs, key=lambda run: plans[_experiment(run)].place(run))
    params = {id(run): plans[_experiment(run)].parameters(run) for run in runs}
    axes = [axis for axis in _axes(params.values()) if axis.split(".")[-1] not in _CHANCE]
    varying = [axis for axis in axes if len({_label(params[id(run)], axis) for run in runs}) > 1]
    rows = [{axis: _label(params[id(run)], axis) for axis in varying} for run in runs]
    chosen, along = factor(_chosen(by, varying, axes), varying, rows)
    notes: list[str] = []
    kept = _newest(_complete(runs, notes), params, notes)
    if not kept:
        raise ConfigError.of(f"none of {len(runs)} runs is complete", suggestion="look at them: testbed show RUN")
    others = tuple(axis for axis in varying if axis not in (*chosen, *along))
    notes += [f"{axis} advances together with {', '.join(chosen)}" for axis in along]
    cells: dict[Labels, dict[Labels, list[Run]]] = {}
    for run in kept:
        setting, where = (tuple(_label(params[id(run)], axis) for axis in some) for some in (chosen, others))
        cells.setdefault(setting, {}).setdefault(where, []).append(run)
    if len(cells) < 2:
        only = describe(chosen, next(iter(cells)))
        raise ConfigError.of(
            f"all runs that count have {only}: there is nothing to compare", file="--by", suggestion="; ".join(notes)
        )
    return Grouped(chosen, others, cells, notes, along)


def pairs(mine: Sequence[Run], others: Sequence[Run]) -> list[tuple[Run, Run]]:
    """The runs of one cell and of another that have the same seed; the n-th of a seed with the n-th."""
    theirs = _by_seed(others)
    return [(run, theirs[key]) for key, run in _by_seed(mine).items() if key in theirs]


def describe(axes: Sequence[str], labels: Sequence[str]) -> str:
    """`tcp.rto_min=200ms, links.path.loss=1%`."""
    return ", ".join(f"{axis}={value}" for axis, value in zip(axes, labels, strict=True))


def _experiment(run: Run) -> Path:
    """The folder of its experiment; of runs that were not kept, none that there is."""
    return experiment_of(Path(run.get("folder", "")))


def _axes(params: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(axis for one in params for axis in one))


def _label(params: Mapping[str, Any], axis: str) -> str:
    return label(params[axis]) if axis in params else NOT_SET


def _chosen(by: str | Sequence[str] | None, varying: list[str], axes: list[str]) -> Labels:
    """The axes asked for, by their whole path or an end of it that is unambiguous."""
    if by is None or by == ():
        if len(varying) != 1:
            problem = "nothing was varied in these runs" if not varying else "several things were varied in these runs"
            remedy = f"one of: {', '.join(varying)}" if varying else "name runs that differ in a setting"
            raise ConfigError.of(problem, file="--by", suggestion=remedy)
        return (varying[0],)
    found = []
    for name in [by] if isinstance(by, str) else by:
        fitting = axes_called(name, varying)
        if len(fitting) != 1:
            raise _no_axis(name, fitting, varying, axes)
        found.append(fitting[0])
    return tuple(dict.fromkeys(found))


def _no_axis(name: str, fitting: list[str], varying: list[str], axes: list[str]) -> ConfigError:
    if fitting:
        return ConfigError.of(f"{name!r} may be {' or '.join(fitting)}", file="--by", suggestion="write the whole path")
    if name in axes:
        return ConfigError.of(
            f"all runs have the same {name}", file="--by", suggestion=f"varied: {', '.join(varying) or 'nothing'}"
        )
    remedy = nearest(name, varying) if varying else f"nothing was; vary it: testbed run FILE --set {name}=VALUE,VALUE"
    return ConfigError.of(f"{name!r} was not varied in these runs", file="--by", suggestion=remedy)


def _complete(runs: Sequence[Run], notes: list[str]) -> list[Run]:
    ended = Counter(run["status"] for run in runs if run["status"] != COMPLETE)
    if ended:
        notes.append(
            f"left out: {', '.join(f'{count} {status}' for status, count in ended.items())} of {len(runs)} runs"
        )
    return [run for run in runs if run["status"] == COMPLETE]


def _newest(runs: Sequence[Run], params: Mapping[int, dict[str, Any]], notes: list[str]) -> list[Run]:
    """Without those that are there twice: in virtual time, a run that is repeated tells nothing new."""
    kept: dict[Any, Run] = {}
    for run in runs:
        told = {axis: _label(params[id(run)], axis) for axis in sorted(params[id(run)]) if axis not in _CHANCE}
        key = (run["seed"], *told.items()) if run["clock"] == "virtual" else id(run)
        if key not in kept or str(run.get("started", "")) >= str(kept[key].get("started", "")):
            kept[key] = run
    if len(kept) < len(runs):
        notes.append(f"left out: {len(runs) - len(kept)} runs that were made again later with the same seed")
    return list(kept.values())


def _by_seed(runs: Sequence[Run]) -> dict[tuple[int, int], Run]:
    seen: Counter[int] = Counter()
    found = {}
    for run in runs:
        seen[run["seed"]] += 1
        found[run["seed"], seen[run["seed"]]] = run
    return found


def without_chance(runs: Sequence[Run]) -> bool:
    """Whether every repetition came out like its first, in every number, whatever its seed."""
    first = runs[0]
    seeds = {run["seed"] for run in runs}
    virtual = all(run["clock"] == "virtual" for run in runs)
    alike = all(run["flows"] == first["flows"] and run["links"] == first["links"] for run in runs)
    return virtual and len(seeds) > 1 and alike


def _in_order(found: list[Labels]) -> list[Labels]:
    """The first axis slowest, the values of each in the order in which they came."""
    ranks = [{value: place for place, value in enumerate(dict.fromkeys(values))} for values in zip(*found, strict=True)]
    return sorted(found, key=lambda labels: [rank[value] for rank, value in zip(ranks, labels, strict=True)])
