"""Units on axes, lines for many flows, legends beside the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from testbed.report.plot.plot import Options
from testbed.report.series import Series, thin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, which the colour-blind can tell apart; their yellow cannot be seen on white."""
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK = COLOURS

GREY: Final = "#777777"

DASHES: Final = ("-", "--", ":", "-.")

FEW: Final = len(COLOURS)
"""As many lines are told apart; of more, all are drawn faintly, and their median."""

POINTS: Final = 1500
"""Of a line; many share them."""

LEGEND_ROW: Final = 0.15
"""inches"""

LEGEND_SIGN: Final = 4.3
LEGEND_KEY: Final = 25.0
"""What a sign of a label takes, and the line before it (points)."""

_STEPS: Final = {
    "s": [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)],
    "B": [("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0)],
    "bit/s": [("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3), ("bit/s", 1.0)],
}


def scale(unit: str, largest: float) -> tuple[float, str]:
    """What to divide by, and the unit's name then, so that numbers on an axis are short."""
    steps = _STEPS.get(unit, [(unit, 1.0)])
    for name, size in steps:
        if largest >= 2 * size:
            return size, name
    return steps[-1][1], steps[-1][0]


def largest(series: Iterable[Series]) -> float:
    """The greatest value of all; 0 of none."""
    found = [float(np.nanmax(one.y)) for one in series if len(one) and not np.isnan(one.y).all()]
    return max(found, default=0.0)


class Stage:
    """One set of axes whose x is time. Sets units from what is to be drawn, before it is."""

    def __init__(self, axes: Axes, options: Options, series: Sequence[Series], label: str) -> None:
        self.axes = axes
        first = options.begin if options.begin is not None else 0.0
        last = max([options.end or 0.0] if options.end else [float(one.t[-1]) for one in series if len(one)] or [1.0])
        self._time, unit = scale("s", last - min(first, last))
        self._size, shown = scale(series[0].unit if series else "", largest(series))
        axes.set_xlabel(f"time ({unit})")
        axes.set_ylabel(f"{label} ({shown})" if shown else label)
        if shown == "packets":
            from matplotlib.ticker import MaxNLocator

            axes.yaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))  # there are no halves
        self.limits = first / self._time, max(last, first + 1e-9) / self._time

    def x(self, t: Any) -> Any:
        return t / self._time

    def y(self, y: Any) -> Any:
        return y / self._size

    def line(self, series: Series, points: int = POINTS, **look: Any) -> None:
        """A line, or steps where a value holds."""
        shown = thin(series, points)
        if series.step:
            look.setdefault("drawstyle", "steps-post")
        self.axes.plot(self.x(shown.t), self.y(shown.y), **look)

    def finish(self, *, from_zero: bool = True) -> None:
        """Limits, when all has been drawn."""
        begin, end = self.limits
        margin = 0.01 * (end - begin)
        self.axes.set_xlim(begin - margin, end + margin)
        if from_zero:
            self.axes.set_ylim(bottom=0)
            if self.axes.get_ylim()[1] <= 0:
                self.axes.set_ylim(0, 1)


def lines(stage: Stage, named: dict[str, Series], **look: Any) -> None:
    """A line each, in colours of their own; of many, all faintly and their median."""
    points = max(200, POINTS * FEW // max(len(named), 1)) if len(named) > FEW else POINTS
    if len(named) <= FEW:
        for (name, series), colour in zip(named.items(), COLOURS, strict=False):
            stage.line(series, points, label=name, color=colour, **look)
        return
    for place, series in enumerate(named.values()):
        label = f"each of {len(named)}" if not place else None
        stage.line(series, points, label=label, color=SKY, alpha=0.35, linewidth=0.4)
    stage.line(across(list(named.values())), POINTS, label="median", color=BLACK)


def across(series: Sequence[Series], points: int = 400, part: float = 50) -> Series:
    """At each of `points` times, the median (or another percentile) of those that are there."""
    grid, values = on_grid(series, points)
    first = series[0]
    return Series(first.name, first.label, first.unit, grid, _percentile(values, part), step=first.step)


def on_grid(series: Sequence[Series], points: int) -> tuple[Any, Any]:
    """The values of all at common times, a row each; NaN before a series begins and after it has ended."""
    begin, end = min(one.t[0] for one in series), max(one.t[-1] for one in series)
    grid = np.linspace(begin, end, points)
    rows = []
    for one in series:
        place = np.searchsorted(one.t, grid, "right") - 1
        there = (place >= 0) & (grid <= one.t[-1])
        rows.append(np.where(there, one.y[np.maximum(place, 0)], np.nan))
    return grid, np.array(rows)


def _percentile(values: Any, part: float) -> Any:
    """Of each column; NaN where there is none."""
    from warnings import catch_warnings, simplefilter

    with catch_warnings():
        simplefilter("ignore", RuntimeWarning)  # all NaN is what we expect
        return np.nanpercentile(values, part, axis=0)


def legend(figure: Figure, options: Options) -> None:
    """Above the axes, where no data are, in as many columns as there is room for; the picture grows by it."""
    entries: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if not entries:
        return
    columns = next(count for count in range(len(entries), 0, -1) if count == 1 or _fits(list(entries), count, options))
    made = figure.legend(list(entries.values()), list(entries), loc="outside upper left", ncols=columns)
    for shown in made.legend_handles:
        if shown is not None:
            shown.set_alpha(1)
    if options.height is None:
        rows = -(-len(entries) // columns)
        figure.set_size_inches(options.width, figure.get_size_inches()[1] + LEGEND_ROW * rows)


def _fits(labels: list[str], columns: int, options: Options) -> bool:
    """Whether labels in so many columns, filled one after the other, are no wider than the picture."""
    rows, more = divmod(len(labels), columns)
    wide, place = 0.0, 0
    for column in range(columns):
        size = rows + (column < more)
        wide += max(map(len, labels[place : place + size])) * LEGEND_SIGN + LEGEND_KEY
        place += size
    return wide <= options.width * 72


def say(axes: Axes, text: str) -> None:
    """In the middle of axes that have nothing to show."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)
