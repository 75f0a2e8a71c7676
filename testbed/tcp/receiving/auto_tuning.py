"""How large the receive buffer should be: dynamic right-sizing (Fisk and Feng, 2001; Linux's `tcp_moderate_rcvbuf`).

What the application takes in a round trip is what the sender could send in one. The window must hold twice that, for
the sender may double its own meanwhile. The buffer only grows, so the window's right edge never moves left.
"""

from __future__ import annotations

from typing import Final

from testbed.tcp.config import TcpConfig
from testbed.tcp.timestamps import Timestamps

_HEADROOM: Final = 16
"""Segments that the buffer holds beyond twice what came in a round trip."""

_FIRST: Final = 10
"""Segments that are taken for the first round trip's: the peer's initial window (RFC 6928)."""


class AutoTuning:
    """The receiver's view of the round trip (ns), and of how much the application takes in one (bytes)."""

    __slots__ = (
        "_echo", "_maximum", "_most", "_mss", "_since", "_taken", "_window_at", "_window_end", "round_trip", "size",
    )  # fmt: skip

    def __init__(self, config: TcpConfig, mss: int) -> None:
        self.size = config.first_receive_buffer
        self.round_trip = 0  # 0 until there is a sample
        self._maximum = config.receive_buffer
        self._echo = -1  # the last of our timestamps that the peer echoed with data
        self._mss = mss
        self._taken = 0
        self._since = 0  # when the present round trip began
        self._most = _FIRST * mss  # the most that was taken in one
        self._window_end = 0  # when this number is expected next, a window has come since `_window_at`
        self._window_at = 0

    def arrived(self, now: int, timestamps: Timestamps, echo: int, expected: int, edge: int) -> None:
        """Data came; `expected` and `edge` are RCV.NXT and the window's right edge."""
        if timestamps.on:
            if echo != self._echo:  # the first that answers what we sent then; those after it waited at the sender
                self._echo = echo
                self._by_timestamp(timestamps.elapsed(now, echo), timestamps.tick)
            return
        if expected < self._window_end:
            return
        if self._window_end:
            # A window takes a round trip at least: the least that was seen is the nearest to it.
            measured = max(now - self._window_at, 1)
            self.round_trip = min(self.round_trip or measured, measured)
        self._window_at, self._window_end = now, edge

    def _by_timestamp(self, age: int, tick: int) -> None:
        if age < 0:
            return
        measured = max(age, tick)
        self.round_trip += (measured - self.round_trip) // 8 if self.round_trip else measured

    def read(self, now: int, count: int) -> None:
        """The application took `count` bytes: once a round trip, see whether `size` is still enough."""
        self._taken += count
        if self.round_trip == 0 or now - self._since < self.round_trip:
            return
        taken, self._taken, self._since = self._taken, 0, now
        if taken <= self._most:
            return
        wanted = 2 * taken + _HEADROOM * self._mss
        wanted += 2 * wanted * (taken - self._most) // self._most  # the sender is in slow start: it will go on so
        self._most = taken
        self.size = max(self.size, min(wanted, self._maximum))
