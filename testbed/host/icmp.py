"""A machine's ICMP (RFC 792): why it dropped a packet, told to whoever sent it; and what others tell, to the connection
that it concerns.

When to tell, and when not: RFC 1122 section 3.2.2, RFC 1812 section 4.3. What a connection makes of it: `tcp.advice`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from testbed.clock import MILLISECOND, Clock
from testbed.host.path_mtu import PathMtus
from testbed.tcp.path import advice
from testbed.trace.tracer import HostTracer
from testbed.wire.codec import encode
from testbed.wire.icmp import (
    FRAGMENTATION_NEEDED,
    HEADER,
    LONGEST,
    NETWORK,
    TIME_EXCEEDED,
    UNREACHABLE,
    Message,
    Quote,
    read_quote,
)
from testbed.wire.packet import IPV4_HEADER, Packet, icmp_packet

if TYPE_CHECKING:
    from testbed.host.ip import IpLayer
    from testbed.host.socket import Socket

INTERVAL: Final = 1 * MILLISECOND
"""Between two messages, on the average (RFC 1812 section 4.3.2.8 wants a limit; Linux has 1000 a second)."""

BURST: Final = 50
"""Messages that may go at once after a pause (Linux has 50)."""

_QUOTED: Final = LONGEST - IPV4_HEADER - HEADER


class Icmp:
    """What a machine has to say, and what it hears. `sockets` are the connections that end here, as the host keeps
    them: by local port, remote address and remote port."""

    __slots__ = ("_clock", "_next_at", "_sockets", "_tracer", "path_mtus")

    def __init__(self, clock: Clock, sockets: Mapping[tuple[int, int, int], Socket], tracer: HostTracer) -> None:
        self._clock = clock
        self._sockets = sockets
        self._tracer = tracer
        self._next_at = 0  # when the next message would be due if they came evenly
        self.path_mtus = PathMtus()

    # -- telling -----------------------------------------------------------------------------------------------------

    def network_unreachable(self, ip: IpLayer, packet: Packet, now: int) -> None:
        """There is no way to where `packet` is to go (RFC 1812 section 5.2.7.1)."""
        self._tell(ip, packet, UNREACHABLE, NETWORK, 0, now)

    def fragmentation_needed(self, ip: IpLayer, packet: Packet, mtu: int, now: int) -> None:
        """`packet` is larger than the next link takes (RFC 1191 section 4)."""
        self._tell(ip, packet, UNREACHABLE, FRAGMENTATION_NEEDED, mtu, now)

    def time_exceeded(self, ip: IpLayer, packet: Packet, now: int) -> None:
        """`packet` has passed all the routers that it might (RFC 1812 section 5.3.1)."""
        self._tell(ip, packet, TIME_EXCEEDED, 0, 0, now)

    def _tell(self, ip: IpLayer, packet: Packet, kind: int, code: int, word: int, now: int) -> None:
        """Unless it is about a message itself (RFC 1812 section 4.3.2.7), or there were too many.

        What our own connections send, and we cannot, they hear as if from outside, but without limit: as a next event.
        """
        if packet.message is not None:
            return
        message = Message(kind, code, encode(packet)[:_QUOTED], word)
        answer = icmp_packet(ip.address, packet.source, message)
        if packet.source == ip.address:
            self._clock.at(now, ip.receive, answer)
        elif self._allowed(now):
            self._tracer.icmp(now, "sent", answer, "")
            ip.send_packet(answer, now)
        else:
            self._tracer.icmp(now, "withheld", answer, "rate limit")

    def _allowed(self, now: int) -> bool:
        """Whether the limit lets another message go now; counts it."""
        if self._next_at - now > (BURST - 1) * INTERVAL:
            return False
        self._next_at = max(self._next_at, now) + INTERVAL
        return True

    # -- hearing -----------------------------------------------------------------------------------------------------

    def receive(self, packet: Packet, message: Message, now: int) -> None:
        """`packet`, which is for us, carries `message`."""
        quote = read_quote(message.quote)
        outcome = "quotes no segment" if quote is None else self._hear(packet, message, quote, now)
        self._tracer.icmp(now, "received", packet, outcome)

    def _hear(self, packet: Packet, message: Message, quote: Quote, now: int) -> str:
        """What the connection makes of it that is meant; "": it is believed."""
        socket = self._sockets.get((quote.source_port, quote.destination, quote.destination_port))
        if socket is None or quote.source != packet.destination:
            return "no connection"
        outcome = advice.hear(socket.connection, now, message, quote)
        if not outcome and message.next_mtu is not None:
            self._share(socket, now)
        socket.service()
        return outcome

    def _share(self, socket: Socket, now: int) -> None:
        """All connections to the same address have the same path (RFC 1191 section 6.3)."""
        address, mtu = socket.remote[0], socket.connection.sender.path.mtu
        self.path_mtus.learn(address, mtu, now)
        for other in [one for one in self._sockets.values() if one.remote[0] == address and one is not socket]:
            advice.path_has_shrunk(other.connection, now, mtu)
            other.service()
