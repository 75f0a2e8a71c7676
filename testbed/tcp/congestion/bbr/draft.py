"""BBR as the IETF's draft has it, which is called version 3: draft-ietf-ccwg-bbr-06 (July 2026).

The states and what each does with the model (section 5.6.1; the gains are settings):

                    pacing  cwnd   bounds, besides what the model needs
    Startup          2.77   2
    Drain            0.5    2      short-term
    ProbeBW_DOWN     0.9    2      short-term, long-term
    ProbeBW_CRUISE   1      2      short-term, long-term less headroom
    ProbeBW_REFILL   1      2      long-term
    ProbeBW_UP       1.25   2.25   long-term
    ProbeRTT         1      0.5    short-term, long-term less headroom

Where we leave the draft's text, or it leaves us alone: an episode of losses is remembered once, when it begins, and not
anew in each of its rounds (which would remember what the losses have done, and not what they can be undone to). The
window that losses bound is that before a timeout. A connection without a measurement yet does not probe for a better
one. To a mark (ECN) it answers as to a loss; in Startup, to marks in two rounds (section 3.7 demands an answer, and
gives none).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.seeds import stream
from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start, Variables
from testbed.tcp.congestion.bbr.control import Gains, ModelBased, check
from testbed.tcp.congestion.bbr.long_term import LongTerm
from testbed.tcp.congestion.bbr.model import Model, State
from testbed.tcp.congestion.bbr.probe_bw import AckPhase, ProbeBw
from testbed.tcp.congestion.bbr.probe_rtt import ProbeRtt
from testbed.tcp.congestion.bbr.rounds import FullPipe
from testbed.tcp.congestion.bbr.short_term import ShortTerm
from testbed.tcp.congestion.bbr.startup import Startup
from testbed.units import Count, Duration, Share


@dataclass(frozen=True, kw_only=True)
class BbrSpec(ControlSpec):
    """Sends by a model of the path's bandwidth and delay, and heeds losses (draft-ietf-ccwg-bbr: BBRv3)."""

    startup_pacing_gain: float = 2.77
    """Pace in Startup, in bandwidths (section 2.5: 4·ln 2, the least that doubles the rate each round)."""

    drain_pacing_gain: float = 0.5
    """Pace in Drain (section 2.5)."""

    cwnd_gain: float = 2.0
    """Window in most states, in bandwidth-delay products (section 2.6: DefaultCwndGain)."""

    probe_up_pacing_gain: float = 1.25
    """Pace in ProbeBW_UP (section 5.3.3.5)."""

    probe_up_cwnd_gain: float = 2.25
    """Window in ProbeBW_UP (section 5.3.3.5)."""

    probe_down_pacing_gain: float = 0.9
    """Pace in ProbeBW_DOWN (section 5.3.3.1)."""

    pacing_margin: Share = 0.01
    """By how much the pace stays below the bandwidth (section 2.5: PacingMarginPercent)."""

    loss_threshold: Share = 0.02
    """Losses that a round of probing may have (section 2.8: LossThresh)."""

    beta: Share = 0.7
    """What a round with losses leaves at least (section 2.8)."""

    headroom: Share = 0.15
    """Share of what would be safe that is left to others (section 2.8)."""

    min_window: Count = 4
    """Segments in flight at least (section 2.8: MinPipeCwnd)."""

    full_bw_growth: float = 0.25
    """Growth of the bandwidth in a round that shows that there may be more (section 5.3.1.2)."""

    full_bw_rounds: Count = 3
    """Rounds without such growth that mean a full pipe (section 5.3.1.2)."""

    full_loss_count: Count = 6
    """Losses, in different places, of a round that ends Startup (section 5.3.1.3: BBRStartupFullLossCnt)."""

    drain_rounds: Count = 3
    """Rounds that Drain may take (section 5.3.2)."""

    max_bw_window: Count = 2
    """ProbeBW cycles that the bandwidth is the maximum of (section 2.11: MaxBwFilterLen)."""

    extra_acked_window: Count = 10
    """Rounds that the aggregation is the maximum of, after Startup (section 2.12: ExtraAckedFilterLen)."""

    probe_wait_min: Duration = 2 * SECOND
    """Least time between probes for bandwidth (section 5.3.3.8.2: T_bbr)."""

    probe_wait_max: Duration = 3 * SECOND
    """Most time between probes for bandwidth (section 5.3.3.8.2: T_bbr)."""

    reno_rounds: Count = 63
    """Rounds between probes at most, less one by chance (section 5.3.3.8.2: T_reno_bound)."""

    min_rtt_window: Duration = 10 * SECOND
    """How long a minimum of the round trip is believed (section 2.16.1: MinRTTFilterLen)."""

    probe_rtt_interval: Duration = 5 * SECOND
    """Time without a new minimum after which ProbeRTT looks for one (section 2.16.2: ProbeRTTInterval)."""

    probe_rtt_duration: Duration = 200 * MILLISECOND
    """How long ProbeRTT keeps little in flight (section 2.16.2: ProbeRTTDuration)."""

    probe_rtt_cwnd_gain: float = 0.5
    """Window in ProbeRTT (section 2.16.2: ProbeRTTCwndGain)."""

    def __post_init__(self) -> None:
        if self.probe_wait_max < self.probe_wait_min:
            raise UnitError("probe_wait_max must not be less than probe_wait_min")
        if self.loss_threshold >= 1.0:
            raise UnitError("loss_threshold must be less than 100%")
        windows = self.min_window, self.max_bw_window, self.extra_acked_window
        check(self.gains, windows, self.pacing_margin)

    @property
    def gains(self) -> dict[State, Gains]:
        """Section 5.6.1."""
        return {
            State.STARTUP: Gains(self.startup_pacing_gain, self.cwnd_gain),
            State.DRAIN: Gains(self.drain_pacing_gain, self.cwnd_gain),
            State.PROBE_BW_DOWN: Gains(self.probe_down_pacing_gain, self.cwnd_gain),
            State.PROBE_BW_CRUISE: Gains(1.0, self.cwnd_gain),
            State.PROBE_BW_REFILL: Gains(1.0, self.cwnd_gain),
            State.PROBE_BW_UP: Gains(self.probe_up_pacing_gain, self.probe_up_cwnd_gain),
            State.PROBE_RTT: Gains(1.0, self.probe_rtt_cwnd_gain),
        }

    def build(self, start: Start) -> Control:
        return Bbr(self, start)


class Undo(NamedTuple):
    """What a loss may have to be undone to (section 2.15)."""

    bw_shortterm: int
    inflight_shortterm: int
    inflight_longterm: int


class Bbr(ModelBased):
    """The steps of section 5.2; each part's are in a module of its own."""

    __slots__ = ("_sack", "_spec", "_undo", "_undo_state", "cycle", "long_term", "short_term", "startup")

    def __init__(self, spec: BbrSpec, start: Start) -> None:
        pipe = FullPipe(spec.full_bw_growth, spec.full_bw_rounds)
        model = Model(start, pipe, spec.min_window, spec.max_bw_window)
        probe_rtt = ProbeRtt(model, spec.min_rtt_window, spec.probe_rtt_interval, spec.probe_rtt_duration)
        super().__init__(start, model, probe_rtt, spec.gains, spec.pacing_margin)
        self.short_term = ShortTerm(spec.beta)
        self.long_term = LongTerm(model, spec.loss_threshold, spec.headroom, start.sack)
        self.cycle = ProbeBw(spec, model, self.short_term, self.long_term, stream(start.seed, "bbr"))
        self.startup = Startup(
            model, self.short_term, self.long_term, spec.full_loss_count, spec.drain_rounds, start.sack
        )
        self._spec = spec
        self._sack = start.sack
        self._undo = Undo(0, 0, 0)
        self._undo_state: State | None = None  # what a loss has made us leave

    # -- an acknowledgement (section 5.2.3) --------------------------------------------------------------------------

    def update_model_and_state(self, now: int, rs: Sample, app_limited: bool) -> None:
        model, short, pipe = self.model, self.short_term, self.model.pipe
        short.update_latest_delivery_signals(rs)
        self._update_congestion_signals(rs, app_limited)
        window = self._spec.extra_acked_window if pipe.full_bw_reached else 1
        self.aggregation.update(now, rs, model, self.cwnd, window)
        if model.rounds.round_start and rs.rate and not app_limited:
            pipe.check_full_bw_reached(rs.rate)
        if self.startup.check_startup_done(rs):
            self._undo_state = State.STARTUP
        if self.startup.is_drain_done(rs.in_flight):
            self.cycle.start_down(now)
        self.cycle.update_cycle_phase(now, rs, app_limited, self.cwnd)
        self.probe_rtt.update_min_rtt(now, rs.rtt)
        if self.probe_rtt.due:
            self.cycle.ack_phase = AckPhase.PROBE_STOPPING
            model.rounds.start_round()
        self.check_probe_rtt(now, rs, self._probe_rtt_cwnd())
        short.advance_latest_delivery_signals(rs)
        model.bw = min(model.max_bw, short.bw_shortterm)  # BoundBWForModel()

    def _update_congestion_signals(self, rs: Sample, app_limited: bool) -> None:
        """UpdateCongestionSignals()"""
        model, short = self.model, self.short_term
        model.rounds.update(rs)
        model.update_max_bw(rs, app_limited, self.cycle.cycle_count)
        if not short.loss_round_start:
            return
        if short.is_loss_in_round and not model.state.probes:
            cwnd = max(self.cwnd, self.prior_cwnd) if self.in_loss_recovery else self.cwnd
            short.adapt_lower_bounds_from_congestion(model.max_bw, cwnd)
        short.is_loss_in_round = False

    # -- the window (section 5.6.4) ----------------------------------------------------------------------------------

    def set_cwnd(self, rs: Sample) -> None:
        model, state = self.model, self.model.state
        max_inflight = model.bdp_multiple(self.gains[state].cwnd) + model.extra_acked
        self.grow_cwnd(rs, model.quantization_budget(max_inflight))
        cap = self.short_term.inflight_shortterm  # BoundCwndForModel()
        if state is State.PROBE_BW_CRUISE or state is State.PROBE_RTT:
            cap = min(cap, self.long_term.inflight_with_headroom())
        elif state.in_probe_bw:
            cap = min(cap, self.long_term.inflight_longterm)
        if state is State.PROBE_RTT:
            cap = min(cap, self._probe_rtt_cwnd())
        self.cwnd = min(self.cwnd, max(cap, model.min_pipe_cwnd))

    def _probe_rtt_cwnd(self) -> int:
        """ProbeRTTCwnd()"""
        return max(self.model.bdp_multiple(self._spec.probe_rtt_cwnd_gain), self.model.min_pipe_cwnd)

    def exit_probe_rtt(self, now: int) -> None:
        self.restore_cwnd()
        self.short_term.reset_short_term_model()
        if self.model.pipe.full_bw_reached:
            self.cycle.start_down(now)  # the clock of the probes begins anew; the queue is gone already
            self.cycle.start_cruise()
        else:
            self.model.state = State.STARTUP

    # -- losses (sections 5.5.10 and 5.6.4.4) ------------------------------------------------------------------------

    def segment_lost(self, now: int, size: int, lost_since: int, in_flight_then: int, app_limited: bool) -> None:
        """HandleLostPacket()"""
        self._note_loss()
        if self.cycle.is_bw_probe_sample and self.long_term.is_inflight_too_high(lost_since, in_flight_then):
            self._too_high(now, self.long_term.inflight_at_loss(size, lost_since, in_flight_then), app_limited)

    def lost(self, now: int, in_flight: int) -> None:
        self._note_loss()  # is news where segments are not told of: without SACK, or after a tail loss probe
        if self.cycle.is_bw_probe_sample and not self._sack:
            self._too_high(now, in_flight, app_limited=False)

    def marked(self, now: int, in_flight: int) -> str:
        self.short_term.note_loss(self.model.rounds.delivered)
        if self.model.state is State.STARTUP:
            self.startup.marked()
        elif self.cycle.is_bw_probe_sample:
            self.cycle.handle_inflight_too_high(now, in_flight, False, self.cwnd)
        return "ECN echo"

    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        self._note_loss()
        self.cwnd = self.mss  # all that was in flight is taken for lost: room for one segment

    def _note_loss(self) -> None:
        """NoteLoss(), and SaveStateUponLoss() if it begins an episode."""
        if not self.in_loss_recovery:
            self.save_cwnd()
            self.in_loss_recovery = True
            self._undo_state = None
            short = self.short_term
            self._undo = Undo(short.bw_shortterm, short.inflight_shortterm, self.long_term.inflight_longterm)
        self.short_term.note_loss(self.model.rounds.delivered)

    def _too_high(self, now: int, tx_in_flight: int, app_limited: bool) -> None:
        if self.cycle.handle_inflight_too_high(now, tx_in_flight, app_limited, self.cwnd):
            self._undo_state = State.PROBE_BW_UP

    def undo(self, now: int) -> None:
        """HandleSpuriousLossDetection()"""
        model, short, saved = self.model, self.short_term, self._undo
        self.recovered(now, 0)
        model.pipe.reset_full_bw()
        short.is_loss_in_round = False
        short.bw_shortterm = max(short.bw_shortterm, saved.bw_shortterm)
        short.inflight_shortterm = max(short.inflight_shortterm, saved.inflight_shortterm)
        self.long_term.inflight_longterm = max(self.long_term.inflight_longterm, saved.inflight_longterm)
        if self._undo_state is State.STARTUP and model.state is not State.STARTUP:
            model.pipe.full_bw_reached = False
            if model.state is not State.PROBE_RTT:
                model.state = State.STARTUP
        elif self._undo_state is State.PROBE_BW_UP and model.state not in (State.PROBE_BW_UP, State.PROBE_RTT):
            self.cycle.start_refill()
        self._undo_state = None

    @property
    def variables(self) -> Variables:
        short, long_term = self.short_term, self.long_term
        return (
            *super().variables,
            ("bw_shortterm", short.bw_shortterm),
            ("inflight_shortterm", short.inflight_shortterm),
            ("inflight_longterm", long_term.inflight_longterm),
            ("cycle_count", self.cycle.cycle_count),
        )
