"""The short-term model: what the last round delivered, and the bounds that its losses set until we probe again.

Section 5.5.10.3 of draft-ietf-ccwg-bbr-06. While not probing, a loss may mean that there is less room than there was.
So at the end of a round with losses, rate and volume are bounded by what the round delivered, or by 0.7 of the bounds
that held before, whichever is more. ProbeBW_REFILL forgets them.
"""

from __future__ import annotations

from testbed.tcp.congestion.base import Sample
from testbed.tcp.congestion.bbr.model import INFINITY


class ShortTerm:
    """`bw_shortterm` and `inflight_shortterm`, INFINITY where nothing bounds. `loss_round_start` ends a round that
    began with a loss."""

    __slots__ = (
        "_beta", "bw_latest", "bw_shortterm", "inflight_latest", "inflight_shortterm", "is_loss_in_round",
        "loss_round_delivered", "loss_round_start",
    )  # fmt: skip

    def __init__(self, beta: float) -> None:
        self._beta = beta
        self.bw_latest = 0  # the most delivered in this round: bit/s,
        self.inflight_latest = 0  # and bytes
        self.is_loss_in_round = False
        self.loss_round_delivered = 0
        self.loss_round_start = False
        self.bw_shortterm = INFINITY
        self.inflight_shortterm = INFINITY

    def update_latest_delivery_signals(self, rs: Sample) -> None:
        """UpdateLatestDeliverySignals(), near the start of an acknowledgement's processing."""
        self.bw_latest = max(self.bw_latest, rs.rate)
        self.inflight_latest = max(self.inflight_latest, rs.rate_delivered)
        self.loss_round_start = rs.prior_delivered >= self.loss_round_delivered
        if self.loss_round_start:
            self.loss_round_delivered = rs.total_delivered

    def advance_latest_delivery_signals(self, rs: Sample) -> None:
        """AdvanceLatestDeliverySignals(), near its end."""
        if self.loss_round_start:
            self.bw_latest = rs.rate
            self.inflight_latest = rs.rate_delivered

    def reset_congestion_signals(self) -> None:
        """ResetCongestionSignals()"""
        self.is_loss_in_round = False
        self.bw_latest = 0
        self.inflight_latest = 0

    def reset_short_term_model(self) -> None:
        """ResetShortTermModel()"""
        self.bw_shortterm = INFINITY
        self.inflight_shortterm = INFINITY

    def note_loss(self, delivered: int) -> None:
        """NoteLoss(): the first of a round begins one; `delivered` so far."""
        if not self.is_loss_in_round:
            self.loss_round_delivered = delivered
        self.is_loss_in_round = True

    def adapt_lower_bounds_from_congestion(self, max_bw: int, cwnd: int) -> None:
        """AdaptLowerBoundsFromCongestion(): a round with losses is over. `cwnd` is the window without recovery's
        changes: after a timeout, one segment would become the model."""
        if self.bw_shortterm == INFINITY:
            self.bw_shortterm = max_bw
        if self.inflight_shortterm == INFINITY:
            self.inflight_shortterm = cwnd
        self.bw_shortterm = max(self.bw_latest, int(self._beta * self.bw_shortterm))
        self.inflight_shortterm = max(self.inflight_latest, int(self._beta * self.inflight_shortterm))
