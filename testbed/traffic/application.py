"""What sends and what receives: the plug point of the applications.

A flow has two ends, built apart from one specification, for in real time they live in different processes. An
end knows its own host, its own random streams and the address of the other: never the other's object. What a
flow is called, where it runs and when it starts is the experiment's business; what it does is in here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, ClassVar, Final

from testbed import seeds
from testbed.host.socket import Handler

if TYPE_CHECKING:
    from testbed.clock import Clock
    from testbed.host.guest import Launcher
    from testbed.host.host import Host
    from testbed.host.listener import Listener
    from testbed.host.socket import Socket
    from testbed.tcp.config import TcpConfig
    from testbed.traffic.cue import Cue

CLIENT: Final = "client"
SERVER: Final = "server"


@dataclass(frozen=True, kw_only=True)
class FlowContext:
    """Where one end of a flow finds itself."""

    name: str
    """The flow's name: the label of its first connection; the others are `name/2`, `name/3`, …"""

    host: Host
    """The machine that this end runs on."""

    clock: Clock

    port: int
    """The port that the server listens on."""

    config: TcpConfig
    """The settings of this end's connections."""

    seed: int
    """The run's seed, from which `stream` draws."""

    peer_address: int = 0
    """The other end's address. 0: unknown, for a server that takes whoever comes."""

    peer_name: str = ""
    """The other end's machine, for messages."""

    cue: Cue | None = None
    """How this end tells the other what it has done, beside the network: a dialogue needs it."""

    addresses: Mapping[str, int] = field(default_factory=dict)
    """Every machine's address by name: a guest may look for one."""

    launcher: Launcher | None = None
    """Who runs a guest's program."""

    def stream(self, name: str) -> Random:
        """This flow's random stream called `name`."""
        return seeds.stream(self.seed, f"traffic.{self.name}/{name}")

    @property
    def server_address(self) -> str:
        """The server as a client's messages show it: `right1:5001`."""
        return f"{self.peer_name or 'the server'}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Application(ABC):
    """What a flow does: a specification that makes its two ends."""

    ends: ClassVar[tuple[str, ...]] = (CLIENT, SERVER)
    """Which ends there are. An application without a client is for programs that bring their own."""

    roams: ClassVar[bool] = False
    """Whether an end may connect to any host, and not only to the other end's."""

    @property
    def endless(self) -> bool:
        """Whether it would go on until it is stopped: then being unfinished at the end of a run is no failure."""
        return False

    @abstractmethod
    def client(self, context: FlowContext) -> End | None:
        """The end that connects; None when `ends` has none."""

    @abstractmethod
    def server(self, context: FlowContext) -> End | None:
        """The end that listens; None when `ends` has none."""


class End(Handler, ABC):
    """One end of one flow, and the handler of its sockets.

    `bytes_written` and `bytes_read` count what the application handed over and took; `finished_at` is when it
    took the last byte (ns). The first error is kept.
    """

    def __init__(self, context: FlowContext) -> None:
        self.context = context
        self.complete = False
        self.error: str | None = None
        self.bytes_written = 0
        self.bytes_read = 0
        self.started_at: int | None = None
        self.finished_at: int | None = None
        self.sockets: list[Socket] = []

    @abstractmethod
    def start(self, now: int) -> None:
        """Begin. A server must be started before its client."""

    @abstractmethod
    def stop(self, now: int) -> None:
        """Wind up: nothing new is sent, and what is open is closed."""

    @property
    @abstractmethod
    def waiting_for(self) -> str:
        """Who waits for what, in plain words, for a run that makes no progress."""

    @property
    def done(self) -> bool:
        """Nothing is left to do, for better or for worse."""
        return self.complete or self.error is not None

    def failed(self, socket: Socket, now: int, error: str) -> None:
        self.fail(error)

    def fail(self, error: str) -> None:
        """Remember `error`, unless the end is over already."""
        if not self.done:
            self.error = error

    def connect(self, handler: Handler | None = None, *, local_port: int | None = None) -> Socket:
        """One more connection to the server, labelled by its turn, and handled by this end unless told otherwise."""
        context = self.context
        label = f"{context.name}/{len(self.sockets) + 1}" if self.sockets else context.name
        socket = context.host.connect(
            context.peer_address,
            context.port,
            handler or self,
            label=label,
            config=context.config,
            local_port=local_port,
        )
        self.sockets.append(socket)
        return socket

    def listen(self) -> Listener:
        """Open the flow's port; `accepted` is told of each connection."""
        context = self.context
        return context.host.listen(context.port, self._acceptable, label=context.name, config=context.config)

    def accepted(self, socket: Socket, now: int) -> None:
        """A listening end has a new connection, whose handler is to be set."""

    def _acceptable(self, listener: Listener, now: int) -> None:
        while (socket := listener.accept()) is not None:
            self.sockets.append(socket)
            self.accepted(socket, now)


def show_state(socket: Socket | None) -> str:
    """` (ESTABLISHED)`, to end a message with; nothing without a socket."""
    return f" ({socket.state})" if socket is not None else ""
