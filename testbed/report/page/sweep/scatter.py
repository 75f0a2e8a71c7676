"""Throughput against delay: a point for each run, an ellipse for each setting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Final

from testbed.report.page.markup.html import NOTHING, Html, figure, join, note, tag
from testbed.report.page.markup.svg import COLOURS, Scale, axes, circle, padded, path, svg, words
from testbed.report.page.sweep.distributions import legend, wide
from testbed.report.page.sweep.table import Setting, Sweep
from testbed.report.tables import rate, seconds

WIDTH: Final = 760
HEIGHT: Final = 430

WIDE: Final = 3
"""Delays that differ by more than this factor stand on a logarithmic axis."""

SHORT: Final = 8
"""Letters of a setting's name that may stand in the picture; longer ones are numbers there, and in the legend."""

NAMED: Final = 12
"""Settings that have colours and names of their own, where there are several axes."""

POINTS: Final = 1500

LOOK: Final = (
    "Better is up and to the right: more goodput, less delay (the delay axis runs backwards). A point is a run; an"
    " ellipse holds one standard deviation of a setting's runs; where it slants, runs that got more also waited more,"
    " or less."
)

Point = tuple[float, float]
"""A delay (s) and a goodput (bit/s)."""

Groups = dict[Setting, list[Point]]


def scatter(sweep: Sweep, flow: str) -> Html:
    """The picture for one choice of flow."""
    delay, goodput = sweep.offer.choice("rtt_mean", flow), sweep.offer.choice("goodput", flow)
    groups = {}
    for setting, runs in sweep.settings.items():
        pairs = [(sweep.value(run, delay), sweep.value(run, goodput)) for run in runs]
        groups[setting] = [(x, y) for x, y in pairs if x is not None and y is not None]
    title = f"Goodput against round trip{f', {flow}' if flow else ''}"
    if not any(groups.values()):
        return figure(title, note("No run has both a goodput and a round trip."), LOOK, data_flowof=flow)
    few = len(groups) <= NAMED or len(sweep.axes) < 2
    return figure(title, (_by_setting if few else _by_axis)(sweep, groups, title), LOOK, data_flowof=flow)


def _by_setting(sweep: Sweep, groups: Groups, title: str) -> Html:
    """Each setting has a colour, and its name or number beside its ellipse."""
    labels = [sweep.label(setting) for setting in groups]
    short = max(map(len, labels)) <= SHORT
    names = labels if short else [str(at + 1) for at in range(len(labels))]
    x, y = _scales(groups)
    beside = [
        words(*_above(points, x, y), name, anchor="middle", class_="halo")
        for name, points in zip(names, groups.values(), strict=True)
        if points
    ]
    colours = {setting: at for at, setting in enumerate(groups)}
    told = labels if short else [f"{name}: {label}" for name, label in zip(names, labels, strict=True)]
    return join([_picture(sweep, groups, colours, x, y, beside, title), legend(told)])


def _by_axis(sweep: Sweep, groups: Groups, title: str) -> Html:
    """So many settings that a colour stands for a value of the first axis."""
    axis, values = next(iter(sweep.axes.items()))
    colours = {setting: values.index(setting[0]) for setting in groups}
    remark = note(
        f"A colour is a value of {axis}; its ellipses differ in the other axes. Hover, and each tells in what."
    )
    x, y = _scales(groups)
    return join([_picture(sweep, groups, colours, x, y, [], title), legend(values), remark])


def _above(points: list[Point], x: Scale, y: Scale) -> Point:
    return x.at(fmean(a for a, _ in points)), y.at(fmean(b for _, b in points)) - 9


def _scales(groups: Groups) -> tuple[Scale, Scale]:
    """Delay, backwards, and goodput."""
    delays = [delay for points in groups.values() for delay, _ in points]
    rates = [rate for points in groups.values() for _, rate in points]
    log = min(delays) > 0 and max(delays) / min(delays) > WIDE
    steep = wide(min(rates), max(rates))
    return (
        Scale(*padded(delays, log=log), WIDTH - 20, 90, log=log),
        Scale(*padded(rates, log=steep, zero=not steep), HEIGHT - 50, 30, log=steep),
    )


def _picture(
    sweep: Sweep, groups: Groups, colours: dict[Setting, int], x: Scale, y: Scale, beside: list[Html], title: str
) -> Html:
    count = sum(map(len, groups.values()))
    every = -(-count // POINTS)
    drawn = [
        part
        for setting, points in groups.items()
        if points
        for part in _setting(colours[setting] % COLOURS, sweep.label(setting), points, every, x, y)
    ]
    across = f"mean round trip, backwards{', logarithmic' if x.log else ''}"
    grid = axes(x, y, seconds, rate, across, f"goodput{', logarithmic' if y.log else ''}")
    return svg(WIDTH, HEIGHT, grid, *drawn, *beside, label=title, least=540)


def _setting(colour: int, label: str, points: list[Point], every: int, x: Scale, y: Scale) -> list[Html]:
    """An ellipse, and one point of `every` so many."""
    dots = [circle(x.at(a), y.at(b), 2.6, f"f{colour}") for a, b in points[::every]]
    outline = ellipse([(x.at(a), y.at(b)) for a, b in points])
    shape = path(outline, f"shape s{colour} f{colour}", closed=True) if outline else NOTHING
    told = tag("title", f"{label}: {rate(fmean(b for _, b in points))}, {seconds(fmean(a for a, _ in points))}")
    return [tag("g", told, shape, *dots)]


def ellipse(points: Sequence[Point], corners: int = 48) -> list[Point]:
    """One standard deviation around the mean of points, along their axes, as a polygon; empty below three points.

    Taken on the paper, so that on a logarithmic axis it is that of the logarithms.
    """
    n = len(points)
    if n < 3:
        return []
    mx, my = fmean(a for a, _ in points), fmean(b for _, b in points)
    xx = sum((a - mx) ** 2 for a, _ in points) / (n - 1)
    yy = sum((b - my) ** 2 for _, b in points) / (n - 1)
    xy = sum((a - mx) * (b - my) for a, b in points) / (n - 1)
    middle, spread = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    long, short = math.sqrt(middle + spread), math.sqrt(max(middle - spread, 0.0))
    angle = 0.5 * math.atan2(2 * xy, xx - yy)
    cos, sin = math.cos(angle), math.sin(angle)
    turns = [2 * math.pi * at / corners for at in range(corners)]
    return [
        (
            mx + long * math.cos(t) * cos - short * math.sin(t) * sin,
            my + long * math.cos(t) * sin + short * math.sin(t) * cos,
        )
        for t in turns
    ]
