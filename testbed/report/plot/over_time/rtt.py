"""The round-trip time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from testbed.report.plot import marks
from testbed.report.plot.choice import chosen_flows
from testbed.report.plot.plot import Chart, Document, Options

if TYPE_CHECKING:
    from matplotlib.figure import Figure


DOTS: Final = 1500
"""Samples that are drawn; each takes its room in a file."""


class RttPlot(Chart):
    """Round-trip time over time: each sample a dot, and the smoothed estimate."""

    kinds = ("cwnd", "segment")
    single = True

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        flows = chosen_flows(runs[0], options)
        samples = {name: found["rtt_sample"] for name, found in flows.items() if len(found.get("rtt_sample", ()))}
        smoothed = {name: one["rtt"] for name, one in flows.items() if "rtt" in one and marks.largest([one["rtt"]])}
        stage = marks.Stage(figure.subplots(), options, [*smoothed.values(), *samples.values()], "round-trip time")
        if len(flows) <= marks.FEW:
            for name, colour in zip(flows, marks.COLOURS, strict=False):
                if name in samples:
                    stage.line(
                        samples[name],
                        DOTS // len(flows), color=colour, linestyle="", marker=".", markersize=2.2, alpha=0.5,
                        markeredgewidth=0, label="samples" if len(flows) == 1 else None,
                    )  # fmt: skip
        if smoothed:
            marks.lines(stage, {name if len(flows) > 1 else "smoothed": one for name, one in smoothed.items()})
        elif not samples:
            marks.say(stage.axes, "no round trip was measured")
        stage.finish()
        marks.legend(figure, options)
