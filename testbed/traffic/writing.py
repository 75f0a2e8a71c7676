"""The end that only writes: it connects, writes what it is told to, closes, and waits for the reader to close."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.host.socket import connecting
from testbed.traffic.application import End, FlowContext, show_state
from testbed.traffic.payload import ENDLESS, Outbox
from testbed.units import show_size

if TYPE_CHECKING:
    from testbed.host.socket import Socket


class WritingEnd(End):
    """Connects at its start. A subclass says in `connected` what is written, and when that is all: `finish`.

    It finishes at the latest when `duration` (ns, from its start) is over.
    """

    def __init__(self, context: FlowContext, duration: int | None) -> None:
        super().__init__(context)
        self._duration = duration
        self._socket: Socket | None = None
        self._outbox = Outbox()
        self._finishing = False
        self._closed = False

    def start(self, now: int) -> None:
        self.started_at = now
        self._socket = self.connect()
        if self._duration is not None:
            self.context.clock.at(now + self._duration, WritingEnd._expire, self)

    def stop(self, now: int) -> None:
        """Write no more than the socket has taken already."""
        self._outbox.pending = 0
        self.finish(now)

    def write(self, size: int, now: int) -> None:
        """Write `size` more bytes, as soon as the socket takes them."""
        if not self._finishing and self._socket is not None:
            self._outbox.pending += size
            self.writable(self._socket, now)

    def finish(self, now: int) -> None:
        """Close once all is written."""
        self._finishing = True
        if self._socket is not None:
            self.writable(self._socket, now)

    @property
    def backlog(self) -> int:
        """Bytes that the socket has yet to take."""
        return self._outbox.pending

    @property
    def waiting_for(self) -> str:
        context, socket = self.context, self._socket
        if socket is None:
            return f"{context.host.name} has not begun"
        if self._closed:
            action = f"waits for {context.server_address} to close"
        else:
            left = self._outbox.pending
            amount = f", {show_size(left)} left" if 0 < left < ENDLESS // 2 else ""
            action = f"writes to {context.server_address}{amount}"
        return f"{context.host.name} {action}{show_state(socket)}"

    def writable(self, socket: Socket, now: int) -> None:
        if self._closed or self.error is not None:
            return
        self.bytes_written += self._outbox.flush(socket)
        if self._finishing and not self._outbox.pending and not connecting(socket):
            self._closed = True
            socket.close()

    def peer_closed(self, socket: Socket, now: int) -> None:
        if self._closed:
            self.complete = self.error is None
        else:
            self.fail(f"the reader closed after {self.bytes_written} bytes")

    def closed(self, socket: Socket, now: int) -> None:
        self.complete = self._closed and self.error is None

    def _expire(self, now: int) -> None:
        self.stop(now)
