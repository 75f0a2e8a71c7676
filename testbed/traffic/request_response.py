"""Questions and answers: the time that a user waits, where a bulk transfer shows what a user gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from testbed.errors import UnitError
from testbed.host.socket import Handler, connecting
from testbed.traffic.application import Application, End, FlowContext, show_state
from testbed.traffic.chance import draw
from testbed.traffic.payload import CHUNK, Inbox, Outbox
from testbed.units import Count, Duration, Size

if TYPE_CHECKING:
    from testbed.host.socket import Socket


@dataclass(frozen=True, kw_only=True)
class RequestResponseSpec(Application):
    """Send a `request`, read the `response`, `think`, and ask again: `count` times."""

    request: Size = 100
    """Bytes of a request."""

    response: Size = 10_000
    """Bytes of a response."""

    think: Duration = 0
    """Time from a response's last byte to the next request: the mean, where it is drawn."""

    distribution: Literal["constant", "exponential"] = "constant"
    """How the time to think varies."""

    count: Count | None = None
    """How many requests. Left out: until `duration` is over, or the run."""

    duration: Duration | None = None
    """How long to go on asking, from the flow's start. Left out: until `count` is reached, or the run is over."""

    connections: Literal["one", "per-request"] = "one"
    """All requests over one connection, or a new connection for each."""

    def __post_init__(self) -> None:
        for name, value in (("request", self.request), ("response", self.response)):
            if value < 1:
                raise UnitError(f"{name} must be at least 1B")
        if self.count == 0:
            raise UnitError("count must be at least 1")

    @property
    def endless(self) -> bool:
        return self.count is None and self.duration is None

    def client(self, context: FlowContext) -> RequestClient:
        return RequestClient(context, self)

    def server(self, context: FlowContext) -> ResponseServer:
        return ResponseServer(context, self)


class RequestClient(End):
    """Asks, and reads the answers. `responses` counts those that came in whole."""

    def __init__(self, context: FlowContext, spec: RequestResponseSpec) -> None:
        super().__init__(context)
        self.responses = 0
        self._spec = spec
        self._stream = context.stream("think")
        self._inbox = Inbox()
        self._outbox = Outbox()
        self._missing = 0  # bytes of the response that is awaited
        self._stopping = False

    def start(self, now: int) -> None:
        self.started_at = now
        self._open()
        if self._spec.duration is not None:
            self.context.clock.at(now + self._spec.duration, RequestClient._expire, self)

    def stop(self, now: int) -> None:
        """Ask no more; an answer that is awaited is still read, and what is being connected is closed then."""
        self._stopping = True
        if not self._missing and not self.complete and self.sockets and not connecting(self.sockets[-1]):
            self._finish()

    @property
    def waiting_for(self) -> str:
        if not self.sockets:
            return f"{self.context.host.name} has not begun"
        action = f"waits for {self._missing} bytes of a response from" if self._missing else "is connected to"
        return f"{self.context.host.name} {action} {self.context.server_address}{show_state(self.sockets[-1])}"

    def connected(self, socket: Socket, now: int) -> None:
        if self._stopping:
            self._finish()
        else:
            self._ask(None, now)

    def writable(self, socket: Socket, now: int) -> None:
        self.bytes_written += self._outbox.flush(socket)

    def readable(self, socket: Socket, now: int) -> None:
        if socket is not self.sockets[-1]:
            return
        while self._missing and (data := socket.read(min(CHUNK, self._missing))):
            self._take(data, now)

    def peer_closed(self, socket: Socket, now: int) -> None:
        self.readable(socket, now)
        if self._missing and socket is self.sockets[-1]:
            self.fail(f"the server closed with {self._missing} bytes of a response missing")

    def _open(self) -> None:
        self._inbox, self._outbox = Inbox(), Outbox()
        self.connect()

    def _ask(self, subject: None, now: int) -> None:
        """Send the next request, unless it was the time to stop while thinking."""
        if self.done:
            return
        self._missing = self._spec.response
        self._outbox.pending += self._spec.request
        self.writable(self.sockets[-1], now)

    def _take(self, data: bytes, now: int) -> None:
        if not self._inbox.check(data):
            self.fail(f"corrupted data within {len(data)} bytes before byte {self._inbox.size}")
        self.bytes_read += len(data)
        self.finished_at = now
        self._missing -= len(data)
        if not self._missing:
            self._answered(now)

    def _answered(self, now: int) -> None:
        self.responses += 1
        if self._stopping or self.responses == self._spec.count:
            self._finish()
            return
        think = draw(self._stream, self._spec.distribution, self._spec.think) if self._spec.think else 0
        if self._spec.connections == "per-request":
            self.sockets[-1].close()
            self.context.clock.at(now + think, self._reopen, None)
        elif think:
            self.context.clock.at(now + think, self._ask, None)
        else:
            self._ask(None, now)

    def _reopen(self, subject: None, now: int) -> None:
        if not self.done:
            self._open()

    def _finish(self) -> None:
        self.complete = self.error is None
        self.sockets[-1].close()

    def _expire(self, now: int) -> None:
        self.stop(now)


class ResponseServer(End):
    """Answers every request of every connection; done when its connections are closed."""

    def __init__(self, context: FlowContext, spec: RequestResponseSpec) -> None:
        super().__init__(context)
        self.spec = spec
        self._open = 0

    def start(self, now: int) -> None:
        self.started_at = now
        self.listen()

    def stop(self, now: int) -> None:
        """A server goes on until its clients have closed."""

    @property
    def done(self) -> bool:
        """Nobody knows whether another client will come: what is open decides."""
        return self.error is not None or (bool(self.sockets) and not self._open)

    @property
    def waiting_for(self) -> str:
        name, port = self.context.host.name, self.context.port
        if not self._open:
            return f"{name} waits for a connection to port {port}"
        peer = self.context.peer_name or "its client"
        return f"{name}:{port} waits for a request from {peer}{show_state(self.sockets[-1])}"

    def accepted(self, socket: Socket, now: int) -> None:
        self._open += 1
        socket.handler = answering = Answering(self)
        answering.readable(socket, now)

    def took(self, size: int, now: int) -> None:
        """A connection has taken `size` bytes of requests."""
        self.bytes_read += size
        self.finished_at = now

    def ended(self) -> None:
        """A connection is over."""
        self._open -= 1
        self.complete = not self._open


class Answering(Handler):
    """One connection of the server: counts off requests and writes as many responses."""

    def __init__(self, server: ResponseServer) -> None:
        self._server = server
        self._inbox = Inbox()
        self._outbox = Outbox()
        self._answered = 0
        self._over = False

    def readable(self, socket: Socket, now: int) -> None:
        while data := socket.read(CHUNK):
            if not self._inbox.check(data):
                self._server.fail(f"corrupted data within {len(data)} bytes before byte {self._inbox.size}")
            self._server.took(len(data), now)
        requests = self._inbox.size // self._server.spec.request
        self._outbox.pending += (requests - self._answered) * self._server.spec.response
        self._answered = requests
        self.writable(socket, now)

    def writable(self, socket: Socket, now: int) -> None:
        self._server.bytes_written += self._outbox.flush(socket)
        if socket.at_eof and not self._outbox.pending and not self._over:
            self._over = True
            self._server.ended()
            socket.close()

    def peer_closed(self, socket: Socket, now: int) -> None:
        self.readable(socket, now)

    def failed(self, socket: Socket, now: int, error: str) -> None:
        if not self._over:
            self._server.fail(error)
