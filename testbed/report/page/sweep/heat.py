"""Two axes at once: the median of each combination as a colour and a number."""

from __future__ import annotations

from itertools import combinations
from statistics import median
from typing import Final

from testbed.report.page.markup.html import NOTHING, Html, figure, join, tag
from testbed.report.page.markup.svg import svg, words
from testbed.report.page.sweep.offer import Choice
from testbed.report.page.sweep.table import Sweep

PAIRS: Final = 6
"""Pairs of axes that can be chosen."""

CELLS: Final = 24
"""Values of an axis that are shown."""

CELL: Final = (88, 34)

STRONGEST: Final = 0.6
"""The opacity of the greatest value: on it, text can still be read."""

LOOK: Final = (
    "Each cell is the median of its runs; stronger colour is more. Look for where the order of rows changes from one"
    " column to the next: there the answer depends on both."
)


def pairs(sweep: Sweep) -> list[tuple[str, str]]:
    """Pairs of axes of which there can be a map."""
    every = combinations(sweep.telling, 2)
    return [pair for pair in every if not any(set(pair) <= set(factor) for factor in sweep.factors)][:PAIRS]


def heat(sweep: Sweep, choice: Choice) -> list[Html]:
    """A map for each pair of axes."""
    return [_map(sweep, choice, pair) for pair in pairs(sweep)]


def _map(sweep: Sweep, choice: Choice, pair: tuple[str, str]) -> Html:
    down, across = pair
    cells = {key: sweep.values(runs, choice) for key, runs in sweep.by(down, across).items()}
    medians = {key: median(values) for key, values in cells.items() if values}
    title = f"Median {choice.title} by {sweep.short[down]} and {sweep.short[across]}"
    marks = choice.marks | {"data_pair": " × ".join(pair)}
    if not medians:
        return figure(title, tag("p", "No run has this number.", class_="note"), LOOK, **marks)
    rows, columns = sweep.axes[down][:CELLS], sweep.axes[across][:CELLS]
    left = min(200.0, 24 + 7 * max(len(sweep.short[down]), *map(len, rows)))
    width, height = left + CELL[0] * len(columns) + 12, 62 + CELL[1] * len(rows)
    heads = [
        words(left + CELL[0] * (at + 0.5), 46, _cut(one, 13), anchor="middle", class_="dim")
        for at, one in enumerate(columns)
    ]
    names = [
        words(left - 8, 62 + CELL[1] * (at + 0.5), _cut(one, 26), anchor="end", class_="dim")
        for at, one in enumerate(rows)
    ]
    axes = [words(left, 18, f"{across} →"), words(left - 8, 46, f"{sweep.short[down]} ↓", anchor="end")]
    low, high = min(medians.values()), max(medians.values())
    drawn = [
        _cell(left + CELL[0] * x, 56 + CELL[1] * y, medians.get((row, column)), low, high, choice,
              f"{row}, {column}: {len(cells.get((row, column), []))} runs")
        for y, row in enumerate(rows)
        for x, column in enumerate(columns)
    ]  # fmt: skip
    picture = svg(width, height, *axes, *heads, *names, *drawn, label=title, least=width)
    others = [path for path in sweep.telling if path not in pair]
    remark = (
        tag("p", f"Together in each cell: all values of {', '.join(others)}.", class_="note") if others else NOTHING
    )
    return figure(title, join([picture, remark]), LOOK, **marks)


def _cell(x: float, y: float, value: float | None, low: float, high: float, choice: Choice, told: str) -> Html:
    strength = (
        0.0 if value is None else 0.06 + (STRONGEST - 0.06) * ((value - low) / (high - low) if high > low else 0.5)
    )
    rectangle = tag(
        "rect", x=f"{x + 1:.0f}", y=f"{y + 1:.0f}", width=CELL[0] - 2, height=CELL[1] - 2, rx=3, class_="f0",
        fill_opacity=f"{strength:.2f}",
    )  # fmt: skip
    text = words(x + CELL[0] / 2, y + CELL[1] / 2 + 4, choice.show(value), anchor="middle")
    return tag("g", tag("title", told), rectangle, text)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
