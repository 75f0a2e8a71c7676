"""The runs of a sweep by what was set in them, and the numbers of their flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from testbed.errors import ConfigError
from testbed.experiment.language.label import axes_called, label
from testbed.metrics import METRICS
from testbed.metrics.table import FLAG, FLOW, GROUP, RUN, TEXT, Metric
from testbed.report.axes import in_order, short
from testbed.report.plot.choice import unknown
from testbed.report.plot.plot import Document, Options

EVERY: Final = "all runs"
"""What the runs are called where nothing differs."""


class Setting(NamedTuple):
    """What was set, and the runs in which it was."""

    label: str
    values: tuple[Any, ...]
    """Of each axis that makes a setting."""
    runs: list[Document]


def axes_of(runs: Sequence[Document], by: Sequence[str] = ()) -> list[str]:
    """The axes that are meant by `by`, by their full paths; without it, all that have more than one value."""
    known = list(dict.fromkeys(axis for run in runs for axis in run["params"]))
    if not by:
        return [axis for axis in known if len({label(run["params"].get(axis)) for run in runs}) > 1]
    return [_axis(one, known, str(runs[0]["folder"])) for one in by]


def settings(runs: Sequence[Document], by: Sequence[str] = ()) -> list[Setting]:
    """The runs grouped by the axes that `by` names (see `axes_of`), in order of their values."""
    axes = axes_of(runs, by)
    groups: dict[tuple[str, ...], list[Document]] = {}
    for run in runs:
        groups.setdefault(tuple(label(run["params"].get(axis)) for axis in axes), []).append(run)
    orders = [in_order(values) for values in zip(*groups, strict=True)]
    names = short(axes)
    made = [
        Setting(", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True)) or EVERY, values, found)
        for values, found in groups.items()
    ]
    place = [{value: index for index, value in enumerate(order)} for order in orders]
    return sorted(made, key=lambda one: [where[value] for where, value in zip(place, one.values, strict=True)])


def metric_of(options: Options, usual: str) -> Metric:
    """The metric that is asked for: a number of a flow, or of the run. Raises ConfigError for no such number."""
    wanted = options.metric or usual
    numbers = {
        name: metric
        for scope in (RUN, FLOW)
        for name, metric in METRICS[scope].items()
        if metric.unit not in (TEXT, FLAG, GROUP)
    }
    if wanted not in numbers:
        raise unknown("metric", wanted, list(numbers), "")
    return numbers[wanted]


def values(setting: Setting, metric: Metric, options: Options) -> list[float]:
    """The metric of every run and flow of a setting; without those that have none."""
    return [value for (value,) in together(setting, (metric,), options)]


def together(setting: Setting, metrics: Sequence[Metric], options: Options) -> list[tuple[float, ...]]:
    """Several metrics of every run and flow of a setting; without the flows that lack one."""
    rows = [
        [_number(holder, metric) for metric in metrics] for run in setting.runs for holder in _holders(run, options)
    ]
    if all(metric.scope == RUN for metric in metrics):
        rows = [[_number(run, metric) for metric in metrics] for run in setting.runs]
    return [tuple(value for value in row if value is not None) for row in rows if None not in row]


def _holders(run: Document, options: Options) -> list[Mapping[str, Any]]:
    """The flows of a run that are meant."""
    flows: Mapping[str, Mapping[str, Any]] = run["flows"]
    if options.flow is None:
        return list(flows.values())
    if options.flow not in flows:
        raise unknown("flow", options.flow, list(flows), str(run["folder"]))
    return [flows[options.flow]]


def _number(holder: Mapping[str, Any], metric: Metric) -> float | None:
    value = holder.get(metric.name)
    return None if value is None else float(value)


def _axis(wanted: str, known: Sequence[str], file: str) -> str:
    found = axes_called(wanted, known)
    if len(found) > 1:
        raise ConfigError.of(
            f"{wanted!r} could be any of {', '.join(found)}", file=file, suggestion="write the whole path"
        )
    if not found:
        raise unknown("axis", wanted, known, file)
    return found[0]
