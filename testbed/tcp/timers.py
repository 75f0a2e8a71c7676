"""A connection's named deadlines. They know no clock: whoever drives the connection asks for the next one."""

from __future__ import annotations

from typing import Final

RETRANSMIT: Final = 0
"""The oldest unacknowledged segment is taken for lost (RFC 6298)."""
PERSIST: Final = 1
"""The peer's window is closed: probe it (RFC 9293 section 3.8.6.1)."""
DELAYED_ACK: Final = 2
"""An acknowledgement has waited for company long enough (RFC 9293 section 3.8.6.3)."""
OVERRIDE: Final = 3
"""Silly-window avoidance has held data back long enough (RFC 9293 section 3.8.6.2.1)."""
KEEPALIVE: Final = 4
"""Nothing was heard for long: probe the peer (RFC 9293 section 3.8.4)."""
TIME_WAIT: Final = 5
"""Twice the maximum segment lifetime has passed (RFC 9293 section 3.4.2)."""
FIN_WAIT_2: Final = 6
"""An orphan has waited for the peer's FIN long enough."""
USER_TIMEOUT: Final = 7
"""Data stayed unacknowledged for longer than the user wants (RFC 9293 section 3.9.1.1)."""
REORDERING: Final = 8
"""What a later segment has overtaken has had time enough to arrive (RFC 8985 section 6.3)."""
TAIL_PROBE: Final = 9
"""Nothing was heard for two round trips: probe for a lost tail (RFC 8985 section 7)."""
PACE: Final = 10
"""The next segment may leave."""
PATH_MTU: Final = 11
"""The path may take larger packets by now (RFC 1191 section 6.3, RFC 8899 section 5.1.1)."""

NAMES: Final = (
    "retransmit", "persist", "delayed ack", "override", "keep-alive", "time-wait", "fin-wait-2", "user timeout",
    "reordering", "tail probe", "pace", "path mtu",
)  # fmt: skip

NEVER: Final = 1 << 62


class Timers:
    """Deadlines in ns by name; `due[RETRANSMIT]` is NEVER when it is not running.

    `wake` is when to look: never later than the earliest deadline, but perhaps earlier, for a timer that is moved on
    or stopped leaves it as it is. Most deadlines move at every segment, and the least of them need not be known.
    """

    __slots__ = ("due", "wake")

    def __init__(self) -> None:
        self.due = [NEVER] * len(NAMES)
        self.wake = NEVER

    def set(self, timer: int, due: int) -> None:
        """Start `timer`, or move it."""
        self.due[timer] = due
        if due < self.wake:
            self.wake = due

    def stop(self, timer: int) -> None:
        """Stop `timer`, whether it runs or not."""
        self.due[timer] = NEVER

    def stop_all(self) -> None:
        """Stop every timer: the connection is over."""
        self.due = [NEVER] * len(NAMES)
        self.wake = NEVER

    def runs(self, timer: int) -> bool:
        """Whether `timer` is set."""
        return self.due[timer] != NEVER

    def next_due(self) -> int | None:
        """The earliest deadline, or None when none is set."""
        due = min(self.due)
        return None if due == NEVER else due

    def take_expired(self, now: int) -> list[int]:
        """Stop and return the timers due by `now`, in the order of their numbers."""
        expired = [timer for timer, due in enumerate(self.due) if due <= now]
        for timer in expired:
            self.due[timer] = NEVER
        self.wake = min(self.due)
        return expired
