"""First in, first out, up to a limit: what most disciplines do with the packets that they let in."""

from __future__ import annotations

from collections import deque

from testbed.link.qdisc.qdisc import QUEUE_FULL, Drop, Mark, Qdisc
from testbed.units import QueueLimit
from testbed.wire.packet import Packet


class Fifo(Qdisc):
    """A packet that would make it longer than the limit, in packets or in bytes, is dropped."""

    __slots__ = ("_waiting",)

    def __init__(self, limit: QueueLimit, drop: Drop, mark: Mark) -> None:
        super().__init__(limit, drop, mark)
        self._waiting: deque[tuple[int, Packet]] = deque()

    def enqueue(self, packet: Packet, now: int) -> None:
        size = self.size + packet.size
        if self.packets >= self._most_packets or size > self._most_bytes:  # `has_room`, on every packet's way
            self._drop(packet, now, QUEUE_FULL)
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
