"""Pictures of runs by name. To add one: its file, and a line here.

draw("cwnd", [document], flow="a")              a matplotlib Figure
render("cwnd", [document], "pdf", flow="a")     the bytes of a file
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from testbed.report.plot.choice import unknown
from testbed.report.plot.drawn import LadderDrawing, StatesDrawing
from testbed.report.plot.over_runs.box import BoxPlot
from testbed.report.plot.over_runs.cdf import CdfPlot
from testbed.report.plot.over_runs.heat import HeatPlot
from testbed.report.plot.over_runs.scatter import ScatterPlot
from testbed.report.plot.over_runs.time_series import TimeSeriesPlot
from testbed.report.plot.over_time.cwnd import CwndPlot
from testbed.report.plot.over_time.goodput import GoodputPlot
from testbed.report.plot.over_time.in_flight import InFlightPlot
from testbed.report.plot.over_time.queue import QueuePlot
from testbed.report.plot.over_time.rtt import RttPlot
from testbed.report.plot.over_time.sequence import SequencePlot
from testbed.report.plot.plot import Document, Options, Plot
from testbed.units import duration

PLOTS: Final[dict[str, type[Plot]]] = {
    "cwnd": CwndPlot,
    "rtt": RttPlot,
    "goodput": GoodputPlot,
    "in-flight": InFlightPlot,
    "queue": QueuePlot,
    "sequence": SequencePlot,
    "ladder": LadderDrawing,
    "states": StatesDrawing,
    "scatter": ScatterPlot,
    "cdf": CdfPlot,
    "box": BoxPlot,
    "heat": HeatPlot,
    "time-series": TimeSeriesPlot,
}


def draw(name: str, runs: Sequence[Document], **asked: Any) -> Any:
    """The plot called `name`, of runs' documents; `asked` are `Options`. A matplotlib Figure, or a drawing with the
    same place in a notebook. Raises ConfigError for what cannot be drawn.
    """
    return plot_of(name).draw(runs, options_of(asked))


def render(name: str, runs: Sequence[Document], form: str, **asked: Any) -> bytes:
    """The same as a file: `form` is "svg", "pdf" or "png"."""
    return plot_of(name).render(runs, options_of(asked), form)


def plot_of(name: str) -> Plot:
    """The plot called `name`. Raises ConfigError for none."""
    if name in PLOTS:
        return PLOTS[name]()
    raise unknown("plot", name, list(PLOTS), "")


def options_of(asked: dict[str, Any]) -> Options:
    """What is asked of a plot, checked. Raises ConfigError for an option that there is not."""
    known = [field.name for field in fields(Options)]
    for name in asked:
        if name not in known:
            raise unknown("option", name, known, "")
    by = asked.get("by", ())
    times: dict[str, Any] = {name: _seconds(asked[name]) for name in ("begin", "end") if name in asked}
    several: dict[str, Any] = {"by": (by,) if isinstance(by, str) else tuple(by)}
    return Options(**several | {name: value for name, value in asked.items() if name != "by"} | times)


def _seconds(time: Any) -> float | None:
    """A time in seconds, written as a number or with its unit."""
    return duration(time) / 1e9 if isinstance(time, str) else time
