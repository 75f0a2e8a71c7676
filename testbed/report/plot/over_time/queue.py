"""What waits before a link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from testbed.report.plot import marks
from testbed.report.plot.choice import chosen_links
from testbed.report.plot.plot import Chart, Document, Options
from testbed.report.series import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EVENTS: Final = {"drops": ("x", marks.VERMILLION, "dropped"), "marks": ("|", marks.GREEN, "marked")}

LITTLE: Final = 0.05
"""Links whose packets waited less than this share of the most are left out, unless a link is asked for."""


class QueuePlot(Chart):
    """Length of queues over time, in packets, with drops and marks."""

    kinds = ("queue",)
    single = True

    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        links = chosen_links(runs[0], options)
        queues = {name: found["queue"] for name, found in links.items() if len(found.get("queue", ()))}
        waited = {name: float(links[name]["queue_delay"].y.sum()) for name in queues}
        if options.link is None:
            queues = {name: one for name, one in queues.items() if waited[name] >= LITTLE * max(waited.values())}
        stage = marks.Stage(figure.subplots(), options, list(queues.values()), "queue")
        marks.lines(stage, queues, linewidth=0.8)
        if len(queues) <= marks.FEW:
            for name, queue in queues.items():
                self._events(stage, links[name], queue)
        if not queues:
            stage.axes.set_ylabel("queue (packets)")
            marks.say(stage.axes, "nothing waited")
        stage.finish()
        marks.legend(figure, options)

    def _events(self, stage: marks.Stage, found: dict[str, Series], queue: Series) -> None:
        """Each at the length that the queue had then."""
        for kind, (sign, colour, label) in EVENTS.items():
            events = found.get(kind)
            if events is not None and len(events):
                place = np.searchsorted(queue.t, events.t, "right") - 1
                length = np.where(place >= 0, queue.y[np.maximum(place, 0)], 0.0)
                look: dict[str, Any] = {"markersize": 2.6, "markeredgewidth": 0.6, "linestyle": "", "zorder": 3}
                stage.axes.plot(stage.x(events.t), stage.y(length), marker=sign, color=colour, label=label, **look)
