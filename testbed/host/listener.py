"""LISTEN: a port where connections are welcome (RFC 9293 section 3.10.7.2), and how it holds out against a flood of
SYNs (RFC 4987)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from testbed.host.socket import Handler, Socket
from testbed.tcp.config import TcpConfig
from testbed.tcp.lifetime import syn_cookie
from testbed.tcp.lifetime.handshake import accept_cookie
from testbed.tcp.sending.sender import DEFAULT_MSS
from testbed.tcp.sequence import MASK
from testbed.tcp.state import Event, Machine, State
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, RST, SYN, Segment

if TYPE_CHECKING:
    from testbed.host.host import Host


class Listener(Handler):
    """Makes a connection of each SYN, as long as there is room, and hands over those that are established.

    A SYN for which there is no room is dropped without a word, so that the peer tries again. There is none while
    `backlog` connections wait to be accepted, and none while the handshake of `syn_backlog` others is under way: in
    that case a cookie may be the answer.
    """

    def __init__(
        self,
        host: Host,
        port: int,
        acceptable: Callable[[Listener, int], None],
        label: str,
        config: TcpConfig,
        backlog: int,
    ) -> None:
        self.host = host
        self.port = port
        self.label = label
        self.config = config
        self.backlog = backlog
        self.refused = 0  # SYNs dropped because there was no room
        self.cookies_sent = 0
        self._cookie_at = -1  # when one was sent last
        self._acceptable = acceptable
        self._opening: set[Socket] = set()
        self._early: set[Socket] = set()  # begun by fast open; some may have come to the end of their handshake
        self._established: deque[Socket] = deque()
        self._made = 0
        self._tracer = host.tracer.connection(host.name, label, (host.address, port, 0, 0))
        self._machine = Machine(self._tracer)
        self._machine.move(host.clock.now, Event.PASSIVE_OPEN)

    @property
    def waiting(self) -> int:
        """How many connections wait to be accepted."""
        return len(self._established)

    def accept(self) -> Socket | None:
        """The oldest connection that waits to be accepted, or None."""
        return self._established.popleft() if self._established else None

    def close(self) -> None:
        """Accept no more; those that nobody has accepted are reset."""
        self.host.stop_listening(self)
        for socket in [*self._opening, *self._established]:
            socket.abort()

    # -- segments that belong to no connection -----------------------------------------------------------------------

    def receive(self, packet: Packet, now: int) -> bool:
        """SEGMENT ARRIVES in LISTEN; False: a reset is to be the answer."""
        flags = packet.segment.flags
        if flags & RST:  # first
            return False  # (which is never answered)
        if flags & ACK:  # second
            return self._receive_cookie(packet, now)
        if not flags & SYN:  # fourth
            self.host.ip.drop(packet, "neither SYN nor ACK", now)
        elif len(self._established) >= self.backlog:
            self._drop(packet, "backlog full", now)
        elif len(self._opening) < self.config.syn_backlog:
            self._welcome(packet, now)
        elif self.config.syn_cookies:
            self._send_cookie(packet, now)
        else:
            self._drop(packet, "SYN backlog full", now)
        return True

    def _drop(self, packet: Packet, reason: str, now: int) -> None:
        self.refused += 1
        self.host.ip.drop(packet, reason, now)

    def _welcome(self, packet: Packet, now: int) -> None:
        self._early = {socket for socket in self._early if socket.connection.machine.state is State.SYN_RECEIVED}
        admitted = len(self._early) < self.config.fast_open_backlog
        socket = self._open(packet, None, admitted)
        socket.connection.open_passive(now, packet.segment)
        if socket.connection.early:
            self._early.add(socket)
        socket.service()

    def _open(self, packet: Packet, initial: int | None, admitted: bool = False) -> Socket:
        self._made += 1
        label = self.label if self._made == 1 else f"{self.label}/{self._made}"
        remote = (packet.source, packet.segment.source_port)
        socket = self.host.open_passive(self, remote, label, initial, admitted)
        self._opening.add(socket)
        return socket

    # -- SYN cookies -------------------------------------------------------------------------------------------------

    def _send_cookie(self, packet: Packet, now: int) -> None:
        """Answer, and forget the SYN."""
        syn, host = packet.segment, self.host
        cookie = host.cookies.make(now, self._ends(packet), syn.seq, syn.mss or DEFAULT_MSS)
        window = min(self.config.first_receive_buffer, 0xFFFF)
        ports = syn.destination_port, syn.source_port
        answer = Segment(*ports, cookie, syn.seq + 1 & MASK, SYN | ACK, window, b"", "SYN cookie")
        answer.mss = host.mss(self.config, packet.source)
        answer.header_size += 4
        self._tracer.segment(now, "received", syn, "SYN backlog full")
        self._tracer.segment(now, "sent", answer, answer.reason)
        self.cookies_sent += 1
        self._cookie_at = now
        host.ip.send([answer], packet.source, now)

    def _receive_cookie(self, packet: Packet, now: int) -> bool:
        """An acknowledgement without a connection: if it is a cookie's, make the connection that it stands for."""
        segment = packet.segment
        if segment.flags & SYN or not 0 <= now - self._cookie_at <= syn_cookie.AGE * syn_cookie.TICK:
            return False
        if self._cookie_at < 0:
            return False
        cookie, peer_initial = segment.ack - 1 & MASK, segment.seq - 1 & MASK
        mss = self.host.cookies.read(now, self._ends(packet), peer_initial, cookie)
        if not mss:
            return False
        if len(self._established) >= self.backlog:
            self._drop(packet, "backlog full", now)
            return True
        syn = Segment(segment.source_port, segment.destination_port, peer_initial, 0, SYN, segment.window)
        syn.mss = mss
        socket = self._open(packet, cookie)
        accept_cookie(socket.connection, now, syn)
        socket.connection.receive(now, segment)
        socket.service()
        return True

    def _ends(self, packet: Packet) -> tuple[int, int, int, int]:
        return self.host.address, self.port, packet.source, packet.segment.source_port

    # -- as the handler of connections that nobody has accepted yet --------------------------------------------------

    def connected(self, socket: Socket, now: int) -> None:
        self._opening.discard(socket)
        self._established.append(socket)
        socket.handler = _UNACCEPTED
        self._acceptable(self, now)

    def closed(self, socket: Socket, now: int) -> None:
        self._opening.discard(socket)


class _Unaccepted(Handler):
    """Established, and waiting to be accepted: what happens meanwhile is seen in the socket afterwards."""


_UNACCEPTED = _Unaccepted()
