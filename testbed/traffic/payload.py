"""What the applications write: a pattern of prime length, so that its reader can tell cheaply whether anything
was lost, repeated or moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed import seeds

if TYPE_CHECKING:
    from testbed.host.socket import Socket

PERIOD: Final = 65521
"""The greatest prime below 2**16: no power of two and no segment size divides it."""

CHUNK: Final = 2**18
"""Bytes that an application writes or reads at once, at most."""

_PERIOD: Final = seeds.stream(0, "traffic/payload").randbytes(PERIOD)
_PATTERN: Final = _PERIOD * (CHUNK // PERIOD + 2)

_ROOMY: Final = 8 * PERIOD
"""A send buffer of this size takes whole periods only, and says so when there is room for one: however many flows
there are, they all hold the same bytes."""

ENDLESS: Final = 1 << 62
"""More bytes than any run will write."""


class Inbox:
    """Checks what arrives against the pattern, from its beginning."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0

    def check(self, data: bytes) -> bool:
        """Whether `data`, at most `CHUNK` bytes, is what comes next."""
        right = _PATTERN.startswith(data, self.size % PERIOD)
        self.size += len(data)
        return right


class Outbox:
    """Bytes that an application has decided to write and the socket has yet to take."""

    __slots__ = ("pending", "written")

    def __init__(self, pending: int = 0) -> None:
        self.pending = pending
        self.written = 0

    def flush(self, socket: Socket) -> int:
        """Write as much as there is room for, period by period; return how much that was."""
        before = self.written
        whole = socket.connection.config.send_buffer >= _ROOMY
        while size := min(self.pending, PERIOD - self.written % PERIOD):
            accepted = socket.write(self._next(size), whole=whole)
            self.pending -= accepted
            self.written += accepted
            if accepted < size:
                break
        return self.written - before

    def flush_urgent(self, socket: Socket) -> int:
        """The same, as urgent data."""
        accepted = socket.write(self._next(min(self.pending, CHUNK)), urgent=True)
        self.pending -= accepted
        self.written += accepted
        return accepted

    def _next(self, size: int) -> bytes:
        start = self.written % PERIOD
        if size == PERIOD and start == 0:
            return _PERIOD
        return _PATTERN[start : start + size]
