"""The congestion window, and what made it fall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from testbed.report.plot import marks
from testbed.report.plot.choice import chosen_flows
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.series import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAUSES: Final = {
    "fast retransmit": ("v", marks.BLACK, "loss repaired"),
    "retransmission timeout": ("X", marks.VERMILLION, "timeout"),
    "ECN echo": ("D", marks.GREEN, "ECN echo"),
}
"""Causes that are marked: sign, colour, and what the legend calls them."""


class CwndPlot(Chart):
    """Congestion window and slow-start threshold over time, with losses and timeouts marked."""

    kinds = ("cwnd",)
    single = True

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        flows = {name: found for name, found in chosen_flows(runs[0], options).items() if len(found.get("cwnd", ()))}
        windows = {name: found["cwnd"] for name, found in flows.items()}
        stage = marks.Stage(figure.subplots(), options, list(windows.values()), "congestion window")
        marks.lines(stage, windows)
        if len(windows) <= marks.FEW:
            self._thresholds(stage, [found["ssthresh"] for found in flows.values()])
            for window in windows.values():
                self._causes(stage, window)
        if not windows:
            marks.say(stage.axes, "no window changed")
        stage.finish()
        marks.legend(figure, options)

    def _thresholds(self, stage: marks.Stage, thresholds: list[Series]) -> None:
        for threshold, colour in zip(thresholds, marks.COLOURS, strict=False):
            if not np.isnan(threshold.y).all():
                look: dict[str, Any] = {"linestyle": (0, (3, 1.5)), "linewidth": 0.7, "alpha": 0.75}
                stage.line(threshold, color=colour, label="ssthresh", **look)

    def _causes(self, stage: marks.Stage, window: Series) -> None:
        causes = np.array(window.notes or [], dtype=object)
        for cause, (sign, colour, label) in CAUSES.items():
            here = causes == cause
            if here.any():
                stage.axes.plot(
                    stage.x(window.t[here]), stage.y(window.y[here]), sign, color=colour, label=label, markersize=2.8,
                    markeredgewidth=0, zorder=3,
                )  # fmt: skip
