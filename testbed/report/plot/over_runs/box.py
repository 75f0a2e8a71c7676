"""A number by setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from testbed.report.plot import marks
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.plot.settings import metric_of, settings, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW: Final = 0.26
"""Height of a box (inches)."""

SHOWN: Final = 60
"""Points of a setting that are drawn beside its box."""


class BoxPlot(Chart):
    """Box of a metric for each setting: quartiles, median, whiskers to the extremes, and each run and flow."""

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        metric = metric_of(options, "goodput")
        found = {setting.label: values(setting, metric, options) for setting in settings(runs, options.by)}
        found = {name: numbers for name, numbers in found.items() if numbers}
        if options.height is None:
            figure.set_size_inches(options.width, max(1.3, 0.55 + ROW * len(found)))
        size, unit = marks.scale(metric.unit, max((max(numbers) for numbers in found.values()), default=0.0))
        axes = figure.subplots()
        rows = [np.array(numbers) / size for numbers in found.values()]
        line = {"linewidth": 0.7, "color": marks.BLUE}
        axes.boxplot(
            rows, orientation="horizontal", whis=(0, 100), widths=0.55, patch_artist=True, manage_ticks=False,
            boxprops={"facecolor": "#dcebf5", "edgecolor": marks.BLUE, "linewidth": 0.7},
            medianprops={"color": marks.VERMILLION, "linewidth": 1.2}, whiskerprops=line, capprops=line,
        )  # fmt: skip
        for place, numbers in enumerate(rows, start=1):
            beside = place + 0.16 * np.sin(2.4 * np.arange(len(numbers)))  # spread, and the same every time
            shown = slice(None, None, -(-len(numbers) // SHOWN))
            axes.plot(
                numbers[shown], beside[shown], ".", color=marks.BLACK, alpha=0.5, markersize=2.6, markeredgewidth=0
            )
        axes.set_yticks(range(1, len(found) + 1), list(found))
        axes.set_ylim(len(found) + 0.6, 0.4)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"{metric.name.replace('_', ' ')} ({unit})" if unit else metric.name.replace("_", " "))
        if not found:
            marks.say(axes, "no run has this number")
        elif options.logarithmic:
            axes.set_xscale("log")
