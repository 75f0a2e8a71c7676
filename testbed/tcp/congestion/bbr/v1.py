"""BBR's first version, as Linux has it: CACM 60(2), 2017; draft-cardwell-iccrg-bbr-congestion-control-00.

It believes the maximum of the bandwidth over ten rounds and the minimum of the round trip over ten seconds, sends at
the one and keeps twice their product in flight. Once the pipe was full it goes through eight phases, each about a
round trip long, and begins with any but the second:

    1.25   0.75   1   1   1   1   1   1        the pace, in bandwidths

that is, it looks for more bandwidth, drains what queue that made, and cruises. Losses do not change what it believes,
nor do marks; in the first round of a recovery it sends only as much as is delivered. Policers it looks for
(`policer`). For the same reasons it drives out others from shallow buffers, which the later versions avoid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.seeds import stream
from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start, Variables
from testbed.tcp.congestion.bbr.control import Gains, ModelBased, check
from testbed.tcp.congestion.bbr.model import INFINITY, Model, State
from testbed.tcp.congestion.bbr.policer import Policer
from testbed.tcp.congestion.bbr.probe_rtt import ProbeRtt
from testbed.tcp.congestion.bbr.rounds import FullPipe
from testbed.units import Count, Duration, Share

PHASES: Final = (State.PROBE_BW_UP, State.PROBE_BW_DOWN, *(State.PROBE_BW_CRUISE,) * 6)

_QUANTA: Final = 3
"""Segments that the window has more than the model: one here, one there, one on the way (draft-00 section 4.2.3.2)."""

_BYTE_SECONDS: Final = 8_000_000_000


@dataclass(frozen=True, kw_only=True)
class Bbr1Spec(ControlSpec):
    """Sends by a model of the path's bandwidth and delay, whatever is lost (BBRv1, as in Linux)."""

    high_gain: float = 2.885
    """Pace and window in Startup (2/ln 2, rounded up); Drain's pace is its inverse."""

    cwnd_gain: float = 2.0
    """Window in ProbeBW, in bandwidth-delay products."""

    probe_up_gain: float = 1.25
    """Pace in the phase that looks for more bandwidth."""

    probe_down_gain: float = 0.75
    """Pace in the phase after it."""

    pacing_margin: Share = 0.01
    """By how much the pace stays below the bandwidth."""

    min_window: Count = 4
    """Segments in flight at least, and in ProbeRTT."""

    full_bw_growth: float = 0.25
    """Growth of the bandwidth in a round that shows that there may be more."""

    full_bw_rounds: Count = 3
    """Rounds without such growth that mean a full pipe."""

    max_bw_window: Count = 10
    """Rounds that the bandwidth is the maximum of."""

    extra_acked_window: Count = 5
    """Rounds that the aggregation is the maximum of."""

    extra_acked_max: Duration = 100 * MILLISECOND
    """How much aggregation the window allows for, in time at the bandwidth."""

    min_rtt_window: Duration = 10 * SECOND
    """How long a minimum of the round trip is believed; ProbeRTT looks for the next."""

    probe_rtt_duration: Duration = 200 * MILLISECOND
    """How long ProbeRTT keeps little in flight."""

    policer_detection: bool = True
    """Look for a policer, and keep to its rate."""

    def __post_init__(self) -> None:
        if self.high_gain <= 1.0:
            raise UnitError("high_gain must be more than 1")
        windows = self.min_window, self.max_bw_window, self.extra_acked_window
        check(self.gains, windows, self.pacing_margin)

    @property
    def gains(self) -> dict[State, Gains]:
        return {
            State.STARTUP: Gains(self.high_gain, self.high_gain),
            State.DRAIN: Gains(1.0 / self.high_gain, self.high_gain),
            State.PROBE_BW_UP: Gains(self.probe_up_gain, self.cwnd_gain),
            State.PROBE_BW_DOWN: Gains(self.probe_down_gain, self.cwnd_gain),
            State.PROBE_BW_CRUISE: Gains(1.0, self.cwnd_gain),
            State.PROBE_RTT: Gains(1.0, 1.0),
        }

    def build(self, start: Start) -> Control:
        return Bbr1(self, start)


class Model1(Model):
    """The model with version 1's allowance for segments that are handled in bunches."""

    __slots__ = ()

    def quantization_budget(self, inflight_cap: int) -> int:
        segments = -(-inflight_cap // self.mss) + _QUANTA
        segments += segments % 2  # a delayed acknowledgement waits for two
        return (segments + 2 * (self.state is State.PROBE_BW_UP)) * self.mss


class Bbr1(ModelBased):
    """The steps of Linux's `bbr_main`, in their order."""

    __slots__ = (
        "_cycle_index", "_cycle_stamp", "_entering", "_lost", "_packet_conservation", "_random", "_spec", "policer",
    )  # fmt: skip

    def __init__(self, spec: Bbr1Spec, start: Start) -> None:
        pipe = FullPipe(spec.full_bw_growth, spec.full_bw_rounds)
        model = Model1(start, pipe, spec.min_window, spec.max_bw_window)
        probe_rtt = ProbeRtt(model, spec.min_rtt_window, spec.min_rtt_window, spec.probe_rtt_duration)
        super().__init__(start, model, probe_rtt, spec.gains, spec.pacing_margin)
        self.policer = Policer()
        self._spec = spec
        self._random = stream(start.seed, "bbr")
        self._cycle_index = 0
        self._cycle_stamp = 0
        self._lost = 0  # bytes, since the connection began
        self._entering = False  # recovery, with the next acknowledgement
        self._packet_conservation = False

    # -- an acknowledgement ------------------------------------------------------------------------------------------

    def update_model_and_state(self, now: int, rs: Sample, app_limited: bool) -> None:
        model, rounds, policer = self.model, self.model.rounds, self.policer
        rounds.update(rs)
        if rounds.round_start:
            self._packet_conservation = False
        if self._spec.policer_detection:
            policer.update(now, rs, self._lost, app_limited, rounds.round_start)
        model.update_max_bw(rs, app_limited, rounds.round_count)
        model.bw = policer.bw if policer.in_use else model.max_bw
        self.aggregation.update(now, rs, model, self.cwnd, self._spec.extra_acked_window)
        if model.state.in_probe_bw:
            self._update_cycle_phase(now, rs)
        if rounds.round_start and not app_limited and not model.pipe.full_bw_reached:
            model.pipe.check_full_bw_reached(model.max_bw)
        if model.state is State.STARTUP and model.pipe.full_bw_reached:
            model.state = State.DRAIN
        if model.state is State.DRAIN and rs.in_flight <= model.inflight(1.0, model.max_bw):
            self._start_cycle(now)
        self.probe_rtt.update_min_rtt(now, rs.rtt)
        self.check_probe_rtt(now, rs, model.min_pipe_cwnd)

    # -- the gain cycle ----------------------------------------------------------------------------------------------

    def _start_cycle(self, now: int) -> None:
        """Anywhere but in the phase that is slow: different connections at different places."""
        self._enter_phase(now, (self._random.randrange(len(PHASES) - 1) + 2) % len(PHASES))

    def _enter_phase(self, now: int, index: int) -> None:
        self._cycle_index = index
        self._cycle_stamp = now
        self.model.state = PHASES[index]

    def _update_cycle_phase(self, now: int, rs: Sample) -> None:
        model = self.model
        if self.policer.expired(model.rounds.round_start):
            self._start_cycle(now)
        elif self.policer.in_use:
            model.state = State.PROBE_BW_CRUISE
        elif self._is_next_cycle_phase(now, rs):
            self._enter_phase(now, (self._cycle_index + 1) % len(PHASES))

    def _is_next_cycle_phase(self, now: int, rs: Sample) -> bool:
        """A phase lasts a round trip; the fast one until it has filled what it may or has lost something, the slow one
        only until the queue is gone."""
        model = self.model
        full_length = now - self._cycle_stamp > model.min_rtt
        if model.state is State.PROBE_BW_UP:
            enough = model.inflight(self._spec.probe_up_gain, model.max_bw)
            return full_length and (rs.lost > 0 or rs.prior_in_flight >= enough)
        if model.state is State.PROBE_BW_DOWN:
            return full_length or rs.prior_in_flight <= model.inflight(1.0, model.max_bw)
        return full_length

    # -- the window --------------------------------------------------------------------------------------------------

    def set_cwnd(self, rs: Sample) -> None:
        model = self.model
        if rs.lost:
            self.cwnd = max(self.cwnd - rs.lost, self.mss)
        if self._entering:
            self._entering = False
            self.cwnd = rs.in_flight + rs.delivered
        if self._packet_conservation:
            self.cwnd = max(self.cwnd, rs.in_flight + rs.delivered)
        else:
            target = model.bdp_multiple(self.gains[model.state].cwnd)
            if model.pipe.full_bw_reached:
                target += min(model.extra_acked, model.bw * self._spec.extra_acked_max // _BYTE_SECONDS)
            self.grow_cwnd(rs, model.quantization_budget(target))
        if model.state is State.PROBE_RTT:
            self.cwnd = min(self.cwnd, model.min_pipe_cwnd)

    def exit_probe_rtt(self, now: int) -> None:
        self.restore_cwnd()
        if self.model.pipe.full_bw_reached:
            self._start_cycle(now)
        else:
            self.model.state = State.STARTUP

    # -- losses ------------------------------------------------------------------------------------------------------

    def segment_lost(self, now: int, size: int, lost_since: int, in_flight_then: int, app_limited: bool) -> None:
        self._lost += size

    def lost(self, now: int, in_flight: int) -> None:
        self.save_cwnd()
        self.in_loss_recovery = self._entering = self._packet_conservation = True
        self.model.rounds.start_round()

    def marked(self, now: int, in_flight: int) -> str:
        return ""

    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        self.save_cwnd()
        self.in_loss_recovery = True
        self._entering = self._packet_conservation = False
        self.model.pipe.full_bw = 0  # the path may have changed: growth counts from nothing
        self.cwnd = self.mss

    def recovered(self, now: int, in_flight: int) -> None:
        super().recovered(now, in_flight)
        self._packet_conservation = False

    def undo(self, now: int) -> None:
        self.recovered(now, 0)
        self.model.pipe.reset_full_bw()
        self.policer.reset()

    @property
    def variables(self) -> Variables:
        return (*super().variables, ("policed_bw", self.policer.bw if self.policer.in_use else INFINITY))
