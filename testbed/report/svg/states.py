"""RFC 9293's state diagram with the path that a connection took: both ends, every step numbered."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, degrees
from pathlib import Path
from typing import Final

from testbed.report.connection.states import Paths, Step, read_paths
from testbed.report.svg.canvas import BOLD_WIDTH, MONO, MONO_WIDTH, SANS, Canvas, style_sheet
from testbed.report.svg.clock import Clock
from testbed.report.svg.figure_5 import (
    EDGES,
    END,
    ENDING,
    HALF_HEIGHT,
    HALF_WIDTH,
    OUTWARDS,
    STATES,
    TWO_LINES,
    Edge,
)  # fmt: skip
from testbed.report.svg.geometry import Spot
from testbed.tcp.state import Event, State

WIDTH: Final = 1050.0
LIST: Final = 928.0
"""Where the steps are listed."""

ROW: Final = 22.0
LISTS: Final = (96.0, 580.0)
BADGE: Final = 9.0
STUB: Final = 26.0

RULES: Final = {
    ".paper": "fill:$paper",
    "text": f"font-family:{SANS};font-size:11px;fill:$ink",
    ".node": "fill:$box;stroke:$rail;stroke-width:1.2",
    ".node.first": "fill:$first_box;stroke:$first;stroke-width:2",
    ".node.second": "fill:$second_box;stroke:$second;stroke-width:2",
    ".half": "fill:$second_box;stroke:none",
    ".rim": "fill:none;stroke:$second;stroke-width:2",
    ".name": "font-size:13px;font-weight:600",
    ".name.quiet, .quiet": "fill:$soft",
    ".edge": "fill:none;stroke:$rail;stroke-width:1.2",
    ".edge.first": "stroke:$first;stroke-width:3",
    ".edge.second": "stroke:$second;stroke-width:3",
    ".edge.also": "stroke-dasharray:9 9",
    ".edge.head": "stroke:none;fill:$rail",
    ".edge.head.first": "fill:$first",
    ".edge.head.second": "fill:$second",
    ".action": "font-style:italic;fill:$soft",
    ".badge.first, .pill.first": "fill:$first",
    ".badge.second, .pill.second": "fill:$second",
    ".number": "font-size:10px;font-weight:700;fill:$paper",
    ".host": "font-size:13px;font-weight:600",
    ".time": f"font-family:{MONO};font-size:10px;fill:$soft",
    ".foot": "fill:$soft",
}
LIGHT: Final = {
    "paper": "#ffffff", "ink": "#1c1f23", "soft": "#5f6670", "rail": "#a3a9b1", "box": "#f5f6f7", "first": "#0072b2",
    "second": "#c2500a", "first_box": "#dcedf8", "second_box": "#fbe5d6",
}  # fmt: skip
DARK: Final = {
    "paper": "#14171b", "ink": "#e6e9ed", "soft": "#9aa3ad", "rail": "#5c646e", "box": "#1d2126", "first": "#56b4e9",
    "second": "#f0904f", "first_box": "#173346", "second_box": "#45291a",
}  # fmt: skip
NAME: Final = "testbed-states"
LOOKS: Final = ("first", "second")


def state_diagram(run: Path, connection: str | None = None) -> str:
    """The diagram as SVG, with the path of `connection` (None: the first of the run).

    Raises ConfigError where states were not recorded, and for a connection that is not there.
    """
    label, paths = read_paths(run, connection)
    return Diagram(paths, title=label).document()


class Diagram:
    """The diagram of two paths, drawn at once. `canvas` tells where every text stands."""

    def __init__(self, paths: Paths, *, title: str = "") -> None:
        self.canvas = Canvas()
        self._paths = paths
        self._title = title
        self._foot = LIST - 30
        self._draw_edges()
        self._draw_states()
        self._draw_stubs()
        self._draw_list()

    def document(self) -> str:
        """The file."""
        told = "; ".join(f"{host}: {', '.join(step.new.label for step in path)}" for host, path in self._paths.items())
        return self.canvas.document(
            WIDTH, self._bottom + 20, name=NAME, title=f"{self._title}: states after RFC 9293, figure 5", told=told,
            style=style_sheet(NAME, RULES, LIGHT, DARK),
        )  # fmt: skip

    def _taken(self, state: State, event: Event) -> list[tuple[str, list[int]]]:
        """(look, numbers of steps) of each end that went this way."""
        found = []
        for look, path in zip(LOOKS, self._paths.values(), strict=False):
            numbers = [place for place, step in enumerate(path, 1) if (step.old, step.event) == (state, event)]
            if numbers:
                found.append((look, numbers))
        return found

    # -- the figure ---------------------------------------------------------------------------------------------

    def _draw_edges(self) -> None:
        for (state, event), edge in EDGES.items():
            taken = self._taken(state, event)
            for place, look in enumerate([look for look, _ in taken] or [""]):
                self._draw_way(edge.way, f"edge {look}{' also' if place else ''}".strip())
            self._draw_names(event, edge, quiet=not taken)
        for (state, event), edge in EDGES.items():
            self._draw_badges(self._taken(state, event), edge.badge, edge.apart)

    def _draw_way(self, way: Sequence[Spot], look: str) -> None:
        (x, y), (fromx, fromy) = way[-1], way[-2]
        angle = degrees(atan2(y - fromy, x - fromx))
        points = [f"{a:g} {b:g}" for a, b in way]
        data = f"M{points[0]}" + (f"L{points[1]}" if len(way) == 2 else f"C{' '.join(points[1:])}")
        self.canvas.path(data, look)
        if "also" not in look:
            self.canvas.head(way[-1], angle, look, 10)

    def _draw_names(self, event: Event, edge: Edge, *, quiet: bool) -> None:
        x, y = edge.label
        first, second = TWO_LINES.get(event, (event.value, edge.action))
        look = "quiet" if quiet else "event"
        self.canvas.text(first, (x, y), look, size=11, anchor=edge.anchor)
        if second:
            self.canvas.text(
                second, (x, y + edge.below), "action" if edge.action else look, size=11, anchor=edge.anchor
            )

    def _draw_badges(self, taken: list[tuple[str, list[int]]], spot: Spot, apart: Spot) -> None:
        for place, (look, numbers) in enumerate(taken):
            self._draw_badge(
                " ".join(map(str, numbers)), (spot[0] + place * apart[0], spot[1] + place * apart[1]), look
            )

    def _draw_badge(self, words: str, spot: Spot, look: str) -> None:
        half = max(BADGE, len(words) * 3.4 + 4)
        self.canvas.bar(spot[0] - half, spot[1] - BADGE, 2 * half, 2 * BADGE, f"badge {look}", round_by=BADGE)
        self.canvas.text(words, (spot[0], spot[1] + 3.6), "number", size=10, anchor="middle")

    def _draw_states(self) -> None:
        ended = [self._ends(path) for path in self._paths.values()]
        for state, spot in STATES.items():
            visits = [
                look for look, path in zip(LOOKS, self._paths.values(), strict=False)
                if any(step.old is state for step in path) or (state is not State.CLOSED and path[-1].new is state)
            ]  # fmt: skip
            self._draw_state(state.label, spot, visits)
        self._draw_state("CLOSED", END, [look for look, there in zip(LOOKS, ended, strict=False) if there])

    def _ends(self, path: Sequence[Step]) -> bool:
        return any((step.old, step.event) in ENDING for step in path)

    def _draw_state(self, label: str, spot: Spot, visits: Sequence[str]) -> None:
        """A box, in the colour of the end that was there; in both colours, a half each."""
        x, y, wide, high = spot[0] - HALF_WIDTH, spot[1] - HALF_HEIGHT, 2 * HALF_WIDTH, 2 * HALF_HEIGHT
        self.canvas.bar(x, y, wide, high, f"node {visits[0] if visits else ''}".strip(), round_by=8)
        if len(visits) == 2:
            right = f"M{spot[0]} {y}H{x + wide - 8}q8 0 8 8V{y + high - 8}q0 8 -8 8H{spot[0]}"
            self.canvas.path(f"{right}Z", "half")
            self.canvas.path(right, "rim")
        look = "name" if visits else "name quiet"
        self.canvas.text(label, (spot[0], spot[1] + 4.5), look, size=13, anchor="middle", width=BOLD_WIDTH)

    def _draw_stubs(self) -> None:
        """Ways to CLOSED that the figure leaves out, as far as they were taken."""
        stubs: dict[State, dict[Event, None]] = {}
        for step in (step for path in self._paths.values() for step in path):
            if (step.old, step.event) not in EDGES and step.old in OUTWARDS:
                stubs.setdefault(step.old, {})[step.event] = None
        for state, events in stubs.items():
            self._draw_stub(state, list(events))

    def _draw_stub(self, state: State, events: Sequence[Event]) -> None:
        """A short way to a CLOSED of its own, and beneath it (or above) what led there."""
        (x, y), (dx, dy) = STATES[state], OUTWARDS[state]
        begin = (x + dx * HALF_WIDTH, y + dy * HALF_HEIGHT)
        end = (begin[0] + dx * STUB, begin[1] + dy * STUB)
        looks = list(dict.fromkeys(look for event in events for look, _ in self._taken(state, event)))
        for place, look in enumerate(looks):
            self._draw_way((begin, end), f"edge {look}{' also' if place else ''}")
        middle = (end[0] + dx * 31, end[1] + dy * 11)
        self.canvas.bar(middle[0] - 31, middle[1] - 10, 62, 20, f"node {looks[0]}", round_by=6)
        self.canvas.text("CLOSED", (middle[0], middle[1] + 4), "event", size=11, anchor="middle", width=BOLD_WIDTH)
        row = middle[1]
        for event in events:
            row += (dy or 1) * ROW
            taken = self._taken(state, event)
            left = middle[0] - (len(event.value) * 11 * 0.58 + 22 * len(taken)) / 2
            self._draw_badges(taken, (left + BADGE, row), (22, 0))
            self.canvas.text(event.value, (left + 22 * len(taken) + 2, row + 4), "event", size=11)
            self._foot = max(self._foot, row + 20)

    # -- the steps in words -------------------------------------------------------------------------------------

    def _draw_list(self) -> None:
        clock = Clock([step.at for path in self._paths.values() for step in path])
        top = self._bottom = self._foot + 30
        for x, look, (host, path) in zip(LISTS, LOOKS, self._paths.items(), strict=False):
            self.canvas.circle((x, top - 5), 6, f"badge {look}")
            self.canvas.text(host, (x + 18, top), "host", size=13, width=BOLD_WIDTH)
            for place, step in enumerate(path):
                y = top + 26 + place * ROW
                self._draw_badge(str(place + 1), (x, y - 4), look)
                time = f"{clock.show(step.at)} {clock.unit}"
                self.canvas.text(time, (x + 92, y), "time", size=10, anchor="end", width=MONO_WIDTH)
                self.canvas.text(f"{step.event.value} → {step.new.label}", (x + 104, y), "event", size=11)
                self._bottom = max(self._bottom, y)
        self._bottom += 28
        foot = f"{self._title} · states after RFC 9293, figure 5" if self._title else "states after RFC 9293, figure 5"
        self.canvas.text(foot, (WIDTH / 2, self._bottom), "foot", size=11, anchor="middle")
