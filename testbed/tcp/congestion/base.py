"""What a congestion control is to the rest of the sender: told what happened, asked for a window.

A control decides how large the window is; *when* something is lost, and what to send, is for the recovery
(`tcp.recovery`) and the sender. To add one: a file with a spec and a control, and a line in `congestion.CONTROLS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

UNLIMITED: Final = 1 << 40
"""The initial ssthresh: "arbitrarily high" (RFC 5681 section 3.1)."""


class Control(ABC):
    """A window in bytes, and the threshold between slow start and congestion avoidance.

    Byte counts are multiples of nothing: an acknowledgement may cover any of them. `mss` is the payload of a full
    segment. Each verb returns the cause to be traced, a few words.
    """

    __slots__ = ("cwnd", "mss", "ssthresh")

    def __init__(self, mss: int, initial_window: int) -> None:
        self.mss = mss
        self.cwnd = initial_window
        self.ssthresh = UNLIMITED

    @abstractmethod
    def acknowledged(self, now: int, acked: int) -> str:
        """`acked` bytes are newly acknowledged, outside recovery, while the window was what limited the sender."""

    @abstractmethod
    def lost(self, now: int, in_flight: int) -> None:
        """A segment was lost while others got through: once for each window, on entering recovery."""

    @abstractmethod
    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        """The retransmission timer expired; `again`: for a loss that was answered already, by an earlier expiry or
        by a recovery that did not end."""

    @abstractmethod
    def recovered(self, now: int, in_flight: int) -> None:
        """All that was outstanding when the loss was found is acknowledged."""

    @abstractmethod
    def idle(self, now: int, restart_window: int) -> None:
        """Nothing was sent for longer than the RTO (RFC 5681 section 4.1)."""


class ControlSpec(ABC):
    """A control's parameters, as YAML gives them."""

    @abstractmethod
    def build(self, mss: int, initial_window: int) -> Control:
        """The control for one connection; `initial_window` in bytes."""


def initial_window(segments: int, mss: int) -> int:
    """IW in bytes (RFC 6928 section 2, which has 10 segments)."""
    return min(segments * mss, max(2 * mss, segments * 1460))
