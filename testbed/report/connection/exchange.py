"""One connection's exchange, put together from what its two ends and the links told of it.

A segment is told of in up to two rows of the trace: "sent" at one host, then "received" at the other or
"dropped" on the way. They are paired by what the wire carries, in order, for a row does not say whose twin it
is. Nothing is drawn here: see `ladder`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Row = Mapping[str, Any]
"""A row of the trace: column -> value (`trace.vocabulary`)."""

LEFT: Final = 0
RIGHT: Final = 1

WIRE: Final = ("flags", "seq", "ack", "length", "window", "timestamp", "timestamp_echo", "sack")
"""The columns that are the same at both ends of a segment's journey."""


@dataclass(slots=True, kw_only=True)
class Arrow:
    """A segment's journey. `ended` is None while it has neither arrived nor been lost."""

    side: int
    """LEFT or RIGHT: where it was sent."""
    sent: int
    """When (ns); for a copy that a link made, when the copy arrived."""
    row: Row
    """What it carries."""
    ended: int | None = None
    """When it arrived or was lost (ns)."""
    lost: str = ""
    """Why it never arrived; empty if it did."""
    note: str = ""
    """What became of it at the receiver, where that is worth a word."""
    again: bool = False
    """All that it carries had been sent before: a retransmission."""
    duplicate: bool = False
    """Made by a link, not by the sender."""
    foreign: bool = False
    """Sent by an end that is not of this connection, such as a client that calls again from the same port."""
    states: list[tuple[int, str]] = field(default_factory=list)
    """(side, state) for each state to be shown below it, in order: those that it brought about, mostly."""


@dataclass(slots=True, kw_only=True)
class Change:
    """A change of state that no segment brought about: a timer, or an application's wish."""

    side: int
    at: int
    cause: str
    states: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What happened between two hosts on one connection, in order of its beginnings."""

    hosts: tuple[str, str]
    """The left one sent the first segment."""
    first_states: tuple[str, str]
    last_states: tuple[str, str]
    bases: tuple[int, int]
    """The initial sequence number of each side: what relative numbers count from."""
    scales: tuple[int, int]
    """By how many bits each side's windows are scaled, SYNs apart (RFC 7323 section 2.2: both must offer)."""
    events: list[Arrow | Change]
    reached: list[tuple[int, int, str]] = field(default_factory=list)
    """(side, when, state) for each change of state, in order of time."""

    @property
    def arrows(self) -> list[Arrow]:
        return [event for event in self.events if isinstance(event, Arrow)]


def exchange(segments: Iterable[Row], states: Iterable[Row]) -> Exchange:
    """The exchange told by one connection's `segment` and `state` rows, both in order of time."""
    segments, states = list(segments), [row for row in states if (row["from"], row["to"]) != ("CLOSED", "LISTEN")]
    hosts = _hosts(segments, states)
    arrows = _arrows(segments, hosts)
    brought = _bringers([row for row in states if row["host"] in hosts], arrows, hosts)
    changes = {id(event): event for _, event in brought if isinstance(event, Change)}
    events: list[Arrow | Change] = [*arrows, *changes.values()]
    events.sort(key=lambda event: event.sent if isinstance(event, Arrow) else event.at)
    _attach(brought, events, hosts)
    return Exchange(
        hosts=hosts,
        first_states=(_edge(states, hosts[LEFT], first=True), _edge(states, hosts[RIGHT], first=True)),
        last_states=(_edge(states, hosts[LEFT], first=False), _edge(states, hosts[RIGHT], first=False)),
        bases=(_base(arrows, LEFT), _base(arrows, RIGHT)),
        scales=_scales(arrows),
        events=events,
        reached=[(hosts.index(row["host"]), row["t"], row["to"]) for row in states if row["host"] in hosts],
    )


def _hosts(segments: list[Row], states: list[Row]) -> tuple[str, str]:
    """Both hosts' names, the one that spoke first on the left; an unknown one is empty."""
    senders = [row["host"] for row in segments if row["direction"] == "sent"]
    names = list(dict.fromkeys([*senders, *(row["host"] for row in [*segments, *states])]))
    left, right = [*names, "", ""][:2]
    return left, right


def _edge(states: list[Row], host: str, *, first: bool) -> str:
    """The state that `host` began or ended in; empty when nothing is told."""
    rows = [row for row in states if row["host"] == host]
    if not rows:
        return ""
    return str(rows[0]["from"] if first else rows[-1]["to"])


def _base(arrows: list[Arrow], side: int) -> int:
    """The initial sequence number: the SYN's, or else the first that was seen."""
    mine = [arrow for arrow in arrows if arrow.side == side]
    for arrow in mine:
        if "SYN" in arrow.row["flags"]:
            return int(arrow.row["seq"])
    if mine:
        return int(mine[0].row["seq"])
    acked = [arrow.row["ack"] for arrow in arrows if "ACK" in arrow.row["flags"]]
    return int(acked[0]) if acked else 0


def _scales(arrows: list[Arrow]) -> tuple[int, int]:
    """What the SYNs agreed on; nothing, unless both offered."""
    offers = {arrow.side: arrow.row.get("window_scale") for arrow in arrows if "SYN" in _flags(arrow)}
    left, right = offers.get(LEFT), offers.get(RIGHT)
    return (0, 0) if left is None or right is None else (int(left), int(right))


# -- pairing ------------------------------------------------------------------------------------------------


def _arrows(segments: list[Row], hosts: tuple[str, str]) -> list[Arrow]:
    """One arrow for each segment sent, and for each copy that a link made, in order of sending."""
    travelling: dict[tuple[Any, ...], deque[Arrow]] = {}
    arrows: list[Arrow] = []
    highest: dict[int, int] = {}
    for row in segments:
        if row["host"] not in hosts:
            continue
        at, direction, host = row["t"], row["direction"], hosts.index(row["host"])
        side = 1 - host if direction == "received" else host
        carried = (side, *(row.get(column) for column in WIRE))
        known = carried in travelling
        twins = travelling.setdefault(carried, deque())
        if direction == "sent":
            arrows.append(Arrow(side=side, sent=at, row=row, again=_again(row, side, highest)))
            twins.append(arrows[-1])
            continue
        arrow = _take(twins, at, direction)
        if arrow is None:
            arrow = Arrow(side=side, sent=at, row=row, duplicate=known, foreign=not known)
            arrows.append(arrow)
        _end(arrow, row)
    return arrows


def _again(row: Row, side: int, highest: dict[int, int]) -> bool:
    """Whether a segment holds nothing above the highest that this side has sent, which is then kept.

    Probes are meant to repeat what lies beyond the window; they are none, but for those for lost tails.
    """
    flags = str(row["flags"]).split(",")
    content = row["length"] + ("SYN" in flags) + ("FIN" in flags)
    end = row["seq"] + content
    beyond = (end - highest.setdefault(side, row["seq"])) & 0xFFFFFFFF
    ahead = 0 < beyond < 2**31  # in the arithmetic of sequence numbers (RFC 9293 section 3.4)
    if ahead:
        highest[side] = end
    reason = str(row.get("reason") or "")
    return bool(content) and not ahead and ("probe" not in reason or reason == "tail loss probe")


def _take(twins: deque[Arrow], at: int, direction: str) -> Arrow | None:
    """The one of these alike arrows that ended at `at`: the oldest, unless one was lost on its first link."""
    if not twins:
        return None
    if direction == "dropped" and twins[-1].sent == at:
        return twins.pop()
    return twins.popleft()


def _end(arrow: Arrow, row: Row) -> None:
    arrow.ended = row["t"]
    reason = row.get("reason") or ""
    if row["direction"] == "dropped":
        link = (row.get("link") or "").removesuffix(".reverse")  # the arrow shows which way
        arrow.lost = f"{reason} ({link})" if link else reason or "lost"
    else:
        arrow.note = reason


# -- states -------------------------------------------------------------------------------------------------


def _bringers(states: list[Row], arrows: list[Arrow], hosts: tuple[str, str]) -> list[tuple[Row, Arrow | Change]]:
    """Each change of state with what brought it about: an arrow, or else something that stands alone."""
    ends: dict[tuple[int, int, bool], list[Arrow]] = {}
    for arrow in arrows:
        if not arrow.duplicate and not arrow.foreign:
            ends.setdefault((arrow.side, arrow.sent, True), []).append(arrow)
        if arrow.ended is not None and not arrow.lost:
            ends.setdefault((1 - arrow.side, arrow.ended, False), []).append(arrow)
    brought: list[tuple[Row, Arrow | Change]] = []
    alone: dict[tuple[int, int, str], Change] = {}
    for row in states:
        side, at, cause = hosts.index(row["host"]), row["t"], str(row["cause"])
        event: Arrow | Change | None = _bringer(row, ends.get((side, at, True), []), ends.get((side, at, False), []))
        if event is None:
            event = alone.setdefault((side, at, cause), Change(side=side, at=at, cause=cause))
        brought.append((row, event))
    return brought


def _attach(brought: list[tuple[Row, Arrow | Change]], events: list[Arrow | Change], hosts: tuple[str, str]) -> None:
    """Give each state to what brought it about, or to a later event where that keeps a host's states in order.

    Arrows that cross are in order of sending, so that what the first brings about on arrival may come after what
    the second tells of by being sent.
    """
    places = {id(event): place for place, event in enumerate(events)}
    reached = [0, 0]
    for row, event in brought:
        side = hosts.index(row["host"])
        reached[side] = max(reached[side], places[id(event)])
        events[reached[side]].states.append((side, row["to"]))


def _bringer(row: Row, sent: list[Arrow], received: list[Arrow]) -> Arrow | None:
    """Of the arrows that left or reached this host at this moment, the one that brought the change about."""
    verb, _, what = str(row["cause"]).partition(" ")
    if verb == "receive" and received:
        flags = set(what.split(" ")[0].split(","))  # "receive ACK of SYN" needs an ACK
        fitting = [arrow for arrow in received if flags <= _flags(arrow)] or received
        return fitting[0] if what != "ACK of FIN" else _furthest(fitting)
    telling = [arrow for arrow in sent if _flags(arrow) & {"SYN", "FIN", "RST"}]
    return telling[-1] if telling else None


def _furthest(arrows: list[Arrow]) -> Arrow:
    """Of those that arrive at one moment, the first that acknowledges the most."""
    base = arrows[0].row["ack"] - 2**31
    return max(arrows, key=lambda arrow: (arrow.row["ack"] - base) & 0xFFFFFFFF)


def _flags(arrow: Arrow) -> set[str]:
    return set(arrow.row["flags"].split(","))
