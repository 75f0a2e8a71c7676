"""Runs beside those of an earlier version of whatever was changed: has anything become worse?

The same experiment, run for run: the same settings, the same seeds. What differs then is what was changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from testbed.comparison.grouping import describe, pairs
from testbed.comparison.judge import Sample, corrected, judge
from testbed.comparison.measure import Measure, Run, measure, two_digits
from testbed.comparison.result import SCHEMA, TOO_FEW, Difference, difference_dict
from testbed.comparison.verdict import Words, verdict
from testbed.errors import ConfigError
from testbed.experiment.language.label import label
from testbed.experiment.status import COMPLETE
from testbed.metrics.table import HIGHER, LOWER

METRICS: Final = ("goodput", "completion_time", "retransmission_share", "rtt_p50")
"""What is looked at unless something else is asked for."""

BEFORE: Final = "the baseline"
NOW: Final = "this version"

EACH: Final = 8
"""So many flows are looked at one by one; more together."""

NAMED: Final = 5
"""Differences between the experiments that an error names."""

_MAY_DIFFER: Final = ("seed", "trace", "expect", "agents", "processes", "capture", "captures", "description")
"""What does not change the numbers, or is compared apart."""

Setting = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one metric."""

    measure: Measure
    difference: Difference
    text: str
    tolerance: float

    @property
    def ok(self) -> bool:
        """Not worse, as far as can be shown, by more than is tolerated: overall, nor with any setting."""
        return not any(self._worse(one) for one in (self.difference, *self.difference.parts))

    def _worse(self, one: Difference) -> bool:
        if not one.shown or one.sign * self.measure.better >= 0:
            return False
        return one.relative is None or abs(one.relative) > self.tolerance

    def where(self) -> list[str]:
        """The settings with which it is worse."""
        return [part.where for part in self.difference.parts if self._worse(part)]

    def row(self) -> dict[str, Any]:
        """As an expectation's row: what was expected, and what came."""
        seen = self.difference.relative
        least = f"{two_digits(self.tolerance * 100)} %"
        text = f"{self.measure.title} at most {least} worse than {BEFORE}" if self.tolerance else "not worse"
        value = None if seen is None else f"{'+' if seen > 0 else ''}{two_digits(seen * 100)} %"
        row = {"text": text, "ok": self.ok, "value": value, "unit": ""}
        return row | ({"where": "; ".join(self.where())} if self.where() else {})


@dataclass(frozen=True, kw_only=True)
class Versions:
    """All metrics' changes, and the runs that ended otherwise than before."""

    name: str
    changes: tuple[Change, ...]
    broken: tuple[str, ...]
    """Runs and flows that came to their end before, and do no more."""
    pairs: int
    notes: tuple[str, ...]
    confidence: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Nothing has become worse."""
        return not self.broken and all(change.ok for change in self.changes)

    def rows(self) -> list[dict[str, Any]]:
        """As the rows of expectations: text, ok, value, unit."""
        text = "what was completed before is completed"
        ends = {"text": text, "ok": not self.broken, "value": ", ".join(self.broken) or True, "unit": ""}
        return [ends, *(change.row() for change in self.changes)]

    def as_dict(self) -> dict[str, Any]:
        """As `testbed compare --baseline … --json` prints it."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "ok": self.ok,
            "pairs": self.pairs,
            "tolerance": self.tolerance,
            "confidence": self.confidence,
            "broken": list(self.broken),
            "changes": [
                {"metric": change.measure.title, "unit": change.measure.unit, "ok": change.ok, "text": change.text}
                | difference_dict(change.difference)
                for change in self.changes
            ],
            "expect": self.rows(),
            "notes": list(self.notes),
        }


def compare_versions(
    before: Sequence[Run],
    now: Sequence[Run],
    metrics: Sequence[str] = METRICS,
    *,
    flow: str | None = None,
    confidence: float = 0.95,
    tolerance: float = 0.01,
) -> Versions:
    """The runs of `now` beside those of `before`. Raises ConfigError if they are not of the same experiment."""
    matched = _match(before, now)
    whole = {
        setting: [(new, old) for new, old in both if new["status"] == old["status"] == COMPLETE]
        for setting, both in matched.items()
    }
    found: list[tuple[Measure, Difference]] = []
    for one in _measures(metrics, now, flow):
        samples = list(_samples(one, whole))
        if samples:
            found.append((one, judge(NOW, BEFORE, samples, paired=True, confidence=confidence)))
    judged = corrected([difference for _, difference in found], confidence)
    axes = list(dict.fromkeys(axis for setting in matched for axis, _ in setting))
    words = [Words(["version"], axes, one, len(judged)) for one, _ in found]
    changes = tuple(
        Change(measure=one.measure, difference=change, text=_text(change, one), tolerance=tolerance)
        for one, change in zip(words, judged, strict=True)
    )
    every = [both for group in matched.values() for both in group]
    return Versions(
        name=str(now[0]["name"]), changes=changes, broken=tuple(_broken(every)), pairs=len(every),
        notes=tuple(_notes(before, now, changes, len(every))), confidence=confidence, tolerance=tolerance,
    )  # fmt: skip


def _measures(metrics: Sequence[str], runs: Sequence[Run], flow: str | None) -> Iterator[Measure]:
    """Each metric; one of flows alone is looked at flow by flow."""
    for metric in metrics:
        one = measure(metric, runs, flow)
        if 1 < len(one.flows) <= EACH:
            yield from (measure(metric, runs, name) for name in one.flows)
        else:
            yield one


def _samples(one: Measure, matched: Mapping[Setting, Sequence[tuple[Run, Run]]]) -> Iterator[Sample]:
    for setting, both in matched.items():
        values = [(one.value(new), one.value(old)) for new, old in both]
        known = [(new, old) for new, old in values if new is not None and old is not None]
        if known:
            where = ", ".join(f"{axis.split('.')[-1]}={text}" for axis, text in setting)
            yield Sample(where, [new for new, _ in known], [old for _, old in known])


def _text(one: Difference, words: Words) -> str:
    if one.kind == TOO_FEW and one.relative is not None:
        seen = f"{'+' if one.relative > 0 else ''}{two_digits(one.relative * 100)} %"
        return f"{seen}, which {'one run' if one.n == 1 else f'{one.n} runs'} cannot judge"
    return verdict(one, words)


def _broken(every: Sequence[tuple[Run, Run]]) -> Iterator[str]:
    """What had its end before, and has none now."""
    for new, old in every:
        if old["status"] == COMPLETE and new["status"] != COMPLETE:
            yield f"{new['id']}: {new['status']}"
            continue
        for name, flow in old["flows"].items():
            if flow["complete"] and not new["flows"][name]["complete"]:
                yield f"{new['id']}: {name} did not complete"


def _notes(before: Sequence[Run], now: Sequence[Run], changes: Sequence[Change], paired: int) -> Iterator[str]:
    alone = len(now) - paired
    if alone or len(before) > paired:
        yield f"left out, for they have no partner: {alone} runs of {NOW}, {len(before) - paired} of {BEFORE}"
    if changes and all(change.difference.kind == TOO_FEW for change in changes):
        yield "so few runs cannot show a change that chance might have made; `repeat: 10` is a good start"
    undirected = [change.measure.name for change in changes if change.measure.better not in (HIGHER, LOWER)]
    if undirected:
        yield f"neither more nor less is worse: {', '.join(dict.fromkeys(undirected))}"


# -- the same experiment? --------------------------------------------------------------------------------------------


def _match(before: Sequence[Run], now: Sequence[Run]) -> dict[Setting, list[tuple[Run, Run]]]:
    """Pairs of runs, (now, before), by setting. Raises ConfigError with what differs."""
    olds, news = _by_setting(before), _by_setting(now)
    differing = [*_names(before, now), *_missing(olds, news)]
    matched = {setting: pairs(news[setting], olds[setting]) for setting in news if setting in olds}
    if not differing and not any(matched.values()):
        differing.append("no seed is in both")
    for both in matched.values():
        differing += [text for new, old in both[:1] for text in _differing(new, old) if text not in differing]
    if differing:
        more = [f"… {len(differing) - NAMED} more"] if len(differing) > NAMED else []
        listed = "".join(f"\n  {text}" for text in [*differing[:NAMED], *more])
        problem = f"these are not runs of the same experiment:{listed}"
        raise ConfigError.of(problem, file="--baseline")
    return {setting: both for setting, both in matched.items() if both}


def _by_setting(runs: Sequence[Run]) -> dict[Setting, list[Run]]:
    groups: dict[Setting, list[Run]] = {}
    for run in runs:
        setting = tuple((axis, label(value)) for axis, value in run["params"].items())
        groups.setdefault(setting, []).append(run)
    return groups


def _names(before: Sequence[Run], now: Sequence[Run]) -> Iterator[str]:
    old, new = ({str(run["name"]) for run in runs} for runs in (before, now))
    if old != new:
        yield f"name: {', '.join(sorted(old))} before, {', '.join(sorted(new))} now"


def _missing(olds: Mapping[Setting, Any], news: Mapping[Setting, Any]) -> Iterator[str]:
    for mine, others, when in ((news, olds, BEFORE), (olds, news, NOW)):
        for setting in mine:
            if setting not in others:
                axes, labels = zip(*setting, strict=True) if setting else ((), ())
                yield f"{describe(axes, labels) or 'a run without axes'} is not in {when}"


def _differing(new: Run, old: Run) -> Iterator[str]:
    for part in ("flows", "links"):
        for name in sorted(set(new[part]) ^ set(old[part])):
            yield f"{part}.{name} is only in {NOW if name in new[part] else BEFORE}"
    mine, others = (dict(_leaves(run.get("spec") or {})) for run in (new, old))
    for path in mine:
        # a path that only one of them knows is a setting that came, or went, with a version of this program
        if path in others and mine[path] != others[path] and path.split(".")[0] not in _MAY_DIFFER:
            yield f"{path}: {others[path]} before, {mine[path]} now"


def _leaves(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, part
