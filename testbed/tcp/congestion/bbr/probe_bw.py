"""ProbeBW: slow down, cruise, refill the pipe, push up to see whether there is more; and again.

Section 5.3.3 of draft-ietf-ccwg-bbr-06.

    DOWN     a bit slower than what is delivered, until the queue is gone and some room is left for others
    CRUISE   as fast as what is delivered, until it is time to probe: after 2 to 3 s, or sooner, after as many rounds
             as there are segments in flight, for Reno needs so many to double what it lost
    REFILL   one round without the short-term bounds, so that the probe does not begin with a pipe half empty
    UP       a quarter faster, until the bandwidth does not grow, or too much is lost

What a probe does shows a round later. `AckPhase` says of what the samples that come in now are.
"""

from __future__ import annotations

from enum import Enum, auto
from random import Random
from typing import TYPE_CHECKING

from testbed.tcp.congestion.base import Sample
from testbed.tcp.congestion.bbr.long_term import LongTerm
from testbed.tcp.congestion.bbr.model import INFINITY, Model, State
from testbed.tcp.congestion.bbr.short_term import ShortTerm

if TYPE_CHECKING:
    from testbed.tcp.congestion.bbr.draft import BbrSpec


class AckPhase(Enum):
    """What acknowledgements tell of now (section 2.14)."""

    INIT = auto()  # not of a probe
    REFILLING = auto()
    PROBE_STARTING = auto()  # the probe has begun, its first segment has not arrived
    PROBE_FEEDBACK = auto()
    PROBE_STOPPING = auto()  # it is over, its last segment has not arrived


class ProbeBw:
    """The cycle: it says in which of its phases the model's state is."""

    __slots__ = (
        "_cycle_stamp", "_long", "_model", "_probed_at_round", "_random", "_short", "_spec", "_wait", "ack_phase",
        "cycle_count", "is_bw_probe_sample", "prev_probe_precautionary", "prev_probe_too_high",
    )  # fmt: skip

    def __init__(self, spec: BbrSpec, model: Model, short_term: ShortTerm, long_term: LongTerm, chance: Random) -> None:
        self._spec = spec
        self._model = model
        self._short = short_term
        self._long = long_term
        self._random = chance
        self.ack_phase = AckPhase.INIT
        self.cycle_count = 0  # the clock of max_bw's filter
        self.is_bw_probe_sample = False
        self.prev_probe_too_high = False
        self.prev_probe_precautionary = False
        self._cycle_stamp = 0
        self._wait = 0  # bw_probe_wait
        self._probed_at_round = 0  # round_count - rounds_since_probe_up

    # -- the phases --------------------------------------------------------------------------------------------------

    def start_down(self, now: int) -> None:
        """StartProbeBW_DOWN(), with PickProbeWait()."""
        model, spec = self._model, self._spec
        self._short.reset_congestion_signals()
        self._long.acked_per_inc = INFINITY
        self._probed_at_round = model.rounds.round_count - self._random.randint(0, 1)
        self._wait = self._random.randint(spec.probe_wait_min, spec.probe_wait_max)
        self._cycle_stamp = now
        self.ack_phase = AckPhase.PROBE_STOPPING
        model.rounds.start_round()
        model.state = State.PROBE_BW_DOWN

    def start_cruise(self) -> None:
        """StartProbeBW_CRUISE()"""
        self._model.state = State.PROBE_BW_CRUISE

    def start_refill(self) -> None:
        """StartProbeBW_REFILL()"""
        self._short.reset_short_term_model()
        self._long.start_probe()
        self.prev_probe_precautionary = False
        self.ack_phase = AckPhase.REFILLING
        self._model.rounds.start_round()
        self._model.state = State.PROBE_BW_REFILL

    def _start_up(self, rs: Sample, cwnd: int) -> None:
        """StartProbeBW_UP()"""
        self.is_bw_probe_sample = True
        self.ack_phase = AckPhase.PROBE_STARTING
        self._model.rounds.start_round()
        self._model.pipe.reset_full_bw(rs.rate)
        self._model.state = State.PROBE_BW_UP
        self._long.raise_slope(cwnd)

    # -- on each acknowledgement -------------------------------------------------------------------------------------

    def update_cycle_phase(self, now: int, rs: Sample, app_limited: bool, cwnd: int) -> None:
        """UpdateProbeBWCyclePhase()"""
        model = self._model
        if not model.pipe.full_bw_reached:
            return
        if model.rounds.round_start and self._end_of_feedback(app_limited):
            return
        self._long.adapt(rs, cwnd, model.state is State.PROBE_BW_UP)
        if model.state in (State.PROBE_BW_DOWN, State.PROBE_BW_CRUISE):
            if self._is_time_to_probe_bw(now, cwnd):
                self.start_refill()
            elif model.state is State.PROBE_BW_DOWN and self._is_time_to_cruise(rs.in_flight):
                self.start_cruise()
        elif model.state is State.PROBE_BW_REFILL:
            if model.rounds.round_start:
                self._start_up(rs, cwnd)
        elif model.state is State.PROBE_BW_UP and self._is_time_to_go_down(rs, cwnd):
            self.prev_probe_too_high = False  # no high loss (yet)
            self.start_down(now)

    def _end_of_feedback(self, app_limited: bool) -> bool:
        """The first half of AdaptLongTermModel(), as a round begins: whether that decided on a new phase."""
        if self.ack_phase is AckPhase.PROBE_STARTING:
            self.ack_phase = AckPhase.PROBE_FEEDBACK
        if self.ack_phase is not AckPhase.PROBE_STOPPING:
            return False
        self.is_bw_probe_sample = False
        self.ack_phase = AckPhase.INIT
        if not self._model.state.in_probe_bw:
            return False
        if not app_limited:
            self.cycle_count += 1  # AdvanceMaxBwFilter()
        # Precautionary bandwidth probing: what was touched only briefly did no harm, and may be held for a round.
        if self.prev_probe_precautionary and not self.prev_probe_too_high:
            self.start_refill()
            return True
        return False

    def _is_time_to_probe_bw(self, now: int, cwnd: int) -> bool:
        """IsTimeToProbeBW(): by the clock, or by the rounds in which Reno would have recovered the same."""
        if now > self._cycle_stamp + self._wait:
            return True
        reno_rounds = self._target_inflight(cwnd) // self._model.mss
        rounds_since_probe_up = self._model.rounds.round_count - self._probed_at_round
        return rounds_since_probe_up >= min(reno_rounds, self._spec.reno_rounds)

    def _target_inflight(self, cwnd: int) -> int:
        """TargetInflight(): the bandwidth-delay product, unless congestion has cut the window."""
        return min(self._model.bdp_multiple(1.0), cwnd)

    def _is_time_to_cruise(self, in_flight: int) -> bool:
        """IsTimeToCruise(): there is headroom, and no queue of ours."""
        if in_flight > self._long.inflight_with_headroom():
            return False
        return in_flight <= self._model.inflight(1.0, self._model.max_bw)

    def _is_time_to_go_down(self, rs: Sample, cwnd: int) -> bool:
        """IsTimeToGoDown()

        Whether the bound was reached is asked of the pipe before the acknowledgement, as in Linux: the window that
        keeps us below the bound would keep us from ever seeing it reached afterwards.
        """
        model, bound = self._model, self._long.inflight_longterm
        if self.prev_probe_too_high and rs.prior_in_flight + model.mss > bound:
            self.prev_probe_precautionary = True
            return True
        if model.rounds.is_cwnd_limited and cwnd >= bound:
            model.pipe.reset_full_bw(rs.rate)  # it is the bound that limits the bandwidth
            return False
        return model.pipe.full_bw_now

    # -- on a loss ---------------------------------------------------------------------------------------------------

    def handle_inflight_too_high(self, now: int, tx_in_flight: int, app_limited: bool, cwnd: int) -> bool:
        """HandleInflightTooHigh(): whether it ended a probe. `tx_in_flight` is what was too much."""
        self.prev_probe_too_high = True
        self.is_bw_probe_sample = False  # one answer to a probe
        if not app_limited:
            least = int(self._target_inflight(cwnd) * self._spec.beta)
            self._long.inflight_longterm = max(tx_in_flight, least)
        if self._model.state is not State.PROBE_BW_UP:
            return False
        self.start_down(now)
        return True
