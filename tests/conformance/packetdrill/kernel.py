"""The machine under test: one testbed host behind a fake link, in virtual time.

What the host sends is kept with its time until the runner asks for it; what the script injects becomes bytes and is
decoded by the testbed's own codec, so that options arrive exactly as they were written.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Any

from packetdrill.script import Unsupported

from testbed.clock import Clock
from testbed.host.host import Host
from testbed.host.socket import Socket
from testbed.tcp.config import TcpConfig
from testbed.wire.packet import Packet, read_address

LOCAL_ADDRESS = read_address("192.168.0.1")
REMOTE_ADDRESS = read_address("192.0.2.1")
MTU = 1500


@dataclass(frozen=True)
class Sniffed:
    """A packet that the host sent, and when."""

    packet: Packet
    at: int


class Wire:
    """The fake link: infinitely fast, and everything that is pushed onto it is seen."""

    def __init__(self, mtu: int) -> None:
        self.mtu = mtu
        self.sniffed: deque[Sniffed] = deque()

    def push(self, packet: Packet, now: int) -> None:
        """The host sends `packet`."""
        self.sniffed.append(Sniffed(packet, now))


class Kernel:
    """Clock, host, wire, and the settings that the script's commands change before it opens a socket."""

    def __init__(self, config: TcpConfig, initial_sequence: int | None = None, mtu: int = MTU) -> None:
        self.clock = Clock()
        self.wire = Wire(mtu)
        self.config = config if initial_sequence is None else replace(config, initial_sequence=initial_sequence)
        self.sysctls: dict[str, str] = {}
        self.errors: dict[str, str] = {}  # what an application hears of our errors
        self.when_connecting: dict[str, Any] = {}  # settings that differ for sockets which connect
        self.host = Host("host", LOCAL_ADDRESS, self.clock, 1, config=self.config)
        self.host.routes[REMOTE_ADDRESS] = self.host.attach("wire", self.wire)  # type: ignore[arg-type]

    def set(self, **settings: Any) -> None:
        """Change settings for sockets that are opened from now on."""
        self.config = replace(self.config, **settings)

    def count(self, state: str, port: int | None = None) -> int:
        """How many connections are in `state`, at local `port` if it is given."""
        found = [socket for socket in self.host.sockets if socket.state == state]
        return sum(port is None or socket.local[1] == port for socket in found)

    def drop_connections(self, state: str) -> None:
        """End all connections in `state` without a packet reaching anybody (`tcpdrop`)."""
        for socket in self.host.sockets:
            if socket.state == state:
                socket.abort()
        self.wire.sniffed.clear()

    def connection(self) -> Socket:
        """The one connection under test. Raises `Unsupported` when there is none."""
        if not self.host.sockets:
            raise Unsupported("there is no connection to look at")
        return self.host.sockets[-1]
