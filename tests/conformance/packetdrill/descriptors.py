"""What a file descriptor of the script stands for, and how the stack's events reach it."""

from __future__ import annotations

from packetdrill.kernel import Kernel

from testbed.host.listener import Listener
from testbed.host.socket import Handler, Socket


class Descriptor(Handler):
    """A socket as the script sees it: unopened, listening, or one end of a connection."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.listener: Listener | None = None
        self.socket: Socket | None = None
        self.nonblocking = False
        self.connected_once = False
        self.closed_already = False
        self.port: int | None = None
        self.options: dict[str, int] = {}
        self.settings: dict[str, object] = {}  # of TcpConfig, from setsockopt
        self._error = ""

    def adopt(self, socket: Socket) -> None:
        """Stand for an accepted connection, which may have ended while nobody looked."""
        self.socket = socket
        socket.handler = self
        self.connected_once = True
        if socket.connection.error:
            self._error = self.kernel.errors.get(socket.connection.error, socket.connection.error)

    def take_error(self) -> str:
        """SO_ERROR: the pending error, which is then forgotten; "" for none."""
        error, self._error = self._error, ""
        return error

    # -- what the stack tells ------------------------------------------------------------------------------------------

    def connected(self, socket: Socket, now: int) -> None:
        self.connected_once = True

    def failed(self, socket: Socket, now: int, error: str) -> None:
        self._error = self.kernel.errors.get(error, error)

    def closed(self, socket: Socket, now: int) -> None:
        self.closed_already = True

    # -- what poll asks ------------------------------------------------------------------------------------------------

    @property
    def at_end(self) -> bool:
        """Whether a read would say that nothing more comes."""
        return self.socket is not None and (self.socket.at_eof or self.closed_already)

    def ready(self) -> set[str]:
        """The names of what poll(2) would report."""
        names = set()
        if self._error:
            names |= {"POLLERR", "POLLHUP", "POLLIN", "POLLOUT"}
        if self.socket is not None:
            if self.socket.available or self.at_end:
                names.add("POLLIN")
            if self.socket.at_eof:
                names.add("POLLRDHUP")
            if self.connected_once and self.socket.room:
                names.add("POLLOUT")
        elif self.listener is not None and self.listener._established:
            names.add("POLLIN")
        return names
