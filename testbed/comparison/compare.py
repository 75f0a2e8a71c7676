"""Settings of an experiment compared with each other, by one metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean, median

from testbed.comparison.grouping import Grouped, Labels, describe, group, pairs, without_chance
from testbed.comparison.judge import Sample, corrected, judge
from testbed.comparison.measure import Measure, Run, measure
from testbed.comparison.result import ALONE, Comparison, Difference, Setting, finite
from testbed.comparison.verdict import Words, verdicts
from testbed.comparison.warm_up import without_warm_up
from testbed.errors import ConfigError
from testbed.experiment.language.document import nearest
from testbed.statistics.intervals import bootstrap_interval

Value = Callable[[Run], float]


def compare(
    runs: Sequence[Run],
    by: str | Sequence[str] | None = None,
    metric: str = "goodput",
    *,
    flow: str | None = None,
    against: str | None = None,
    confidence: float = 0.95,
    warm_up: int | None = None,
) -> Comparison:
    """Each setting of the axis `by` beside the baseline `against`, which is the first unless given.

    `by`: a path or an end of one; several make up a setting together; None: the only axis that varies. `metric`: as in
    expectations, or one of flows alone, which is then of `flow` or of all together. What else varies makes up the
    circumstances, within which settings are compared. `warm_up` (ns) leaves the beginning of each run out. Raises
    ConfigError for what is not there, and where there is nothing to compare.
    """
    chosen = measure(metric, runs, flow)
    return compare_settings(group(runs, by), chosen, against=against, confidence=confidence, warm_up=warm_up)


def compare_settings(
    grouped: Grouped,
    chosen: Measure,
    *,
    against: str | None = None,
    confidence: float = 0.95,
    warm_up: int | None = None,
    bounded: bool = True,
) -> Comparison:
    """The same of runs that are grouped already. `bounded`: with the intervals of the settings' means, which take the
    longest.
    """
    grouped, value = _with_value(grouped, chosen, warm_up)
    baseline = _baseline(grouped, against)
    grouped = _comparable(grouped, baseline)
    settings = tuple(_setting(grouped, labels, value, confidence if bounded else 0) for labels in grouped.settings)
    others = [labels for labels in grouped.settings if labels != baseline]
    judged = corrected([_difference(grouped, one, baseline, value, confidence) for one in others], confidence)
    words = Words(grouped.by, grouped.others, chosen, len(judged))
    return Comparison(
        by=grouped.by, others=grouped.others, circumstances=len(grouped.circumstances), measure=chosen,
        baseline=called(baseline), confidence=confidence, settings=settings, differences=tuple(judged),
        verdicts=tuple(verdicts(judged, words)),
        notes=(*grouped.notes, *_notes(grouped, baseline, judged)), warm_up=warm_up,
        along=grouped.along, names=tuple(dict.fromkeys(str(run["name"]) for run in grouped.runs())),
    )  # fmt: skip


def called(labels: Labels) -> str:
    """A setting or circumstances, short."""
    return ", ".join(labels)


def _with_value(grouped: Grouped, chosen: Measure, warm_up: int | None) -> tuple[Grouped, Value]:
    """The runs that have a value, and the value of each. Raises ConfigError where a setting is left with none."""
    reckon = without_warm_up(chosen, warm_up) if warm_up else chosen.value
    values: dict[int, float] = {}
    missing = []
    cells: dict[Labels, dict[Labels, list[Run]]] = {}
    for setting in grouped.settings:
        cell, before = grouped.cells[setting], len(values)
        for where, runs in cell.items():
            known = {id(run): number for run in runs if (number := reckon(run)) is not None}
            values |= known
            kept = [run for run in runs if id(run) in known]
            if kept:
                cells.setdefault(setting, {})[where] = kept
        lost = sum(map(len, cell.values())) - (len(values) - before)
        if lost:
            missing.append(f"{lost} of {called(setting)}")
        if len(values) == before:
            remedy = "the flow did not complete, or had ended before" if chosen.scope == "flow" else "choose another"
            raise ConfigError.of(
                f"no run of {called(setting)} has a {chosen.title}", file="--metric", suggestion=remedy
            )
    notes = [*grouped.notes, *([f"left out, for they have no {chosen.name}: {', '.join(missing)}"] if missing else [])]
    return replace(grouped, cells=cells, notes=notes), lambda run: values[id(run)]


def _baseline(grouped: Grouped, against: str | None) -> Labels:
    if against is None:
        return grouped.settings[0]
    known = {called(labels): labels for labels in grouped.settings}
    for labels in grouped.settings:  # of axes that advance together, the first of them may be enough
        known.setdefault(labels[0], labels)
    if against not in known:
        raise ConfigError.of(f"there is no setting {against!r}", file="--against", suggestion=nearest(against, known))
    return known[against]


def _comparable(grouped: Grouped, baseline: Labels) -> Grouped:
    """Without the settings that share no circumstances with the baseline. Raises ConfigError if these are all."""
    base = grouped.cells[baseline].keys()
    alone = [labels for labels in grouped.settings if not base & grouped.cells[labels].keys()]
    if len(alone) == len(grouped.settings) - 1:
        problem = f"{called(alone[0])} and {called(baseline)} were never run under the same circumstances"
        remedy = f"they differ in {', '.join(grouped.others)} too; name one of these with --by"
        raise ConfigError.of(problem, file="--by", suggestion=remedy)
    if not alone:
        return grouped
    names = "; ".join(map(called, alone))
    notes = [*grouped.notes, f"left out, for {called(baseline)} was never run under the same circumstances: {names}"]
    return replace(
        grouped, cells={one: cell for one, cell in grouped.cells.items() if one not in alone}, notes=notes
    )  # fmt: skip


def _setting(grouped: Grouped, labels: Labels, value: Value, confidence: float) -> Setting:
    cell = grouped.cells[labels]
    strata = {called(where): tuple(map(value, cell[where])) for where in grouped.circumstances if where in cell}
    values = tuple(number for part in strata.values() for number in part)
    low, high = finite(bootstrap_interval(list(strata.values()), confidence)) if confidence else (None, None)
    mean = fmean(map(fmean, strata.values()))
    return Setting(
        label=called(labels), n=len(values), median=median(values), mean=mean, low=low, high=high, values=values,
        by_circumstances=strata,
    )  # fmt: skip


def _difference(grouped: Grouped, labels: Labels, baseline: Labels, value: Value, confidence: float) -> Difference:
    """Runs that have a partner are compared pair by pair, if these are half of them at least."""
    mine, base = grouped.cells[labels], grouped.cells[baseline]
    shared = [where for where in grouped.circumstances if where in mine and where in base]
    matched = {where: pairs(mine[where], base[where]) for where in shared}
    fewer = min(sum(len(cell[where]) for where in shared) for cell in (mine, base))
    paired = 2 * sum(map(len, matched.values())) >= fewer
    samples = []
    telling = _telling(grouped.others, shared)
    for where in shared:
        runs = list(zip(*matched[where], strict=True)) if paired else [tuple(mine[where]), tuple(base[where])]
        if runs:
            name = ", ".join(f"{axis}={where[place]}" for axis, place in telling)
            settled = without_chance(mine[where]) and without_chance(base[where])
            samples.append(Sample(name, [value(run) for run in runs[0]], [value(run) for run in runs[1]], settled))
    return judge(called(labels), called(baseline), samples, paired=paired, confidence=confidence)


def _telling(others: Labels, circumstances: Sequence[Labels]) -> list[tuple[str, int]]:
    """The axes that tell the circumstances apart, by their last words if these do, and their places: no axis that
    goes along with others.
    """
    places: list[int] = []
    for place in range(len(others)):
        before, after = (
            len({tuple(where[one] for one in some) for where in circumstances}) for some in (places, [*places, place])
        )
        if after > before:
            places.append(place)
    axes = [others[place] for place in places]
    tails = [axis.split(".")[-1] for axis in axes]
    return list(zip(tails if len(set(tails)) == len(tails) else axes, places, strict=True))


def _notes(grouped: Grouped, baseline: Labels, judged: Sequence[Difference]) -> list[str]:
    notes = []
    if len(judged) > 1 and any(one.p is not None for one in judged):
        notes.append(f"p is corrected for {len(judged)} comparisons (Holm); intervals are of each one alone")
    if any(one.kind == ALONE for whole in judged for one in (whole, *whole.parts)):
        notes.append("* alone it would be shown, which is why its interval leaves zero out; among so many it is not")
    if len(grouped.by) > 1:
        notes.append(f"what a verdict does not name is as with the baseline: {describe(grouped.by, baseline)}")
    if judged and not any(one.paired for one in judged):
        notes.append("no pairs: the settings were run with different seeds")
    if grouped.others and all(len(runs) == 1 for cell in grouped.cells.values() for runs in cell.values()):
        notes.append(f"no repetitions: combinations of {', '.join(grouped.others)} stand for them")
    return notes
