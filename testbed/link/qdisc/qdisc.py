"""What every queueing discipline is, and how long a queue is when nobody says.

A discipline may refuse a packet when it comes, give up others to make room for it, or drop some when the
serialiser asks for the next one (CoDel does). All its drops go out by one door, the `drop` it was built with, and
what it marks instead (ECN) goes on, and is told of by another, `mark`. It is asked only while packets have to wait:
one that finds the link idle passes by, and has waited for 0 ns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from testbed.clock import FOREVER, SECOND
from testbed.units import QueueLimit
from testbed.wire.packet import CE, NOT_ECT, Packet

Drop = Callable[[Packet, int, str], None]
"""`drop(packet, now, reason)`: the discipline gives up a packet; the reason is a word of the trace."""

Mark = Callable[[Packet, int, str], None]
"""`mark(packet, now, reason)`: the discipline has marked a packet, which goes on."""

QUEUE_FULL: Final = "queue full"
"""Why a packet is dropped that finds no room."""

SMALLEST_LIMIT: Final = 2
"""Packets: below this a window of any size meets a full queue."""


class Qdisc(ABC):
    """A queue with a limit. `packets` and `size` (bytes) say what is in it, without the packet that is being sent.

    `waited` is how long (ns) the packet that `dequeue` returned last has been in it.
    """

    __slots__ = ("_drop", "_mark", "_most_bytes", "_most_packets", "packets", "size", "waited")

    def __init__(self, limit: QueueLimit, drop: Drop, mark: Mark) -> None:
        most, unit = limit
        self._most_packets = most if unit == "packets" else FOREVER
        self._most_bytes = most if unit == "bytes" else FOREVER
        self._drop = drop
        self._mark = mark
        self.packets = 0
        self.size = 0
        self.waited = 0

    @abstractmethod
    def enqueue(self, packet: Packet, now: int) -> None:
        """Take `packet` in, or drop it; either may cost others their place."""

    @abstractmethod
    def dequeue(self, now: int) -> Packet | None:
        """The packet to be sent next, out of the queue; None when all that was left has been dropped."""

    def has_room(self, packet: Packet) -> bool:
        """Whether `packet` may come in without making it longer than the limit."""
        return self.packets < self._most_packets and self.size + packet.size <= self._most_bytes

    def mark(self, packet: Packet, now: int, reason: str) -> bool:
        """Let `packet` say that it met congestion, if its sender allows that (RFC 3168 section 5). Whether it does now.

        A corrupted packet cannot: its bytes stand as they are.
        """
        if packet.ecn == NOT_ECT or packet.raw is not None:
            return False
        if packet.ecn != CE:
            packet.ecn = CE
            self._mark(packet, now, reason)
        return True


@dataclass(frozen=True, kw_only=True)
class QdiscSpec(ABC):
    """A discipline as written in a file."""

    limit: QueueLimit | None = None
    """The most that may wait, in packets or in bytes. Absent: one bandwidth-delay product, in packets."""

    @abstractmethod
    def build(self, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> Qdisc:
        """The working queue; `limit` stands in when the spec has none, and `stream` is its only chance."""


def bdp_limit(rate: int | None, round_trip: int, mtu: int = 1500) -> QueueLimit:
    """One bandwidth-delay product in packets of `mtu` bytes, rounded up, and never below `SMALLEST_LIMIT`.

    With it one Reno flow can halve its window and keep the link busy (Villamizar and Song 1994). A link
    without a rate never queues.
    """
    bits = (rate or 0) * round_trip
    return max(SMALLEST_LIMIT, -(-bits // (8 * mtu * SECOND))), "packets"
