"""First in, first out; who comes when it is full is dropped."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

from testbed.clock import FOREVER
from testbed.link.qdisc.qdisc import Drop, Qdisc, QdiscSpec
from testbed.units import QueueLimit
from testbed.wire.packet import Packet


@dataclass(frozen=True, kw_only=True)
class DropTail(QdiscSpec):
    """First in, first out; a packet that finds the queue full is dropped."""

    def build(self, limit: QueueLimit, drop: Drop, stream: Random) -> Qdisc:
        return DropTailQueue(self.limit or limit, drop)


class DropTailQueue(Qdisc):
    """A packet that would make it longer than the limit, in packets or in bytes, is dropped."""

    __slots__ = ("_most_bytes", "_most_packets", "_waiting")

    def __init__(self, limit: QueueLimit, drop: Drop) -> None:
        super().__init__(drop)
        most, unit = limit
        self._most_packets = most if unit == "packets" else FOREVER
        self._most_bytes = most if unit == "bytes" else FOREVER
        self._waiting: deque[tuple[int, Packet]] = deque()

    def enqueue(self, packet: Packet, now: int) -> None:
        size = self.size + packet.size
        if self.packets >= self._most_packets or size > self._most_bytes:
            self._drop(packet, now, "queue full")
            return
        self._waiting.append((now, packet))
        self.packets += 1
        self.size = size

    def dequeue(self, now: int) -> Packet | None:
        if not self._waiting:
            return None
        since, packet = self._waiting.popleft()
        self.packets -= 1
        self.size -= packet.size
        self.waited = now - since
        return packet
