"""Frames on a byte stream: four bytes of length, one of kind, the payload, and once a secret is shared, a seal.

Knows nothing of what is said. A frame that is too large, or whose seal is broken, is an error and ends the channel:
after it, nobody could know where the next one begins.
"""

from __future__ import annotations

import asyncio
import json
import struct
from hmac import compare_digest
from typing import Any, Final

from testbed.control.secret import SEAL_LENGTH, Seal
from testbed.errors import RunError

MESSAGE: Final = 1
"""A JSON object with a `kind`."""
CHUNK: Final = 2
"""Bytes of a file."""

LARGEST: Final = {MESSAGE: 64 << 20, CHUNK: 256 << 10}
"""Bytes of payload, by kind. A large experiment's spec with its guests' programs is some 100 kB."""

_HEAD: Final = struct.Struct("!IB")


class ChannelError(RunError):
    """The other side cannot be understood, or is not who it should be."""


class ChannelClosed(ChannelError):
    """The other side has gone."""


class Frames:
    """Both directions of one stream. `limit` bounds what strangers may send (bytes), until `seal`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int) -> None:
        self._reader = reader
        self.writer = writer
        self._limit: int | None = limit
        self._outgoing: Seal | None = None
        self._incoming: Seal | None = None
        self._head: bytes | None = None

    def seal(self, outgoing: Seal, incoming: Seal) -> None:
        """From now on every frame is sealed, and may be large."""
        self._outgoing, self._incoming, self._limit = outgoing, incoming, None

    def write(self, kind: int, payload: bytes) -> None:
        """Send without waiting. Raises ChannelError for what is too large for the other side."""
        self._check(kind, len(payload))
        head = _HEAD.pack(len(payload), kind)
        seal = self._outgoing.next(head, payload) if self._outgoing is not None else b""
        self.writer.write(head + payload + seal)

    async def drain(self) -> None:
        """Wait until there is room for more. Raises ChannelClosed."""
        try:
            await self.writer.drain()
        except OSError as error:
            raise ChannelClosed(f"the connection broke: {error.strerror or error}") from error

    async def read(self) -> tuple[int, bytes]:
        """The next frame: its kind and payload. May be cancelled, and called again. Raises ChannelError."""
        try:
            if self._head is None:
                self._head = await self._reader.readexactly(_HEAD.size)
            length, kind = _HEAD.unpack(self._head)
            self._check(kind, length)
            rest = await self._reader.readexactly(length + (SEAL_LENGTH if self._incoming is not None else 0))
        except asyncio.IncompleteReadError as error:
            where = " in the middle of a frame" if error.partial or self._head is not None else ""
            raise ChannelClosed(f"the connection was closed{where}") from error
        except OSError as error:
            raise ChannelClosed(f"the connection broke: {error.strerror or error}") from error
        head, self._head = self._head, None
        payload = rest[:length]
        if self._incoming is not None and not compare_digest(rest[length:], self._incoming.next(head, payload)):
            raise ChannelError("a frame was changed on its way")
        return kind, payload

    def _check(self, kind: int, length: int) -> None:
        if kind not in LARGEST:
            raise ChannelError(f"not a testbed's control channel: a frame of kind {kind}")
        limit = self._limit or LARGEST[kind]
        if length > limit:
            raise ChannelError(f"a frame of {length} bytes, at most {limit} are allowed")


def encode(kind: str, fields: dict[str, Any]) -> bytes:
    """A message's payload."""
    return json.dumps({"kind": kind, **fields}, separators=(",", ":"), ensure_ascii=False).encode()


def decode(payload: bytes) -> dict[str, Any]:
    """A message: a dictionary with a `kind`. Raises ChannelError."""
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ChannelError("a message that is not JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise ChannelError("a message without a kind")
    return message
