"""One connection, driven by hand-made segments, told as a story:

    story.open()
    story.expect("SYN", seq=0)
    story.receive("SYN,ACK", seq=0, ack=1)
    story.expect("ACK", seq=1, ack=1)

Sequence numbers count from either end's initial one. Every story is strict: a segment that was sent and that
nobody expected fails the next step, or the end of the test. On failure every step so far is printed. After each
step what must always hold is checked: see `Story.settle`.

Each test runs twice: with initial sequence numbers of nearly 0, and just below 2^32, for both ends.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.tcp.config import TcpConfig
from testbed.tcp.congestion.reno import RenoSpec
from testbed.tcp.connection import Connection
from testbed.tcp.events import CLOSED, CONNECTED, FAILED, PEER_CLOSED, READABLE, WRITABLE
from testbed.tcp.sending.sender import Sender
from testbed.tcp.sequence import MASK
from testbed.tcp.state import Event, State
from testbed.tcp.timers import OVERRIDE, PACE, PERSIST, RETRANSMIT
from testbed.trace.tracer import ConnectionTracer
from testbed.units import duration
from testbed.wire.segment import ACK, RST, SYN, URG, Segment, read_flags, show_flags

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)  # for `path_model`

START = 5_000_000_007
"""The story's 0 s: an odd number, so that nothing may rest on time beginning at nought."""

OUR_PORT, PEER_PORT = 40000, 5001

PLAIN = {
    "timestamps": False, "sack": False, "window_scaling": False, "delayed_ack": 0, "receive_buffer": 0xFFFF,
    "congestion": RenoSpec(),
}  # fmt: skip
"""What a story begins with: no options, the simplest congestion control, each segment of data acknowledged at once."""

EVENTS = {
    CONNECTED: "connected", READABLE: "readable", WRITABLE: "writable", PEER_CLOSED: "peer closed",
    FAILED: "failed", CLOSED: "closed",
}  # fmt: skip


def pattern(start: int, length: int) -> bytes:
    """The bytes that both ends of a story send: each place in a stream has its own, so that a mix-up shows."""
    return bytes((place * 7 + (place >> 8) * 13 + (place >> 16)) & 0xFF for place in range(start, start + length))


def board_fault(sender: Sender) -> str:
    """What is wrong with a scoreboard, whose sums are those over its records, which are what is outstanding."""
    board, place = sender.board, sender.una
    if board.pipe != sum(record.end - record.seq for record in board.records if not (record.sacked or record.lost)):
        return f"the pipe is {board.pipe}, and not what is in it"
    if board.sacked_segments != sum(record.sacked for record in board.records):
        return f"{board.sacked_segments} segments are counted as selected"
    for record in board.records:
        if not record.seq == place < record.end:
            return "the records are not what is outstanding"
        if record.lost and record not in board.lost:
            return "a lost segment will not be sent again"
        place = record.end
    return "" if place == sender.next or not board.records else "the records are not what is outstanding"


class Teller(ConnectionTracer):
    """Writes down what the connection tells its tracer."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.states: list[tuple[str, str, str]] = []
        self.windows: list[tuple[str, int, int]] = []
        self.samples: list[int] = []
        self.app_events: list[str] = []

    def state(self, now: int, old: str, new: str, cause: str) -> None:
        self.states.append((old, new, cause))
        self.story.note("*", f"{old} -> {new} ({cause})")

    def cwnd(
        self, now: int, cause: str, cwnd: int, ssthresh: int, srtt: int, rto: int, in_flight: int, peer_window: int
    ) -> None:
        self.windows.append((cause, cwnd, ssthresh))
        self.story.note("*", f"{cause}: cwnd {cwnd} ssthresh {ssthresh} rto {rto} in flight {in_flight}")

    def rtt(self, now: int, sample: int) -> None:
        self.samples.append(sample)

    def app(self, now: int, event: str, length: int) -> None:
        self.app_events.append(event)


class Story:
    """A connection, its peer (the test) and the time."""

    def __init__(self, isn: int, peer_isn: int, *, passive: bool = False, mss: int = 1000, **settings: Any) -> None:
        """`settings` are the connection's `TcpConfig`, on top of `PLAIN`. `passive`: it was made by a listener."""
        self.isn = isn
        self.peer_isn = peer_isn
        self.config = TcpConfig(**{**PLAIN, **settings})
        self.now = START
        self.steps: list[str] = []
        self.teller = Teller(self)
        state = State.LISTEN if passive else State.CLOSED
        self.connection = Connection(self.config, (OUR_PORT, PEER_PORT), isn, mss, self.teller, state)
        self.sent: deque[tuple[int, Segment]] = deque()  # what was sent and not expected yet, with its time
        self.written = b""
        self.events: list[str] = []
        self.peer_next = 0  # what the peer's next segment begins with, unless the test says otherwise
        self.sent_upto = 0  # what it acknowledges, unless the test says otherwise
        self.shown_edge = 0  # the right edge of our window, as the peer knows it
        self.our_timestamp = 0

    # -- the peer ----------------------------------------------------------------------------------------------------

    def receive(
        self, flags: str, *, seq: int | None = None, ack: int | None = None, data: int | bytes = b"",
        window: int = 0xFFFF, **fields: Any,
    ) -> str:  # fmt: skip
        """The peer sends a segment; returns the verdict. `data`: bytes, or how many of the pattern.

        `fields` are set on the segment as they are (`mss`, `window_scale`, `timestamp`, …).
        """
        self.check_silence()
        bits = read_flags(flags)
        seq = self.peer_next if seq is None else seq
        payload = pattern(seq + (bits & SYN != 0), data) if isinstance(data, int) else data
        ack = (self.sent_upto if ack is None else ack) + self.isn if "ACK" in flags else 0
        segment = Segment(PEER_PORT, OUR_PORT, seq + self.peer_isn & MASK, ack & MASK, bits, window, payload)
        if self.connection.output.timestamps.on and not bits & RST:
            segment.timestamp, segment.timestamp_echo = self.now // 1_000_000 & MASK, self.our_timestamp
        for name, value in fields.items():
            setattr(segment, name, value)
        self.peer_next = max(self.peer_next, seq + segment.length)
        self.note("<", self.show(segment, self.peer_isn, self.isn))
        before = self.connection.stats.segments_rejected
        if self.connection.machine.state is State.LISTEN:
            self.connection.open_passive(self.now, segment)
        else:
            self.connection.receive(self.now, segment)
        self.settle()
        return "" if self.connection.stats.segments_rejected == before else "rejected"

    # -- the application ---------------------------------------------------------------------------------------------

    def open(self) -> None:
        self._do("open", self.connection.open_active, self.now)

    def write(self, data: int | bytes, urgent: bool = False) -> int:
        """Write `data`, or as many bytes of the pattern; returns how many were taken."""
        if isinstance(data, int):
            data = pattern(1 + len(self.written), data)
        self.check_silence()
        taken = self.connection.write(self.now, data, urgent)
        self.note("-", f"write {len(data)}, {taken} taken")
        self.written += data[:taken]
        self.settle()
        return taken

    def read(self, limit: int = 1 << 30) -> bytes:
        data: bytes = self._do(f"read {limit}", self.connection.read, self.now, limit)
        return data

    def close(self) -> None:
        self._do("close", self.connection.close, self.now)

    def release(self) -> None:
        self._do("release", self.connection.release, self.now)

    def abort(self) -> None:
        self._do("abort", self.connection.abort, self.now)

    def _do(self, text: str, action: Callable[..., Any], *arguments: Any) -> Any:
        self.check_silence()
        self.note("-", text)
        result = action(*arguments)
        self.settle()
        return result

    # -- time --------------------------------------------------------------------------------------------------------

    def tick(self, time: str) -> None:
        """Let `time` pass, doing what is due meanwhile at its own time."""
        self.check_silence()
        until = self.now + duration(time)
        while (due := self.connection.deadline) is not None and due <= until:
            self.check(due >= self.now, "a deadline lies in the past")
            self.now = due
            self.connection.expire(due)
            self.settle()
        self.now = until

    def settle(self) -> None:
        """After every step: take what was sent, and look at what must always hold."""
        connection = self.connection
        for segment in connection.pull(self.now):
            self.note(">", f"{self.show(segment, self.isn, self.peer_isn)} ({segment.reason})")
            self.sent.append((self.now, segment))
            self._look_at(segment)
        self.check(not connection.pull(self.now), "a segment was returned twice, or late")
        for bit, name in EVENTS.items():
            if connection.events & bit:
                self.events.append(name)
        connection.events = 0
        state, sender = connection.machine.state, connection.sender
        over = state in (State.CLOSED, State.LISTEN)
        waits = State.ESTABLISHED <= state < State.TIME_WAIT and sender.unsent
        timers = connection.timers
        self.check(over or not sender.board.records or timers.runs(RETRANSMIT), "data is in flight, and no timer runs")
        self.check(
            over or not waits or any(map(timers.runs, (RETRANSMIT, PERSIST, OVERRIDE, PACE))),
            "data waits, and no timer runs",
        )
        self.check(not over or connection.deadline is None, "the connection is over, and a timer runs")
        self.check(not (fault := board_fault(sender)), fault)

    def _look_at(self, segment: Segment) -> None:
        """Remember what the peer would, and check what no segment may do."""
        if segment.flags & RST:
            return
        self.sent_upto = max(self.sent_upto, self.ours(segment.seq) + segment.length)
        if segment.timestamp is not None:
            self.our_timestamp = segment.timestamp
        if segment.flags & SYN:
            return
        scale = self.config.window_scale if self.connection.output.scale else 0
        edge = self.peers(segment.ack) + (segment.window << scale)
        self.check(edge > self.shown_edge - (1 << scale), "the window's right edge has moved to the left")
        self.shown_edge = max(self.shown_edge, edge)
        place = self.ours(segment.seq) - 1
        self.check(
            self.written[place : place + len(segment.payload)] == segment.payload, "the payload is not what was written"
        )

    # -- what the test expects ---------------------------------------------------------------------------------------

    def expect(self, flags: str, *, at: str | None = None, **fields: Any) -> Segment:
        """The next segment that was sent and not expected yet. `at`: the story's time when it was sent.

        `fields`: `seq`, `ack`, `length` (of the payload), `sack` (blocks, relative), or any of the segment's own.
        """
        self.check(bool(self.sent), f"expected {flags} {fields or ''}, and nothing was sent")
        time, segment = self.sent.popleft()
        found: dict[str, Any] = {"flags": show_flags(segment.flags)}
        wanted: dict[str, Any] = {"flags": show_flags(read_flags(flags))}
        if at is not None:
            found["at"], wanted["at"] = time - START, duration(at)
        for name, value in fields.items():
            wanted[name] = value
            found[name] = self._field(segment, name)
        self.check(found == wanted, f"expected {wanted}\n     but got  {found}")
        return segment

    def _field(self, segment: Segment, name: str) -> Any:
        if name == "seq":
            return self.ours(segment.seq)
        if name == "ack":
            return self.peers(segment.ack)
        if name == "length":
            return len(segment.payload)
        if name == "sack":
            return [(self.peers(left), self.peers(right)) for left, right in segment.sack]
        return getattr(segment, name)

    def expect_data(self, *places: int, length: int = 1000, **fields: Any) -> None:
        """Segments of data, one for each of these sequence numbers and none besides."""
        for place in places:
            segment = self.expect(show_flags(self.sent[0][1].flags) if self.sent else "ACK", seq=place, **fields)
            self.check(len(segment.payload) == length, f"{len(segment.payload)} bytes at {place}, expected {length}")
        self.check_silence()

    def take(self) -> list[Segment]:
        """Everything that was sent and not expected yet."""
        taken = [segment for _, segment in self.sent]
        self.sent.clear()
        return taken

    def check_silence(self) -> None:
        """Nothing was sent but what was expected."""
        left = ", ".join(self.show(segment, self.isn, self.peer_isn) for _, segment in self.sent)
        self.check(not self.sent, f"nobody expected {left}")

    def check(self, good: bool, complaint: str) -> None:
        if not good:
            steps = "\n     ".join(self.steps)
            self.sent.clear()  # one complaint is enough
            pytest.fail(f"{complaint}\n\nThe story so far:\n     {steps}", pytrace=True)

    @property
    def state(self) -> str:
        return self.connection.machine.state.label

    @property
    def error(self) -> str:
        return self.connection.error

    @property
    def cwnd(self) -> int:
        return self.connection.sender.control.cwnd

    @property
    def ssthresh(self) -> int:
        return self.connection.sender.control.ssthresh

    @property
    def rto(self) -> int:
        return self.connection.sender.rtt.rto

    # -- beginnings --------------------------------------------------------------------------------------------------

    def established(self, *, window: int = 0xFFFF, trip: str = "0ms", **options: Any) -> Story:
        """The three-way handshake, whichever end begins; each way takes half of the round `trip`."""
        options.setdefault("mss", 1000)
        if self.connection.active:
            self.open()
            self.expect("SYN", seq=0)
            self.tick(trip)
            self.receive("SYN,ACK", seq=0, ack=1, window=window, **options)
            self.expect("ACK", seq=1, ack=1)
        else:
            self.receive("SYN", seq=0, window=window, **options)
            self.expect("SYN,ACK", seq=0, ack=1)
            self.tick(trip)
            self.receive("ACK", seq=1, ack=1, window=window)
        assert self.state == "ESTABLISHED"
        return self

    def after(self, *causes: Event) -> Story:
        """Move the machine by hand, for tests that need a state and not the way to it."""
        for cause in causes:
            self.connection.machine.move(self.now, cause)
        return self

    # -- words -------------------------------------------------------------------------------------------------------

    def ours(self, wire: int) -> int:
        return (wire - self.isn + 0x8000 & MASK) - 0x8000

    def peers(self, wire: int) -> int:
        return (wire - self.peer_isn + 0x8000 & MASK) - 0x8000

    def note(self, sign: str, text: str) -> None:
        self.steps.append(f"{(self.now - START) / 1e9:12.6f} {sign} {text}")

    def show(self, segment: Segment, seq_from: int, ack_from: int) -> str:
        seq = (segment.seq - seq_from + 0x8000 & MASK) - 0x8000
        text = f"{show_flags(segment.flags)} seq {seq}"
        if segment.flags & ACK:
            text += f" ack {(segment.ack - ack_from + 0x8000 & MASK) - 0x8000}"
        text += f" window {segment.window}"
        if segment.payload:
            text += f" {len(segment.payload)}B"
        if segment.flags & URG:
            text += f" urgent to {seq + segment.urgent_pointer}"
        if segment.sack:
            text += f" sack {[(self.peers(left), self.peers(right)) for left, right in segment.sack]}"
        return text


@pytest.fixture(params=[(0, 1), (2**32 - 2, 2**32 - 3)], ids=["isn-0", "isn-wraps"])
def isns(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The initial sequence numbers: ours and the peer's. From 2^32 - 2 the second byte of data is number 0."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def story(isns: tuple[int, int]) -> Iterator[Callable[..., Story]]:
    """`story(**settings)` begins one; at the end of the test nothing may be left that nobody expected."""
    told: list[Story] = []

    def begin(**settings: Any) -> Story:
        told.append(Story(*isns, **settings))
        return told[-1]

    yield begin
    for one in told:
        one.check_silence()


@pytest.fixture(scope="session")
def new_story() -> type[Story]:
    """For property tests, which choose the initial sequence numbers themselves."""
    return Story


@pytest.fixture(scope="session")
def fault() -> Callable[[Sender], str]:
    """What is wrong with a scoreboard, "" for nothing."""
    return board_fault


@pytest.fixture(scope="session")
def stream() -> Callable[[int, int], bytes]:
    """`stream(start, length)`: the bytes that a story's ends send from that sequence number on."""
    return pattern
