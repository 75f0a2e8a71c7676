"""A connection's exchange as a ladder in the terminal: two hosts, time running down, an arrow a segment.

Each end of an arrow stands beside its own time: when it was sent, and when it arrived. Arrows are in order of
sending, so that those which cross stay legible. A state stands under the arrow that brought it about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from testbed.report.connection.exchange import LEFT, RIGHT, Arrow, Change, Exchange
from testbed.report.connection.labels import Labels

MARGIN: Final = 12
"""Columns for a time or a state on either side: SYN-RECEIVED fits."""

NARROWEST: Final = 72
WIDEST: Final = 110

QUIET: Final = 3
"""A silence longer than this many times the longest journey is drawn as a gap."""


class Ladder:
    """One connection's exchange, drawn in the terminal: both hosts, their states, every segment.

    `absolute` shows numbers as they stand on the wire (see `labels`).
    """

    def __init__(self, exchange: Exchange, *, title: str = "", width: int = 80, absolute: bool = False) -> None:
        self._exchange = exchange
        self._title = title
        self._middle = min(max(width, NARROWEST), WIDEST) - 2 * MARGIN - 4
        self._labels = Labels(exchange, absolute=absolute)
        times = [moment for arrow in exchange.arrows for moment in (arrow.sent, arrow.ended) if moment is not None]
        times += [event.at for event in exchange.events if isinstance(event, Change)]
        self._seconds = max(times, default=0) >= 10_000_000_000
        self._silence = QUIET * _longest(exchange.arrows)

    def lines(self, limit: int | None = None) -> Iterator[Text]:
        """The whole picture; with `limit`, the first and the last events only, that many in all."""
        yield from self._head()
        events = self._exchange.events
        skipped = 0 if limit is None else max(0, len(events) - limit)
        first = len(events) if not skipped or limit is None else limit - limit // 4
        yield from self._stretch(events[:first], 0)
        if skipped:
            yield self._rung("", "", Text(f"… {skipped:,} more …", "dim"), "┊")
            yield from self._stretch(events[first + skipped :], None)
        yield from self._foot()

    def _stretch(self, events: list[Arrow | Change], before: int | None) -> Iterator[Text]:
        """Consecutive events, with the silences between them; `before` is when the last thing ended."""
        for event in events:
            begin = event.sent if isinstance(event, Arrow) else event.at
            if before and self._silence and begin - before > self._silence:
                yield self._rung("", "", Text(f"{_rough(begin - before)} later", "dim italic"), "┊")
            yield from self._arrow(event) if isinstance(event, Arrow) else self._change(event)
            end = begin if isinstance(event, Change) else event.ended or begin
            before = end if before is None else max(before, end)

    # -- rungs ----------------------------------------------------------------------------------------------

    def _head(self) -> Iterator[Text]:
        left, right = self._exchange.hosts
        unit = "s" if self._seconds else "ms"
        title = f"{self._title} · time in {unit}" if self._title else f"time in {unit}"
        yield self._rung(_fit(left), _fit(right), Text(title, "dim"), " ", "bold")
        yield from self._states([(side, self._exchange.first_states[side]) for side in (LEFT, RIGHT)])

    def _foot(self) -> Iterator[Text]:
        arrows = self._exchange.arrows
        copied = sum(arrow.duplicate for arrow in arrows)
        sent = len(arrows) - copied - sum(arrow.foreign for arrow in arrows)
        told = [f"{sent:,} segments" if sent != 1 else "1 segment"]
        lost = sum(bool(arrow.lost) for arrow in arrows)
        again = sum(arrow.again for arrow in arrows)
        told += [f"{lost:,} lost"] if lost else []
        told += [f"{again:,} retransmitted"] if again else []
        told += [f"{copied:,} copied"] if copied else []
        yield self._rung("", "", Text(" · ".join(told), "dim"), " ")

    def _states(self, states: list[tuple[int, str]]) -> Iterator[Text]:
        """As few rungs as the states fit on: both hosts share one where they can."""
        waiting = {side: [state for at, state in states if at == side and state] for side in (LEFT, RIGHT)}
        while waiting[LEFT] or waiting[RIGHT]:
            left = waiting[LEFT].pop(0) if waiting[LEFT] else ""
            right = waiting[RIGHT].pop(0) if waiting[RIGHT] else ""
            yield self._rung(left, right, Text(""), "│", "bold cyan")

    def _change(self, change: Change) -> Iterator[Text]:
        """A change of state on its own: its cause stands beside its host."""
        cause = Text(f" {change.cause} ", "italic")
        cause.truncate(self._middle, overflow="ellipsis")
        padding = Text(" " * (self._middle - cause.cell_len))
        at = self._time(change.at)
        left, right = (at, "") if change.side == LEFT else ("", at)
        yield self._rung(left, right, cause + padding if change.side == LEFT else padding + cause, "│")
        yield from self._states(change.states)

    def _arrow(self, arrow: Arrow) -> Iterator[Text]:
        sent = "" if arrow.duplicate or arrow.foreign else self._time(arrow.sent)
        ended = self._time(arrow.ended) if arrow.ended is not None and not arrow.lost else ""
        left, right = (sent, ended) if arrow.side == LEFT else (ended, sent)
        yield self._rung(left, right, self._shaft(arrow), "│")
        yield from self._states(arrow.states)

    def _shaft(self, arrow: Arrow) -> Text:
        """The arrow itself, across the whole middle, beginning at its sender; a lost one stops short."""
        style = _style(arrow)
        dash = "┄" if arrow.duplicate else "─"
        lost = Text(arrow.lost)
        lost.truncate(self._middle // 3, overflow="ellipsis")
        ending = 4 + lost.cell_len if arrow.lost else 1
        label = self._labels.label(arrow, self._middle - 3 - 2 - ending)
        rest = self._middle - 3 - len(label) - 1 - ending
        dashes = rest - rest // 2 if arrow.lost else rest
        parts = [(f"{dash}{dash} ", style), (label, style), (f" {dash * dashes}", style)]
        if arrow.lost:
            parts += [("✗ ", "bold red"), (lost.plain, "bold red"), (" " * (rest - dashes + 2), "")]
        else:
            parts += [(_head_of(arrow), style)]
        if arrow.side == LEFT:
            return Text.assemble(*parts)
        kept = (label, lost.plain)  # all else reads backwards
        return Text.assemble(*((text if text in kept else text[::-1], look) for text, look in reversed(parts)))

    def _rung(self, left: str, right: str, middle: Text, rail: str, style: str = "") -> Text:
        """One line: a margin, a rail, what crosses, a rail, a margin."""
        missing = self._middle - middle.cell_len
        before = missing // 2
        line = Text.assemble(
            (left.rjust(MARGIN), style), (f" {rail}", "dim"), " " * before, middle, " " * (missing - before),
            (f"{rail} ", "dim"), (right, style),
        )  # fmt: skip
        line.rstrip()
        return line

    def _time(self, moment: int) -> str:
        return f"{moment / 1e9:.6f}" if self._seconds else f"{moment / 1e6:.3f}"


def _longest(arrows: list[Arrow]) -> int:
    """The longest journey (ns)."""
    return max((arrow.ended - arrow.sent for arrow in arrows if arrow.ended is not None), default=0)


def _head_of(arrow: Arrow) -> str:
    if arrow.ended is None:
        return "…"
    return "▶" if arrow.side == LEFT else "◀"


def _style(arrow: Arrow) -> str:
    flags = str(arrow.row["flags"]).split(",")
    if arrow.lost or "RST" in flags:
        return "red"
    if arrow.again:
        return "yellow"
    return "green" if "SYN" in flags else "magenta" if "FIN" in flags else ""


def _fit(name: str) -> str:
    return name if len(name) <= MARGIN else name[: MARGIN - 1] + "…"


def _rough(duration: int) -> str:
    """A time in the unit that suits it, to two or three digits."""
    return f"{duration / 1e9:.3g} s" if duration >= 10**9 else f"{duration / 1e6:.3g} ms"
