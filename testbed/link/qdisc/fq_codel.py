"""Flow queueing with CoDel (RFC 8290): a line for each flow, served by turns, each under CoDel's law.

Deficit round robin: a line whose turn it is sends a quantum of bytes. One that was empty comes before those that have
been waiting, so that a flow that sends little never waits for those that send much. Which flow a packet belongs to,
a hash of its addresses and ports says, whose choice is the seed's; two flows may share a line.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Final

from testbed.errors import UnitError
from testbed.link.qdisc.codel import Law, Line, ManagedQueue, check_interval
from testbed.link.qdisc.qdisc import QUEUE_FULL, Drop, Mark, Qdisc, QdiscSpec
from testbed.units import Count, Duration, QueueLimit, Size
from testbed.wire.packet import Packet

DROP_BATCH: Final = 64
"""The most packets that are dropped at once from the longest line (RFC 8290 section 4.1)."""

PRIME: Final = 2**127 - 1
"""For the hash; above any key, which has 96 bits."""


@dataclass(frozen=True, kw_only=True)
class FqCodel(QdiscSpec):
    """Flow queueing with CoDel: a line for each flow, served by turns, each with a controlled delay."""

    limit: QueueLimit | None = (10240, "packets")
    """The most that may wait in all lines together; then the longest is shortened (RFC 8290 section 5.2.3)."""

    flows: Count = 1024
    """Lines that there are (RFC 8290 section 5.2.5)."""

    quantum: Size = 1514
    """Bytes that a line may send when it is its turn (RFC 8290 section 5.2.4)."""

    target: Duration = 5_000_000
    """The delay that a standing queue may cause (RFC 8289 section 4.3: 5 ms)."""

    interval: Duration = 100_000_000
    """About the longest round trip of the flows (RFC 8289 section 4.3: 100 ms)."""

    ecn: bool = True
    """Mark packets that allow it instead of dropping them (RFC 8290 section 5.2.6)."""

    def __post_init__(self) -> None:
        check_interval(self.interval)
        if self.flows < 1:
            raise UnitError("flows must be at least 1")
        if self.quantum < 1:
            raise UnitError("quantum must be at least 1B")

    def build(self, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> Qdisc:
        return FqCodelQueue(self, self.limit or limit, drop, mark, stream)


class Flow(Line):
    """A line that is served by turns: it may send as long as its `deficit` (bytes) is above 0."""

    __slots__ = ("active", "deficit")

    def __init__(self, law: Law, whole: ManagedQueue) -> None:
        super().__init__(law, whole)
        self.active = False
        self.deficit = 0


class FqCodelQueue(ManagedQueue):
    """Its lines, and the two lists of those that are active."""

    __slots__ = ("_factor", "_flows", "_law", "_new", "_offset", "_old", "_quantum", "_width")

    def __init__(self, spec: FqCodel, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> None:
        super().__init__(limit, drop, mark)
        self._law = Law(spec.target, spec.interval, spec.ecn)
        self._quantum = spec.quantum
        self._width = spec.flows
        self._factor = stream.randrange(1, PRIME)
        self._offset = stream.randrange(PRIME)
        self._flows: dict[int, Flow] = {}
        self._new: deque[Flow] = deque()
        self._old: deque[Flow] = deque()

    def enqueue(self, packet: Packet, now: int) -> None:
        """RFC 8290 section 4.1."""
        flow = self._flow_of(packet)
        flow.push(packet, now)
        if not flow.active:
            flow.active = True
            flow.deficit = self._quantum
            self._new.append(flow)
        while self.packets > self._most_packets or self.size > self._most_bytes:
            self._shorten_longest(now)

    def dequeue(self, now: int) -> Packet | None:
        """RFC 8290 section 4.2."""
        while True:
            turns = self._new or self._old
            if not turns:
                return None
            flow = turns[0]
            if flow.deficit <= 0:
                flow.deficit += self._quantum
                self._old.append(turns.popleft())
                continue
            packet = flow.dequeue(now)
            if packet is not None:
                flow.deficit -= packet.size
                return packet
            turns.popleft()
            if turns is self._new:
                self._old.append(flow)  # or it would be new again at once, and the old ones never have their turn
            else:
                flow.active = False

    def _flow_of(self, packet: Packet) -> Flow:
        """By a hash of a family in which no two flows share a line more often than chance has it (Carter and Wegman
        1979)."""
        segment = packet.segment
        key = packet.source << 64 | packet.destination << 32 | segment.source_port << 16 | segment.destination_port
        index = (self._factor * key + self._offset) % PRIME % self._width
        flow = self._flows.get(index)
        if flow is None:
            flow = self._flows[index] = Flow(self._law, self)
        return flow

    def _shorten_longest(self, now: int) -> None:
        """Drop half of the line that has most bytes, from its head, but no more than a batch."""
        longest = max(self._flows.values(), key=_size)
        for _ in range(min(DROP_BATCH, (longest.packets + 1) // 2)):
            packet = longest.pop(now)
            assert packet is not None  # there are that many
            self.give_up(packet, now, QUEUE_FULL)


def _size(flow: Flow) -> int:
    return flow.size
