"""How values spread: box plots with every run's point, and cumulative distributions."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Final

from testbed.report.page.markup.html import NOTHING, Html, figure, join, note, tag
from testbed.report.page.markup.svg import COLOURS, Scale, circle, line, padded, path, svg, words
from testbed.report.page.sweep.offer import Choice
from testbed.report.page.sweep.table import Sweep

WIDTH: Final = 760
ROW: Final = 26
BOXES: Final = 60
"""Settings that have a box."""

CURVES: Final = 10
"""Settings that have a curve; of more, the values of the first axis have one."""

WIDE: Final = 20
"""Values that differ by more than this factor stand on a logarithmic axis."""

POINTS: Final = 60
"""Points that are drawn on a box."""

BOX_LOOK: Final = (
    "Each point is a run. The box holds the middle half, its stroke is the median, the whiskers reach the last run"
    " within one and a half box lengths. Boxes far apart hint at a difference; the verdicts say whether there is one."
)
CDF_LOOK: Final = (
    "For each value, the share of the runs that had no more. A curve further right has more; a steep curve means runs"
    " that agree, a long tail means some that do not."
)


def boxes(sweep: Sweep, choice: Choice) -> Html:
    """The box plot of one choice."""
    known = _groups(sweep, choice)
    title = f"Spread of {choice.title}"
    if not any(known.values()):
        return figure(title, note("No run has this number."), BOX_LOOK, **choice.marks)
    groups = dict(list(known.items())[:BOXES])
    left = min(260.0, 30 + 6.6 * max(map(len, groups)))
    height = ROW * len(groups) + 62
    x = _scale(groups, left)
    drawn = [part for at, (label, values) in enumerate(groups.items()) for part in _box(at, label, values, x, left)]
    picture = svg(WIDTH, height, _value_axis(x, 10, height - 46, choice), *drawn, label=title, least=520)
    more = note(f"The first {BOXES} of {len(known)} settings.") if len(known) > BOXES else NOTHING
    return figure(title, join([picture, more]), BOX_LOOK, **choice.marks)


def _scale(groups: dict[str, list[float]], left: float) -> Scale:
    """The axis of values: from nought where that is near, logarithmic where they span much."""
    every = [value for values in groups.values() for value in values]
    low, high = min(every), max(every)
    log = wide(low, high)
    return Scale(*padded(every, log=log, zero=not log and 0 <= low < 0.5 * high), left, WIDTH - 24, log=log)


def wide(low: float, high: float) -> bool:
    """Whether values differ so much that on a linear axis the small ones could not be told apart."""
    return low > 0 and high / low > WIDE


def _value_axis(x: Scale, top: float, bottom: float, choice: Choice) -> Html:
    parts = []
    for value in x.ticks(6):
        at = x.at(value)
        parts += [
            line(at, top, at, bottom, "grid"),
            words(at, bottom + 16, choice.show(value), anchor="middle", class_="dim"),
        ]
    log = " (logarithmic)" if x.log else ""
    name = words((x.first + x.last) / 2, bottom + 36, choice.title + log, anchor="middle")
    return join([*parts, line(x.first, bottom, x.last, bottom, "axis"), name])


def _box(at: int, label: str, values: list[float], x: Scale, left: float) -> list[Html]:
    y, colour = 10 + ROW * (at + 0.5), at % COLOURS
    shown = label if len(label) < 38 else f"{label[:37]}…"
    name = tag("g", tag("title", label), words(left - 8, y + 4, shown, anchor="end"))
    if not values:
        return [name, words(left + 6, y + 4, "no value", class_="dim")]
    low, middle, high = five(values)
    within = [value for value in values if low - 1.5 * (high - low) <= value <= high + 1.5 * (high - low)]
    first, last = min([*within, low]), max([*within, high])
    told = tag("title", f"{label}: {len(values)} runs")
    return [
        name,
        line(x.at(first), y, x.at(last), y, f"s{colour}"),
        tag(
            "rect", told, x=f"{x.at(low):.1f}", y=f"{y - 8:.1f}", width=f"{max(x.at(high) - x.at(low), 0.5):.1f}",
            height=16, class_=f"box s{colour} f{colour}",
        ),
        line(x.at(middle), y - 8, x.at(middle), y + 8, f"s{colour}", stroke_width=3),
        *(circle(x.at(value), y + _jitter(number), 2.2, f"f{colour}") for number, value in enumerate(_some(values))),
    ]  # fmt: skip


def five(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, median(values), high


def _some(values: list[float]) -> list[float]:
    """At most `POINTS` of the values, the extremes among them."""
    if len(values) <= POINTS:
        return values
    ordered = sorted(values)
    return [ordered[round(at * (len(ordered) - 1) / (POINTS - 1))] for at in range(POINTS)]


def _jitter(number: int) -> float:
    """Up and down by turns, so that equal values can be told apart; always the same."""
    return (number * 5 % 9 - 4) * 1.1


# -- cumulative distributions -----------------------------------------------------------------------------------------


def cumulative(sweep: Sweep, choice: Choice) -> Html:
    """The distributions of one choice."""
    groups, remark = _curves(sweep, choice)
    title = f"Distribution of {choice.title}"
    groups = {label: sorted(values) for label, values in groups.items() if values}
    if not groups:
        return figure(title, note("No run has this number."), CDF_LOOK, **choice.marks)
    x, y = _scale(groups, 60), Scale(0, 1, 264, 14)
    levels = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        at = y.at(share)
        levels += [line(60, at, WIDTH - 24, at, "grid"), words(54, at + 4, f"{share:.0%}", anchor="end", class_="dim")]
    curves = [
        tag(
            "g",
            tag("title", label),
            tag("g", path(_steps(values, x, y), f"curve s{at % COLOURS}"), stroke_dasharray=_dash(at)),
        )
        for at, (label, values) in enumerate(groups.items())
    ]
    picture = svg(WIDTH, 310, *levels, _value_axis(x, 14, 264, choice), *curves, label=title, least=520)
    return figure(title, join([picture, legend(list(groups)), remark]), CDF_LOOK, **choice.marks)


def _curves(sweep: Sweep, choice: Choice) -> tuple[dict[str, list[float]], Html]:
    if len(sweep.settings) <= CURVES or len(sweep.axes) < 2:
        known = list(_groups(sweep, choice).items())
        if len(known) <= CURVES:
            return dict(known), NOTHING
        chosen = [known[round(at * (len(known) - 1) / (CURVES - 1))] for at in range(CURVES)]
        return dict(chosen), note(f"{CURVES} of {len(known)} settings, evenly chosen.")
    axis = next(iter(sweep.axes))
    groups = {setting[0]: sweep.values(runs, choice) for setting, runs in list(sweep.by(axis).items())[:CURVES]}
    return groups, note(f"By {axis} alone: each curve has the runs of all other axes together.")


def _steps(values: list[float], x: Scale, y: Scale) -> list[tuple[float, float]]:
    points = [(x.first, y.at(0.0))]
    for at, value in enumerate(values):
        points += [(x.at(value), y.at(at / len(values))), (x.at(value), y.at((at + 1) / len(values)))]
    return [*points, (x.last, y.at(1.0))]


def _dash(at: int) -> str | None:
    return (None, "6 3", "2 3")[at // COLOURS % 3]


def legend(labels: Sequence[str]) -> Html:
    """What each colour stands for."""
    entries = [tag("li", _sample(at), label) for at, label in enumerate(labels)]
    return tag("ul", *entries, class_="legend")


def _sample(at: int) -> Html:
    look = f"s{at % COLOURS}"
    drawn = tag("line", x1=0, y1=5, x2=22, y2=5, class_=look, stroke_width=2.5, stroke_dasharray=_dash(at))
    return tag("svg", drawn, width=22, height=10, aria_hidden="true")


def _groups(sweep: Sweep, choice: Choice) -> dict[str, list[float]]:
    """The values of each setting, by its label."""
    return {sweep.label(setting): sweep.values(runs, choice) for setting, runs in sweep.settings.items()}
