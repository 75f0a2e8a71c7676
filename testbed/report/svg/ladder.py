"""The figure that every textbook has, of a real exchange: two hosts, time downwards, an arrow a segment.

States stand along their hosts' lines; a lost segment ends in a cross, with the reason; a retransmission has another
colour; a silence is folded. Text is text, light and dark are the reader's choice, and nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import cos, radians, sin
from typing import Final

from testbed.report.connection.exchange import LEFT, RIGHT, Arrow, Change, Exchange
from testbed.report.connection.labels import Labels
from testbed.report.svg import wording
from testbed.report.svg.canvas import BOLD_WIDTH, MONO, MONO_WIDTH, SANS, Canvas, style_sheet
from testbed.report.svg.clock import Clock
from testbed.report.svg.geometry import Box, between
from testbed.report.svg.timeline import FALL, FOLD, Fold, Timeline
from testbed.report.svg.wording import Place, Shaft, Taken

WIDTH: Final = 860.0
LINES: Final = (196.0, 664.0)
"""Where the hosts' lines stand."""

HEAD: Final = 92.0
"""Where the first states stand."""

OUT: Final = (-1, 1)
"""Which way is outwards, for each side."""

TIMES: Final = 10.0
STATES: Final = 76.0
"""From a line outwards to its times, and to its states."""

LOST_AT: Final = 0.62
"""Of the way: where a segment that was lost ends."""

LIMIT: Final = 60
"""Events that are shown at most."""

GROUPS: Final = {
    "CLOSED": "none", "LISTEN": "none", "SYN-SENT": "opening", "SYN-RECEIVED": "opening", "ESTABLISHED": "open",
}  # fmt: skip
"""How a state's stretch of the line looks; those that are not here are closing."""

RULES: Final = {
    ".paper": "fill:$paper",
    "text": f"font-family:{SANS};font-size:11px;fill:$ink",
    ".host": "font-size:15px;font-weight:600",
    ".about, .foot": "font-size:11px;fill:$soft",
    ".state": "font-size:11px;font-weight:600",
    ".time": f"font-family:{MONO};font-size:10px;fill:$soft",
    ".label": (
        f"font-family:{MONO};font-size:11px;stroke:$paper;stroke-width:2.5px;stroke-linejoin:round;paint-order:stroke"
    ),
    ".flags": "font-weight:700",
    ".cause": "font-style:italic",
    ".fold": "font-size:11px;font-style:italic;fill:$soft",
    ".rail": "stroke:$rail;stroke-width:1.2;fill:none",
    ".stretch": "stroke-width:5;stroke-linecap:butt;fill:none",
    ".none": "stroke:$rail",
    ".opening": "stroke:$opening",
    ".open": "stroke:$open",
    ".closing": "stroke:$closing",
    ".shaft": "stroke:$ink;stroke-width:1.3;fill:none",
    ".shaft.again": "stroke:$again",
    ".shaft.reset": "stroke:$lost",
    ".shaft.copied": "stroke-dasharray:4 3",
    ".shaft.head": "fill:$ink;stroke:none",
    ".shaft.head.again": "fill:$again",
    ".shaft.head.reset": "fill:$lost",
    ".label.again": "fill:$again",
    ".label.reset, .label.why": "fill:$lost",
    ".cross": "stroke:$lost;stroke-width:2.4;stroke-linecap:round;fill:none",
    ".zigzag": "stroke:$rail;stroke-width:1.2;fill:none",
}
LIGHT: Final = {
    "paper": "#ffffff", "ink": "#1c1f23", "soft": "#5f6670", "rail": "#9aa1aa", "again": "#b45309", "lost": "#c01c28",
    "opening": "#e6a100", "open": "#1f8a5b", "closing": "#7a5fc0",
}  # fmt: skip
DARK: Final = {
    "paper": "#14171b", "ink": "#e6e9ed", "soft": "#9aa3ad", "rail": "#69717b", "again": "#f0a04b", "lost": "#ff7b86",
    "opening": "#f2bd3f", "open": "#4cc38a", "closing": "#a993ea",
}  # fmt: skip
NAME: Final = "testbed-ladder"


def ladder_svg(exchange: Exchange, *, title: str = "", absolute: bool = False, limit: int | None = LIMIT) -> str:
    """The drawing of an exchange. `absolute` shows numbers as they stand on the wire; with a `limit`, of a longer
    exchange the first and the last events only, that many in all (None: everything).
    """
    return Drawing(exchange, title=title, absolute=absolute, limit=limit).document()


class Drawing:
    """One drawing: laid out and drawn at once. `canvas` tells where every text stands."""

    def __init__(
        self, exchange: Exchange, *, title: str = "", absolute: bool = False, limit: int | None = LIMIT
    ) -> None:
        self.canvas = Canvas()
        self._exchange = exchange
        self._title = title
        self._labels = Labels(exchange, absolute=absolute)
        self._clock = Clock(_times(exchange))
        self._bottom = HEAD
        self._draw_head()
        self._draw_events(limit)
        self._draw_foot()

    def document(self) -> str:
        """The file."""
        left, right = self._exchange.hosts
        title = f"{self._title}: {left} and {right}" if self._title else f"{left} and {right}"
        return self.canvas.document(
            WIDTH, self._bottom + 24, name=NAME, title=title, told=_told(self._exchange),
            style=style_sheet(NAME, RULES, LIGHT, DARK),
        )  # fmt: skip

    # -- above and below ----------------------------------------------------------------------------------------

    def _draw_head(self) -> None:
        for x, host in zip(LINES, self._exchange.hosts, strict=True):
            self.canvas.text(host, (x, 40), "host", size=15, anchor="middle", width=BOLD_WIDTH)
        unit = f"time in {self._clock.unit}"
        about = f"{self._title} · {unit}" if self._title else unit
        self.canvas.text(about, (WIDTH / 2, 40), "about", size=11, anchor="middle")

    def _draw_foot(self) -> None:
        self._bottom += 30
        self.canvas.text(_told(self._exchange), (WIDTH / 2, self._bottom), "foot", size=11, anchor="middle")

    # -- in between ---------------------------------------------------------------------------------------------

    def _draw_events(self, limit: int | None) -> None:
        events = self._exchange.events
        skipped = 0 if limit is None else max(0, len(events) - limit)
        first = len(events) if not skipped or limit is None else limit - limit // 4
        top = 60.0
        above = self._draw_stretch(events[:first], self._exchange, HEAD, top)
        if skipped:
            y = above.bottom + FOLD * 0.6
            self._draw_fold(y, f"… {skipped:,} more …")
            rest = _from(self._exchange, _begin_of(events[first + skipped]))
            above = self._draw_stretch(events[first + skipped :], rest, y + FOLD * 0.6, y)
        self._bottom = above.bottom + 22
        for x in LINES:
            self.canvas.line((x, above.bottom + 4), (x, self._bottom), "rail")

    def _draw_stretch(self, events: Sequence[Arrow | Change], exchange: Exchange, top: float, rail: float) -> Timeline:
        """Consecutive events."""
        timeline = Timeline(exchange, events, top)
        arrows = [(event, self._shaft(event, timeline)) for event in events if isinstance(event, Arrow)]
        taken = Taken([shaft for _, shaft in arrows])
        self._draw_lines(timeline, rail)
        self._draw_times(timeline, taken)
        for fold in timeline.folds:
            taken.add(self._draw_fold(fold.y, f"{_rough(fold.duration)} later"))
        for event in events:
            if isinstance(event, Change):
                self._draw_change(event, timeline, taken)
        for arrow, shaft in arrows:
            self._draw_arrow(arrow, shaft, timeline, taken)
        for arrow, shaft in arrows:
            self._draw_label(arrow, shaft, taken)
        return timeline

    def _draw_lines(self, timeline: Timeline, rail: float) -> None:
        """Both hosts' lines, with their states along them, and the times of what happens to them."""
        for side, x in enumerate(LINES):
            mine = [(stand, state) for stand, state in timeline.states if stand.side == side]
            edges = [*(stand.y for stand, _ in mine), timeline.bottom + 4]
            self.canvas.line((x, rail), (x, edges[0]), "rail")
            for (stand, state), end in zip(mine, edges[1:], strict=True):
                for begin, stop in _unfolded(stand.y, end, timeline.folds):
                    self.canvas.line((x, begin), (x, stop), f"stretch {GROUPS.get(state, 'closing')}")
                spot = (x + OUT[side] * STATES, stand.y + 4)
                self.canvas.text(state, spot, "state", size=11, anchor=_outwards(side), width=BOLD_WIDTH)

    def _draw_times(self, timeline: Timeline, taken: Taken) -> None:
        shown: dict[int, int] = {}
        for stand in timeline.told:
            if shown.get(stand.side) != stand.at:
                shown[stand.side] = stand.at
                spot = (LINES[stand.side] + OUT[stand.side] * TIMES, stand.y + 3.5)
                time, anchor = self._clock.show(stand.at), _outwards(stand.side)
                taken.add(self.canvas.text(time, spot, "time", size=10, anchor=anchor, width=MONO_WIDTH))

    def _draw_fold(self, y: float, words: str) -> Box:
        """A silence: both lines break, and its length stands between them."""
        for x in LINES:
            top, bottom = y - 9, y + 9
            self.canvas.path(f"M{x} {top}l5 3 -10 6 10 6 -5 3V{bottom}", "zigzag")
        return self.canvas.text(words, ((LINES[0] + LINES[1]) / 2, y + 4), "fold", size=11, anchor="middle")

    def _draw_change(self, change: Change, timeline: Timeline, taken: Taken) -> None:
        """A change of state that no segment brought about: its cause stands beside its host."""
        x = LINES[change.side] - OUT[change.side] * 12
        anchor = "start" if change.side == LEFT else "end"
        spot = (x, timeline.begin_of(change).y + 4)
        taken.add(self.canvas.text(change.cause, spot, "cause", size=11, anchor=anchor))

    # -- arrows -------------------------------------------------------------------------------------------------

    def _shaft(self, arrow: Arrow, timeline: Timeline) -> Shaft:
        """From where it was sent to where it came, or on the way where it was lost or copied."""
        begin_x, end_x = LINES[arrow.side], LINES[1 - arrow.side]
        if arrow.duplicate or arrow.foreign:
            end = timeline.end_of(arrow)
            y = end.y if end is not None else timeline.bottom
            return Shaft(between((begin_x, y - FALL), (end_x, y), 0.3), (end_x - OUT[1 - arrow.side] * 3, y))
        begin, end = timeline.begin_of(arrow), timeline.end_of(arrow)
        assert end is not None  # an arrow that begins ends, or is missed
        sent, there = (begin_x - OUT[arrow.side] * 3, begin.y), (end_x - OUT[1 - arrow.side] * 3, end.y)
        if arrow.lost:
            return Shaft(sent, between(sent, there, LOST_AT))
        return Shaft(sent, there if arrow.ended is not None else between(sent, there, 0.8))

    def _draw_arrow(self, arrow: Arrow, shaft: Shaft, timeline: Timeline, taken: Taken) -> None:
        look = f"shaft{_look(arrow)}"
        if arrow.lost or arrow.ended is None:
            self.canvas.line(shaft.begin, shaft.end, look)
            self._draw_why(arrow, shaft, taken)
            return
        self.canvas.line(shaft.begin, between(shaft.begin, shaft.end, 1 - 5 / shaft.length), look)
        self.canvas.head(shaft.end, shaft.direction, look)

    def _draw_why(self, arrow: Arrow, shaft: Shaft, taken: Taken) -> None:
        """Beyond the cross, along the way that the segment did not go; dots, if it is still on its way."""
        if arrow.lost:
            x, y = shaft.end
            self.canvas.path(f"M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10", "cross")
        room = int((shaft.length * (1 / LOST_AT - 1) - 24) / (wording.SIZE * MONO_WIDTH))
        why = arrow.lost if len(arrow.lost) <= room else arrow.lost[: room - 1] + "…"
        x, y = between(shaft.begin, shaft.end, 1 + 12 / shaft.length)
        turn = radians(shaft.reading)
        spot = (x - 4 * sin(turn), y + 4 * cos(turn))
        anchor = "start" if arrow.side == LEFT else "end"
        box = self.canvas.text(
            why or "…",
            spot,
            "label why" if why else "label",
            size=wording.SIZE,
            anchor=anchor,
            width=MONO_WIDTH,
            angle=shaft.reading,
        )
        taken.add(box)

    def _draw_label(self, arrow: Arrow, shaft: Shaft, taken: Taken) -> None:
        place = wording.settle(shaft, list(_wordings(self._labels, arrow, shaft.room)), taken)
        if place is None:
            return
        taken.add(place.box)
        flags = str(arrow.row["flags"])
        bold = len(flags) if place.words.startswith(flags) else 0
        self._draw_words(place, f"label{_look(arrow)}", bold)

    def _draw_words(self, place: Place, look: str, bold: int) -> None:
        self.canvas.text(
            place.words, place.spot, look, size=wording.SIZE, anchor="middle", width=MONO_WIDTH, angle=place.angle,
            bold=bold,
        )  # fmt: skip


def _wordings(labels: Labels, arrow: Arrow, room: int) -> Iterator[str]:
    """From the fullest that fits to the flags alone."""
    told: set[str] = set()
    for share in wording.SHARES:
        words = labels.label(arrow, max(3, int(room * share)))
        if words not in told and not (told and words.endswith("…")):
            told.add(words)
            yield words


def _look(arrow: Arrow) -> str:
    looks = [" copied"] if arrow.duplicate or arrow.foreign else []
    if "RST" in str(arrow.row["flags"]).split(","):
        looks.append(" reset")
    elif arrow.again:
        looks.append(" again")
    return "".join(looks)


def _outwards(side: int) -> str:
    return "end" if side == LEFT else "start"


def _unfolded(begin: float, end: float, folds: Sequence[Fold]) -> Iterator[tuple[float, float]]:
    """A stretch of a line without its folds."""
    for fold in folds:
        if begin < fold.y < end:
            yield begin, fold.y - 9
            begin = fold.y + 9
    yield begin, end


def _from(exchange: Exchange, begin: int) -> Exchange:
    """The same exchange as it goes on from `begin`, in the states that were reached before."""
    states = list(exchange.first_states)
    for side, at, state in exchange.reached:
        if at < begin:
            states[side] = state
    later = [change for change in exchange.reached if change[1] >= begin]
    return replace(exchange, first_states=(states[LEFT], states[RIGHT]), events=[], reached=later)


def _begin_of(event: Arrow | Change) -> int:
    return event.sent if isinstance(event, Arrow) else event.at


def _times(exchange: Exchange) -> list[int]:
    """When anything happened (ns)."""
    ends = [moment for arrow in exchange.arrows for moment in (arrow.sent, arrow.ended) if moment is not None]
    return [*ends, *(event.at for event in exchange.events if isinstance(event, Change))]


def _told(exchange: Exchange) -> str:
    """How many segments, lost, sent again and copied."""
    arrows = exchange.arrows
    copied = sum(arrow.duplicate for arrow in arrows)
    sent = len(arrows) - copied - sum(arrow.foreign for arrow in arrows)
    counts = {"lost": sum(bool(arrow.lost) for arrow in arrows), "retransmitted": sum(arrow.again for arrow in arrows),
              "copied": copied}  # fmt: skip
    told = [f"{sent:,} segments" if sent != 1 else "1 segment"]
    return " · ".join([*told, *(f"{count:,} {what}" for what, count in counts.items() if count)])


def _rough(duration: int) -> str:
    """A time in the unit that suits it, to two or three digits."""
    return f"{duration / 1e9:.3g} s" if duration >= 10**9 else f"{duration / 1e6:.3g} ms"
