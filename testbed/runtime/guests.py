"""Programs of the user's own on the machines of a world: ordinary coroutine functions, each with a host to speak from.

Which host that is stands in a context variable, which every task inherits from the one that made it; so
`open_connection` and `start_server` need no more arguments than asyncio's. In virtual time the programs live on a
`VirtualLoop` in the clock's heap; in real time on the loop of the process, whose coroutines may wait for anything.

A program is like a process. When a client's function returns, its tasks are cancelled and its connections closed; a
server's goes on serving. An exception ends a program, and its connections are reset.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, Final

from testbed.clock import Clock
from testbed.errors import RunError
from testbed.host.guest import Launcher, Patron, Running, Visit
from testbed.runtime import streams
from testbed.runtime.program import blame, call, unload
from testbed.runtime.stall import speech, wait_of
from testbed.runtime.streams import LIMIT, Serve, Server
from testbed.runtime.transport import Owner, SocketTransport
from testbed.runtime.virtual import VirtualLoop
from testbed.wire.packet import read_address, show_address

ANY: Final = (None, "", "0.0.0.0")
"""What a server calls all addresses of its host."""

_HERE: Final[ContextVar[Process]] = ContextVar("guest")


def _here() -> Process:
    """The program whose code is running. Raises RuntimeError where there is none, or its run is over."""
    process = _HERE.get(None)
    if process is None:
        raise RuntimeError("testbed.streams is for guests: programs that an experiment runs with 'app: guest'")
    if process.over:
        raise RuntimeError("the run is over")
    return process


class Guests(Launcher):
    """Runs the programs of the world around `clock`: on `loop`, or in virtual time on one of its own."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._clock = clock
        self._loop = loop
        self._processes: list[Process] = []
        self._restore: Callable[[], None] | None = None

    def launch(self, visit: Visit, patron: Patron) -> Running:
        if self._loop is None:
            self._loop = VirtualLoop(self._clock)
        if self._restore is None:
            self._restore = _watch_tasks(self._loop)
        process = Process(visit, patron, self._loop)
        self._processes.append(process)
        return process

    @property
    def quiet(self) -> bool:
        return all(process.quiet for process in self._processes)

    def close(self) -> None:
        for process in self._processes:
            process.forsake()
        if self._restore is not None:
            self._restore()
            self._restore = None
        if isinstance(self._loop, VirtualLoop):
            self._loop.end()
            self._loop = None
        else:
            for process in self._processes:
                process.cancel()
        self._processes.clear()


class _Connections(Owner):
    """What one program has open."""

    def __init__(self, patron: Patron) -> None:
        self.transports: dict[SocketTransport, None] = {}
        """In the order in which they were opened."""
        self._patron = patron

    def opened(self, transport: SocketTransport) -> None:
        self.transports[transport] = None
        self._patron.opened(transport.get_extra_info("connection"))

    def lost(self, transport: SocketTransport) -> None:
        self.transports.pop(transport, None)
        self._patron.changed()

    def wrote(self, size: int) -> None:
        self._patron.gave(size)

    def read(self, size: int) -> None:
        self._patron.took(size)


class Process(Running):
    """One program that runs: its tasks, and what it has open."""

    def __init__(self, visit: Visit, patron: Patron, loop: asyncio.AbstractEventLoop) -> None:
        self.visit = visit
        self.tasks: dict[asyncio.Task[Any], None] = {}
        """All that are not done, in the order in which they were made."""
        self.servers: list[Server] = []
        self.connected = 0
        """How many connections it has opened itself."""
        self.connections = _Connections(patron)
        self._patron = patron
        self.over = False
        """Whether the run is."""
        self._failed = False
        self._last_words = ""
        """What it was waiting for when the run was over."""
        context = copy_context()
        context.run(_HERE.set, self)
        main = call(visit)
        self._main = loop.create_task(main, name=visit.name, context=context)
        self._main.add_done_callback(self._ended)

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """A task of the program's has been made."""
        self.tasks[task] = None
        task.add_done_callback(lambda task: self.tasks.pop(task, None))

    def begins_to_connect(self) -> str:
        """What another connection is called. A server's own have other names than those that it accepts."""
        self.connected += 1
        label = f"{self.visit.label}/out" if self.visit.serves else self.visit.label
        return label if self.connected == 1 else f"{label}/{self.connected}"

    def served(self, task: asyncio.Task[None]) -> None:
        """A connection of a server has been served. An error is the flow's; the server goes on."""
        error = None if task.cancelled() else task.exception()
        if not self.over:
            if error is not None:
                self._patron.fail(blame(error, self.visit.program.file))
            self._patron.changed()

    def forsake(self) -> None:
        """The run is over: let go of everything, and tell the network nothing of it."""
        self._last_words = self.waiting_for
        self.over = True
        for transport in self.connections.transports:
            transport.forsake()
        for server in self.servers:
            server.forsake()
        unload(self.visit)

    def cancel(self) -> None:
        """Cancel what it still does."""
        for task in list(self.tasks):
            task.cancel()

    # -- what its end asks -------------------------------------------------------------------------------------------

    @property
    def returned(self) -> bool:
        return self._main.done()

    @property
    def busy(self) -> bool:
        return bool(self.connections.transports) or any(server.tasks for server in self.servers)

    @property
    def listens(self) -> bool:
        return any(server.is_serving() for server in self.servers)

    @property
    def quiet(self) -> bool:
        return self._patron.done or all(speech(task) for task in self.tasks)

    @property
    def waiting_for(self) -> str:
        if self.over:
            return self._last_words
        name = self.visit.host.name
        serving = [task for server in self.servers for task in server.tasks]
        tasks = [*serving, self._main] if self.visit.serves else [self._main, *serving]
        waiting = next((task for task in tasks if not task.done()), None)
        if waiting is not None:
            return wait_of(waiting, name, self.visit.program.file)
        listening = [server.waiting_for for server in self.servers if server.is_serving()]
        return listening[0] if listening else f"{name} has nothing left to do"

    # -- its own end -------------------------------------------------------------------------------------------------

    def _ended(self, main: asyncio.Task[None]) -> None:
        """The program's function has returned, or was left by an exception."""
        error = None if main.cancelled() else main.exception()
        if self.over:
            return
        self._failed = main.cancelled() or error is not None
        if self._failed:
            what = f"{self.visit.program} was cancelled" if error is None else blame(error, self.visit.program.file)
            self._patron.fail(what)
        if self._failed or not self.visit.serves:
            self._leave()
        self._patron.changed()

    def _leave(self) -> None:
        """Let go as a process does: in order, or with resets when it died of an error."""
        for server in self.servers:
            server.close()
        self.cancel()
        for transport in list(self.connections.transports):
            if self._failed:
                transport.abort()
            else:
                transport.close()


def _watch_tasks(loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Tell guests of the tasks that are made in their name from now on; the answer undoes it."""
    before = loop.get_task_factory()

    def make(loop: asyncio.AbstractEventLoop, coro: Any, context: Context | None = None, **options: Any) -> Any:
        if context is not None:
            options["context"] = context
        task = before(loop, coro, **options) if before is not None else asyncio.Task(coro, loop=loop, **options)
        process = _HERE.get(None) if context is None else context.get(_HERE)
        if process is not None and isinstance(task, asyncio.Task):
            process.adopt(task)
        return task

    loop.set_task_factory(make)

    def restore() -> None:
        with suppress(RuntimeError):  # of a loop that is closed
            loop.set_task_factory(before)

    return restore


# -- what programs call ----------------------------------------------------------------------------------------------


async def open_connection(
    host: str | None = None, port: int | None = None, *, limit: int = LIMIT
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a host, by name or address; without one, to the other end of the flow, at the flow's port.

    Raises OSError as asyncio's does: ConnectionRefusedError, TimeoutError, socket.gaierror for an unknown name.
    """
    process = _here()
    visit = process.visit
    address = _address(visit, host)
    if address not in visit.host.routes:
        raise OSError(errno.ENETUNREACH, f"no way leads from {visit.host.name} to {show_address(address)}")
    return await streams.open_connection(
        visit.host, address, _port(visit, port), config=visit.config, limit=limit, owner=process.connections,
        label=process.begins_to_connect(),
    )  # fmt: skip


async def start_server(
    client_connected_cb: Serve,
    host: str | None = None,
    port: int | None = None,
    *,
    limit: int = LIMIT,
    backlog: int | None = None,
) -> Server:
    """Listen at this host, at the flow's port unless told otherwise; `client_connected_cb(reader, writer)` serves.

    `host` may only be this host. `backlog` comes before the setting of that name. Raises OSError for a port in use.
    """
    process = _here()
    visit = process.visit
    if host not in ANY and _address(visit, host) != visit.host.address:
        raise OSError(errno.EADDRNOTAVAIL, f"{host!r} is not {visit.host.name}")
    number = _port(visit, port)
    first = visit.serves and not process.servers
    try:
        server = await streams.start_server(
            visit.host, client_connected_cb, number, config=visit.config, limit=limit, backlog=backlog,
            owner=process.connections, served=process.served, label=visit.label if first else f"{visit.label}/{number}",
        )  # fmt: skip
    except RunError as taken:
        raise OSError(errno.EADDRINUSE, str(taken)) from taken
    process.servers.append(server)
    return server


def chance(name: str) -> Random:
    """This end's random stream called `name`: it begins anew at each call, and is the same in every run of a seed."""
    return _here().visit.stream(name)


def _address(visit: Visit, host: str | None) -> int:
    """What a program means by `host`."""
    if host is None and visit.peer_address:
        return visit.peer_address
    if isinstance(host, str) and host in visit.addresses:
        return visit.addresses[host]
    try:
        return read_address(str(host))
    except ValueError as error:
        known = ", ".join(list(visit.addresses)[:12])
        raise socket.gaierror(socket.EAI_NONAME, f"there is no host {host!r} (there are: {known})") from error


def _port(visit: Visit, port: int | None) -> int:
    number = visit.port if port is None else int(port)
    if not 1 <= number <= 0xFFFF:
        raise OverflowError(f"a port lies between 1 and 65535, not {port}")
    return number
