"""The long-term bound on what is in flight: where a probe lost too much, and how it is raised again.

Sections 5.3.3.5 and 5.5.10.2 of draft-ietf-ccwg-bbr-06.
"""

from __future__ import annotations

from typing import Final

from testbed.tcp.congestion.base import Sample
from testbed.tcp.congestion.bbr.model import INFINITY, Model

_MOST_DOUBLINGS: Final = 30
"""RaiseInflightLongtermSlope(): beyond, the step is the whole window at once anyway."""


class LongTerm:
    """`inflight_longterm`, INFINITY while no probe has lost too much."""

    __slots__ = (
        "_acked", "_headroom", "_model", "_sack", "acked_per_inc", "inflight_longterm", "loss_thresh", "rounds",
    )  # fmt: skip

    def __init__(self, model: Model, loss_thresh: float, headroom: float, sack: bool) -> None:
        self._model = model
        self._headroom = headroom
        self._sack = sack
        self.loss_thresh = loss_thresh
        self.inflight_longterm = INFINITY
        self.rounds = 0  # bw_probe_up_rounds
        self.acked_per_inc = INFINITY  # probe_up_acked_per_inc
        self._acked = 0  # bw_probe_up_acked

    # -- too much? ---------------------------------------------------------------------------------------------------

    def is_inflight_too_high(self, lost: int, tx_in_flight: int) -> bool:
        """IsInflightTooHigh(): whether too large a share was lost; without SACK one loss is all that shows."""
        return lost > tx_in_flight * self.loss_thresh or (lost > 0 and not self._sack)

    def inflight_at_loss(self, size: int, lost: int, tx_in_flight: int) -> int:
        """InflightAtLoss(): how much was in flight when losses crossed the threshold, perhaps in the middle of the
        lost segment of `size` bytes. `lost` and `tx_in_flight` count it."""
        inflight_prev = tx_in_flight - size
        lost_prev = lost - size
        lost_prefix = (self.loss_thresh * inflight_prev - lost_prev) / (1.0 - self.loss_thresh)
        return int(inflight_prev + lost_prefix)

    def inflight_with_headroom(self) -> int:
        """InflightWithHeadroom(): some of what would be safe is left to others."""
        if self.inflight_longterm == INFINITY:
            return INFINITY
        headroom = max(self._model.mss, int(self._headroom * self.inflight_longterm))
        return max(self.inflight_longterm - headroom, self._model.min_pipe_cwnd)

    # -- more than we thought ----------------------------------------------------------------------------------------

    def start_probe(self) -> None:
        """A refill begins: the steps are small again."""
        self.rounds = 0
        self._acked = 0

    def adapt(self, rs: Sample, cwnd: int, probing: bool) -> None:
        """AdaptLongTermModel(), second half: what was in flight without harm is safe; `probing`: look for more."""
        if self.inflight_longterm == INFINITY or self.is_inflight_too_high(rs.lost_since, rs.in_flight_then):
            return
        self.inflight_longterm = max(self.inflight_longterm, rs.in_flight_then)
        if probing:
            self._probe_upward(rs, cwnd)

    def _probe_upward(self, rs: Sample, cwnd: int) -> None:
        """ProbeInflightLongtermUpward(), if the bound is what limits us."""
        rounds = self._model.rounds
        if not rounds.is_cwnd_limited or cwnd < self.inflight_longterm:
            return
        self._acked += rs.delivered
        steps, self._acked = divmod(self._acked, self.acked_per_inc)
        self.inflight_longterm += steps * self._model.mss
        if rounds.round_start:
            self.raise_slope(cwnd)

    def raise_slope(self, cwnd: int) -> None:
        """RaiseInflightLongtermSlope(): 1, 2, 4, ... segments a round."""
        growth_this_round = 1 << self.rounds
        self.rounds = min(self.rounds + 1, _MOST_DOUBLINGS)
        self.acked_per_inc = max(cwnd // growth_this_round, self._model.mss)
