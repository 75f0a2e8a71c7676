"""How agents come to a controller: its door, their way to it, and where two of them can meet afterwards.

    controller                                        agent
    door = await Door.open(host, port, secret)        channel = await join(address, secret, name, patience)
    door.expect(names)
    guest = await door.enter()

An agent on another computer must reach the controller directly, and so must its datagrams: tunnels end at the
addresses of the control connections. They are IPv4's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from testbed.control.channel import Channel, ChannelClosed, ChannelError, Hello
from testbed.control.channel.handshake import this_boot
from testbed.errors import ConfigError

TRY_EVERY: Final = 0.5
"""Seconds between two tries to reach a controller that is not there yet."""

MOST_AT_ONCE: Final = 1000
"""Connections whose handshake is not over: more are nobody's agents."""

HERE: Final = "127.0.0.1"

Address = tuple[str, int]


class Guest(NamedTuple):
    """An agent that has come in."""

    channel: Channel
    hello: Hello

    @property
    def is_here(self) -> bool:
        """Whether it can be met on this computer's loopback."""
        return _is_loopback(self.channel.remote) or self.channel.remote == self.channel.local


class Door:
    """Where agents come in: those that know the secret and are expected, each once."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._expected: set[str] = set()
        self._inside: set[str] = set()
        self._guests: asyncio.Queue[Guest] = asyncio.Queue()
        self._greetings: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.turned_away: list[str] = []
        """Why somebody did not get in, the last few."""

    @classmethod
    async def open(cls, host: str, port: int, secret: bytes) -> Door:
        """A door at that address; port 0: any that is free. Raises ConfigError."""
        door = cls(secret)
        try:
            door._server = await asyncio.start_server(door._answer, host, port, family=socket.AF_INET)
        except OSError as error:
            message = f"cannot listen at {host}:{port}: {error.strerror or error}"
            raise ConfigError.of(message, file="--listen") from error
        return door

    @property
    def address(self) -> Address:
        """Where it is."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    def expect(self, names: Iterable[str]) -> None:
        """Let in who has one of these names. One that had come in before may come again: it was lost."""
        names = set(names)
        self._expected |= names
        self._inside -= names

    @property
    def missing(self) -> list[str]:
        """Who is expected and has not come."""
        return sorted(self._expected - self._inside)

    async def enter(self) -> Guest:
        """The next to come in."""
        return await self._guests.get()

    async def close(self) -> None:
        """Nobody comes in any more. Who has come and was not asked in by `enter` is sent away."""
        assert self._server is not None
        self._server.close()
        for greeting in self._greetings:
            greeting.cancel()
        await asyncio.gather(*self._greetings, return_exceptions=True)
        while not self._guests.empty():
            await self._guests.get_nowait().channel.close()

    def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._greetings) >= MOST_AT_ONCE:
            writer.transport.abort()
            return
        greeting = asyncio.get_running_loop().create_task(self._greet(reader, writer))
        self._greetings.add(greeting)
        greeting.add_done_callback(self._greetings.discard)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        remote = str(writer.get_extra_info("peername")[0])
        try:
            channel, hello = await Channel.accept(
                reader, writer, self._secret, lambda hello: self._admit(hello, remote)
            )
        except ChannelError as error:
            self.turned_away = [*self.turned_away[-9:], f"{remote}: {error}"]
            return
        self._guests.put_nowait(Guest(channel, hello))

    def _admit(self, hello: Hello, remote: str) -> str | None:
        """Why `hello` may not come in, or None; then its name is taken."""
        if hello.name not in self._expected:
            return f"nobody waits for it; the experiment names {', '.join(sorted(self._expected)) or 'no agents'}"
        if hello.name in self._inside:
            return "another agent of that name has joined"
        if _is_loopback(remote) and hello.boot != this_boot():
            return "it is on another computer and came through a forwarded port, where its datagrams cannot follow"
        self._inside.add(hello.name)
        return None


async def join(
    address: Address, secret: bytes, name: str, patience: float = 0.0, tell: Callable[[str], None] = lambda _: None
) -> Channel:
    """Come in at a controller's door as `name`; try for `patience` seconds while nobody is there, and `tell` of it.

    Raises ChannelError when it does not let us in, or is not there in time.
    """
    host, port = await _find(address)
    until = time.monotonic() + patience
    told = False
    while True:
        try:
            return await Channel.connect(host, port, secret, Hello.of(name))
        except (ChannelClosed, OSError) as error:  # closed: something forwards the port, and nobody is behind it
            if time.monotonic() >= until:
                reason = str(error) if isinstance(error, ChannelClosed) else error.strerror or str(error)
                raise ChannelError(f"no controller at {address[0]}:{port}: {reason}") from error
        if not told:
            tell(f"waiting for a controller at {address[0]}:{port}")
            told = True
        await asyncio.sleep(TRY_EVERY)


def read_address(text: str, option: str, default_host: str = "") -> Address:
    """HOST:PORT, or only a port where there is a default host. Raises ConfigError that names `option`."""
    host, _, port = text.rpartition(":")
    host = host or default_host
    if not host or not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ConfigError.of(f"{text!r} is no address", file=option, suggestion="write HOST:PORT, as in lab1:7000")
    return host, int(port)


def meeting(one: Guest | None, other: Guest | None) -> tuple[str, str]:
    """The addresses at which `one` and `other` bind the ends of a tunnel between them. None: we started it here."""
    return _reached_by(one, other), _reached_by(other, one)


def _reached_by(agent: Guest | None, other: Guest | None) -> str:
    """Where `agent` is for `other`: one that is here is where the other reached the controller."""
    if agent is not None and not agent.is_here:
        return agent.channel.remote
    return HERE if other is None or other.is_here else other.channel.local


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


async def _find(address: Address) -> Address:
    """With the host's name looked up. Raises ConfigError."""
    host, port = address
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=socket.AF_INET)
    except OSError as error:
        message = f"{host!r} has no IPv4 address: {error.strerror or error}"
        raise ConfigError.of(message, file="--join") from error
    return str(found[0][4][0]), port
