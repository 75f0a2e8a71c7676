"""Finding and repairing losses from duplicate acknowledgements: fast retransmit and NewReno's fast recovery.

RFC 5681 section 3.2 and RFC 6582 section 3.2, whose steps are named below. The window's size is the congestion
control's; the inflation by segments that have left the network is kept here.
"""

from __future__ import annotations

from typing import Final

from testbed.tcp.config import TcpConfig

_LIMITED: Final = 2
"""Segments that limited transmit may send beyond the congestion window (RFC 3042 section 2)."""


class Recovery:
    """Counts duplicate acknowledgements and remembers how far the present recovery reaches.

    `recover` is the absolute number up to which data had been sent when the last loss was found. `inflation` is
    added to the congestion window, for segments that have left the network. `outstanding` is FlightSize when the
    first duplicate came: what limited transmit adds must not count (step 2).
    """

    __slots__ = (
        "_limited", "_mss", "_threshold", "active", "duplicates", "first_partial", "inflation", "outstanding",
        "recover",
    )  # fmt: skip

    def __init__(self, mss: int, config: TcpConfig, initial_sequence: int) -> None:
        self._mss = mss
        self._threshold = config.dupack_threshold
        self._limited = config.limited_transmit
        self.active = False
        self.duplicates = 0
        self.inflation = 0
        self.outstanding = 0
        self.recover = initial_sequence  # step 1: the initial send sequence number
        self.first_partial = False

    def duplicate(self, una: int, outstanding: int) -> bool:
        """Count a duplicate acknowledgement of `una`; True when it is the one that means loss (step 2)."""
        self.duplicates += 1
        if self.duplicates == 1:
            self.outstanding = outstanding
        if self.active:
            self.inflation += self._mss  # step 4 of RFC 5681: a segment has left the network
            return False
        # Only if the acknowledgement covers more than `recover`: duplicates of what was sent again after a
        # timeout, or in the last recovery, say nothing of a new loss.
        if una <= self.recover:
            return False
        if self._limited and self.duplicates < self._threshold:
            self.inflation = min(self.duplicates, _LIMITED) * self._mss  # step 1: limited transmit
        return self.duplicates == self._threshold

    def progress(self) -> None:
        """New data was acknowledged, outside recovery: what looked like the beginning of a loss was none."""
        self.duplicates = 0
        self.inflation = 0

    def enter(self, highest: int) -> None:
        """Begin recovery: everything below `highest` is outstanding (step 2; step 3 of RFC 5681)."""
        self.active = True
        self.first_partial = True
        self.recover = highest
        self.inflation = self._threshold * self._mss

    def partial(self, acked: int) -> bool:
        """An acknowledgement of `acked` new bytes that stops short of `recover` (step 3, partial).

        Deflates the window by what was acknowledged, less one segment; True for the first of a recovery, the only
        one that restarts the timer (section 4's "impatient" variant).
        """
        self.inflation -= acked
        if acked >= self._mss:
            self.inflation += self._mss
        first, self.first_partial = self.first_partial, False
        self.duplicates = 0
        return first

    def leave(self) -> None:
        """All of it is acknowledged (step 3, full)."""
        self.active = False
        self.inflation = 0
        self.duplicates = 0

    def timed_out(self, highest: int) -> None:
        """The timer expired: recovery ends, and `recover` keeps old duplicates from starting another (step 4)."""
        self.leave()
        self.recover = highest
