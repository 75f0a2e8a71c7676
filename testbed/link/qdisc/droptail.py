"""First in, first out; who comes when it is full is dropped. It may mark above a threshold, as DCTCP wants it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from testbed.link.qdisc.fifo import Fifo
from testbed.link.qdisc.qdisc import Drop, Mark, Qdisc, QdiscSpec
from testbed.units import QueueLimit
from testbed.wire.packet import Packet

ABOVE_THRESHOLD: Final = "above threshold"


@dataclass(frozen=True, kw_only=True)
class DropTail(QdiscSpec):
    """First in, first out; a packet that finds the queue full is dropped."""

    mark_above: QueueLimit | None = None
    """A packet that finds more than this waiting is marked, if it allows ECN (RFC 8257 section 3.1; the DCTCP paper has
    65 packets at 10 Gbit/s, 20 at 1 Gbit/s). Absent: none is."""

    def build(self, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> Qdisc:
        if self.mark_above is None:
            return Fifo(self.limit or limit, drop, mark)
        return StepMarking(self.limit or limit, self.mark_above, drop, mark)


class StepMarking(Fifo):
    """Marks by the length that a packet finds, not by any average: DCTCP averages at the sender."""

    __slots__ = ("_above", "_in_packets")

    def __init__(self, limit: QueueLimit, above: QueueLimit, drop: Drop, mark: Mark) -> None:
        super().__init__(limit, drop, mark)
        self._above, unit = above
        self._in_packets = unit == "packets"

    def enqueue(self, packet: Packet, now: int) -> None:
        found = self.packets if self._in_packets else self.size
        if found > self._above and self.has_room(packet):
            self.mark(packet, now, ABOVE_THRESHOLD)
        super().enqueue(packet, now)
