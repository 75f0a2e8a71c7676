"""What can be said of the settings, first: what was expected of them, and what the comparison shows in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from testbed.experiment.layout import EXPERIMENT
from testbed.experiment.status import COMPLETE
from testbed.report.page.markup.html import Html, section, tag
from testbed.report.page.sweep.comparisons import Comparisons, said
from testbed.report.page.sweep.table import Sweep
from testbed.report.page.verdicts import BAD, GOOD, PLAIN, WARN, expectation, verdict
from testbed.report.tables import REAL, Run, ending
from testbed.store.folder import experiment_of, read_document

NAMED: Final = 5
"""Runs that are named where something was wrong with them."""


def verdicts(comparisons: Comparisons) -> Html:
    """The section: expectations, then the comparisons in words."""
    sweep = comparisons.sweep
    lines = [*_comparisons(sweep), *_single(sweep), *_ended(sweep)]
    told = said(comparisons) if sweep.offer.choices else ()
    return section("verdicts", "Verdicts", tag("ul", *lines, class_="verdicts"), *told)


def expected(sweep: Sweep) -> list[str]:
    """What was expected of several runs, in the words of the experiments' files."""
    told = [read_document(folder, EXPERIMENT) for folder in _experiments(sweep) if (folder / EXPERIMENT).is_file()]
    return [row["text"] for one in told for row in one.get("expect") or []]


def _experiments(sweep: Sweep) -> list[Path]:
    return list(dict.fromkeys(map(experiment_of, sweep.folders)))


def _comparisons(sweep: Sweep) -> Iterator[Html]:
    """The expectations over several runs, as the experiments have judged them."""
    for folder in _experiments(sweep):
        if (folder / EXPERIMENT).is_file():
            told = read_document(folder, EXPERIMENT)
            yield from map(expectation, told.get("expect") or [])
            if told.get("status", COMPLETE) != COMPLETE:
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
                broken.setdefault(row["text"], []).append(_named(sweep, run))
    for text, count in asked.items():
        wrong = broken.get(text, [])
        if wrong:
            yield verdict(BAD, tag("code", text), f" failed in {len(wrong)} of {count} runs: {_some(wrong)}")
        else:
            yield verdict(GOOD, tag("code", text), tag("span", f"held in all {count} runs", class_="seen"))


def _ended(sweep: Sweep) -> Iterator[Html]:
    bad = [run for run in sweep.runs if run["status"] != COMPLETE]
    if not bad:
        yield verdict(GOOD, f"All {len(sweep.runs)} runs are complete.")
    for status in dict.fromkeys(run["status"] for run in bad):
        those = [run for run in bad if run["status"] == status]
        named = _some([_named(sweep, run) for run in those])
        yield verdict(BAD, f"{len(those)} of {len(sweep.runs)} runs {status}: {named}. The first: {ending(those[0])}")
    real = [run for run in sweep.runs if run["clock"] == REAL]
    if real:
        late = sum(bool(run.get("late")) for run in real)
        yield verdict(
            WARN if late else PLAIN, f"{len(real)} runs in real time, of which {late} were too late to be believed."
        )


def _some(names: Sequence[str]) -> str:
    return "; ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def home_of(folders: Sequence[Path]) -> Path:
    """The experiment's folder, or the nearest that holds all of these runs."""
    homes = list(dict.fromkeys(experiment_of(folder).resolve() for folder in folders))
    if len(homes) == 1:
        return experiment_of(folders[0])
    shared = [parent for parent in homes[0].parents if all(parent in home.parents for home in homes)]
    return shared[0]


__all__ = ["expected", "home_of", "verdicts"]


def _named(sweep: Sweep, run: Run) -> str:
    """A run in words: its setting, and which repetition."""
    where = sweep.label(tuple(sweep.value_of(run, path) for path in sweep.axes))
    return f"{where}, repetition {run.get('repeat', 1)}"
