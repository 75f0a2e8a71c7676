"""What a dialogue's reading and writing steps do over time, while the connection lets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.traffic.dialogue.script import Step
from testbed.traffic.payload import CHUNK, ENDLESS, Inbox, Outbox

if TYPE_CHECKING:
    from testbed.host.socket import Socket


class ReadingHand:
    """Reads what `read` steps have asked for, or, while it may `keep_reading`, everything."""

    def __init__(self) -> None:
        self.keep_reading = False
        self.total = 0  # bytes, of all connections
        self.corrupted = False
        self._inbox = Inbox()
        self._goal = 0  # bytes that have been asked for, since the connection began

    def reset(self) -> None:
        """A new connection begins."""
        self._inbox = Inbox()
        self._goal = 0

    def begin(self, step: Step) -> None:
        """A `read` step asks for more."""
        self._goal = ENDLESS if step.word == "eof" else self._goal + step.size

    def go_on(self, socket: Socket) -> None:
        """Read what may be read of what is there."""
        while (limit := CHUNK if self.keep_reading else min(CHUNK, self._goal - self._inbox.size)) > 0:
            data = socket.read(limit)
            if not data:
                break
            self.total += len(data)
            self.corrupted = not self._inbox.check(data) or self.corrupted

    def done(self, step: Step, socket: Socket) -> bool:
        """Whether a `read` step has got what it asked for."""
        return socket.at_eof if step.word == "eof" else self._inbox.size >= self._goal


class WritingHand:
    """Makes the writes of a `write` step, one after the other, each when its time has come."""

    def __init__(self) -> None:
        self.total = 0  # bytes, of all connections
        self._outbox = Outbox()
        self._left = 0  # writes still to come
        self._due = 0

    def reset(self) -> None:
        """A new connection begins."""
        self._outbox = Outbox()
        self._left = 0

    def begin(self, step: Step, now: int) -> None:
        """A `write` step begins."""
        self._left = step.times
        self._due = now

    def go_on(self, step: Step, socket: Socket, now: int) -> int | None:
        """Finish the write in hand, and make the next if it is due. Returns when to come again, if not for room."""
        flush = self._outbox.flush_urgent if step.urgent else self._outbox.flush
        self.total += flush(socket)
        while self._left and not self._outbox.pending and now >= self._due:
            self._left -= 1
            self._outbox.pending = step.size
            self.total += flush(socket)
            self._due = now + step.duration
        return self._due if self._left and now < self._due else None

    @property
    def done(self) -> bool:
        """Whether the send buffer has taken everything."""
        return not self._left and not self._outbox.pending

    def give_up(self) -> None:
        """Write no more of this step."""
        self._left = self._outbox.pending = 0
