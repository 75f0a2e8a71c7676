"""Two ends of a control channel in one process, under both event loops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
import uvloop

from testbed.control.channel import Channel, Hello
from testbed.control.join import Door

SECRET = b"nobody knows this but us two"

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def pytest_asyncio_loop_factories(config: Any, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    """A channel is for every loop; what stands on it is tried under the one that is used."""
    return LOOPS if item.path.name == "test_channel.py" else {"uvloop": LOOPS["uvloop"]}


class Between:
    """Somebody on the way from agents to a door, who keeps what he hears, and passes on what `change` makes of it."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.change: Callable[[bytes], bytes] = bytes

    async def stand(self, door: Door) -> tuple[str, int]:
        """Where agents meet him."""
        self._door = door
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        address: tuple[str, int] = self._server.sockets[0].getsockname()
        return address

    def leave(self) -> None:
        self._server.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._door.address)
        with suppress(ConnectionError):
            await asyncio.gather(self._forth(reader, far_writer), self._back(far_reader, writer))

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(65536):
            self.heard += said
            writer.write(self.change(said))
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(65536):
            writer.write(said)
        writer.close()


class Line(NamedTuple):
    """Both ends, who the agent said it was, and who stood between."""

    controller: Channel
    agent: Channel
    hello: Hello
    between: Between


@asynccontextmanager
async def open_door(*names: str, secret: bytes = SECRET) -> AsyncIterator[Door]:
    """A door on the loopback, for agents of these names."""
    door = await Door.open("127.0.0.1", 0, secret)
    door.expect(names)
    try:
        yield door
    finally:
        await door.close()


@pytest_asyncio.fixture
async def door() -> AsyncIterator[Door]:
    """Where `lab2` and `lab3` may come in."""
    async with open_door("lab2", "lab3") as door:
        yield door


@pytest.fixture
def come_in(door: Door) -> Callable[..., Awaitable[Channel]]:
    """The channel of an agent that joins."""

    def connect(name: str = "lab2", secret: bytes = SECRET) -> Awaitable[Channel]:
        return Channel.connect(*door.address, secret, Hello.of(name))

    return connect


@pytest_asyncio.fixture
async def line(door: Door) -> AsyncIterator[Line]:
    """`lab2` has come in."""
    between = Between()
    address = await between.stand(door)
    agent, guest = await asyncio.gather(Channel.connect(*address, SECRET, Hello.of("lab2")), door.enter())
    yield Line(guest.channel, agent, guest.hello, between)
    await asyncio.gather(agent.close(), guest.channel.close())
    between.leave()


@pytest.fixture
def secret() -> bytes:
    """What opens the door."""
    return SECRET
