"""By setting: how many runs, their median, their mean with its interval."""

from __future__ import annotations

from statistics import fmean, median

from testbed.report.page.markup.html import Html, table, tag
from testbed.report.page.sweep.offer import Choice
from testbed.report.page.sweep.table import Sweep
from testbed.statistics.intervals import mean_interval

CONFIDENCE = 0.95


def settings_table(sweep: Sweep, choice: Choice) -> Html:
    """A row for each setting."""
    axes = [sweep.short[path] for path in sweep.telling]
    headings = [*axes, "runs", "median", "mean", "95 % interval of the mean", "least", "greatest"]
    rows = [
        [*sweep.told(setting).values(), *_numbers(sweep.values(runs, choice), len(runs), choice)]
        for setting, runs in sweep.settings.items()
    ]
    caption = f"{choice.title[:1].upper()}{choice.title[1:]}, by setting"
    return tag("div", table(caption, headings, rows, words=len(axes)), **choice.marks)


def _numbers(values: list[float], runs: int, choice: Choice) -> list[str]:
    count = str(runs) if len(values) == runs else f"{len(values)} of {runs}"
    if not values:
        return [count, "–", "–", "–", "–", "–"]
    shown = [choice.show(one) for one in (median(values), fmean(values))]
    return [count, *shown, interval(values, choice), choice.show(min(values)), choice.show(max(values))]


def interval(values: list[float], choice: Choice) -> str:
    """`3.1 to 3.5 Mbit/s`; of one value nothing is known."""
    if len(values) < 2:
        return "–"
    if len(set(values)) == 1:
        return "all alike"
    low, high = mean_interval(values, CONFIDENCE)
    return f"{choice.show(max(low, 0.0))} to {choice.show(high)}"
