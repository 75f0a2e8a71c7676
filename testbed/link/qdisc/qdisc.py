"""What every queueing discipline is, and how long a queue is when nobody says.

A discipline may refuse a packet when it comes, give up others to make room for it, or drop some when the
serialiser asks for the next one (CoDel does). All its drops go out by one door, the `drop` it was built with;
marking a packet (ECN) changes the packet only. It is asked only while packets have to wait: one that finds
the link idle passes by, and has waited for 0 ns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from testbed.clock import SECOND
from testbed.units import QueueLimit
from testbed.wire.packet import Packet

Drop = Callable[[Packet, int, str], None]
"""`drop(packet, now, reason)`: the discipline gives up a packet; the reason is a word of the trace."""

SMALLEST_LIMIT: Final = 2
"""Packets: below this a window of any size meets a full queue."""


class Qdisc(ABC):
    """A queue. `packets` and `size` (bytes) say what is in it, without the packet that is being sent.

    `waited` is how long (ns) the packet that `dequeue` returned last has been in it.
    """

    __slots__ = ("_drop", "packets", "size", "waited")

    def __init__(self, drop: Drop) -> None:
        self._drop = drop
        self.packets = 0
        self.size = 0
        self.waited = 0

    @abstractmethod
    def enqueue(self, packet: Packet, now: int) -> None:
        """Take `packet` in, or drop it; either may cost others their place."""

    @abstractmethod
    def dequeue(self, now: int) -> Packet | None:
        """The packet to be sent next, out of the queue; None when all that was left has been dropped."""


@dataclass(frozen=True, kw_only=True)
class QdiscSpec(ABC):
    """A discipline as written in a file."""

    limit: QueueLimit | None = None
    """The most that may wait, in packets or in bytes. Absent: one bandwidth-delay product, in packets."""

    @abstractmethod
    def build(self, limit: QueueLimit, drop: Drop, stream: Random) -> Qdisc:
        """The working queue; `limit` stands in when the spec has none, and `stream` is its only chance."""


def bdp_limit(rate: int | None, round_trip: int, mtu: int = 1500) -> QueueLimit:
    """One bandwidth-delay product in packets of `mtu` bytes, rounded up, and never below `SMALLEST_LIMIT`.

    With it one Reno flow can halve its window and keep the link busy (Villamizar and Song 1994). A link
    without a rate never queues.
    """
    bits = (rate or 0) * round_trip
    return max(SMALLEST_LIMIT, -(-bits // (8 * mtu * SECOND))), "packets"
