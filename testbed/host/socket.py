"""What an application holds of a connection, and how it hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.clock import Alarm
from testbed.tcp.connection import Connection
from testbed.tcp.events import CLOSED, CONNECTED, FAILED, PEER_CLOSED, READABLE, URGENT, WRITABLE
from testbed.tcp.state import State
from testbed.tcp.stats import ConnectionStats

if TYPE_CHECKING:
    from testbed.host.host import Host

Endpoint = tuple[int, int]
"""Address and port."""


class Handler:
    """An application's end of a socket. Override what matters; each is called with the socket and the time (ns)."""

    def connected(self, socket: Socket, now: int) -> None:
        """The handshake is over."""

    def readable(self, socket: Socket, now: int) -> None:
        """There is something to `read`."""

    def writable(self, socket: Socket, now: int) -> None:
        """There is room again, after a `write` that was not taken whole."""

    def urgent(self, socket: Socket, now: int) -> None:
        """More urgent data has been announced: `Socket.urgent` stays true until it is read."""

    def peer_closed(self, socket: Socket, now: int) -> None:
        """Nothing more will come than is to be read now."""

    def failed(self, socket: Socket, now: int, error: str) -> None:
        """The connection ended against the application's will; `closed` follows."""

    def closed(self, socket: Socket, now: int) -> None:
        """The connection is over, and its port free again."""


class Socket:
    """One end of a connection, for its application. Times are the host's clock's."""

    __slots__ = ("_alarm", "_busy", "connection", "handler", "host", "label", "local", "remote")

    def __init__(
        self, host: Host, connection: Connection, local: Endpoint, remote: Endpoint, handler: Handler, label: str
    ) -> None:
        self.host = host
        self.connection = connection
        self.local = local
        self.remote = remote
        self.handler = handler
        self.label = label
        self._alarm = Alarm(host.clock, _expire, self)
        self._busy = False

    # -- for the application -----------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """The connection's state as RFC 9293 spells it."""
        return self.connection.machine.state.label

    @property
    def stats(self) -> ConnectionStats:
        """What this end has counted."""
        return self.connection.stats

    @property
    def available(self) -> int:
        """Bytes that can be read now."""
        receiver = self.connection.receiver
        return receiver.reassembly.unread if receiver is not None else 0

    @property
    def room(self) -> int:
        """Bytes that can be written now."""
        return 0 if self.connection.sender.closing else self.connection.sender.buffer.room

    @property
    def at_eof(self) -> bool:
        """Whether the peer has closed and everything is read."""
        receiver = self.connection.receiver
        return receiver is not None and receiver.finished and receiver.reassembly.unread == 0

    @property
    def urgent(self) -> bool:
        """Whether urgent data is still to be read, or to come (RFC 6093)."""
        receiver = self.connection.receiver
        return receiver is not None and receiver.urgent > receiver.reassembly.next - receiver.reassembly.unread

    def info(self) -> dict[str, int]:
        """How the connection stands, by the names of Linux's `tcp_info`: see `tcp.info`."""
        return self.connection.info(self.host.clock.now)

    def write(self, data: bytes, urgent: bool = False, whole: bool = False) -> int:
        """Send `data`; return how much was taken. After less than all, `Handler.writable` says when to go on.

        `urgent`: the urgent pointer shall show its end (RFC 6093 advises new applications against it).
        `whole`: take all or nothing.
        """
        taken = self.connection.write(self.host.clock.now, data, urgent, whole)
        self.service()
        return taken

    def read(self, limit: int) -> bytes:
        """Up to `limit` bytes; empty when nothing waits. `at_eof` tells the end from a pause."""
        data = self.connection.read(self.host.clock.now, limit)
        if data and not self._busy:
            self.service()
        return data

    def close(self) -> None:
        """Close for sending; reading goes on (a half close)."""
        self.connection.close(self.host.clock.now)
        self.service()

    def release(self) -> None:
        """Let go of the connection: close, and answer with RST whatever would need a reader."""
        self.connection.release(self.host.clock.now)
        self.service()

    def abort(self) -> None:
        """Reset the connection."""
        self.connection.abort(self.host.clock.now)
        self.service()

    # -- for the host ------------------------------------------------------------------------------------------------

    def service(self) -> None:
        """Feed was given: tell the application, send what is to be sent, set the alarm.

        What the application does meanwhile comes back here and is left to the loop in progress.
        """
        if self._busy:
            return
        self._busy = True
        now = self.host.clock.now
        connection = self.connection
        while True:
            events = connection.events
            if events:
                connection.events = 0
                if events & CLOSED:
                    self.host.forget(self)  # first, for `closed` says that the port is free again
                if events == READABLE:  # nearly always
                    self.handler.readable(self, now)
                else:
                    _tell(self, events, now)
            segments = connection.pull(now)
            if segments:
                self.host.ip.send(segments, self.remote[0], now)
            if not connection.events:
                break
        self._busy = False
        if connection.timers.wake != self._alarm.due:
            self._alarm.set(connection.timers.wake)

    def __repr__(self) -> str:
        return f"<Socket {self.label} on {self.host.name}, {self.state}>"


def connecting(socket: Socket) -> bool:
    """Whether to close now would be to give up, for the handshake has not come so far."""
    return socket.connection.machine.state is State.SYN_SENT and not socket.connection.early


def serve(socket: Socket, now: int) -> None:
    """For the clock: `socket` was opened just now, and its application may act at once (RFC 7413)."""
    socket.service()


def _expire(socket: Socket, now: int) -> None:
    socket.connection.expire(now)
    socket.service()


def _tell(socket: Socket, events: int, now: int) -> None:
    """Call the handler for each of `events`, in their order; it may be replaced on the way."""
    if events & CONNECTED:
        socket.handler.connected(socket, now)
    if events & URGENT:
        socket.handler.urgent(socket, now)
    if events & READABLE:
        socket.handler.readable(socket, now)
    if events & WRITABLE:
        socket.handler.writable(socket, now)
    if events & PEER_CLOSED:
        socket.handler.peer_closed(socket, now)
    if events & FAILED:
        socket.handler.failed(socket, now, socket.connection.error)
    if events & CLOSED:
        socket.handler.closed(socket, now)
