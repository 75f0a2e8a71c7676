"""What can be said of the settings, first: what was expected of them, and what the comparison shows in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from testbed.comparison.compare import compare
from testbed.errors import ConfigError
from testbed.report.page.markup.html import Html, marked, note, section, table, tag
from testbed.report.page.sweep.offer import ALL, Choice
from testbed.report.page.sweep.table import Sweep
from testbed.report.page.verdicts import BAD, GOOD, PLAIN, WARN, expectation, verdict
from testbed.report.tables import REAL, ending
from testbed.store.folder import EXPERIMENT, experiment_of, read_document

COMPARED: Final = (
    "goodput", "completion_time", "rtt_mean", "rtt_p99", "retransmission_share", "timeouts",
)  # fmt: skip
"""Metrics that settings are compared by."""

NAMED: Final = 5
"""Runs that are named where something was wrong with them."""


class Comparisons:
    """The comparisons of a sweep, each made once."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self._known: dict[tuple[tuple[str, ...], Choice], dict[str, Any] | str] = {}

    def along(self, factor: tuple[str, ...], choice: Choice) -> dict[str, Any] | str:
        """The comparison by the values of some axes, or why there is none."""
        if (factor, choice) not in self._known:
            flow = None if choice.flow in ("", ALL) else choice.flow
            try:
                self._known[factor, choice] = compare(self.sweep.runs, factor, choice.metric, flow=flow).as_dict()
            except ConfigError as error:
                self._known[factor, choice] = f"Not compared: {error.problems[0].message}."
        return self._known[factor, choice]


def verdicts(comparisons: Comparisons) -> Html:
    """The section: expectations, then the comparison by the first metric."""
    sweep = comparisons.sweep
    lines = [*_comparisons(sweep), *_single(sweep), *_ended(sweep)]
    first = sweep.offer.choices[:1]
    said = [part for choice in first for factor in sweep.factors for part in _words(comparisons, factor, choice)]
    return section("verdicts", "Verdicts", tag("ul", *lines, class_="verdicts"), *said)


def _comparisons(sweep: Sweep) -> Iterator[Html]:
    """The expectations over several runs, as the experiments have judged them."""
    for folder in dict.fromkeys(map(experiment_of, sweep.folders)):
        if (folder / EXPERIMENT).is_file():
            told = read_document(folder, EXPERIMENT)
            yield from map(expectation, told.get("expect") or [])
            if told.get("status", "complete") != "complete":
                yield verdict(WARN, f"The sweep is {told['status']}: not all runs are here.")
        else:
            yield verdict(WARN, f"The sweep in {folder.name} has not come to its end: not all runs are here.")


def _single(sweep: Sweep) -> Iterator[Html]:
    """The expectations of each run, over all of them."""
    asked: Counter[str] = Counter()
    broken: dict[str, list[str]] = {}
    for run in sweep.runs:
        for row in run.get("expect") or []:
            asked[row["text"]] += 1
            if not row["ok"]:
                broken.setdefault(row["text"], []).append(sweep.named(run))
    for text, count in asked.items():
        wrong = broken.get(text, [])
        if wrong:
            yield verdict(BAD, tag("code", text), f" failed in {len(wrong)} of {count} runs: {_some(wrong)}")
        else:
            yield verdict(GOOD, tag("code", text), tag("span", f"held in all {count} runs", class_="seen"))


def _ended(sweep: Sweep) -> Iterator[Html]:
    bad = [run for run in sweep.runs if run["status"] != "complete"]
    if not bad:
        yield verdict(GOOD, f"All {len(sweep.runs)} runs are complete.")
    for status in dict.fromkeys(run["status"] for run in bad):
        those = [run for run in bad if run["status"] == status]
        named = _some([sweep.named(run) for run in those])
        yield verdict(BAD, f"{len(those)} of {len(sweep.runs)} runs {status}: {named}. The first: {ending(those[0])}")
    real = [run for run in sweep.runs if run["clock"] == REAL]
    if real:
        late = sum(bool(run.get("late")) for run in real)
        yield verdict(
            WARN if late else PLAIN, f"{len(real)} runs in real time, of which {late} were too late to be believed."
        )


def _some(names: Sequence[str]) -> str:
    return "; ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


# -- comparisons ------------------------------------------------------------------------------------------------------


def compared(comparisons: Comparisons, choice: Choice) -> Html:
    """The comparison along each axis by one choice: in words, and in numbers."""
    sweep = comparisons.sweep
    if choice.metric not in COMPARED or not (choice.flow in ("", ALL) or len(sweep.flows) == 1):
        told = note(
            "Not compared by this choice: ", tag("code", f"testbed compare … --metric {choice.metric}"), " does it."
        )
        return tag("div", told, **choice.marks)
    return tag(
        "div", *(part for factor in sweep.factors for part in _along(comparisons, factor, choice)), **choice.marks
    )


def _words(comparisons: Comparisons, factor: tuple[str, ...], choice: Choice) -> list[Html]:
    found = comparisons.along(factor, choice)
    heading = tag("h3", f"{_capital(choice.title)} by {' and '.join(factor)}")
    if isinstance(found, str):
        return [heading, note(marked(found))]
    lines = [verdict(PLAIN, marked(line)) for line in found["verdicts"]]
    return [heading, tag("ul", *lines, class_="verdicts")]


def _along(comparisons: Comparisons, factor: tuple[str, ...], choice: Choice) -> list[Html]:
    found = comparisons.along(factor, choice)
    if isinstance(found, str):
        return _words(comparisons, factor, choice)
    headings = ("setting", "runs", "difference", "interval", "effect", "p, corrected")
    rows = [_row(difference, choice) for difference in found["differences"]]
    remarks = [note(marked(text)) for text in found["notes"]]
    caption = f"Differences from {found['baseline']}, {found['confidence']:.0%} intervals"
    return [*_words(comparisons, factor, choice), table(caption, headings, rows, words=1), *remarks]


def _row(difference: Mapping[str, Any], choice: Choice) -> list[object]:
    low, high, p = difference["low"], difference["high"], difference["p_corrected"]
    relative = difference["relative"]
    return [
        difference["setting"],
        f"{difference['n']}{' pairs' if difference['paired'] else ''}",
        choice.show(difference["absolute"]) if relative is None else f"{relative:+.1%}",
        "–" if low is None or high is None else f"{low:+.1%} to {high:+.1%}",
        f"{difference['effect']:.2g} ({difference['effect_word']})",
        "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}",
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def home_of(folders: Sequence[Path]) -> Path:
    """The experiment's folder, or the nearest that holds all of these runs."""
    homes = list(dict.fromkeys(experiment_of(folder).resolve() for folder in folders))
    if len(homes) == 1:
        return experiment_of(folders[0])
    shared = [parent for parent in homes[0].parents if all(parent in home.parents for home in homes)]
    return shared[0]


__all__ = ["compared", "home_of", "verdicts"]
