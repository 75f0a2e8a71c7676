"""Startup and Drain: double the rate each round until the pipe is full, then let the queue drain.

Sections 5.3.1 and 5.3.2 of draft-ietf-ccwg-bbr-06. The pipe is full when the bandwidth no longer grows
(`rounds.FullPipe`), or when too much is lost: too large a share of a round, in too many places, in a recovery that has
lasted for a round.
"""

from __future__ import annotations

from typing import Final

from testbed.tcp.congestion.base import Sample
from testbed.tcp.congestion.bbr.long_term import LongTerm
from testbed.tcp.congestion.bbr.model import Model, State
from testbed.tcp.congestion.bbr.short_term import ShortTerm

FULL_MARK_COUNT: Final = 2
"""Marked rounds that end Startup: BBRv2's count. (The draft leaves the answer to marks open: section 3.7.)"""


class Startup:
    """The way out of Startup and Drain.

    Where the draft counts ranges of lost sequence numbers, we count acknowledgements that showed a loss, as Linux does:
    a burst lost in one place shows in few of them.
    """

    __slots__ = (
        "_drain_rounds", "_drain_start_round", "_events", "_full_loss_count", "_long", "_marks", "_model", "_sack",
        "_short",
    )  # fmt: skip

    def __init__(
        self,
        model: Model,
        short_term: ShortTerm,
        long_term: LongTerm,
        full_loss_count: int,
        drain_rounds: int,
        sack: bool,
    ) -> None:
        self._model = model
        self._short = short_term
        self._long = long_term
        self._full_loss_count = full_loss_count
        self._drain_rounds = drain_rounds
        self._sack = sack
        self._events = 0
        self._marks = 0
        self._drain_start_round = 0

    def check_startup_done(self, rs: Sample) -> bool:
        """CheckStartupDone(): whether losses ended Startup."""
        model = self._model
        if model.state is not State.STARTUP:
            return False
        lossy = self._check_startup_high_loss(rs)
        if lossy:
            self._full()
        if model.pipe.full_bw_reached:
            model.state = State.DRAIN
            self._drain_start_round = model.rounds.round_count
        return lossy

    def _check_startup_high_loss(self, rs: Sample) -> bool:
        """CheckStartupHighLoss(), section 5.3.1.3"""
        if not self._sack:  # one loss a round is all that can be seen
            return rs.recovering
        self._events += rs.lost > 0
        if not self._short.loss_round_start:
            return False
        events, self._events = self._events, 0
        too_high = self._long.is_inflight_too_high(rs.lost_since, rs.in_flight_then)
        return rs.recovering and too_high and events >= self._full_loss_count

    def marked(self) -> None:
        """The network marked a segment of this round."""
        self._marks += 1
        if self._marks >= FULL_MARK_COUNT:
            self._full()

    def _full(self) -> None:
        """The pipe is full, and this is how full it may be."""
        model = self._model
        model.pipe.full_bw_now = model.pipe.full_bw_reached = True
        self._long.inflight_longterm = max(model.bdp_multiple(1.0), self._short.inflight_latest)

    def is_drain_done(self, in_flight: int) -> bool:
        """CheckDrainDone(): no queue of ours is left, or the bandwidth was overestimated, and waiting does not help."""
        model = self._model
        if model.state is not State.DRAIN:
            return False
        late = model.rounds.round_count > self._drain_start_round + self._drain_rounds
        return late or in_flight <= model.inflight(1.0)
