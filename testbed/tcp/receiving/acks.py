"""When to acknowledge (RFC 9293 section 3.8.6.3, RFC 5681 section 4.2)."""

from __future__ import annotations

from typing import Final

WAITING: Final = 1
AT_ONCE: Final = 2


class Acks:
    """Whether an acknowledgement is owed: `due` is 0 (none), WAITING for company, or to be sent AT_ONCE.

    `reason` is what the trace will say of it, `size` how many bytes it is for.
    """

    __slots__ = ("_any_size", "_every", "_patience", "due", "reason", "size")

    def __init__(self, patience: int, every: int, any_size: bool) -> None:
        self._patience = patience  # ns that an acknowledgement may wait; 0: none may
        self._every = every
        self._any_size = any_size  # a small segment counts like a full one
        self.size = 0
        self.due = 0
        self.reason = ""

    def data(self, size: int, mss: int) -> None:
        """`size` bytes came in order, and left no hole."""
        self.size += mss if self._any_size else size
        if self._patience == 0 or self.size >= self._every * mss:
            self.at_once("acknowledgement")
        elif self.due == 0:
            self.due = WAITING
            self.reason = "delayed acknowledgement"

    def at_once(self, reason: str) -> None:
        """Acknowledge without waiting: a hole, a duplicate, a FIN, a challenge."""
        if self.due != AT_ONCE:
            self.due = AT_ONCE
            self.reason = reason

    def expire(self) -> None:
        """The acknowledgement that waits has waited long enough."""
        if self.due == WAITING:
            self.due = AT_ONCE

    def sent(self) -> None:
        """A segment with an acknowledgement has left."""
        self.due = 0
        self.size = 0
