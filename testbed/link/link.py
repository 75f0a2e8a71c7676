"""One direction of a link. A packet meets, in this order:

    push -> drop list, MTU -> queue -> serialiser -> loss, corruption, duplication -> delay -> deliver

A lost packet has been sent: it has cost the link's time. What chance does to a packet is settled when its
sending begins, and so is when it arrives; only a packet that had to wait costs the clock a second entry.
A link without a rate has no queue either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from testbed.clock import Clock
from testbed.link.corruption import corrupt
from testbed.link.drop_rule import DropList
from testbed.link.impairments import Impairments, Streams
from testbed.link.qdisc.qdisc import Qdisc, bdp_limit
from testbed.link.rate import Serialiser
from testbed.link.spec import DirectionSpec
from testbed.trace.tracer import LinkTracer
from testbed.units import QueueLimit
from testbed.wire.packet import Packet


class LinkStats:
    """What one link direction has done so far. Times in ns, sizes in bytes."""

    __slots__ = (
        "arrivals", "busy_time", "bytes_sent", "corrupted", "drops_by_reason", "duplicated", "held_back", "marked",
        "packets_sent", "packets_waited", "queue_max",
    )  # fmt: skip

    def __init__(self) -> None:
        self.arrivals = 0  # packets pushed on
        self.packets_sent = 0  # whose sending has begun; those lost on the way among them
        self.bytes_sent = 0
        self.busy_time = 0  # that these take to be sent, to the end of the last: see `Link.busy`
        self.packets_waited = 0  # of those sent, how many had to queue
        self.queue_max = 0  # most packets that waited at once
        self.drops_by_reason: dict[str, int] = {}
        self.marked = 0  # by the queue, instead of being dropped
        self.duplicated = 0
        self.corrupted = 0
        self.held_back = 0

    @property
    def drops(self) -> int:
        """Packets dropped, for whatever reason."""
        return sum(self.drops_by_reason.values())

    def as_dict(self) -> dict[str, Any]:
        """Every counter by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, counters: Mapping[str, Any]) -> LinkStats:
        """What `as_dict` gave."""
        stats = cls()
        for name, value in counters.items():
            setattr(stats, name, value)
        return stats


class Link:
    """`push` a packet on; `deliver(packet, now)` is called when it arrives.

    `addresses` are those of the machines that the drop rules name. A queue without a limit gets one
    bandwidth-delay product of this link alone; who knows the paths may say better in the spec.
    """

    __slots__ = (
        "_addresses", "_clock", "_delay", "_deliver", "_drops", "_impairments", "_queue", "_serialiser",
        "_streams", "_tells_sent", "_tracer", "mtu", "name", "spec", "stats", "too_large",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        spec: DirectionSpec,
        clock: Clock,
        seed: int,
        deliver: Callable[[Packet, int], None],
        tracer: LinkTracer,
        addresses: Mapping[str, int] | None = None,
    ) -> None:
        self.name = name
        self.spec = spec
        self.mtu = spec.mtu
        self.stats = LinkStats()
        self.too_large: Callable[[Packet, int], None] = _unheard
        """`too_large(packet, now)` hears of what the MTU forbids, once it is dropped; whoever pushes may listen."""
        self._clock = clock
        self._deliver = deliver
        self._tracer = tracer
        self._tells_sent = tracer.hears("sent")
        self._addresses: Mapping[str, int] = addresses or {}
        self._streams = Streams(seed, f"links.{name}")
        self._delay = spec.delay
        self._serialiser = Serialiser(spec.rate)
        self._impairments = Impairments(spec, self._streams)
        self._drops = DropList(spec.drop, self._addresses) if spec.drop else None
        self._queue = self._build_queue(spec)

    @property
    def queue_limit(self) -> QueueLimit:
        """The limit in force: the spec's, or else the default of `bdp_limit`."""
        return _queue_limit(self.spec)

    @property
    def queued(self) -> int:
        """Packets that wait now."""
        return self._queue.packets

    @property
    def free_at(self) -> int:
        """When the packet being sent has left, or the last one had."""
        return self._serialiser.free_at

    def busy(self, now: int) -> int:
        """For how long (ns) the serialiser has been sending, up to `now`."""
        return self.stats.busy_time - max(0, self.free_at - now)

    def push(self, packet: Packet, now: int) -> None:
        """Take `packet` at the sending end."""
        self.stats.arrivals += 1
        if self._drops is not None and self._drops.judge(packet):
            self._drop(packet, now, "drop rule")
        elif packet.size > self.mtu:
            self._drop(packet, now, "mtu")
            self.too_large(packet, now)
        elif now >= self._serialiser.free_at and not self._queue.packets:
            self._send(packet, now)
        else:
            self._wait(packet, now)

    def change(self, spec: DirectionSpec, now: int) -> None:
        """Do as `spec` says from now on.

        What is on the way, or being sent, stays as it was; what waits goes on waiting and leaves at the new
        rate. A changed drop list counts from here, a changed model begins anew; random streams go on.
        """
        before, self.spec = self.spec, spec
        self.mtu = spec.mtu
        self._delay = spec.delay
        self._serialiser.set_rate(spec.rate)
        self._impairments.change(spec)
        if spec.drop != before.drop:
            self._drops = DropList(spec.drop, self._addresses) if spec.drop else None
        if (spec.queue, _queue_limit(spec)) != (before.queue, _queue_limit(before)):
            self._replace_queue(spec, now)

    # -- a packet's way ----------------------------------------------------------------------------------

    def _wait(self, packet: Packet, now: int) -> None:
        queue = self._queue
        was_empty = not queue.packets
        queue.enqueue(packet, now)
        if queue.packets > self.stats.queue_max:
            self.stats.queue_max = queue.packets
        if was_empty and queue.packets:
            self._clock.at(self._serialiser.free_at, Link._depart, self)

    def _depart(self, now: int) -> None:
        """The serialiser is free, and packets wait."""
        if now < self._serialiser.free_at:
            return  # left over from a queue that `change` has emptied
        queue = self._queue
        packet = queue.dequeue(now)
        if packet is None:
            return
        self.stats.packets_waited += 1
        self._tracer.queue(now, queue.packets, queue.size, queue.waited)
        self._send(packet, now)
        if queue.packets:
            self._clock.at(self._serialiser.free_at, Link._depart, self)

    def _send(self, packet: Packet, now: int) -> None:
        size = packet.size
        duration = self._serialiser.send(size, now)
        stats = self.stats
        stats.packets_sent += 1
        stats.bytes_sent += size
        stats.busy_time += duration
        if self._tells_sent:
            self._tracer.sent(now, packet, duration)
        if self._impairments.active:
            self._impair(packet, now, now + duration)
        else:
            self._clock.at(now + duration + self._delay, self._deliver, packet)

    def _impair(self, packet: Packet, now: int, departure: int) -> None:
        """Let every impairment draw, and only then do what they say."""
        impairments = self._impairments
        lost = impairments.loses(now)
        flipped = impairments.flips(packet.size)
        duplicated = impairments.duplicates()
        held_back = impairments.held_back()
        arrival = impairments.arrival(departure, self._delay) + held_back
        if lost:
            self._drop(packet, now, "loss")
            return
        stats = self.stats
        if flipped:
            stats.corrupted += 1
            corrupt(packet, flipped)
        if held_back:
            stats.held_back += 1
        self._clock.at(arrival, self._deliver, packet)
        if duplicated:
            stats.duplicated += 1
            self._clock.at(arrival, self._deliver, packet.copy())

    def _drop(self, packet: Packet, now: int, reason: str) -> None:
        counts = self.stats.drops_by_reason
        counts[reason] = counts.get(reason, 0) + 1
        self._tracer.drop(now, packet, reason)

    def _mark(self, packet: Packet, now: int, reason: str) -> None:
        self.stats.marked += 1
        self._tracer.mark(now, packet, reason)

    # -- the queue ---------------------------------------------------------------------------------------

    def _build_queue(self, spec: DirectionSpec) -> Qdisc:
        return spec.queue.build(_queue_limit(spec), self._drop, self._mark, self._streams.of("queue"))

    def _replace_queue(self, spec: DirectionSpec, now: int) -> None:
        """Move what waits, in its order, to a queue as `spec` has it; what finds no room there is dropped."""
        old, self._queue = self._queue, self._build_queue(spec)
        packet = old.dequeue(now)
        while packet is not None:
            self._queue.enqueue(packet, now - old.waited)
            packet = old.dequeue(now)


def _unheard(packet: Packet, now: int) -> None:
    """Nobody is told."""


def _queue_limit(spec: DirectionSpec) -> QueueLimit:
    return spec.queue.limit or bdp_limit(spec.rate, 2 * spec.delay, spec.mtu)
