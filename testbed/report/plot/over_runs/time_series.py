"""A quantity over time, by setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from testbed.report.plot import marks
from testbed.report.plot.choice import chosen_flows, unknown
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.plot.settings import Setting, settings
from testbed.report.series import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SERIES: Final = {
    "cwnd": "congestion window", "ssthresh": "slow-start threshold", "rtt": "smoothed RTT", "rto": "RTO",
    "in_flight": "in flight", "goodput": "goodput",
}  # fmt: skip

GRID: Final = 200
"""Times at which runs are compared."""


class TimeSeriesPlot(Chart):
    """A series over time by setting: the median of runs and flows, and the middle half of them."""

    kinds = ("cwnd", "app", "segment")

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        wanted = options.metric or "cwnd"
        if wanted not in SERIES:
            raise unknown("series", wanted, list(SERIES), "")
        found = {one.label: _series(one, wanted, options) for one in settings(runs, options.by)}
        found = {name: series for name, series in found.items() if series}
        stage = marks.Stage(
            figure.subplots(), options, [one for series in found.values() for one in series], SERIES[wanted]
        )
        for place, (name, series) in enumerate(found.items()):
            colour, dash = marks.COLOURS[place % marks.FEW], marks.DASHES[place // marks.FEW % len(marks.DASHES)]
            middle = marks.across(series, GRID)
            stage.line(middle, color=colour, linestyle=dash, label=name if len(found) > 1 else None)
            if len(series) > 2:
                low, high = (marks.across(series, GRID, part).y for part in (25, 75))
                stage.axes.fill_between(
                    stage.x(middle.t), stage.y(low), stage.y(high), step="post", color=colour, alpha=0.15, linewidth=0
                )
        if not found:
            marks.say(stage.axes, "no run has this series")
        elif options.logarithmic:
            stage.axes.set_yscale("log")
        stage.finish(from_zero=not options.logarithmic)
        marks.legend(figure, options)


def _series(setting: Setting, wanted: str, options: Options) -> list[Series]:
    ends = [found for run in setting.runs for found in chosen_flows(run, options).values()]
    return [found[wanted] for found in ends if len(found.get(wanted, ()))]
