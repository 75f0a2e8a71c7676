"""The end that only reads: it takes what comes, checks it, and closes when the writer has closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.clock import MILLISECOND, SECOND, Alarm
from testbed.host.socket import Handler
from testbed.traffic.application import End, FlowContext, show_state
from testbed.traffic.payload import CHUNK, Inbox

if TYPE_CHECKING:
    from testbed.host.socket import Socket

STEP: Final = 10 * MILLISECOND
"""How often a slow reader reads: each time as much as its rate allows for this long."""


class ReadingEnd(End):
    """Listens, and reads each connection to its end.

    With `connections`, it is done when as many have been read; without, whenever none is open. `size` is what
    each must bring (None: whatever comes). A reader with a `rate` (bit/s) reads in steps; before `delay` (ns)
    has passed since its connection was accepted, it reads nothing.
    """

    def __init__(
        self,
        context: FlowContext,
        *,
        connections: int | None = 1,
        size: int | None = None,
        rate: int | None = None,
        delay: int = 0,
    ) -> None:
        super().__init__(context)
        self._expected = connections
        self._size = size
        self._rate = rate
        self._delay = delay
        self._finished = 0

    def start(self, now: int) -> None:
        self.started_at = now
        self.listen()

    def stop(self, now: int) -> None:
        """A reader goes on until its writers have closed."""

    @property
    def done(self) -> bool:
        return super().done or (self._expected is None and self._finished == len(self.sockets))

    @property
    def waiting_for(self) -> str:
        context = self.context
        if self._finished == len(self.sockets):
            return f"{context.host.name} waits for a connection to port {context.port}"
        reading = self.sockets[-1]
        peer = context.peer_name or "its client"
        return f"{context.host.name}:{context.port} reads from {peer}{show_state(reading)}"

    def accepted(self, socket: Socket, now: int) -> None:
        socket.handler = reader = Reader(self, socket, self._rate, now + self._delay)
        reader.readable(socket, now)

    def took(self, size: int, now: int) -> None:
        """A reader has taken `size` bytes."""
        self.bytes_read += size
        self.finished_at = now

    def ended(self, size: int, now: int) -> None:
        """A reader has come to the end of its stream of `size` bytes."""
        self._finished += 1
        if self._size is not None and size != self._size:
            self.fail(f"corrupted data: {size} bytes read instead of {self._size}")
        if self._finished == self._expected and self.error is None:
            self.complete = True


class Reader(Handler):
    """Reads one connection: at once whatever is there, or at a `rate`, and nothing before `begin`."""

    def __init__(self, end: ReadingEnd, socket: Socket, rate: int | None, begin: int) -> None:
        self._end = end
        self._socket = socket
        self._rate = rate
        self._begin = begin
        self._inbox = Inbox()
        self._ended = False
        self._slow = rate is not None or begin > end.context.clock.now
        self._alarm = Alarm(end.context.clock, Reader._step, self)

    def readable(self, socket: Socket, now: int) -> None:
        if not self._slow:
            while self._read(CHUNK, now) == CHUNK:
                pass
        elif self._alarm.due is None:
            self._alarm.set(max(now, self._begin))

    def peer_closed(self, socket: Socket, now: int) -> None:
        self.readable(socket, now)

    def failed(self, socket: Socket, now: int, error: str) -> None:
        self._alarm.set(None)
        if not self._ended:
            self._end.fail(error)

    def _step(self, now: int) -> None:
        """The slow reader's turn: read what its rate allows, and see when it may read again."""
        if self._rate is None:
            self._slow = False
            while self._read(CHUNK, now):  # to the end of the stream, should that have come meanwhile
                pass
            return
        taken = self._read(max(1, min(CHUNK, self._rate * STEP // (8 * SECOND))), now)
        self._begin = now + -(-taken * 8 * SECOND // self._rate)
        if taken:
            self._alarm.set(self._begin)

    def _read(self, limit: int, now: int) -> int:
        """Take up to `limit` bytes and check them; at the end of the stream, close. Returns how many there were."""
        data = self._socket.read(limit)
        if data:
            if not self._inbox.check(data):
                self._end.fail(f"corrupted data within {len(data)} bytes before byte {self._inbox.size}")
            self._end.took(len(data), now)
        if (self._slow or not data) and not self._ended and self._socket.at_eof:
            self._ended = True
            self._end.ended(self._inbox.size, now)
            self._socket.close()
        return len(data)
