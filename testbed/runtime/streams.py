"""Readers and writers over our sockets, for programs written as coroutines.

`open_connection` and `start_server` do what asyncio's of the same names do, with a host of the testbed in place
of the machine, and need nothing of the event loop but `call_soon` and futures: they work in virtual time and
under any loop whose thread also drives the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from testbed.runtime.transport import NOBODY, Owner, SocketTransport
from testbed.wire.packet import show_address

if TYPE_CHECKING:
    from testbed.host.host import Host
    from testbed.host.listener import Listener
    from testbed.host.socket import Socket
    from testbed.tcp.config import TcpConfig

LIMIT: Final = 2**16
"""Bytes that a reader buffers before it stops taking from the socket; twice that at most, as asyncio has it."""

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None] | None]
"""What a server does with a connection: a coroutine function, or a plain one."""

Served = Callable[["asyncio.Task[None]"], None]
"""Told of a connection's task, once it is done."""


async def open_connection(
    host: Host,
    address: int,
    port: int,
    *,
    config: TcpConfig | None = None,
    label: str | None = None,
    limit: int = LIMIT,
    owner: Owner = NOBODY,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect from `host` to `port` at `address`. Raises ConnectionError or TimeoutError, as asyncio's does."""
    loop = asyncio.get_running_loop()
    reader = Reader(limit, loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = SocketTransport(loop, protocol, owner)
    host.clock.catch_up()
    transport.take(host.connect(address, port, transport.events, label=label or f"stream-{port}", config=config))
    await transport.opened()
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def start_server(
    host: Host,
    serve: Serve,
    port: int,
    *,
    config: TcpConfig | None = None,
    label: str | None = None,
    limit: int = LIMIT,
    backlog: int | None = None,
    owner: Owner = NOBODY,
    served: Served | None = None,
) -> Server:
    """Listen on `port` of `host`, and call `serve(reader, writer)` for every connection, in a task of its own.

    `served` is told when that has ended, in place of the loop's handler.
    """
    server = Server(host, serve, limit, owner, served)
    host.clock.catch_up()
    server.listener = host.listen(
        port, server.acceptable, label=label or f"stream-{port}", config=config, backlog=backlog
    )
    return server


class Reader(asyncio.StreamReader):
    """asyncio's, that can say what it waits for."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=limit, loop=loop)
        self._source: SocketTransport | None = None

    def set_transport(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, SocketTransport)
        self._source = transport
        super().set_transport(transport)

    @property
    def waiting_for(self) -> str | None:
        """For the report of a stall."""
        return self._source.describe("reads from") if self._source is not None else None


class Server(asyncio.AbstractServer):
    """Accepts until it is closed; the connections that it has made live on."""

    def __init__(self, host: Host, serve: Serve, limit: int, owner: Owner, served: Served | None) -> None:
        self.listener: Listener | None = None
        self.tasks: dict[asyncio.Task[None], None] = {}
        """Of the connections that are being served, in their order."""
        self._host = host
        self._serve = serve
        self._served = served or _report
        self._limit = limit
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()  # who starts a server is remembered when it serves
        self._closed: asyncio.Future[None] = self._loop.create_future()

    def acceptable(self, listener: Listener, now: int) -> None:
        """The host has connections to hand over."""
        while (socket := listener.accept()) is not None:
            self._open(socket)

    @property
    def sockets(self) -> tuple[ListeningSocket, ...]:
        """What it listens on, as far as one may ask: its name."""
        return (ListeningSocket(self._host.address, self.listener.port),) if self.listener is not None else ()

    def close(self) -> None:
        if self.listener is not None:
            self._host.clock.catch_up()
            self.listener.close()
            self.listener = None
            self._closed.set_result(None)

    def forsake(self) -> None:
        """Be closed, without a word to anybody: the run is over."""
        self.listener = None

    def is_serving(self) -> bool:
        return self.listener is not None

    async def wait_closed(self) -> None:
        await asyncio.shield(self._closed)

    async def start_serving(self) -> None:
        """It has been, since it was made."""

    async def serve_forever(self) -> None:
        """Wait until the server is closed, and close it if the waiting is cancelled."""
        try:
            await self.wait_closed()
        finally:
            self.close()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    @property
    def waiting_for(self) -> str:
        """For the report of a stall."""
        port = self.listener.port if self.listener is not None else "none, for it is closed"
        return f"{self._host.name} waits for a connection to port {port}"

    def _open(self, socket: Socket) -> None:
        reader = Reader(self._limit, self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, self._begin, loop=self._loop)
        transport = SocketTransport(self._loop, protocol, self._owner)
        socket.handler = transport.events
        transport.take(socket)
        transport.begin()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._attend(reader, writer), context=self._context.copy())
        self.tasks[task] = None
        task.add_done_callback(lambda task: self._end(task, writer))

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Call the program in a task, whatever it is: an error of its must not come up in the middle of TCP."""
        serving = self._serve(reader, writer)
        if asyncio.iscoroutine(serving):
            await serving

    def _end(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        """A connection's coroutine is over. As with asyncio's servers, only an error closes the connection for it."""
        del self.tasks[task]
        self._served(task)
        if task.cancelled() or task.exception() is not None:
            writer.transport.abort()


def _report(task: asyncio.Task[None]) -> None:
    """An error in serving a connection, as asyncio's servers tell of it."""
    if not task.cancelled() and task.exception() is not None:
        task.get_loop().call_exception_handler(
            {"message": "error while serving a connection", "exception": task.exception(), "task": task}
        )


class ListeningSocket(NamedTuple):
    """As much of a socket as programs print of a server's."""

    address: int
    port: int

    def getsockname(self) -> tuple[str, int]:
        """As the machine's sockets have it."""
        return show_address(self.address), self.port
