"""What the applications got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from testbed.report.plot import marks
from testbed.report.plot.choice import chosen_flows
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.series import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class GoodputPlot(Chart):
    """Goodput over time: what the applications read, each flow's and all flows' together."""

    kinds = ("app",)
    single = True

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        found = chosen_flows(runs[0], options)
        rates = {name: series["goodput"] for name, series in found.items() if len(series.get("goodput", ()))}
        everything = {"all": together(list(rates.values()))} if len(rates) > 1 else {}
        stage = marks.Stage(figure.subplots(), options, [*rates.values(), *everything.values()], "goodput")
        marks.lines(stage, rates)
        for series in everything.values():
            stage.line(series, color=marks.GREY, linewidth=0.8, label=f"all {len(rates)}", zorder=1)
        if not rates:
            marks.say(stage.axes, "nothing was read")
        stage.finish()
        marks.legend(figure, options)


def together(rates: Sequence[Series]) -> Series:
    """The sum of rates over bins that they have in common."""
    edges = np.unique(np.round(np.concatenate([rate.t for rate in rates]), 9))
    total = np.zeros(len(edges))
    for rate in rates:
        place = np.searchsorted(rate.t, edges + 1e-9, "right") - 1
        within = (place >= 0) & (edges < rate.t[-1] - 1e-9)
        total += np.where(within, rate.y[np.maximum(place, 0)], 0.0)
    if len(total) > 1:
        total[-1] = total[-2]  # where the last bin ends, it stands once more
    return Series("goodput", "all", rates[0].unit, edges, total, step=True)
