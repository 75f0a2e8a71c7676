"""The runs themselves, a row each, with the way to their parameters."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from testbed.experiment.layout import MANIFEST
from testbed.experiment.status import went_well
from testbed.report.page.markup.html import Html, details, join, section, table, tag
from testbed.report.page.sweep.offer import Choice
from testbed.report.page.sweep.table import Sweep
from testbed.report.tables import ending

SHOWN: Final = 30
"""Runs that are shown at once; the others when asked for."""

LOOK: Final = (
    "Each row leads to its manifest, with every parameter as resolved, as long as the page lies beside the runs."
)


def listing(sweep: Sweep, beside: Path) -> Html:
    """The section; `beside` is the folder that the page will lie in."""
    numbers = [next(one for one in sweep.offer.choices if one.metric == metric) for metric in sweep.offer.metrics[:3]]
    headings = [*(sweep.short[path] for path in sweep.telling), "run", "seed", "ended", *(one.title for one in numbers)]
    places = {id(run): at for at, run in enumerate(sweep.runs)}
    in_order = [run for runs in sweep.settings.values() for run in sorted(runs, key=lambda run: run.get("repeat") or 0)]
    rows = [_row(sweep, places[id(run)], numbers, beside) for run in in_order]
    words = 1 + len(sweep.telling)
    parts = [table("Runs", headings, rows[:SHOWN], words=words)]
    if len(rows) > SHOWN:
        parts.append(details(f"{len(rows) - SHOWN} more", table("The other runs", headings, rows[SHOWN:], words=words)))
    return section("runs", f"All {len(rows)} runs", join(parts), look=LOOK)


def _row(sweep: Sweep, at: int, numbers: list[Choice], beside: Path) -> list[Any]:
    run, folder = sweep.runs[at], sweep.folders[at]
    there = quote(os.path.relpath(folder.resolve() / MANIFEST, beside.resolve()))
    values = [sweep.value(run, choice) for choice in numbers]
    shown = [choice.show(value) for choice, value in zip(numbers, values, strict=True)]
    well = tag(
        "span", "✓" if went_well(run) else f"✗ {ending(run) if run['status'] != 'complete' else 'not as expected'}"
    )
    setting = [sweep.value_of(run, path) for path in sweep.telling]
    return [
        *setting,
        tag("a", f"repetition {run.get('repeat', 1)}", href=there, title=run["id"]),
        run["seed"],
        well,
        *shown,
    ]
