"""Controlled delay (RFC 8289): what matters is not how long the queue is, but for how long no packet got through it
quickly.

If for a whole interval every packet has waited for longer than the target, one is dropped as it leaves, the next one an
interval later, and then ever sooner: interval/sqrt(2), interval/sqrt(3), … until one has waited for less. That makes
the rate of a Reno flow fall linearly. With ECN a packet is marked in place of each that would have been dropped.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import sqrt
from random import Random
from typing import Final

from testbed.errors import UnitError
from testbed.link.qdisc.qdisc import QUEUE_FULL, Drop, Mark, Qdisc, QdiscSpec
from testbed.units import Duration, QueueLimit
from testbed.wire.packet import Packet

STANDING_QUEUE: Final = "standing queue"
"""Every packet of an interval has waited for longer than the target."""

RECENT: Final = 16
"""Intervals: a line that drops again so soon goes on nearly as fast as it was (RFC 8289 section 5.5)."""


@dataclass(frozen=True, kw_only=True)
class Codel(QdiscSpec):
    """Controlled delay: drops or marks as packets leave, once all of an interval have waited for too long."""

    limit: QueueLimit | None = (1000, "packets")
    """The most that may wait, in packets or in bytes (tc-codel(8): 1000 packets)."""

    target: Duration = 5_000_000
    """The delay that a standing queue may cause (RFC 8289 section 4.3: 5 ms, a twentieth of the interval)."""

    interval: Duration = 100_000_000
    """About the longest round trip of the flows (RFC 8289 section 4.3: 100 ms)."""

    ecn: bool = True
    """Mark packets that allow it instead of dropping them."""

    def __post_init__(self) -> None:
        check_interval(self.interval)

    def build(self, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> Qdisc:
        return CodelQueue(Law(self.target, self.interval, self.ecn), self.limit or limit, drop, mark)


def check_interval(interval: int) -> None:
    """Raise UnitError for one that no law can be built on."""
    if not interval:
        raise UnitError("interval must be above 0")


class Law:
    """What all lines of one queue have in common; sizes in bytes, times in ns."""

    __slots__ = ("ecn", "interval", "largest", "target")

    def __init__(self, target: int, interval: int, ecn: bool) -> None:
        self.target = target
        self.interval = interval
        self.ecn = ecn
        self.largest = 0
        """The largest packet so far: what no more than that waits behind has a good queue."""

    def next(self, time: int, count: int) -> int:
        """When to drop after `time`, if `count` have been dropped (RFC 8289, `control_law`)."""
        return time + int(self.interval / sqrt(count))


class ManagedQueue(Qdisc):
    """A queue made of one line or several, which keep its books."""

    __slots__ = ()

    def give_up(self, packet: Packet, now: int, reason: str) -> None:
        """Drop what a line has let go."""
        self._drop(packet, now, reason)


class CodelQueue(ManagedQueue):
    """One line."""

    __slots__ = ("_line",)

    def __init__(self, law: Law, limit: QueueLimit, drop: Drop, mark: Mark) -> None:
        super().__init__(limit, drop, mark)
        self._line = Line(law, self)

    def enqueue(self, packet: Packet, now: int) -> None:
        if self.has_room(packet):
            self._line.push(packet, now)
        else:
            self._drop(packet, now, QUEUE_FULL)

    def dequeue(self, now: int) -> Packet | None:
        return self._line.dequeue(now)


class Line:
    """First in, first out, under the law: `packets` and `size` (bytes) are its own part of the queue `whole`.

    The attributes have the names of RFC 8289 section 5.2.
    """

    __slots__ = (
        "_count", "_drop_next", "_dropping", "_first_above_time", "_last_count", "_law", "_waiting", "_whole",
        "packets", "size",
    )  # fmt: skip

    def __init__(self, law: Law, whole: ManagedQueue) -> None:
        self._law = law
        self._whole = whole
        self._waiting: deque[tuple[int, Packet]] = deque()
        self.packets = 0
        self.size = 0
        self._first_above_time = (
            0  # when a packet leaving will have been too late for an interval; 0: they are not late
        )
        self._drop_next = 0
        self._count = 0
        self._last_count = 0
        self._dropping = False

    def push(self, packet: Packet, now: int) -> None:
        """Take `packet` in."""
        size = packet.size
        if size > self._law.largest:
            self._law.largest = size
        self._waiting.append((now, packet))
        self.packets += 1
        self.size += size
        self._whole.packets += 1
        self._whole.size += size

    def pop(self, now: int) -> Packet | None:
        """The packet at the head, whatever the law says."""
        if not self._waiting:
            return None
        since, packet = self._waiting.popleft()
        size = packet.size
        self.packets -= 1
        self.size -= size
        whole = self._whole
        whole.packets -= 1
        whole.size -= size
        whole.waited = now - since
        return packet

    def dequeue(self, now: int) -> Packet | None:
        """The next packet that the law lets pass (RFC 8289 section 5.5); None if none is left."""
        packet = self.pop(now)
        late = self._is_late(packet, now)
        if self._dropping:
            if not late:
                self._dropping = False
            while self._dropping and now >= self._drop_next:
                self._count += 1
                if self._passes(packet, now):
                    self._drop_next = self._law.next(self._drop_next, self._count)
                    break
                packet = self.pop(now)
                if self._is_late(packet, now):
                    self._drop_next = self._law.next(self._drop_next, self._count)
                else:
                    self._dropping = False
        elif late:
            if not self._passes(packet, now):
                packet = self.pop(now)
                self._is_late(packet, now)
            self._begin(now)
        return packet

    def _begin(self, now: int) -> None:
        """Drop from now on; if it is not long since, at the rate that was enough then."""
        since_then = self._count - self._last_count
        recently = now - self._drop_next < RECENT * self._law.interval
        self._dropping = True
        self._count = since_then if since_then > 1 and recently else 1
        self._last_count = self._count
        self._drop_next = self._law.next(now, self._count)

    def _is_late(self, packet: Packet | None, now: int) -> bool:
        """Whether all packets of an interval, up to this one, have waited for too long (RFC 8289 section 5.6)."""
        if packet is None or self._whole.waited < self._law.target or self.size <= self._law.largest:
            self._first_above_time = 0
            return False
        if not self._first_above_time:
            self._first_above_time = now + self._law.interval
            return False
        return now >= self._first_above_time

    def _passes(self, packet: Packet | None, now: int) -> bool:
        """Mark or drop `packet`; whether it goes on."""
        assert packet is not None  # none is late
        if self._law.ecn and self._whole.mark(packet, now, STANDING_QUEUE):
            return True
        self._whole.give_up(packet, now, STANDING_QUEUE)
        return False
