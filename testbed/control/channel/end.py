"""One end of the line: messages and bytes, in order and whole.

A message is a JSON object with a `kind`; `control/messages.py` has them. Whoever can listen between two machines can
read what is said (not the secret); nobody can change or forge it (`secret.Seal`).
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from testbed.control.channel.frames import CHUNK, MESSAGE, ChannelClosed, ChannelError, Frames, decode, encode
from testbed.control.channel.handshake import LARGEST_GREETING, Admit, Hello, greet, receive_greeting

GREETING_TIME: Final = 5.0
"""Seconds for a handshake: who connects and says nothing is sent away."""

CLOSING_TIME: Final = 2.0
"""Seconds for the last words to leave."""

DEAD_AFTER: Final = 10
"""Seconds until a machine that vanished without a word (power, cable) counts as gone."""


class Channel:
    """One end. Errors name the other by `peer`."""

    def __init__(self, frames: Frames, peer: str) -> None:
        self.peer = peer
        self.heard_at = time.monotonic()
        """When the other side last said anything, a part of a file included (s)."""
        self._frames = frames
        self._writer = frames.writer
        self._early: deque[dict[str, Any]] = deque()  # messages that came between chunks
        self._pings: dict[int, asyncio.Future[tuple[int, int]]] = {}
        self._asked = 0
        _notice_death(self._writer.get_extra_info("socket"))

    @classmethod
    async def accept(
        cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes, admit: Admit | None = None
    ) -> tuple[Channel, Hello]:
        """The controller's end, after the handshake. Raises ChannelError; then the connection is closed."""
        async with _greeting(writer, "somebody connected and"):
            frames = Frames(reader, writer, LARGEST_GREETING)
            hello = await receive_greeting(frames, secret, admit)
        return cls(frames, f"agent {hello.name}"), hello

    @classmethod
    async def connect(cls, host: str, port: int, secret: bytes, hello: Hello) -> Channel:
        """The agent's end, after the handshake. Raises ChannelError, or OSError where nobody listens."""
        reader, writer = await asyncio.open_connection(host, port, family=socket.AF_INET)
        async with _greeting(writer, f"{host}:{port}"):
            frames = Frames(reader, writer, LARGEST_GREETING)
            await greet(frames, secret, hello)
        return cls(frames, "the controller")

    @property
    def local(self) -> str:
        """This end's address."""
        return str(self._writer.get_extra_info("sockname")[0])

    @property
    def remote(self) -> str:
        """The other end's address, as it is seen here."""
        return str(self._writer.get_extra_info("peername")[0])

    def post(self, kind: str, **fields: Any) -> None:
        """Send without waiting: for callbacks. When the other side has gone, it is lost, and `receive` tells."""
        if not self._writer.is_closing():
            self._frames.write(MESSAGE, encode(kind, fields))

    async def send(self, kind: str, **fields: Any) -> None:
        """Send, and wait until there is room for more. Raises ChannelClosed."""
        self.post(kind, **fields)
        await self._drain()

    async def receive(self) -> dict[str, Any]:
        """The next message. For one task at a time, which may be cancelled: nothing is lost.

        Raises ChannelClosed when the other side has gone, ChannelError for what cannot be understood.
        """
        while not self._early:
            if await self._read() is not None:
                raise ChannelError(f"{self.peer} sent bytes that nobody asked for")
        return self._early.popleft()

    async def send_chunk(self, chunk: bytes) -> None:
        """Send bytes, and wait until there is room for more. Messages may go in between. Raises ChannelClosed."""
        self._frames.write(CHUNK, chunk)
        await self._drain()

    async def receive_chunk(self) -> bytes:
        """The next bytes; messages that come before them are kept for `receive`. Raises as it does."""
        while (chunk := await self._read()) is None:
            pass
        return chunk

    async def ping(self) -> tuple[int, int, int]:
        """CLOCK_MONOTONIC here, there, and here when the answer came (ns). On both sides somebody must be receiving.
        Raises ChannelClosed."""
        self._asked += 1
        number = self._asked
        answer = self._pings[number] = asyncio.get_running_loop().create_future()
        try:
            await self._drain()
            asked = time.monotonic_ns()
            self.post("ping", number=number)
            there, answered = await answer
        finally:
            del self._pings[number]
        return asked, there, answered

    async def close(self) -> None:
        """Let the last words leave, and hang up."""
        await _hang_up(self._writer)

    # -- beneath -----------------------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        if self._writer.is_closing():
            raise ChannelClosed(f"{self.peer}: the connection was closed")
        await self._frames.drain()

    async def _read(self) -> bytes | None:
        """A frame: its bytes if it is a chunk; a message is put with the early ones, if it is not for us."""
        try:
            kind, payload = await self._frames.read()
            self.heard_at = time.monotonic()
            if kind == CHUNK:
                return payload
            self._take(decode(payload))
        except ChannelError as error:
            told = type(error)(f"{self.peer}: {error}")
            for waiting in self._pings.values():
                if not waiting.done():
                    waiting.set_exception(told)
            raise told from error
        return None

    def _take(self, message: dict[str, Any]) -> None:
        now = time.monotonic_ns()
        if message["kind"] == "ping":
            self.post("pong", number=message.get("number"), at=now)
        elif message["kind"] == "pong":
            number, at = message.get("number"), message.get("at")
            if isinstance(number, int) and isinstance(at, int) and number in self._pings:
                waiting = self._pings[number]
                if not waiting.done():
                    waiting.set_result((at, now))
        else:
            self._early.append(message)


@asynccontextmanager
async def _greeting(writer: asyncio.StreamWriter, who: str) -> AsyncIterator[None]:
    """Hang up unless the handshake comes to its end, and in time."""
    try:
        async with asyncio.timeout(GREETING_TIME):
            yield
    except BaseException as error:
        await _hang_up(writer)
        if isinstance(error, TimeoutError):
            raise ChannelError(f"{who} said nothing for {GREETING_TIME:g} s") from error
        raise


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        try:
            async with asyncio.timeout(CLOSING_TIME):
                await writer.wait_closed()
        except TimeoutError:
            writer.transport.abort()


def _notice_death(line: socket.socket) -> None:
    """A machine that vanished is noticed, whether or not anything was being sent to it."""
    options = {"TCP_KEEPIDLE": DEAD_AFTER // 2, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": DEAD_AFTER // 2,
               "TCP_USER_TIMEOUT": DEAD_AFTER * 1000}  # fmt: skip
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in options.items():
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
