"""LISTEN: a port where connections are welcome (RFC 9293 section 3.10.7.2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from testbed.host.socket import Handler, Socket
from testbed.tcp.config import TcpConfig
from testbed.tcp.state import Event, Machine

if TYPE_CHECKING:
    from testbed.host.host import Host


class Listener(Handler):
    """Makes a connection of each SYN, as long as the backlog has room, and hands over those that are established.

    The backlog counts connections whose handshake is not over as well as those that nobody has accepted yet.
    A SYN beyond it is dropped without a word, so that the peer tries again.
    """

    def __init__(
        self,
        host: Host,
        port: int,
        acceptable: Callable[[Listener, int], None],
        label: str,
        config: TcpConfig,
        backlog: int,
    ) -> None:
        self.host = host
        self.port = port
        self.label = label
        self.config = config
        self.backlog = backlog
        self.refused = 0  # SYNs dropped because the backlog was full
        self._acceptable = acceptable
        self._opening: set[Socket] = set()
        self._established: deque[Socket] = deque()
        self._made = 0
        tracer = host.tracer.connection(host.name, label, (host.address, port, 0, 0))
        self._machine = Machine(tracer)
        self._machine.move(host.clock.now, Event.PASSIVE_OPEN)

    def accept(self) -> Socket | None:
        """The oldest connection that waits to be accepted, or None."""
        return self._established.popleft() if self._established else None

    def close(self) -> None:
        """Accept no more; those that nobody has accepted are reset."""
        self.host.stop_listening(self)
        for socket in [*self._opening, *self._established]:
            socket.abort()

    def has_room(self) -> bool:
        """Whether another SYN may be answered now; counts a refusal."""
        if len(self._opening) + len(self._established) < self.backlog:
            return True
        self.refused += 1
        return False

    def next_label(self) -> str:
        """The name of the connection that the next SYN makes."""
        self._made += 1
        return self.label if self._made == 1 else f"{self.label}/{self._made}"

    def opened(self, socket: Socket) -> None:
        """A SYN was answered."""
        self._opening.add(socket)

    # -- as the handler of connections that nobody has accepted yet --------------------------------------------------

    def connected(self, socket: Socket, now: int) -> None:
        self._opening.discard(socket)
        self._established.append(socket)
        socket.handler = _UNACCEPTED
        self._acceptable(self, now)

    def closed(self, socket: Socket, now: int) -> None:
        self._opening.discard(socket)


class _Unaccepted(Handler):
    """Established, and waiting to be accepted: what happens meanwhile is seen in the socket afterwards."""


_UNACCEPTED = _Unaccepted()
