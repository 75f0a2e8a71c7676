"""A run's charts over time: which there are, what each shows, and how many points the page can afford."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from testbed.report.page.markup.html import NOTHING, Html, join, note, section, tag
from testbed.report.page.time.packing import Words, packed, tick_for
from testbed.report.series import Series, flow_series, link_series, thin
from testbed.report.series.rows import BETWEEN
from testbed.trace import store

POINTS: Final = 2000
"""Points of a series, at most."""

BUDGET: Final = 44_000
"""Points of all series of the page: about half a megabyte."""

LEAST: Final = 24
"""Points of a series below which it would show nothing."""

CHOSEN: Final = 6
"""Flows that are shown at first, and have most of the points."""

LINKS: Final = 6
"""Link directions that are shown: those that dropped or queued the most."""

COUNTED: Final = ("drops", "marks")
"""Series that count from nought, and hold to the end."""

WIDE: Final = 20
"""A chart whose greatest value is so many times its least has a logarithmic axis, where it may."""

Found = dict[str, dict[str, Series]]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart: some series of each flow, or of each link, on one axis."""

    name: str
    title: str
    look: str
    """What to look for."""
    series: tuple[str, ...]
    """The first is drawn solid, the others dashed."""
    kinds: tuple[str, ...]
    """The kinds of rows that it is made of."""
    may_be_log: bool = False


FLOW_CHARTS: Final = (
    Chart(
        name="cwnd", title="Congestion window and slow-start threshold", series=("cwnd", "ssthresh"), kinds=("cwnd",),
        look="The window (solid) grows with acknowledgements and falls on losses; the threshold (dashed) is where slow"
        " start ends. Hover, and each point tells its cause.",
    ),
    Chart(
        name="rtt", title="Round-trip time and retransmission timeout", series=("rtt", "rto"), kinds=("cwnd",),
        look="Smoothed round trip (solid) and timeout (dashed). A round trip that grows with the window is a queue"
        " filling; a timeout near it goes off for nothing.", may_be_log=True,
    ),
    Chart(
        name="goodput", title="Goodput", series=("goodput",), kinds=("app",),
        look="What the receiving application read, over short stretches of time. Gaps are stalls: look for their cause"
        " in the window above.",
    ),
    Chart(
        name="in_flight", title="Bytes in flight", series=("in_flight",), kinds=("segment", "cwnd"),
        look="Sent and not yet acknowledged. Flat below the window: the receiver or the application holds it back.",
    ),
)  # fmt: skip

LINK_CHARTS: Final = (
    Chart(
        name="queue", title="Queue length", series=("queue",), kinds=("queue",),
        look="Packets that wait before each link. A queue that never empties adds its wait to every round trip; one"
        " that is often empty leaves the link idle.",
    ),
    Chart(
        name="drops", title="Drops and marks, so far", series=("drops", "marks"), kinds=("drop", "mark"),
        look="Packets lost (solid) and marked (dashed) up to each moment, by link or machine. A steep step is a burst;"
        " hover for the reason.",
    ),
)  # fmt: skip


class TimeCharts:
    """The charts of one run: HTML to hold them, and data to draw them with."""

    def __init__(self, run: Path, end: float) -> None:
        self.tick = tick_for(end)
        self.end = end
        self.words = Words()
        self._kinds = store.kinds(run)
        flows = flow_series(run)
        if len(flows) > CHOSEN:
            flows = dict(sorted(flows.items(), key=lambda item: _weight(item[1]), reverse=True))
        self.flows = flows
        self.labels = labels_of(list(flows))
        links = link_series(run)
        self.links = dict(sorted(links.items(), key=lambda item: _trouble(item[1]), reverse=True)[:LINKS])
        self.left_out = len(links) - len(self.links)
        self._most, self._rest = _shares(self.flows, self.links)

    def section(self) -> Html:
        """Everything that shares one axis of time."""
        drawn = [_figure(chart) for chart, found in self._all() if _has(chart, found)]
        missing = [self._missing(chart) for chart, found in self._all() if not _has(chart, found)]
        look = "All charts share one time axis and one cursor. Drag across to zoom, double-click to see all again."
        return section("time", "Over time", self._bar() if drawn else NOTHING, *drawn, *missing, look=look)

    def data(self) -> dict[str, Any]:
        """What `charts.js` draws."""
        return {
            "end": self.end,
            "tick": self.tick,
            "flows": self.labels,
            "chosen": CHOSEN,
            "charts": [self._chart(chart, found) for chart, found in self._all() if _has(chart, found)],
            "words": self.words.all,
        }

    def _all(self) -> list[tuple[Chart, Found]]:
        return [(one, self.flows) for one in FLOW_CHARTS] + [(one, self.links) for one in LINK_CHARTS]

    def _chart(self, chart: Chart, found: Found) -> dict[str, Any]:
        labels = self.labels if found is self.flows else list(found)
        ends = list(zip(labels, found.values(), strict=True))
        drawn = [
            self._series(name, part[which], at, dash=place > 0, flow=found is self.flows)
            for at, (name, part) in enumerate(ends)
            for place, which in enumerate(chart.series)
            if len(part.get(which, ()))
        ]
        unit = next(part[which].unit for _, part in ends for which in chart.series if which in part)
        return {"name": chart.name, "title": chart.title, "unit": unit, "log": _log(chart, found), "series": drawn}

    def _series(self, name: str, series: Series, at: int, *, dash: bool, flow: bool) -> dict[str, Any]:
        points = self._most if at < CHOSEN or not flow else self._rest
        series = series if flow or series.name not in COUNTED else _whole(series, self.end)
        told = {"label": f"{name} {series.label}", "flow": at if flow else -1, "colour": at, "dash": dash}
        return told | packed(thin(series, points), self.tick, self.words)

    def _bar(self) -> Html:
        """Zoom for those without a mouse, and which flows are shown."""
        buttons = [
            tag("button", label, type="button", data_zoom=what, title=title)
            for what, label, title in (
                ("in", "Zoom in", "Key +"), ("out", "Zoom out", "Key −"), ("left", "←", "Earlier: left arrow"),
                ("right", "→", "Later: right arrow"), ("all", "Show all", "Key 0, or double-click"),
            )
        ]  # fmt: skip
        span = tag("output", "", id="span", class_="dim")
        return join([tag("div", *buttons, span, class_="tools bar"), self._chooser(), *self._remarks()])

    def _chooser(self) -> Html:
        if len(self.flows) < 2:
            return NOTHING
        boxes = [
            tag("label", tag("input", type="checkbox", data_flow=at, checked=at < CHOSEN), label)
            for at, label in enumerate(self.labels)
        ]
        legend = tag("legend", "Flows shown")
        return tag("fieldset", legend, *boxes, class_="flows")

    def _remarks(self) -> list[Html]:
        told = []
        if len(self.flows) > CHOSEN:
            told.append(
                f"{len(self.flows)} ends of connections sent data; the {CHOSEN} that moved the most are shown at first"
                f" and drawn with up to {self._most:,} points a line, the others, which can be switched on, with up to"
                f" {self._rest}. Least and greatest values are kept."
            )
        if self.left_out:
            told.append(f"Of the links and machines, the {LINKS} with the most drops and the longest queues are shown.")
        return [note(text) for text in told]

    def _missing(self, chart: Chart) -> Html:
        if any(kind in self._kinds for kind in chart.kinds):
            return note(tag("strong", chart.title), ": nothing of the kind happened in this run.")
        keys = tag("code", f"trace: {{{chart.kinds[0]}: true}}")
        return note(tag("strong", chart.title), ": was not recorded. To have it, write ", keys, " and run again.")


def _whole(series: Series, end: float) -> Series:
    """A count from nought at the beginning to what it is at the end."""
    notes = ["", *(series.notes or [""] * len(series)), ""]
    t, y = np.concatenate([[0.0], series.t, [end]]), np.concatenate([[0.0], series.y, series.y[-1:]])
    return Series(series.name, series.label, series.unit, t, y, step=True, notes=notes)


def _figure(chart: Chart) -> Html:
    unit = " (packets)" if chart in LINK_CHARTS else ""
    place = tag(
        "div", class_="chart", data_chart=chart.name, tabindex=0, role="group", aria_roledescription="chart",
        aria_label=f"{chart.title}. {chart.look}",
    )  # fmt: skip
    return tag("figure", tag("h3", chart.title + unit), tag("p", chart.look, class_="look"), place)


def _has(chart: Chart, found: Found) -> bool:
    return any(len(part.get(which, ())) for part in found.values() for which in chart.series)


def _log(chart: Chart, found: Found) -> bool:
    """Whether its values span so much that the small ones would be flat."""
    if not chart.may_be_log:
        return False
    every = [part[which].y for part in found.values() for which in chart.series if which in part]
    known = np.concatenate([y[np.isfinite(y)] for y in every])
    return bool(len(known)) and bool(known.min() > 0) and bool(known.max() / known.min() > WIDE)


def labels_of(ends: list[str]) -> list[str]:
    """What the ends of connections are called: by the connection alone, where only one end of it sent data."""
    connections = [end.partition(BETWEEN)[0] for end in ends]
    return [name if connections.count(name) == 1 else end for name, end in zip(connections, ends, strict=True)]


def _weight(found: dict[str, Series]) -> float:
    """How much an end moved: by what its peer read, or else by how much it had in flight."""
    if "goodput" in found:
        return float(found["goodput"].y.sum())
    return float(
        max((series.y.max() for name, series in found.items() if name == "in_flight" and len(series)), default=0)
    )


def _trouble(found: dict[str, Series]) -> float:
    drops = sum(len(found[name]) for name in ("drops", "marks") if name in found)
    return drops + (float(found["queue"].y.max()) if len(found.get("queue", ())) else 0.0)


def _shares(flows: Found, links: Found) -> tuple[int, int]:
    """How many points a series of the first flows and of the links may have, and one of the other flows."""
    parts = list(flows.values())
    first = sum(map(len, parts[:CHOSEN])) + 3 * len(links)
    others = sum(map(len, parts[CHOSEN:]))
    most = min(POINTS, int(BUDGET * (0.6 if others else 1.0)) // max(1, first))
    rest = int(BUDGET * 0.4) // max(1, others)
    return max(LEAST, most), min(max(LEAST, rest), max(LEAST, most))
