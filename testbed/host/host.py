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
from testbed.host.interface import Interface
from testbed.host.ip import IpLayer
from testbed.host.listener import Listener
from testbed.host.socket import Handler, Socket
from testbed.link.link import Link
from testbed.tcp.config import TcpConfig
from testbed.tcp.connection import Connection
from testbed.tcp.reset import reset_for
from testbed.tcp.sequence import initial_sequence, timestamp_offset
from testbed.tcp.state import State
from testbed.trace.tracer import SILENT, Tracer
from testbed.wire.packet import IPV4_HEADER, Packet
from testbed.wire.segment import ACK, HEADER, RST, SYN

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
        self.ip = IpLayer(address, forwarding, self._receive, tracer.host(name))
        self._secret = seeds.stream(seed, f"hosts.{name}/secret").randbytes(16)
        self._sockets: dict[tuple[int, int, int], Socket] = {}  # by local port, remote address, remote port
        self._listeners: dict[int, Listener] = {}
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

    @property
    def routes(self) -> dict[int, Interface]:
        """The interface that leads to each address; to be filled by whoever builds the network."""
        return self.ip.routes

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
        socket = self._open(local, (address, port), handler, label, config or self.config, State.CLOSED)
        socket.connection.open_active(now)
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
        if port in self._listeners:
            raise RunError(f"{self.name}: port {port} is already listened on")
        config = config or self.config
        listener = Listener(self, port, acceptable, label, config, config.backlog if backlog is None else backlog)
        self._listeners[port] = listener
        return listener

    def stop_listening(self, listener: Listener) -> None:
        """Answer no more SYNs for `listener`."""
        self._listeners.pop(listener.port, None)

    def forget(self, socket: Socket) -> None:
        """`socket` is over: its ports are free."""
        self._sockets.pop((socket.local[1], *socket.remote), None)

    # -- within ------------------------------------------------------------------------------------------------------

    def _receive(self, packet: Packet, now: int) -> None:
        segment = packet.segment
        socket = self._sockets.get((segment.destination_port, packet.source, segment.source_port))
        if socket is not None:
            socket.connection.receive(now, segment)
            socket.service()
            return
        listener = self._listeners.get(segment.destination_port)
        if listener is not None and segment.flags & (SYN | ACK | RST) == SYN:
            if listener.has_room():
                self._welcome(listener, packet, now)
            else:
                self.ip.drop(packet, "backlog full", now)
        elif listener is not None and not segment.flags & (SYN | ACK | RST):
            self.ip.drop(packet, "neither SYN nor ACK", now)  # RFC 9293 section 3.10.7.2, fourth: no RST
        else:
            self._refuse(packet, now)

    def _welcome(self, listener: Listener, packet: Packet, now: int) -> None:
        segment = packet.segment
        local = (self.address, segment.destination_port)
        remote = (packet.source, segment.source_port)
        socket = self._open(local, remote, listener, listener.next_label(), listener.config, State.LISTEN)
        listener.opened(socket)
        socket.connection.open_passive(now, segment)
        socket.service()

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
        state: State,
    ) -> Socket:
        key = (local[1], *remote)
        if key in self._sockets:
            raise RunError(f"{self.name}: port {local[1]} is already connected to that address and port")
        initial = config.initial_sequence
        if initial is None:
            initial = initial_sequence(self.clock.now, local, remote, self._secret)
        tracer = self.tracer.connection(self.name, label, (*local, *remote))
        mss = self._mss(config, remote[0])
        offset = timestamp_offset(local, remote, self._secret)
        connection = Connection(config, (local[1], remote[1]), initial, mss, tracer, state, offset)
        socket = Socket(self, connection, local, remote, handler, label)
        self._sockets[key] = socket
        return socket

    def _mss(self, config: TcpConfig, remote: int) -> int:
        interface = self.ip.routes.get(remote)
        fits = (interface.mtu if interface is not None else DEFAULT_MTU) - IPV4_HEADER - HEADER
        return min(config.mss, fits) if config.mss else fits

    def _free_port(self, address: int, port: int) -> int:
        for _ in range(0x10000 - FIRST_EPHEMERAL_PORT):
            candidate = self._next_port
            self._next_port = candidate + 1 if candidate < 0xFFFF else FIRST_EPHEMERAL_PORT
            if (candidate, address, port) not in self._sockets and candidate not in self._listeners:
                return candidate
        raise RunError(f"{self.name}: no port is free for another connection to port {port}")
