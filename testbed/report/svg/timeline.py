"""The ladder's layout: where every moment of an exchange stands.

Time runs down, the same for both hosts: what is later stands lower. It does not run evenly: moments keep a distance,
so that their words can be read, and a silence is folded. Of what happens to a host in one moment, each has a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from testbed.report.connection.exchange import LEFT, RIGHT, Arrow, Change, Exchange

ROW: Final = 23.0
"""Between arrows that leave or reach a host one after the other."""

BREATH: Final = 15.0
"""Between two moments of a host that share no arrow, and between two states."""

SLANT: Final = 42.0
"""How far an arrow falls whose journey is the longest."""

ANSWER: Final = 5.0
"""From where a segment came to where its answer begins."""

LEAST_SLANT: Final = 24.0
FALL: Final = 34.0
"""How far an arrow falls, across the whole width, of which it is not known when it was sent."""

STEEPEST: Final = 500.0
"""An arrow that would fall further is drawn as if the other host's clock were slow."""

LONGEST_PAUSE: Final = 60.0
"""How much time takes on paper at most, short of a silence."""

FOLD: Final = 44.0
QUIET: Final = 3
"""A silence longer than this many times the longest journey is folded."""

MILLISECOND: Final = 1_000_000

BEGINS, ENDS, STANDS, MISSED = "begins", "ends", "stands", "missed"
"""What a moment is: an arrow begins, an arrow ends, something stands for itself, or an arrow would have ended that was
lost: so it falls like those beside it.
"""


class Moment(NamedTuple):
    """Something that happens to one host."""

    at: int
    """ns"""
    side: int
    what: str
    event: Arrow | Change


class Stand(NamedTuple):
    """A moment or a state on its host's line."""

    side: int
    y: float
    at: int


class Fold(NamedTuple):
    """A silence."""

    y: float
    duration: int


class Timeline:
    """Where the events of an exchange stand, from `top` down."""

    def __init__(self, exchange: Exchange, events: Sequence[Arrow | Change], top: float) -> None:
        arrows = [event for event in events if isinstance(event, Arrow)]
        self.moments: dict[tuple[int, str], Stand] = {}
        """By the event's id and what happens."""
        self.states: list[tuple[Stand, str]] = []
        """In the order in which they were reached."""
        self.folds: list[Fold] = []
        self._journey = max([_journey(arrow) for arrow in arrows] or [0]) or 10 * MILLISECOND
        self._last: list[Stand | None] = [None, None]
        self._last_what = ["", ""]
        self._lowest = self._floor = top
        self._travelling: set[int] = set()
        self._reached: dict[tuple[int, int], list[str]] = {}
        for side, at, state in exchange.reached:
            self._reached.setdefault((side, at), []).append(state)
        self._place(exchange, list(_moments(events, self._journey)), top)
        self.bottom = self._lowest

    def begin_of(self, event: Arrow | Change) -> Stand:
        """Where an arrow begins, or something stands."""
        return self.moments[id(event), BEGINS if isinstance(event, Arrow) else STANDS]

    def end_of(self, arrow: Arrow) -> Stand | None:
        """Where an arrow ends, or would have ended."""
        return self.moments.get((id(arrow), ENDS)) or self.moments.get((id(arrow), MISSED))

    @property
    def told(self) -> list[Stand]:
        """Where something happened, from the top down."""
        return sorted((stand for (_, what), stand in self.moments.items() if what != MISSED), key=lambda one: one.y)

    # -- one moment after the other -----------------------------------------------------------------------------

    def _place(self, exchange: Exchange, moments: Sequence[Moment], top: float) -> None:
        now = moments[0].at if moments else 0
        for side in (LEFT, RIGHT):
            if exchange.first_states[side]:
                self._put_state(side, exchange.first_states[side], top, now)
        self._floor, told = self._lowest + BREATH, now
        for moment in moments:
            if moment.at > now:
                self._pass(moment.at - now, moment.at - told)
                now = moment.at
            self._put(moment)
            told = now if moment.what != MISSED else told

    def _pass(self, duration: int, silence: int) -> None:
        """What comes next stands lower. `silence` is how long nothing has happened; `duration` is without the time that
        a lost segment would have taken.
        """
        if duration > QUIET * self._journey and not self._travelling:
            self.folds.append(Fold(self._lowest + FOLD * 0.6, silence))
            self._floor = self._lowest + FOLD + BREATH
        else:
            self._floor = self._lowest + min(duration / self._journey * SLANT, LONGEST_PAUSE)

    def _put(self, moment: Moment) -> None:
        event, side = moment.event, moment.side
        y = self._clear(moment, self._floor_of(moment))
        self.moments[id(event), moment.what] = self._stand(side, y, moment.at)
        self._last_what[side] = moment.what
        if moment.what == BEGINS and isinstance(event, Arrow) and _arrives(event):
            self._travelling.add(id(event))
        elif moment.what == ENDS:
            self._travelling.discard(id(event))
        for state in self._reached.pop((side, moment.at), ()) if moment.what != MISSED else ():
            self._put_state(side, state, y, moment.at)

    def _floor_of(self, moment: Moment) -> float:
        """How low all that was before this moment makes it stand."""
        last, begin = self._last[moment.side], self.moments.get((id(moment.event), BEGINS))
        if moment.what == ENDS and begin is None:
            return self._floor + FALL  # it comes out of nowhere, from above
        if moment.what in (ENDS, MISSED) and begin is not None:
            return max(min(self._floor, begin.y + STEEPEST), begin.y + LEAST_SLANT)
        return last.y if last is not None and last.at == moment.at else self._floor

    def _clear(self, moment: Moment, floor: float) -> float:
        """Clear of the last that happened to this host; an answer begins where that came which it answers."""
        last = self._last[moment.side]
        if last is None:
            return floor
        answer = moment.what == BEGINS and last.at == moment.at and self._last_what[moment.side] == ENDS
        return max(floor, last.y + (ANSWER if answer else ROW))

    def _stand(self, side: int, y: float, at: int) -> Stand:
        stand = Stand(side, y, at)
        self._last[side] = stand
        self._lowest = max(self._lowest, y)
        return stand

    def _put_state(self, side: int, state: str, y: float, at: int) -> None:
        """On its line, below the state before."""
        mine = [stand.y for stand, _ in self.states if stand.side == side]
        place = max(y, mine[-1] + BREATH) if mine else y
        self.states.append((Stand(side, place, at), state))
        last = self._last[side]
        if last is None or place > last.y:
            self._stand(side, place, at)


def _moments(events: Sequence[Arrow | Change], usual: int) -> Iterator[Moment]:
    """In order of time; at one time, what comes before what answers it. `usual` is how long a journey takes, until one
    has been made.
    """
    found: list[tuple[int, int, int, Moment]] = []
    journeys = [usual, usual]
    for place, event in enumerate(events):
        if isinstance(event, Change):
            found.append((event.at, 2, place, Moment(event.at, event.side, STANDS, event)))
            continue
        begun, there = not (event.duplicate or event.foreign), 1 - event.side
        if begun:
            found.append((event.sent, 1, place, Moment(event.sent, event.side, BEGINS, event)))
        if event.ended is None or event.lost:
            missed = event.sent + journeys[event.side]
            found.append((missed, 0, place, Moment(missed, there, MISSED, event)))
        else:
            journeys[event.side] = _journey(event) or usual
            order = 3 if begun and event.ended == event.sent else 0
            found.append((event.ended, order, place, Moment(event.ended, there, ENDS, event)))
    return (moment for *_, moment in sorted(found, key=lambda one: one[:3]))


def _arrives(arrow: Arrow) -> bool:
    return arrow.ended is not None and not arrow.lost


def _journey(arrow: Arrow) -> int:
    return 0 if arrow.ended is None or arrow.lost else arrow.ended - arrow.sent
