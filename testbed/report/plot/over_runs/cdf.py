"""How a number is distributed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from testbed.report.plot import marks
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.plot.settings import metric_of, settings, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class CdfPlot(Chart):
    """Cumulative distribution of a metric over runs and flows, a line a setting."""

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        metric = metric_of(options, "goodput")
        found = {setting.label: sorted(values(setting, metric, options)) for setting in settings(runs, options.by)}
        found = {name: numbers for name, numbers in found.items() if numbers}
        size, unit = marks.scale(metric.unit, max((numbers[-1] for numbers in found.values()), default=0.0))
        axes = figure.subplots()
        for place, (name, numbers) in enumerate(found.items()):
            x = np.array(numbers)[np.append(0, np.arange(len(numbers)))] / size
            axes.plot(
                x, np.arange(len(numbers) + 1) / len(numbers), drawstyle="steps-post",
                color=marks.COLOURS[place % marks.FEW], linestyle=marks.DASHES[place // marks.FEW % len(marks.DASHES)],
                label=name if len(found) > 1 else None,
            )  # fmt: skip
        axes.set_xlabel(f"{metric.name.replace('_', ' ')} ({unit})" if unit else metric.name.replace("_", " "))
        axes.set_ylabel("share of runs and flows" if metric.scope == "flow" else "share of runs")
        axes.set_ylim(0, 1.02)
        if not found:
            marks.say(axes, "no run has this number")
        elif options.logarithmic:
            axes.set_xscale("log")
        marks.legend(figure, options)
