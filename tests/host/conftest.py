"""Two hosts, `a` and `b`, and a link between them: whole exchanges, from the first SYN to CLOSED on both sides.

After each event of the clock what must always hold is checked: whoever has something in flight, or waiting to be
sent, has a deadline and an alarm that rings in time for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from testbed.clock import Clock
from testbed.host.host import Host
from testbed.host.listener import Listener
from testbed.host.socket import Handler, Socket
from testbed.link.drop_rule import drop
from testbed.link.link import Link
from testbed.link.spec import DirectionSpec
from testbed.tcp.config import TcpConfig
from testbed.tcp.state import State
from testbed.trace.tracer import SILENT_LINK, ConnectionTracer, FourTuple, Tracer
from testbed.units import duration
from testbed.wire.segment import Segment, show_flags

START = 3_000_000_019
A, B = 0x0A000001, 0x0A000002
PORT = 5001


class Person(Handler):
    """An application: says `text`, listens to everything, and closes when `closes` says.

    `closes`: "first" (as soon as all is written), "after peer" (when the peer has closed), or "never".
    `appetite`: bytes read at a time; 0: nothing, until the test reads.
    """

    def __init__(self, text: bytes = b"", closes: str = "after peer", appetite: int = 1 << 30) -> None:
        self.text = text
        self.closes = closes
        self.appetite = appetite
        self.heard = b""
        self.events: list[str] = []
        self.errors: list[str] = []
        self.socket: Socket | None = None
        self._said = 0
        self._peer_closed = False

    def connected(self, socket: Socket, now: int) -> None:
        self.socket = socket
        self.events.append("connected")
        self.talk(socket)

    def readable(self, socket: Socket, now: int) -> None:
        while self.appetite and (data := socket.read(self.appetite)):
            self.heard += data

    def urgent(self, socket: Socket, now: int) -> None:
        self.events.append("urgent")

    def writable(self, socket: Socket, now: int) -> None:
        self.talk(socket)

    def talk(self, socket: Socket) -> None:
        self._said += socket.write(self.text[self._said :])
        all_said = self._said == len(self.text)
        if all_said and (self.closes == "first" or (self.closes == "after peer" and self._peer_closed)):
            socket.close()

    def peer_closed(self, socket: Socket, now: int) -> None:
        self.events.append("peer closed")
        self._peer_closed = True
        self.talk(socket)

    def failed(self, socket: Socket, now: int, error: str) -> None:
        self.errors.append(error)

    def closed(self, socket: Socket, now: int) -> None:
        self.events.append("closed")


class Diary(Tracer):
    """Every state and every segment of both hosts, in order."""

    def __init__(self) -> None:
        self.states: dict[str, list[str]] = {"a": [], "b": []}
        self.segments: list[tuple[int, str, str, Segment, str]] = []  # time, host, direction, segment, reason

    def connection(self, host: str, label: str, four_tuple: FourTuple) -> ConnectionTracer:
        return Page(self, host)


class Page(ConnectionTracer):
    def __init__(self, diary: Diary, host: str) -> None:
        self.diary = diary
        self.host = host

    def state(self, now: int, old: str, new: str, cause: str) -> None:
        self.diary.states[self.host].append(new)

    def segment(self, now: int, direction: str, segment: Segment, reason: str) -> None:
        self.diary.segments.append((now - START, self.host, direction, segment, reason))


class Pair:
    """The two hosts. `forth` is the link's direction from `a` to `b`, `back` the other (the same if not given)."""

    def __init__(
        self, isns: tuple[int, int], forth: DirectionSpec, back: DirectionSpec | None = None, seed: int = 1, **tcp: Any
    ) -> None:
        self.clock = Clock(START)
        self.diary = Diary()
        own = [TcpConfig(**{"initial_sequence": isn, **tcp}) for isn in isns]
        self.a = Host("a", A, self.clock, seed, self.diary, own[0])
        self.b = Host("b", B, self.clock, seed, self.diary, own[1])
        addresses = {"a": A, "b": B}
        self.forth = Link("l", forth, self.clock, seed, self.b.incoming("l"), SILENT_LINK, addresses)
        self.back = Link("l.reverse", back or forth, self.clock, seed, self.a.incoming("l"), SILENT_LINK, addresses)
        self.a.routes[B] = self.a.attach("l", self.forth)
        self.b.routes[A] = self.b.attach("l", self.back)
        self.sockets: list[Socket] = []

    def listen(self, *people: Person, host: Host | None = None, **keywords: Any) -> Listener:
        """`b` listens; each connection is accepted by the next of `people`."""
        waiting = list(people)

        def acceptable(listener: Listener, now: int) -> None:
            if waiting:
                socket = listener.accept()
                assert socket is not None
                person = waiting.pop(0)
                person.socket = socket
                socket.handler = person
                self.sockets.append(socket)
                person.talk(socket)

        return (host or self.b).listen(PORT, acceptable, **keywords)

    def connect(self, person: Person, **keywords: Any) -> Socket:
        """`a` connects to `b`."""
        socket = self.a.connect(B, PORT, person, **keywords)
        person.socket = socket
        self.sockets.append(socket)
        return socket

    def run(self, time: str | None = None) -> None:
        """Let `time` pass, or all there is to happen."""
        until = None if time is None else self.clock.now + duration(time)
        while (due := self.clock.next_due()) is not None and (until is None or due <= until):
            self.clock.step()
            for socket in self.a.sockets + self.b.sockets:
                assert_timed(socket)
        if until is not None:
            self.clock.now = until

    def sent(self, host: str) -> list[str]:
        """What `host` sent, as flags, with the length of data."""
        return [
            show_flags(segment.flags) + (f" {len(segment.payload)}" if segment.payload else "")
            for _, name, direction, segment, _ in self.diary.segments
            if name == host and direction == "sent"
        ]


def assert_timed(socket: Socket) -> None:
    """No timer is missing while data is in flight, or waits to be sent."""
    connection = socket.connection
    state, sender = connection.machine.state, connection.sender
    waits = bool(sender.board.records) or (State.ESTABLISHED <= state < State.TIME_WAIT and sender.unsent)
    if waits:
        assert connection.deadline is not None, f"{socket}: data waits, and no timer runs"
    if connection.deadline is not None:
        assert socket._alarm.due <= connection.deadline, f"{socket}: the alarm rings too late"


@pytest.fixture(params=[(0, 1), (2**32 - 2, 2**32 - 3)], ids=["isn-0", "isn-wraps"])
def isns(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The initial sequence numbers of `a` and `b`."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def pair(isns: tuple[int, int]) -> Callable[..., Pair]:
    """`pair(drop_forth=…, drop_back=…, delay="10ms", **tcp)`: exact drops, e.g. `["the first SYN"]`."""

    def make(
        drop_forth: list[str] | None = None, drop_back: list[str] | None = None, delay: str = "10ms", **tcp: Any
    ) -> Pair:
        forth, back = (
            DirectionSpec(delay=duration(delay), drop=tuple(drop(rule) for rule in rules or []))
            for rules in (drop_forth, drop_back)
        )
        return Pair(isns, forth, back, **tcp)

    return make


@pytest.fixture(scope="session")
def new_pair() -> type[Pair]:
    return Pair


@pytest.fixture(scope="session")
def person() -> type[Person]:
    return Person
