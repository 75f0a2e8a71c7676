"""Elements of an SVG file, in the classes of a style sheet; where every text stands is kept, to be judged."""

from __future__ import annotations

from math import cos, radians, sin
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from testbed.report.svg.geometry import Box, Spot

SANS: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"
MONO: Final = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

MONO_WIDTH: Final = 0.602
"""Of a sign, in ems."""
SANS_WIDTH: Final = 0.62
BOLD_WIDTH: Final = 0.76
"""Of capitals in a wide face: what a text takes at most."""


class Canvas:
    """Elements, one after the other. `y` runs down; sizes are in pixels."""

    def __init__(self) -> None:
        self._elements: list[str] = []
        self.texts: list[tuple[str, Box]] = []
        """Every text, and the box that it takes at most."""

    def line(self, begin: Spot, end: Spot, look: str) -> None:
        self._add(f'<path class="{look}" d="M{_at(begin)}L{_at(end)}"/>')

    def path(self, data: str, look: str) -> None:
        self._add(f'<path class="{look}" d="{data}"/>')

    def bar(self, x: float, y: float, width: float, height: float, look: str, *, round_by: float = 0) -> None:
        corners = f' rx="{_n(round_by)}"' if round_by else ""
        place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        self._add(f'<rect class="{look}" {place}{corners}/>')

    def circle(self, middle: Spot, radius: float, look: str) -> None:
        self._add(f'<circle class="{look}" cx="{_n(middle[0])}" cy="{_n(middle[1])}" r="{_n(radius)}"/>')

    def head(self, tip: Spot, angle: float, look: str, size: float = 8) -> None:
        """An arrow's head that points at `angle` degrees."""
        turn = radians(angle)
        back = (tip[0] - size * cos(turn), tip[1] - size * sin(turn))
        wide = (-sin(turn) * size * 0.42, cos(turn) * size * 0.42)
        corners = [tip, (back[0] + wide[0], back[1] + wide[1]), (back[0] - wide[0], back[1] - wide[1])]
        self.path("M" + "L".join(_at(corner) for corner in corners) + "Z", f"{look} head")

    def text(
        self, words: str, spot: Spot, look: str, *, size: float, anchor: str = "start", width: float = SANS_WIDTH,
        angle: float = 0.0, bold: int = 0,
    ) -> Box:  # fmt: skip
        """A line of text whose baseline is at `spot`; the first `bold` signs of it stand out."""
        box = text_box(words, spot, size=size, anchor=anchor, width=width, angle=angle)
        turned = f' transform="rotate({_n(angle)} {_n(spot[0])} {_n(spot[1])})"' if angle else ""
        shown = escape(words)
        if bold:
            shown = f'<tspan class="flags">{escape(words[:bold])}</tspan>{escape(words[bold:])}'
        held = "" if anchor == "start" else f' text-anchor="{anchor}"'
        place = f'x="{_n(spot[0])}" y="{_n(spot[1])}"'
        self._add(f'<text class="{look}" {place}{held}{turned}>{shown}</text>')
        self.texts.append((words, box))
        return box

    def document(self, width: float, height: float, *, name: str, title: str, told: str, style: str) -> str:
        """The whole file. `name` is the class of its root, to which `style` is bound."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class={quoteattr(name)} viewBox="0 0 {_n(width)} {_n(height)}" '
            f'width="{_n(width)}" height="{_n(height)}" role="img">'
        )
        about = f"<title>{escape(title)}</title>\n<desc>{escape(told)}</desc>\n<style>{style}</style>"
        paper = f'<rect class="paper" width="{_n(width)}" height="{_n(height)}"/>'
        return "\n".join([head, about, paper, *self._elements, "</svg>\n"])

    def _add(self, element: str) -> None:
        self._elements.append(element)


def text_box(
    words: str, spot: Spot, *, size: float, anchor: str = "start", width: float = SANS_WIDTH, angle: float = 0.0
) -> Box:
    """What a text takes at most, from its ascenders to its descenders."""
    wide = len(words) * size * width
    ahead = {"start": wide / 2, "middle": 0.0, "end": -wide / 2}[anchor]
    up = -0.33 * size
    turn = radians(angle)
    middle = (spot[0] + ahead * cos(turn) - up * sin(turn), spot[1] + ahead * sin(turn) + up * cos(turn))
    return Box(middle, wide, 1.12 * size, angle)


def style_sheet(name: str, rules: dict[str, str], light: dict[str, str], dark: dict[str, str]) -> str:
    """CSS of a drawing whose root has the class `name`; `$ink` in a rule is a colour of that name.

    No CSS variables: not all that shows SVG knows them.
    """
    coloured = {selector: rule for selector, rule in rules.items() if "$" in rule}
    bright = [f"{_within(name, selector)}{{{_filled(rule, light)}}}" for selector, rule in rules.items()]
    night = [f"{_within(name, selector)}{{{_filled(rule, dark)}}}" for selector, rule in coloured.items()]
    return "\n" + "\n".join([*bright, "@media (prefers-color-scheme: dark) {", *night, "}"]) + "\n"


def _within(name: str, selector: str) -> str:
    """Each part of a selector, of what is inside the drawing only: a page may hold several."""
    return ", ".join(f".{name} {part}" for part in selector.split(", "))


def _filled(rule: str, colours: dict[str, str]) -> str:
    for name in sorted(colours, key=len, reverse=True):
        rule = rule.replace(f"${name}", colours[name])
    return rule


def _at(spot: Spot) -> str:
    return f"{_n(spot[0])} {_n(spot[1])}"


def _n(number: float) -> str:
    """A number as short as it can be, to a tenth."""
    text = f"{number:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
