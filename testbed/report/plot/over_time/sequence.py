"""Sequence numbers over time, in the manner of tcptrace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from testbed.report.plot import marks
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.series import SequenceGraph, Series, sequence_graph
from testbed.report.series.sequence import Sent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST: Final = 6000
"""Segments that are drawn one by one; of more, a line along their ends."""


class SequencePlot(Chart):
    """Time-sequence graph in the manner of tcptrace: segments, retransmissions, losses, ACKs, SACKs, window."""

    kinds = ("segment",)
    single = True
    shape = 0.8

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        graph = sequence_graph(Path(runs[0]["folder"]), options.flow)
        edge = Series("sent", "sequence number", "B", graph.sent.t, graph.sent.right.astype(float), step=True)
        shown = edge.between(options.begin, options.end)
        stage = marks.Stage(figure.subplots(), options, [shown], "sequence number")
        begin = options.begin or 0.0
        end = options.end if options.end is not None else np.inf
        low, high = _span(graph, begin, end)
        _draw_told(stage, graph, (begin, end), high)
        _draw_sent(stage, graph, edge, (begin, end))
        stage.finish(from_zero=False)
        margin = 0.03 * (high - low)
        stage.axes.set_ylim(stage.y(low - margin), stage.y(high + margin))
        marks.legend(figure, options)


def _span(graph: SequenceGraph, begin: float, end: float) -> tuple[float, float]:
    """From the least to the greatest number that was sent or acknowledged in this time."""
    (sent,) = np.nonzero((graph.sent.t >= begin) & (graph.sent.t <= end))
    acked = graph.acks[1][(graph.acks[0] >= begin) & (graph.acks[0] <= end)]
    numbers = [*graph.sent.left[sent], *graph.sent.right[sent], *acked] or [0, 1]
    return float(min(numbers)), float(max(numbers))


def _draw_told(stage: marks.Stage, graph: SequenceGraph, limits: tuple[float, float], high: float) -> None:
    """What the peer said: the edge of its window, where it is not far above, acknowledgements and SACK blocks."""
    window = Series("window", "", "B", graph.windows[0], graph.windows[1].astype(float), step=True).between(*limits)
    acked = Series("ack", "", "B", graph.acks[0], graph.acks[1].astype(float), step=True).between(*limits)
    if len(window) and window.y.min() <= high:
        stage.line(window, color=marks.ORANGE, linewidth=0.7, label="window")
    stage.line(acked, color=marks.GREEN, linewidth=0.8, label="acknowledged")
    t, left, right = graph.sacks
    _bars(stage, _within(t, limits), t, left, right, color=marks.PURPLE, linewidth=0.7, label="SACK")


def _draw_sent(stage: marks.Stage, graph: SequenceGraph, edge: Series, limits: tuple[float, float]) -> None:
    first = ~graph.sent.again
    sent, again = _within(graph.sent.t, limits) & first, _within(graph.sent.t, limits) & ~first
    if sent.sum() > MOST:
        stage.line(edge.between(*limits), color=marks.BLUE, linewidth=0.9, label="sent")
    else:
        _sent(stage, graph.sent, sent, color=marks.BLUE, linewidth=1.1, label="sent")
    _sent(
        stage, graph.sent, again, color=marks.VERMILLION, linewidth=1.6, marker=".", markersize=3, label="retransmitted"
    )
    lost = _within(graph.lost.t, limits)
    middle = (graph.lost.left + graph.lost.right)[lost] / 2
    if lost.any():
        look: dict[str, Any] = {"marker": "x", "markersize": 3, "markeredgewidth": 0.7, "linestyle": "", "zorder": 4}
        stage.axes.plot(stage.x(graph.lost.t[lost]), stage.y(middle), color=marks.BLACK, label="lost", **look)


def _sent(stage: marks.Stage, sent: Sent, which: Any, **look: Any) -> None:
    _bars(stage, which, sent.t, sent.left, sent.right, **look)


def _bars(stage: marks.Stage, which: Any, t: Any, left: Any, right: Any, **look: Any) -> None:
    """An upright bar for each segment, from its first byte to its last: one line with gaps, for a short file."""
    if not which.any():
        return
    gap = np.full(int(which.sum()), np.nan)
    x = np.column_stack([stage.x(t[which]), stage.x(t[which]), gap]).ravel()
    y = np.column_stack([stage.y(left[which]), stage.y(right[which]), gap]).ravel()
    stage.axes.plot(x, y, solid_capstyle="butt", zorder=2.5, **look)


def _within(t: Any, limits: tuple[float, float]) -> Any:
    return (t >= limits[0]) & (t <= limits[1])
