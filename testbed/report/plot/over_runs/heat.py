"""A number over two axes of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from testbed.errors import ConfigError
from testbed.report.axes import in_order, short
from testbed.report.plot import marks
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.plot.settings import axes_of, metric_of, settings, values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAP: Final = "viridis"
"""Even steps look even, in grey too."""

WRITTEN: Final = 12
"""As many cells side by side have their numbers written in them."""


class HeatPlot(Chart):
    """Heat map of a metric over two axes of a sweep: the median of runs and flows in each cell."""

    shape = 0.75

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        metric = metric_of(options, "goodput")
        pair = axes_of(runs, options.by)
        if len(pair) < 2:
            there = f"this one has {', '.join(pair)}" if pair else "here nothing differs"
            raise ConfigError.of("a heat map needs a sweep over two axes", suggestion=f"{there}; try `box`")
        pair = pair[:2]
        cells = {setting.values: values(setting, metric, options) for setting in settings(runs, pair)}
        across, down = (in_order(key[place] for key in cells) for place in (0, 1))
        medians = np.array([[_median(cells.get((x, y), [])) for x in across] for y in down])
        size, unit = marks.scale(metric.unit, float(np.nanmax(medians)) if not np.isnan(medians).all() else 0.0)
        axes = figure.subplots()
        axes.grid(visible=False)
        image = axes.pcolormesh(medians / size, cmap=MAP, edgecolors="white", linewidth=1)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(length=0)
        axes.set_xticks(np.arange(len(across)) + 0.5, across)
        axes.set_yticks(np.arange(len(down)) + 0.5, down)
        name_across, name_down = short(pair)
        axes.set(xlabel=name_across, ylabel=name_down)
        word = metric.name.replace("_", " ")
        bar = figure.colorbar(image, ax=axes, label=f"median {word} ({unit})" if unit else f"median {word}")
        bar.outline.set_visible(False)
        if len(across) <= WRITTEN:
            _write(axes, medians / size, image)


def _median(numbers: Sequence[float]) -> float:
    return float(np.median(numbers)) if numbers else float("nan")


def _write(axes: Axes, cells: Any, image: Any) -> None:
    """Each cell's number, dark on light and light on dark."""
    for (row, column), value in np.ndenumerate(cells):
        shade = sum(
            weight * part for weight, part in zip((0.3, 0.59, 0.11), image.cmap(image.norm(value)), strict=False)
        )
        look: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "fontsize": 6,
            "color": "black" if shade > 0.5 else "white",
        }
        text = "none" if np.isnan(value) else f"{value:.0f}" if value >= 100 else f"{value:.3g}"
        axes.text(column + 0.5, row + 0.5, text, **look if text != "none" else {**look, "color": marks.GREY})
