"""The IP layer of a machine: its interfaces, its routes, and what becomes of a packet that comes or goes
(RFC 791, RFC 1812). Of most that it drops, `host.icmp` tells the sender."""

from __future__ import annotations

from collections.abc import Callable

from testbed.host.icmp import Icmp
from testbed.host.interface import Incoming, Interface
from testbed.link.link import Link
from testbed.trace.tracer import HostTracer
from testbed.wire import codec
from testbed.wire.packet import Packet
from testbed.wire.segment import Segment

Upward = Callable[[Packet, int], None]
"""Takes a packet that has arrived where it was sent to."""


class IpLayer:
    """Delivers what is for `address`, forwards the rest if it may, and counts what it drops, by reason."""

    def __init__(self, address: int, forwarding: bool, upward: Upward, tracer: HostTracer, icmp: Icmp) -> None:
        self.address = address
        self.forwarding = forwarding
        self.interfaces: dict[str, Interface] = {}
        self.routes: dict[int, Interface] = {}
        self.drops: dict[str, int] = {}
        self._upward = upward
        self._tracer = tracer
        self._icmp = icmp

    def attach(self, name: str, link: Link) -> Interface:
        """Make an interface called `name` whose packets go to `link`, one direction of one."""
        interface = Interface(name, link, self._tracer, self._too_large)
        self.interfaces[name] = interface
        return interface

    def incoming(self, name: str) -> Callable[[Packet, int], None]:
        """What the other direction of the link delivers to, so that packets come in by the interface `name`."""
        return Incoming(name, self.receive, self._tracer).receive if self._tracer.hears("frame") else self.receive

    def send(self, segments: list[Segment], destination: int, now: int) -> None:
        """Wrap segments of ours and send them the way that leads to `destination`."""
        interface = self.routes.get(destination)
        for segment in segments:
            packet = Packet(self.address, destination, segment)
            if interface is None:
                self._no_route(packet, now)
            else:
                interface.push(packet, now)

    def send_packet(self, packet: Packet, now: int) -> None:
        """Send a packet of ours that is complete."""
        interface = self.routes.get(packet.destination)
        if interface is None:
            self._no_route(packet, now)
        else:
            interface.push(packet, now)

    def receive(self, packet: Packet, now: int) -> None:
        """A link delivers `packet`."""
        if packet.raw is not None:
            self._receive_raw(packet, packet.raw, now)
        elif packet.destination == self.address:
            self._upward(packet, now)
        else:
            self._forward(packet, now)

    def drop(self, packet: Packet, reason: str, now: int) -> None:
        """Count and trace a packet that goes no further."""
        self.drops[reason] = self.drops.get(reason, 0) + 1
        self._tracer.drop(now, packet, reason)

    def _receive_raw(self, packet: Packet, raw: bytes, now: int) -> None:
        """The packet was corrupted on its way: only what can still be read counts."""
        if not codec.header_ok(raw):
            self.drop(packet, "checksum", now)
        elif packet.destination != self.address:
            self._forward(packet, now)
        else:
            decoded = codec.decode(raw)
            if isinstance(decoded, Packet):
                self._upward(decoded, now)
            else:
                self.drop(packet, "checksum", now)

    def _forward(self, packet: Packet, now: int) -> None:
        if not self.forwarding:
            self.drop(packet, "not for us", now)
            return
        interface = self.routes.get(packet.destination)
        if interface is None:
            self._no_route(packet, now)
            return
        if packet.ttl <= 1:
            self.drop(packet, "ttl", now)
            self._icmp.time_exceeded(self, packet, now)
            return
        packet.ttl -= 1
        if packet.raw is not None:
            packet.raw = codec.forwarded(packet.raw)
        interface.push(packet, now)

    def _no_route(self, packet: Packet, now: int) -> None:
        self.drop(packet, "no route", now)
        self._icmp.network_unreachable(self, packet, now)

    def _too_large(self, packet: Packet, mtu: int, now: int) -> None:
        """The link has dropped it: we never fragment, and all that we carry forbids it (RFC 791, "don't fragment")."""
        self._icmp.fragmentation_needed(self, packet, mtu, now)
