"""How fast data arrives: delivery-rate samples (draft-cheng-iccrg-delivery-rate-estimation, whose names stand in
brackets).

Each segment remembers how much had been delivered when it was sent. When it arrives, what was delivered meanwhile,
over the longer of the time that it took to send and the time that it took to be acknowledged, is a sample of the rate
that the network gave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from testbed.tcp.congestion.base import Sample
    from testbed.tcp.recovery.scoreboard import Sent

_SECOND_OF_BITS: Final = 8_000_000_000
"""Bytes by ns, times this, are bit/s."""


class Mark:
    """How things stood when a segment was sent, the last time."""

    __slots__ = ("app_limited", "delivered", "delivered_at", "first_sent_at", "in_flight", "lost")

    def __init__(
        self, delivered: int, delivered_at: int, first_sent_at: int, in_flight: int, lost: int, app_limited: bool
    ) -> None:
        self.delivered = delivered  # [P.delivered]
        self.delivered_at = delivered_at  # [P.delivered_time]
        self.first_sent_at = first_sent_at  # [P.first_send_time]
        self.in_flight = in_flight  # the pipe, with the segment itself [P.tx_in_flight]
        self.lost = lost  # [P.lost]
        self.app_limited = app_limited  # [P.is_app_limited]


class Delivery:
    """What one end has delivered: C.delivered and its companions."""

    __slots__ = ("_app_limited_until", "_delivered_at", "_first_sent_at", "least_rtt", "total")

    def __init__(self, now: int) -> None:
        self.total = 0  # bytes [C.delivered]
        self.least_rtt = 0
        self._delivered_at = now
        self._first_sent_at = now
        self._app_limited_until = 0  # until this much is delivered, samples are the application's [C.app_limited]

    @property
    def app_limited(self) -> bool:
        """Whether what is sent now would say more of the application than of the network."""
        return self._app_limited_until > 0

    def mark(self, now: int, idle: bool, in_flight: int, lost: int) -> Mark:
        """For a segment that is sent now. `idle`: nothing was in flight; `in_flight` counts the segment."""
        if idle:
            self._first_sent_at = self._delivered_at = now
        return Mark(self.total, self._delivered_at, self._first_sent_at, in_flight, lost, self._app_limited_until > 0)

    def starve(self, in_flight: int) -> None:
        """The application has nothing more to send, and the window has room."""
        self._app_limited_until = max(self.total + in_flight, 1)

    def sample(self, now: int, newest: Sent, size: int, lost: int, sample: Sample) -> None:
        """`size` bytes have arrived, of which `newest` was sent last; fill in the rate's part of `sample`."""
        self.total += size
        self._delivered_at = now
        if self._app_limited_until and self.total > self._app_limited_until:
            self._app_limited_until = 0
        sample.total_delivered = self.total
        mark = newest.mark
        if mark is None:
            return
        self._first_sent_at = newest.sent_at
        sample.prior_delivered = mark.delivered
        sample.app_limited = mark.app_limited
        sample.in_flight_then = mark.in_flight
        sample.lost_since = lost - mark.lost
        sample.rate_delivered = self.total - mark.delivered
        sample.interval = max(newest.sent_at - mark.first_sent_at, now - mark.delivered_at)
        # A sample over less than a round trip is of acknowledgements that came all at once.
        if sample.interval > 0 and sample.interval >= self.least_rtt:
            sample.rate = sample.rate_delivered * _SECOND_OF_BITS // sample.interval
