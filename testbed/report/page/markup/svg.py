"""Pictures that need no script: elements of SVG, axes with round numbers, and where a value lies on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from testbed.report.page.markup.html import Html, join, tag

COLOURS: Final = 7
"""Of lines and marks: classes `s0` to `s6` (stroke) and `f0` to `f6` (fill)."""

Show = Callable[[float], str]


def svg(width: float, height: float, *content: object, label: str, least: float = 0) -> Html:
    """A picture with its own coordinates. On a narrow screen it is scaled down to `least` pixels, and then scrolls;
    `label` says what it shows.
    """
    drawn = tag(
        "svg", *content, viewBox=f"0 0 {width:g} {height:g}", width=f"{width:g}", height=f"{height:g}",
        role="img", aria_label=label, style=f"min-width: {min(least, width):g}px" if least else None,
    )  # fmt: skip
    return tag("div", drawn, class_="picture")


def line(x1: float, y1: float, x2: float, y2: float, class_: str, **attributes: object) -> Html:
    return tag("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=class_, **attributes)


def circle(x: float, y: float, radius: float, class_: str, title: str = "") -> Html:
    told = [tag("title", title)] if title else []
    return tag("circle", *told, cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{radius:g}", class_=class_)


def words(
    x: float, y: float, content: object, *, anchor: str = "start", class_: str | None = None, **more: object
) -> Html:
    return tag("text", content, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=class_, **more)


def path(points: Sequence[tuple[float, float]], class_: str, *, closed: bool = False) -> Html:
    """A line through points; empty without any."""
    drawn = " ".join([f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(points)])
    return tag("path", d=drawn + (" Z" if closed and points else ""), class_=class_)


class Scale:
    """From values to pixels, on a linear or a logarithmic axis; `first` may be greater than `last` (reversed)."""

    def __init__(self, low: float, high: float, first: float, last: float, *, log: bool = False) -> None:
        self.log = log and low > 0
        self.low, self.high = self._room(low, high)
        self.first, self.last = first, last

    def _room(self, low: float, high: float) -> tuple[float, float]:
        """The limits, apart from each other."""
        if self.log:
            return (low / 1.5, high * 1.5) if high <= low else (low, high)
        if high > low:
            return low, high
        return (low - abs(low) * 0.1 - 1e-12, high + abs(high) * 0.1 + 1e-12) if low else (0.0, 1.0)

    def at(self, value: float) -> float:
        """Where a value lies."""
        low, high = self._turned(self.low), self._turned(self.high)
        return self.first + (self._turned(value) - low) / (high - low) * (self.last - self.first)

    def _turned(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else value

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round values inside the limits."""
        return _decades(self.low, self.high, wanted) if self.log else _round(self.low, self.high, wanted)


def _round(low: float, high: float, wanted: int) -> list[float]:
    rough = (high - low) / max(1, wanted)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _decades(low: float, high: float, wanted: int) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        found = [factor * 10.0**power for power in powers for factor in factors]
        inside = [one for one in found if low * 0.999 <= one <= high * 1.001]
        if len(inside) >= min(3, wanted):
            return inside
    return _round(low, high, wanted)


def padded(values: Sequence[float], *, log: bool = False, zero: bool = False) -> tuple[float, float]:
    """Limits with some room around values, of which there is at least one; from nought, where `zero`."""
    low, high = min(values), max(values)
    if log and low > 0:
        room = max((high / low) ** 0.06, 1.02)
        return low / room, high * room
    if zero and low >= 0:
        return 0.0, high * 1.06 if high else 1.0
    room = (high - low) * 0.06 or abs(high) * 0.05 or 0.5
    return low - room, high + room


def axes(x: Scale, y: Scale, show_x: Show, show_y: Show, label_x: str, label_y: str, *, ticks: int = 5) -> Html:
    """Grid, ticks and labels of both axes."""
    left, right = sorted((x.first, x.last))
    top, bottom = sorted((y.first, y.last))
    parts = []
    for value in x.ticks(ticks):
        at = x.at(value)
        parts += [
            line(at, top, at, bottom, "grid"),
            words(at, bottom + 16, show_x(value), anchor="middle", class_="dim"),
        ]
    for value in y.ticks(5):
        at = y.at(value)
        parts += [line(left, at, right, at, "grid"), words(left - 6, at + 4, show_y(value), anchor="end", class_="dim")]
    frame = path([(left, top), (left, bottom), (right, bottom)], "axis")
    names = [
        words((left + right) / 2, bottom + 34, label_x, anchor="middle"),
        words(left, top - 8, label_y),
    ]
    return join([*parts, frame, *names])
