"""A machine that speaks TCP: its ports, and the connections that end on it. A router is one that forwards.

The one loop that drives a connection is `Socket.service`: feed it, tell its application, drain it, set its alarm.
What a packet is to the machine, before it is a segment, is the IP layer's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from testbed import seeds
from testbed.clock import Clock
from testbed.errors import RunError
from testbed.host import time_wait
from testbed.host.icmp import Icmp
from testbed.host.interface import Interface
from testbed.host.ip import IpLayer
from testbed.host.listener import Listener
from testbed.host.socket import Endpoint, Handler, Socket, serve
from testbed.link.link import Link
from testbed.tcp.config import TcpConfig
from testbed.tcp.connection import Connection
from testbed.tcp.lifetime.fast_open import FastOpen, Jar
from testbed.tcp.lifetime.reset import reset_for
from testbed.tcp.lifetime.syn_cookie import SynCookies
from testbed.tcp.sequence import initial_sequence, timestamp_offset
from testbed.tcp.state import State
from testbed.trace.tracer import SILENT, Tracer
from testbed.wire.packet import IPV4_HEADER, Packet
from testbed.wire.segment import HEADER, SYN, Segment

FIRST_EPHEMERAL_PORT: Final = 49152  # RFC 6335 section 6
DEFAULT_MTU: Final = 1500

_DEFAULTS: Final = TcpConfig()


class Host:
    """Hands segments to connections, and makes connections of SYNs where somebody listens.

    `ip` has the interfaces and the routes.
    """

    def __init__(
        self,
        name: str,
        address: int,
        clock: Clock,
        seed: int,
        tracer: Tracer = SILENT,
        config: TcpConfig = _DEFAULTS,
        forwarding: bool = False,
    ) -> None:
        self.name = name
        self.address = address
        self.clock = clock
        self.tracer = tracer
        self.config = config
        self._sockets: dict[tuple[int, int, int], Socket] = {}  # by local port, remote address, remote port
        own_tracer = tracer.host(name)
        self.icmp = Icmp(clock, self._sockets, own_tracer)
        self.ip = IpLayer(address, forwarding, self._receive, own_tracer, self.icmp)
        self.routes = self.ip.routes
        """The interface that leads to each address; to be filled by whoever builds the network."""
        self._secret = seeds.stream(seed, f"hosts.{name}/secret").randbytes(16)
        self.jar = Jar(self._secret)
        self.cookies = SynCookies(self._secret)
        self.listeners: dict[int, Listener] = {}
        self._next_port = FIRST_EPHEMERAL_PORT

    @property
    def sockets(self) -> list[Socket]:
        """The connections that are not over."""
        return list(self._sockets.values())

    def attach(self, name: str, link: Link) -> Interface:
        """Make an interface called `name` whose packets go to `link`, one direction of one."""
        return self.ip.attach(name, link)

    def incoming(self, name: str) -> Callable[[Packet, int], None]:
        """What the other direction of the link delivers to, so that packets come in by the interface `name`."""
        return self.ip.incoming(name)

    # -- applications ------------------------------------------------------------------------------------------------

    def connect(
        self,
        address: int,
        port: int,
        handler: Handler,
        *,
        label: str = "",
        config: TcpConfig | None = None,
        local_port: int | None = None,
    ) -> Socket:
        """Begin to connect; `handler` hears how it ends. Raises `RunError` when the port is taken or no route leads
        there."""
        now = self.clock.now
        local = (self.address, local_port if local_port is not None else self._free_port(address, port))
        socket = self._open(local, (address, port), handler, label, config or self.config)
        socket.connection.open_active(now)
        if socket.connection.early:
            self.clock.at(now, serve, socket)  # not before the caller knows the socket
        else:
            socket.service()
        return socket

    def listen(
        self,
        port: int,
        acceptable: Callable[[Listener, int], None],
        *,
        label: str = "",
        config: TcpConfig | None = None,
        backlog: int | None = None,
    ) -> Listener:
        """Welcome connections at `port`; `acceptable(listener, now)` is called when one waits to be accepted.

        `backlog` comes before the setting of that name.
        """
        if port in self.listeners:
            raise RunError(f"{self.name}: port {port} is already listened on")
        config = config or self.config
        listener = Listener(self, port, acceptable, label, config, config.backlog if backlog is None else backlog)
        self.listeners[port] = listener
        return listener

    def stop_listening(self, listener: Listener) -> None:
        """Answer no more SYNs for `listener`."""
        self.listeners.pop(listener.port, None)

    def open_passive(
        self, listener: Listener, remote: Endpoint, label: str, initial: int | None, admitted: bool
    ) -> Socket:
        """A connection in LISTEN, for a SYN that came to `listener`. `initial`: our initial sequence number, if that
        is settled. `admitted`: fast open may begin it."""
        local = (self.address, listener.port)
        return self._open(local, remote, listener, label, listener.config, State.LISTEN, initial, admitted)

    def mss(self, config: TcpConfig, remote: int) -> int:
        """The largest segment that we accept from `remote`, options included."""
        interface = self.ip.routes.get(remote)
        fits = (interface.mtu if interface is not None else DEFAULT_MTU) - IPV4_HEADER - HEADER
        return min(config.mss, fits) if config.mss else fits

    def forget(self, socket: Socket) -> None:
        """`socket` is over: its ports are free."""
        self._sockets.pop((socket.local[1], *socket.remote), None)

    # -- within ------------------------------------------------------------------------------------------------------

    def _receive(self, packet: Packet, now: int) -> None:
        segment = packet.segment
        if packet.ecn != segment.ecn:  # on its way it was marked
            segment = packet.segment = segment.with_ecn(packet.ecn)
        socket = self._sockets.get((segment.destination_port, packet.source, segment.source_port))
        if socket is not None and not (segment.flags & SYN and self._may_follow(socket, segment)):
            socket.connection.receive(now, segment)
            socket.service()
            return
        if packet.message is not None:  # its `segment` is of no connection
            self.icmp.receive(packet, packet.message, now)
            return
        listener = self.listeners.get(segment.destination_port)
        if listener is None or not listener.receive(packet, now):
            self._refuse(packet, now)

    def _may_follow(self, socket: Socket, syn: Segment) -> bool:
        """Whether `syn` is a listener's to answer, though its ports belong to a connection in TIME-WAIT."""
        return syn.destination_port in self.listeners and time_wait.may_follow(socket.connection, syn)

    def _refuse(self, packet: Packet, now: int) -> None:
        """Nobody is there: answer with RST (RFC 9293 section 3.10.7.1), except to RST itself."""
        segment = packet.segment
        four_tuple = (self.address, segment.destination_port, packet.source, segment.source_port)
        tracer = self.tracer.connection(self.name, "", four_tuple)
        reset = reset_for(segment)
        tracer.segment(now, "received", segment, "no connection")
        if reset is not None:
            tracer.segment(now, "sent", reset, reset.reason)
            self.ip.send([reset], packet.source, now)

    def _open(
        self,
        local: tuple[int, int],
        remote: tuple[int, int],
        handler: Handler,
        label: str,
        config: TcpConfig,
        state: State = State.CLOSED,
        initial: int | None = None,
        admitted: bool = True,
    ) -> Socket:
        key = (local[1], *remote)
        former = self._sockets.get(key)
        if former is not None and state is State.CLOSED and not time_wait.may_be_followed(former.connection):
            raise RunError(f"{self.name}: port {local[1]} is already connected to that address and port")
        if initial is None:
            initial = config.initial_sequence
        if initial is None:
            initial = initial_sequence(self.clock.now, local, remote, self._secret)
        if former is not None:
            initial = time_wait.follow(former, self.clock.now, initial)
        fast_open = FastOpen(self.jar, remote[0], admitted) if config.fast_open else None
        tracer = self.tracer.connection(self.name, label, (*local, *remote))
        mss = self.mss(config, remote[0])
        offset = timestamp_offset(local, remote, self._secret)
        connection = Connection(config, (local[1], remote[1]), initial, mss, tracer, state, offset, fast_open)
        connection.sender.path.recall(self.icmp.path_mtus.of(remote[0], self.clock.now, config.path_mtu_lifetime))
        socket = Socket(self, connection, local, remote, handler, label)
        self._sockets[key] = socket
        return socket

    def _free_port(self, address: int, port: int) -> int:
        for _ in range(0x10000 - FIRST_EPHEMERAL_PORT):
            candidate = self._next_port
            self._next_port = candidate + 1 if candidate < 0xFFFF else FIRST_EPHEMERAL_PORT
            if (candidate, address, port) not in self._sockets and candidate not in self.listeners:
                return candidate
        raise RunError(f"{self.name}: no port is free for another connection to port {port}")
