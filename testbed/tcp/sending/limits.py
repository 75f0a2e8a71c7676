"""What the sender waits for while it has something to do: how long for which limit (Linux's `tcp_chrono`)."""

from __future__ import annotations

from typing import Final

IDLE: Final = 0
"""Nothing to send, and nothing in flight."""
BUSY: Final = 1
"""The congestion window, the pace, or nobody."""
RECEIVE_WINDOW: Final = 2
"""The peer's window."""
SEND_BUFFER: Final = 3
"""All that fits into the send buffer has been sent, and the application has more."""


class Limits:
    """`present` is the limit now. A change costs a call, and asking for one a comparison: they are few."""

    __slots__ = ("_since", "_spent", "present")

    def __init__(self) -> None:
        self.present = IDLE
        self._since = 0
        self._spent = [0, 0, 0, 0]

    def turn(self, now: int, limit: int) -> None:
        """From now on it is `limit`."""
        self._spent[self.present] += now - self._since
        self.present, self._since = limit, now

    def spent(self, now: int, limit: int) -> int:
        """How long (ns) it was `limit` up to now."""
        return self._spent[limit] + (now - self._since if limit == self.present else 0)
