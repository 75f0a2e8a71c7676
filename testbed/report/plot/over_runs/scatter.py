"""Throughput against delay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from testbed.report.plot import marks
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.plot.settings import metric_of, settings, together

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIGNS: Final = "osD^vP*X<>"

LEAST: Final = 3
"""Points that make an ellipse."""


class ScatterPlot(Chart):
    """Throughput against delay: a dot a run and flow, for each setting the mean and a one-sigma ellipse."""

    shape = 0.8

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        delay, goodput = metric_of(Options(), "rtt_mean"), metric_of(options, "goodput")
        clouds = {
            setting.label: np.array(together(setting, (delay, goodput), options), dtype=float).reshape(-1, 2)
            for setting in settings(runs, options.by)
        }
        points = np.concatenate(list(clouds.values()))
        axes = figure.subplots()
        (x_size, x_unit), (y_size, y_unit) = (
            marks.scale(metric.unit, float(points[:, column].max()) if len(points) else 0.0)
            for column, metric in enumerate((delay, goodput))
        )
        for place, (name, cloud) in enumerate(clouds.items()):
            if len(cloud):
                sign, colour = SIGNS[place % len(SIGNS)], marks.COLOURS[place % marks.FEW]
                _cloud(axes, cloud / (x_size, y_size), name if len(clouds) > 1 else None, sign, colour)
        axes.set_xlabel(f"mean round-trip time ({x_unit})")
        axes.set_ylabel(f"{goodput.name.replace('_', ' ')} ({y_unit})")
        if not len(points):
            marks.say(axes, "no flow has both")
        axes.set_ylim(bottom=0)
        if options.logarithmic:
            axes.set_yscale("log")
        marks.legend(figure, options)


def _cloud(axes: Axes, cloud: Any, name: str | None, sign: str, colour: str) -> None:
    """The points faintly, their mean, and where two thirds of a direction lie."""
    from matplotlib.patches import Ellipse

    axes.plot(cloud[:, 0], cloud[:, 1], sign, color=colour, alpha=0.35, markersize=2, markeredgewidth=0)
    mean = cloud.mean(axis=0)
    axes.plot(*mean, sign, color=colour, markersize=4, markeredgecolor="white", markeredgewidth=0.5, label=name)
    if len(cloud) >= LEAST:
        variances, directions = np.linalg.eigh(np.cov(cloud.T))
        width, height = 2 * np.sqrt(np.maximum(variances, 0))
        angle = float(np.degrees(np.arctan2(directions[1, 0], directions[0, 0])))
        axes.add_patch(Ellipse(tuple(mean), width, height, angle=angle, facecolor=colour, alpha=0.18, linewidth=0))
        axes.add_patch(Ellipse(tuple(mean), width, height, angle=angle, fill=False, edgecolor=colour, linewidth=0.7))
