"""Small charts over time, one for each setting, all on the same axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from testbed import units
from testbed.report.page.markup.html import NOTHING, Html, note, section, tag
from testbed.report.page.markup.svg import Scale, axes, path, svg
from testbed.report.page.sweep.distributions import legend
from testbed.report.page.sweep.table import Sweep
from testbed.report.page.time.charts import labels_of
from testbed.report.series import Series, flow_series, link_series, thin
from testbed.report.tables import rate, seconds

SHOWN: Final = 24
"""Settings that have a chart."""

POINTS: Final = 240
BINS: Final = 50
"""Stretches over which goodput is taken: a small chart cannot show more."""

LINES: Final = 3
"""Flows, or links, of each chart."""

WIDTH: Final = 290
HEIGHT: Final = 170

LOOK: Final = (
    "The first run of each setting, all on the same axes. Compare shapes: how often the window falls, how long a stall"
    " lasts, whether a queue ever empties."
)


@dataclass(frozen=True)
class Quantity:
    """What a row of small charts shows."""

    name: str
    title: str
    show: Callable[[float], str]
    of_links: bool = False


QUANTITIES: Final = (
    Quantity("goodput", "Goodput", lambda value: rate(value) if value else "0"),
    Quantity("cwnd", "Congestion window", lambda value: units.show_size(float(f"{value:.3g}")) if value else "0"),
    Quantity("rtt", "Smoothed round trip", seconds),
    Quantity("in_flight", "Bytes in flight", lambda value: units.show_size(float(f"{value:.3g}")) if value else "0"),
    Quantity("queue", "Queue length (packets)", lambda value: f"{value:g}", of_links=True),
)

Lines = dict[str, Series]
"""A few series of one run, by the names of their flows or links."""


def multiples(sweep: Sweep) -> Html:
    """The section."""
    folders = dict(zip([id(run) for run in sweep.runs], sweep.folders, strict=True))
    known = list(sweep.settings.items())
    chosen = (
        known if len(known) <= SHOWN else [known[round(at * (len(known) - 1) / (SHOWN - 1))] for at in range(SHOWN)]
    )
    read = {sweep.label(setting): _read(folders[id(runs[0])], runs[0].get("end_time")) for setting, runs in chosen}
    there = [one for one in QUANTITIES if any(lines.get(one.name) for lines in read.values())]
    if not there:
        keys = tag("code", "trace: {cwnd: true, app: true, queue: true}")
        told = note("Nothing over time was recorded. To have these charts, write ", keys, " and run again.")
        return section("multiples", "Over time, by setting", told)
    options = [tag("option", one.title, value=one.name) for one in there]
    chooser = tag("div", tag("label", "Show ", tag("select", *options, data_chooses="series")), class_="tools")
    grids = [_grid(one, {label: lines.get(one.name, {}) for label, lines in read.items()}) for one in there]
    some = note(f"{SHOWN} of {len(known)} settings, evenly chosen.") if len(known) > SHOWN else NOTHING
    return section("multiples", "Over time, by setting", chooser, *grids, some, look=LOOK)


def _read(run: Path, end: float | None) -> dict[str, Lines]:
    """Each quantity's lines: of the first flows, or of the links with the longest queues."""
    flows, links = flow_series(run, width=end / BINS if end else None), link_series(run)
    labels = dict(zip(flows, labels_of(list(flows)), strict=True))
    longest = sorted(links.items(), key=lambda item: _height(item[1].get("queue")), reverse=True)
    found: dict[str, Lines] = {}
    for quantity in QUANTITIES:
        source: Mapping[str, dict[str, Series]] = dict(longest) if quantity.of_links else flows
        lines = {
            labels.get(name, name): part[quantity.name]
            for name, part in source.items()
            if len(part.get(quantity.name, ()))
        }
        found[quantity.name] = {name: thin(series, POINTS) for name, series in list(lines.items())[:LINES]}
    return found


def _height(series: Series | None) -> float:
    return float(np.nanmax(series.y)) if series is not None and len(series) else 0.0


def _grid(quantity: Quantity, charts: dict[str, Lines]) -> Html:
    every = [series for lines in charts.values() for series in lines.values()]
    end = max(float(series.t[-1]) for series in every)
    top = max((_height(series) for series in every), default=1.0) or 1.0
    x, y = Scale(0, end or 1.0, 74, WIDTH - 12), Scale(0, top * 1.05, HEIGHT - 30, 8)
    names = list(dict.fromkeys(name for lines in charts.values() for name in lines))
    drawn = [_chart(quantity, label, lines, names, x, y) for label, lines in charts.items()]
    key = legend(names) if len(names) > 1 else NOTHING
    return tag("div", key, tag("div", *drawn, class_="multiples"), data_series=quantity.name)


def _chart(quantity: Quantity, label: str, lines: Lines, names: list[str], x: Scale, y: Scale) -> Html:
    curves = [path(_points(series, x, y), f"curve s{names.index(name) % 7}") for name, series in lines.items()]
    grid = axes(x, y, lambda value: f"{value:g} s" if value else "0", quantity.show, "", "", ticks=4)
    picture = svg(WIDTH, HEIGHT - 8, grid, *curves, label=f"{quantity.title}, {label}")
    nothing = NOTHING if lines else note("not recorded")
    return tag("figure", tag("h3", label), nothing, picture)


def _points(series: Series, x: Scale, y: Scale) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for t, value in zip(series.t.tolist(), series.y.tolist(), strict=True):
        if value != value:
            continue
        if series.step and points:
            points.append((x.at(t), points[-1][1]))
        points.append((x.at(t), y.at(value)))
    return points
