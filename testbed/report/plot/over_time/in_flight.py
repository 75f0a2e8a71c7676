"""What is on its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from testbed.report.plot import marks
from testbed.report.plot.choice import chosen_flows
from testbed.report.plot.plot import Chart, Document, Options

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class InFlightPlot(Chart):
    """Bytes in flight over time: sent and not yet acknowledged; of a single flow, the window too."""

    kinds = ("segment", "cwnd")
    single = True

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        found = chosen_flows(runs[0], options)
        flights = {name: series["in_flight"] for name, series in found.items() if len(series.get("in_flight", ()))}
        windows = [series["cwnd"] for series in found.values() if len(series.get("cwnd", ()))]
        beside = windows if len(flights) == len(windows) == 1 else []
        stage = marks.Stage(figure.subplots(), options, [*flights.values(), *beside], "in flight")
        for window in beside:
            stage.line(window, color=marks.ORANGE, label="congestion window")
        marks.lines(stage, {name if len(flights) > 1 else "in flight": one for name, one in flights.items()})
        if not flights:
            marks.say(stage.axes, "nothing was sent")
        stage.finish()
        marks.legend(figure, options)
