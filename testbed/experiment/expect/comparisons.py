"""Expectations over several runs: checked against the settings of a sweep, judged when its runs are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from testbed.experiment.expect.kinds import FLAG, ExpectationError, show, unit_name
from testbed.experiment.expect.names import Results, Vocabulary
from testbed.experiment.expect.nodes import Absent, Choice, Facts, Node, Selection, verdict
from testbed.experiment.expect.parser import Expectation, parse
from testbed.experiment.expect.single import bound_of
from testbed.experiment.language import yaml_loader
from testbed.experiment.language.document import nearest
from testbed.experiment.language.label import axes_called, label
from testbed.experiment.status import COMPLETE

REPEAT: Final = "repeat"
"""The axis that every sweep with repetitions has."""

MOST_TOLD: Final = 3
"""Places of a failure that are named; the others are counted."""

Settings = Sequence[Mapping[str, Any]]
"""The value of each axis, for every run."""


def check_comparison(text: str, *, flows: Sequence[str], links: Sequence[str], settings: Settings) -> None:
    """Whether `text` says something of a sweep with these flows, links and settings. Raises ExpectationError."""
    expectation = parse(text)
    axes = Axes(settings)
    kind = expectation.node.kind(_Sweep(Vocabulary(flows, links), axes))
    if kind != FLAG:
        raise ExpectationError(f"{kind} is not true or false", "compare it, as in median(a.goodput) > 3 Mbit/s")
    for axis in expectation.each:
        axes.path(axis)


def judge_comparison(text: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A row of the results: `text`, whether it is `ok`, the `value` of what it speaks of and its `unit`.

    `where` names the values of the axes of `for each` at which it is not met, or, if it is, is met most narrowly. A
    row that is not ok has the `sign` and the `bound` that the value was to keep, or `why` there is no value.
    """
    expectation = parse(text)
    axes = Axes([_settings(run) for run in runs])
    judged = [(where, _judge(expectation.node, axes, group)) for where, group in _groups(expectation, axes, runs)]
    told = [(where, row) for where, row in judged if row is not None]
    if not told:
        return {"text": text, **_without("there is no run that it speaks of")}
    failed = [(where, row) for where, row in told if not row["ok"]]
    where, row = failed[0] if failed else min(told, key=lambda one: one[1].pop("margin"))
    row.pop("margin", None)
    places = [one for one, _ in failed][:MOST_TOLD] if failed else [where]
    more = [f"and {len(failed) - MOST_TOLD} more"] if len(failed) > MOST_TOLD else []
    return {"text": text, **row, **({"where": "; ".join(places + more)} if where else {})}


def settings_of(params: Mapping[str, Any], repeat: int) -> dict[str, Any]:
    """What a run's axes are set to, its repetition among them."""
    return {**params, REPEAT: repeat}


def _settings(run: Mapping[str, Any]) -> dict[str, Any]:
    return settings_of(run["params"], run["repeat"])


# -- axes -------------------------------------------------------------------------------------------------------------


class Axes:
    """The axes of a sweep, found by the words of an expectation."""

    def __init__(self, settings: Settings) -> None:
        self._values: dict[str, dict[str, None]] = {}
        for one in settings:
            for axis, value in one.items():
                self._values.setdefault(axis, {})[label(value)] = None

    def path(self, word: str) -> str:
        """The axis that goes by `word`: its path, or the end of it. Raises ExpectationError."""
        found = axes_called(word, self._values)
        if len(found) > 1:
            raise ExpectationError(f"{word!r} is the end of several axes", f"one of: {', '.join(found)}")
        if not found:
            known = [axis for axis in self._values if axis != REPEAT]
            remedy = nearest(word, known) if known else "matrix: {tcp.sack: [true, false]} makes one"
            raise ExpectationError(f"the sweep has no axis {word!r}", remedy)
        return found[0]

    def value(self, axis: str, text: str) -> str:
        """The label of that value of `axis` which is written `text`. Raises ExpectationError."""
        known = list(self._values[axis])
        spellings = [text, _label(text), {"on": "true", "off": "false"}.get(text, text)]
        found = next((one for one in spellings if one in known), None)
        if found is None:
            raise ExpectationError(f"the axis {axis} has no value {text!r}", nearest(text, known))
        return found

    def chosen(self, choice: Choice) -> dict[str, str]:
        """The labels of what is chosen, by axis. Raises ExpectationError."""
        wanted: dict[str, str] = {}
        for word, text in choice:
            axis = self.path(word)
            if axis in wanted:
                raise ExpectationError(f"{axis} is chosen twice", "write an expectation for each value")
            wanted[axis] = self.value(axis, text)
        return wanted


def _label(text: str) -> str:
    try:
        return label(yaml_loader.read_value(text))
    except ValueError:
        return text


def _fits(settings: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(axis in settings and label(settings[axis]) == value for axis, value in wanted.items())


# -- facts ------------------------------------------------------------------------------------------------------------


class _OneOfMany(Vocabulary):
    """What can be said of each of several runs: its numbers, not its rows."""

    def count(self, selection: Selection) -> int:
        remedy = f"use a counter, such as {selection.flow}.{selection.end}.segments_sent"
        raise ExpectationError("segments are counted in one run, not in several", remedy)


class _Sweep(Facts):
    """What can be said of a sweep before it has run."""

    def __init__(self, vocabulary: Vocabulary, axes: Axes) -> None:
        self._one = _OneOfMany(vocabulary.flows, vocabulary.links)
        self._axes = axes

    def kind(self, path: tuple[str, ...]) -> Any:
        self._one.kind(path)
        name = ".".join(path)
        raise ExpectationError(f"{name} differs from run to run", f"say which of them, as in median({name})")

    def value(self, path: tuple[str, ...]) -> Any:
        raise Absent(".".join(path))

    def count(self, selection: Selection) -> int:
        return self._one.count(selection)

    def one(self) -> Facts:
        return self._one

    def runs(self, choice: Choice) -> Sequence[Facts]:
        self._axes.chosen(choice)
        return []


class _Done(_Sweep):
    """The runs of one group of a sweep that is over."""

    def __init__(self, axes: Axes, runs: Sequence[Mapping[str, Any]]) -> None:
        complete = [run for run in runs if run["status"] == COMPLETE]
        first = complete[0] if complete else {"flows": {}, "links": {}}
        vocabulary = Vocabulary(list(first["flows"]), list(first["links"]))
        super().__init__(vocabulary, axes)
        self._runs = runs
        self._results = {id(run): Results(vocabulary, dict(run), self.count) for run in complete}
        self.nothing = False
        """Whether something was asked of runs that the sweep does not have here."""

    def runs(self, choice: Choice) -> Sequence[Facts]:
        wanted = self._axes.chosen(choice)
        chosen = [run for run in self._runs if _fits(_settings(run), wanted)]
        self.nothing |= not chosen
        complete = [self._results[id(run)] for run in chosen if id(run) in self._results]
        if not complete:
            which = "".join(f" with {axis}={value}" for axis, value in wanted.items())
            one = len(chosen) == 1
            raise Absent(
                f"the run{which} was not completed" if one else f"none of {len(chosen)} runs{which} was completed"
            )
        return complete


# -- verdicts ---------------------------------------------------------------------------------------------------------


def _groups(
    expectation: Expectation, axes: Axes, runs: Sequence[Mapping[str, Any]]
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The runs apart by the axes of `for each`, and what each group is called; a run without such an axis is out."""
    paths = [axes.path(word) for word in expectation.each]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        settings = _settings(run)
        if all(path in settings for path in paths):
            groups.setdefault(", ".join(f"{path}={label(settings[path])}" for path in paths), []).append(run)
    return list(groups.items())


def _judge(node: Node, axes: Axes, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What is to be said of one group; None where it has not all the runs that are compared.

    With `margin`: how far the value is from its bound, as a share of it.
    """
    facts = _Done(axes, runs)
    ok = bool(verdict(node, facts))
    if facts.nothing:
        return None
    try:
        part = node.deciding(facts)
        value, bound = part.subject.value(facts), part.bound(facts)
        kind = part.subject.kind(facts)
    except Absent as absent:
        return {**_without(str(absent)), "ok": ok, "margin": 0.0}
    row = {"ok": ok, "value": show(value, kind), "unit": unit_name(kind), "margin": _margin(value, bound)}
    return row if ok else row | bound_of(part, facts, kind)


def _without(why: str) -> dict[str, Any]:
    return {"ok": False, "value": None, "unit": "", "why": why}


def _margin(value: Any, bound: tuple[str, Any] | None) -> float:
    if bound is None or isinstance(value, bool | str | list):
        return 0.0
    ends = bound[1] if isinstance(bound[1], tuple) else (bound[1],)
    return min(float(abs(value - end) / (abs(end) or 1.0)) for end in ends)
