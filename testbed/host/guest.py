"""A program of the user's own on a host: what it is given, who runs it, and who is told of it.

Applications bring programs, and the room with the event loops runs them; neither knows the other, and here is what
they have in common. A program travels as text, for the computer that runs it may not have the file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from testbed.host.host import Host
    from testbed.host.socket import Socket
    from testbed.tcp.config import TcpConfig


class Program(NamedTuple):
    """A coroutine function in a Python file. (No dataclass, for a schema validator would take that apart.)"""

    file: str
    """As it was named, relative to the experiment's file."""
    function: str
    text: str = ""
    """What is in the file."""

    def __str__(self) -> str:
        return f"{self.file}:{self.function}"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A program's place in the world: everything that it is given."""

    name: str
    """For messages: `web.client`."""

    label: str
    """Of its first connection: `web`."""

    program: Program
    arguments: Mapping[str, Any]
    """What the function is called with."""

    serves: bool
    """Whether it goes on when its function has returned, for those whom it serves."""

    host: Host
    port: int
    """What it listens on, or connects to, unless it says so."""

    peer_address: int
    """Whom it connects to, unless it says so; 0: nobody."""

    addresses: Mapping[str, int]
    """Every machine's address by name."""

    config: TcpConfig
    """The settings of its connections."""

    stream: Callable[[str], Random]
    """Its random streams by name."""


class Patron(ABC):
    """For whom a program runs: told of what it does."""

    @property
    @abstractmethod
    def done(self) -> bool:
        """Whether nothing more is expected of it."""

    @abstractmethod
    def opened(self, socket: Socket) -> None:
        """It has another connection, or begins to connect."""

    @abstractmethod
    def took(self, size: int) -> None:
        """It has read `size` bytes."""

    @abstractmethod
    def gave(self, size: int) -> None:
        """It has written `size` bytes."""

    @abstractmethod
    def changed(self) -> None:
        """It has come a step further: what can be asked of it may have another answer."""

    @abstractmethod
    def fail(self, error: str) -> None:
        """It, or a part of it, has come to a bad end."""


class Running(ABC):
    """A program that has been launched."""

    @property
    @abstractmethod
    def returned(self) -> bool:
        """Whether its function has."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether connections of its are open, or being served."""

    @property
    @abstractmethod
    def listens(self) -> bool:
        """Whether it waits for connections."""

    @property
    @abstractmethod
    def waiting_for(self) -> str:
        """What it waits for, and at which line."""


class Launcher(ABC):
    """Runs the programs of a world."""

    @abstractmethod
    def launch(self, visit: Visit, patron: Patron) -> Running:
        """Begin with a program."""

    @property
    @abstractmethod
    def quiet(self) -> bool:
        """Whether all programs wait for the network, so that nothing else will wake one."""

    @abstractmethod
    def close(self) -> None:
        """The run is over: end all programs, which can do nothing to the network any more."""
