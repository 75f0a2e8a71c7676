"""Round trips, counted by what arrives; and whether the last three of them have found more bandwidth.

Sections 5.5.1 and 5.3.1.2 of draft-ietf-ccwg-bbr-06.
"""

from __future__ import annotations

from testbed.tcp.congestion.base import Sample


class Rounds:
    """Packet-timed round trips (section 5.5.1): one is over when something arrives that was sent after it began.

    Counted so, pauses of the application and of the path do not count.
    """

    __slots__ = ("_limited", "_limited_before", "delivered", "next_round_delivered", "round_count", "round_start")

    def __init__(self) -> None:
        self.delivered = 0  # C.delivered, as of the last acknowledgement
        self.next_round_delivered = 0
        self.round_count = 0
        self.round_start = False  # this acknowledgement begins a round
        self._limited = self._limited_before = False

    def update(self, rs: Sample) -> None:
        """UpdateRound()"""
        self.delivered = rs.total_delivered
        self.round_start = rs.prior_delivered >= self.next_round_delivered
        if self.round_start:
            self.start_round()
            self.round_count += 1
            self._limited_before = self._limited
            self._limited = False
        self._limited = self._limited or rs.limited

    def start_round(self) -> None:
        """Begin to wait for the end of a round from now on."""
        self.next_round_delivered = self.delivered

    @property
    def is_cwnd_limited(self) -> bool:
        """Whether the window was full at any time of this round or the last. Asked of the pipe after an
        acknowledgement, it would never have been."""
        return self._limited or self._limited_before


class FullPipe:
    """Three rounds in which the bandwidth did not grow by a quarter mean that there is no more."""

    __slots__ = ("_growth", "_rounds", "full_bw", "full_bw_count", "full_bw_now", "full_bw_reached")

    def __init__(self, growth: float, rounds: int) -> None:
        self._growth = 1.0 + growth
        self._rounds = rounds
        self.full_bw = 0  # the baseline, bit/s
        self.full_bw_count = 0  # rounds without much growth
        self.full_bw_now = False  # found full since the search began
        self.full_bw_reached = False  # found full ever

    def reset_full_bw(self, baseline: int = 0) -> None:
        """Search anew, for more than `baseline`."""
        self.full_bw = baseline
        self.full_bw_count = 0
        self.full_bw_now = False

    def check_full_bw_reached(self, bw: int) -> None:
        """CheckFullBWReached(): a round is over that the application did not limit, and showed `bw`."""
        if self.full_bw_now:
            return
        if bw >= self.full_bw * self._growth:
            self.reset_full_bw(bw)
            return
        self.full_bw_count += 1
        if self.full_bw_count >= self._rounds:
            self.full_bw_now = self.full_bw_reached = True
