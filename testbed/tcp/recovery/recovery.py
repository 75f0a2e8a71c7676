"""Repairing losses: how far a recovery reaches, and what may leave while it lasts.

With SACK, `tcp.detection` finds the losses, and the window is proportional rate reduction's (`tcp.rate_reduction`) or
simply ssthresh (RFC 6675). Without, duplicate acknowledgements are counted here, and NewReno inflates the window by
the segments that have left the network: RFC 5681 section 3.2 and RFC 6582 section 3.2, whose steps are named below.
"""

from __future__ import annotations

from typing import Final

from testbed.tcp.config import TcpConfig
from testbed.tcp.recovery.rate_reduction import RateReduction

_LIMITED: Final = 2
"""Segments that limited transmit may send beyond the congestion window (RFC 3042 section 2)."""


class Recovery:
    """Remembers how far the present recovery reaches, and counts duplicate acknowledgements.

    `active` is fast recovery, `repairing` the time after a timeout until what was outstanding is acknowledged.
    `recover` is the absolute number up to which data had been sent when the last loss was found. `inflation` is added
    to the congestion window, for segments that have left the network. `outstanding` is FlightSize when the first
    duplicate came: what limited transmit adds must not count (step 2).
    """

    __slots__ = (
        "_limited", "_threshold", "active", "duplicates", "first_partial", "inflation", "mss", "outstanding",
        "recover", "reduction", "repairing", "restarts_timer",
    )  # fmt: skip

    def __init__(self, mss: int, config: TcpConfig, initial_sequence: int) -> None:
        self.mss = mss
        self._threshold = config.dupack_threshold
        self._limited = config.limited_transmit
        self.active = False
        self.repairing = False
        self.reduction: RateReduction | None = None
        self.duplicates = 0
        self.inflation = 0
        self.outstanding = 0
        self.recover = initial_sequence  # step 1: the initial send sequence number
        self.first_partial = False
        self.restarts_timer = True  # whether the last progress restarts the retransmission timer

    def duplicate(self, una: int, outstanding: int) -> bool:
        """Count a duplicate acknowledgement of `una`; True when it is the one that means loss (step 2)."""
        self.duplicates += 1
        if self.duplicates == 1:
            self.outstanding = outstanding
        if self.active:
            self.inflation += self.mss  # step 4 of RFC 5681: a segment has left the network
            return False
        # Only if the acknowledgement covers more than `recover`: duplicates of what was sent again after a
        # timeout, or in the last recovery, say nothing of a new loss.
        if una <= self.recover:
            return False
        if self._limited and self.duplicates < self._threshold:
            self.inflation = min(self.duplicates, _LIMITED) * self.mss  # step 1: limited transmit
        return self.duplicates == self._threshold

    def progress(self) -> None:
        """New data was acknowledged, outside recovery: what looked like the beginning of a loss was none."""
        self.duplicates = 0
        self.inflation = 0

    def enter(self, highest: int) -> None:
        """Begin NewReno's recovery: all below `highest` is outstanding (step 2; step 3 of RFC 5681)."""
        self.active = True
        self.first_partial = True
        self.recover = highest
        self.inflation = self._threshold * self.mss

    def enter_selective(self, highest: int, reduction: RateReduction | None) -> None:
        """Begin recovery with SACK (RFC 6675 section 5, step 4)."""
        self.active = True
        self.recover = highest
        self.reduction = reduction

    def partial(self, acked: int) -> bool:
        """An acknowledgement of `acked` new bytes that stops short of `recover` (step 3, partial).

        Deflates the window by what was acknowledged, less one segment; True for the first of a recovery, the only
        one that restarts the timer (section 4's "impatient" variant).
        """
        self.inflation -= acked
        if acked >= self.mss:
            self.inflation += self.mss
        first, self.first_partial = self.first_partial, False
        self.duplicates = 0
        return first

    def leave(self) -> None:
        """All of it is acknowledged (step 3, full)."""
        self.active = self.repairing = False
        self.reduction = None
        self.restarts_timer = True
        self.inflation = 0
        self.duplicates = 0

    def timed_out(self, highest: int) -> None:
        """The timer expired: recovery ends, and `recover` keeps old duplicates from starting another (step 4)."""
        self.leave()
        self.repairing = True
        self.recover = highest
