"""The settings beside each other: in words, by what the expectations speak of; in numbers, by each choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from testbed.comparison.compare import compare_settings
from testbed.comparison.grouping import Grouped, group
from testbed.comparison.measure import Measure, measure
from testbed.comparison.result import ALONE, Comparison, Difference
from testbed.errors import ConfigError
from testbed.experiment.expect import is_comparison, metrics_of
from testbed.report.page.markup.html import Html, details, join, marked, note, table, tag
from testbed.report.page.sweep.offer import Choice
from testbed.report.page.sweep.table import Sweep
from testbed.report.page.verdicts import PLAIN, verdict

COMPARED: Final = (
    "goodput", "completion_time", "rtt_mean", "rtt_p99", "retransmission_share", "timeouts",
)  # fmt: skip
"""Metrics that settings are compared by."""

HEADLINES: Final = 8
"""Metrics that are spoken of first."""

Factor = tuple[str, ...]


class Comparisons:
    """The comparisons of a sweep, each made once."""

    def __init__(self, sweep: Sweep, expected: Sequence[str]) -> None:
        self.sweep = sweep
        self.headlines = _headlines(sweep, expected)
        self._grouped: dict[Factor, Grouped] = {}
        self._known: dict[tuple[Factor, str], Comparison | str] = {}

    def along(self, factor: Factor, one: Measure) -> Comparison | str:
        """The comparison by the values of some axes that advance together, or why there is none."""
        key = factor, one.title
        if key not in self._known:
            try:
                self._known[key] = compare_settings(self._by(factor), one, bounded=False)
            except ConfigError as error:
                self._known[key] = f"Not compared: {error.problems[0].message}."
        return self._known[key]

    def _by(self, factor: Factor) -> Grouped:
        if factor not in self._grouped:
            self._grouped[factor] = group(self.sweep.runs, factor[0])
        return self._grouped[factor]


def _headlines(sweep: Sweep, expected: Sequence[str]) -> list[Measure]:
    """What is expected of several runs tells what the experiment is about; goodput otherwise, of each flow where these
    do different things.
    """
    named = [metric for text in expected if is_comparison(text) for metric in metrics_of(text)]
    found = []
    for metric in dict.fromkeys(named):
        try:
            found.append(measure(metric, sweep.runs))
        except ConfigError:
            continue  # what is no number, such as a.complete
    if not found:
        apps = {flow["app"] for run in sweep.runs for flow in run["flows"].values()}
        flows = [choice.measure for choice in sweep.offer.choices if choice.metric == sweep.offer.metrics[0]]
        found = flows[1:] if len(apps) > 1 else flows[:1]
    return found[:HEADLINES]


def said(comparisons: Comparisons) -> Iterator[Html]:
    """In words, axis by axis: one metric of each flow or link, the others where they are asked for."""
    first: dict[tuple[tuple[str, ...], str], Measure] = {}
    for one in comparisons.headlines:
        first.setdefault((one.flows, one.link), one)
    others = [one for one in comparisons.headlines if one not in first.values()]
    for factor in comparisons.sweep.factors:
        yield tag("h3", f"By {' and '.join(factor)}")
        yield tag("ul", *(_words(comparisons, factor, one) for one in first.values()), class_="verdicts")
        if others:
            summary = "also " + ", ".join(_title(one) for one in others)
            told = tag("ul", *(_words(comparisons, factor, one) for one in others), class_="verdicts")
            yield details(summary, told)


def _words(comparisons: Comparisons, factor: Factor, one: Measure) -> Html:
    """A metric, and a line for each setting."""
    return verdict(PLAIN, tag("strong", f"{_title(one)}:"), " ", join(_lines(comparisons.along(factor, one)), "<br>"))


def _lines(found: Comparison | str) -> list[Html]:
    return [marked(line) for line in ([found] if isinstance(found, str) else found.verdicts)]


def compared(comparisons: Comparisons, choice: Choice) -> Html:
    """The comparison along each axis by one choice, in numbers; in words too, where these were not said before."""
    sweep = comparisons.sweep
    if choice.metric not in COMPARED:
        told = note(
            "Not compared by this choice: ", tag("code", f"testbed compare … --metric {choice.metric}"), " does it."
        )
        return tag("div", told, **choice.marks)
    parts = [part for factor in sweep.factors for part in _along(comparisons, factor, choice)]
    return tag("div", *parts, **choice.marks)


def _along(comparisons: Comparisons, factor: Factor, choice: Choice) -> Iterator[Html]:
    found = comparisons.along(factor, choice.measure)
    known = any(one.title == choice.measure.title for one in comparisons.headlines)
    yield tag("h3", f"{_capital(choice.title)} by {' and '.join(factor)}")
    if not known:
        yield tag("ul", *(verdict(PLAIN, line) for line in _lines(found)), class_="verdicts")
    if isinstance(found, str):
        return
    headings = ("setting", "runs", "difference", "interval", "effect", "p, corrected")
    rows = [_row(difference, choice) for difference in found.differences]
    caption = f"Differences from {found.baseline}, {found.confidence:.0%} intervals"
    yield table(caption, headings, rows, words=1)
    yield join(note(marked(text)) for text in found.notes)


def _row(one: Difference, choice: Choice) -> list[object]:
    return [
        one.label,
        f"{one.n}{' pairs' if one.paired else ''}",
        choice.show(one.absolute) if one.relative is None else f"{one.relative:+.1%}",
        _interval(one),
        f"{one.effect:.2g} ({one.effect_word})",
        _chance(one),
    ]


def _interval(one: Difference) -> str:
    if one.low is None or one.high is None:
        return "–"
    return "all alike" if one.low == one.high else f"{one.low:+.1%} to {one.high:+.1%}"


def _chance(one: Difference) -> str:
    p = one.p_corrected
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}{'*' if one.kind == ALONE else ''}"


def _title(one: Measure) -> str:
    return one.title.replace(one.name, one.name.replace("_", " "), 1)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
