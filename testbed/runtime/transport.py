"""asyncio's transport over one of our sockets: the bridge that lets a protocol written for asyncio speak our TCP.

A reader that falls behind pauses the transport, which then leaves the data with the socket, so that TCP's window
closes; a full send buffer fills the transport's, which then pauses the writer.

What a program asks for comes from outside the clock's heap: each such call has the clock catch up first, so that in
real time it happens at the wall's time, after all that was due before it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from testbed.host.socket import Handler
from testbed.wire.packet import show_address

if TYPE_CHECKING:
    from testbed.host.socket import Socket

CHUNK: Final = 2**16
"""Bytes taken from the socket at once."""

HIGH_WATER: Final = 2**16
"""Bytes that wait for room in the send buffer before the writer is paused (asyncio's default)."""

_EXCEPTIONS: Final[dict[str, type[OSError]]] = {
    "refused": ConnectionRefusedError,
    "reset": ConnectionResetError,
    "timed out": TimeoutError,
}
"""What a socket's failure, which has one of these words, is called in Python."""


class Owner:
    """Whose connections they are, and hears of them. This one is nobody."""

    def opened(self, transport: SocketTransport) -> None:
        """There is another connection, or an attempt at one."""

    def lost(self, transport: SocketTransport) -> None:
        """The program and the connection have done with each other; TCP may still have to close it."""

    def wrote(self, size: int) -> None:
        """A socket took so many bytes."""

    def read(self, size: int) -> None:
        """A socket gave so many bytes."""


NOBODY: Final = Owner()


class Connected(asyncio.Transport):
    """What both halves of a transport share: the socket, the protocol, the owner, and whether it is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, owner: Owner = NOBODY) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._owner = owner
        self._socket = cast("Socket", None)  # until `take`
        self._closing = False
        self._lost = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast(asyncio.Protocol, protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`peername` and `sockname` as asyncio has them; `connection` is the testbed's socket."""
        if name == "connection":
            return self._socket
        if name not in ("peername", "sockname"):
            return default
        address, port = self._socket.remote if name == "peername" else self._socket.local
        return show_address(address), port

    def describe(self, action: str) -> str:
        """`left1 reads from 10.0.0.2:80 (ESTABLISHED)`."""
        return f"{self._socket.host.name} {action} {self._peer} ({self._socket.state})"

    @property
    def _peer(self) -> str:
        address, port = self._socket.remote
        return f"{show_address(address)}:{port}"

    def _catch_up(self) -> None:
        self._socket.host.clock.catch_up()

    def _lose(self, error: Exception | None) -> None:
        """Tell the protocol, once and from the loop, that the connection is over."""
        self._closing = True
        if not self._lost:
            self._lost = True
            self._loop.call_soon(self._protocol.connection_lost, error)
            self._owner.lost(cast("SocketTransport", self))


class Incoming(Connected):
    """The reading half. While it is paused, data stays with the socket, so that TCP's window closes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, owner: Owner = NOBODY) -> None:
        super().__init__(loop, protocol, owner)
        self._reading = True
        self._ended = False

    def is_reading(self) -> bool:
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if not self._reading:
            self._reading = True
            self._loop.call_soon(self._resume)

    def pull(self) -> None:
        """Hand what the socket has to the protocol, as long as that wants it; then, once, the end of the stream."""
        while self.is_reading() and (data := self._socket.read(CHUNK)):
            self._owner.read(len(data))
            self._protocol.data_received(data)
        if self.is_reading() and self._socket.at_eof and not self._ended:
            self._ended = True
            if not self._protocol.eof_received():
                self.close()

    def _resume(self) -> None:
        self._catch_up()
        self.pull()


class Outgoing(Connected):
    """The writing half. What the socket has no room for waits; if that is much, the protocol is paused."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, owner: Owner = NOBODY) -> None:
        super().__init__(loop, protocol, owner)
        self._buffer = bytearray()
        self._high, self._low = HIGH_WATER, HIGH_WATER // 4
        self._paused = False
        self._eof_written = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._eof_written:
            raise RuntimeError("nothing can be written after write_eof()")
        if not self._closing:
            self._catch_up()
            self._buffer += data
            self.push()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Close for sending once all is written; reading goes on."""
        if not self._eof_written and not self._closing:
            self._catch_up()
            self._eof_written = True
            self.push()

    def push(self) -> None:
        """Write what there is room for, and do what waited for that."""
        while self._buffer and not self._lost:
            accepted = self._socket.write(bytes(self._buffer[:CHUNK]))
            if not accepted:
                break
            self._owner.wrote(accepted)
            del self._buffer[:accepted]
        if self._lost:
            return
        self._pause()
        if not self._buffer:
            if self._closing:
                self._socket.release()
                self._lose(None)
            elif self._eof_written:
                self._socket.close()

    def get_write_buffer_size(self) -> int:
        return len(self._buffer)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """As asyncio has it: `low` is a quarter of `high` if left out."""
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        low = high // 4 if low is None else low
        if not high >= low >= 0:
            raise ValueError(f"high ({high}) must not be below low ({low}), nor low below 0")
        self._high, self._low = high, low
        self._pause()

    def _pause(self) -> None:
        """Pause or resume the protocol's writing, as the buffer's size demands."""
        size = len(self._buffer)
        if not self._paused and size > self._high:
            self._paused = True
            self._protocol.pause_writing()
        elif self._paused and size <= self._low:
            self._paused = False
            self._protocol.resume_writing()


class SocketTransport(Incoming, Outgoing):
    """Between a socket and a protocol. `events` is to be the socket's handler."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, owner: Owner = NOBODY) -> None:
        super().__init__(loop, protocol, owner)
        self.events = Events(self)
        self._opened: asyncio.Future[None] = loop.create_future()

    def take(self, socket: Socket) -> None:
        """Speak over `socket` from now on."""
        self._socket = socket
        self._owner.opened(self)

    async def opened(self) -> None:
        """Wait until the connection is established, or raise what it failed of."""
        try:
            await self._opened
        except asyncio.CancelledError:
            self.abort()
            raise

    def begin(self) -> None:
        """The connection is established."""
        if self._closing:
            return
        if not self._opened.done():
            self._opened.set_result(None)
        self._protocol.connection_made(self)
        self.pull()

    def close(self) -> None:
        """Write what is left, then leave: nobody will read any more."""
        if not self._closing:
            self._catch_up()
            self._closing = True
            self.push()

    def abort(self) -> None:
        """Leave at once, with a reset."""
        if not self._lost:
            self._catch_up()
            self._buffer.clear()
            self._socket.abort()
            self._lose(None)

    def forsake(self) -> None:
        """The run is over: whatever the program still does, the connection hears nothing of it."""
        self._closing = self._lost = True
        self._buffer.clear()

    def fail(self, failure: str) -> None:
        """The connection is over, for no wish of ours."""
        if self._lost:
            return
        self._buffer.clear()
        kind = next((kind for word, kind in _EXCEPTIONS.items() if word in failure), ConnectionError)
        error = kind(f"{failure}: {self._peer}")
        if self._opened.done():
            self._lose(error)
        else:
            self._closing = self._lost = True
            self._opened.set_exception(error)
            self._owner.lost(self)

    @property
    def waiting_for(self) -> str:
        """For the report of a stall: what a writer, or whoever opens or closes, waits for."""
        if not self._opened.done():
            return self.describe("connects to")
        return self.describe("closes its connection to" if self._closing else "writes to")


class Events(Handler):
    """Passes a socket's events on to its transport."""

    def __init__(self, transport: SocketTransport) -> None:
        self._transport = transport

    def connected(self, socket: Socket, now: int) -> None:
        self._transport.begin()

    def readable(self, socket: Socket, now: int) -> None:
        self._transport.pull()

    def writable(self, socket: Socket, now: int) -> None:
        self._transport.push()

    def peer_closed(self, socket: Socket, now: int) -> None:
        self._transport.pull()

    def failed(self, socket: Socket, now: int, error: str) -> None:
        self._transport.fail(error)
