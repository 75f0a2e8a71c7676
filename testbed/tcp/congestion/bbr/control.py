"""The frame of both versions: what happens on each event, the pace and the window that the model makes.

Sections 5.2, 5.4 and 5.6 of draft-ietf-ccwg-bbr-06.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from testbed.errors import UnitError
from testbed.tcp.congestion.base import Control, Sample, Start, Variables
from testbed.tcp.congestion.bbr.model import Aggregation, Model, State
from testbed.tcp.congestion.bbr.probe_rtt import ProbeRtt

_BITS: Final = 8_000_000_000
"""Bytes by ns, times this, are bit/s."""

_UNKNOWN_RTT: Final = 1_000_000
"""ns: the round trip that the first pace assumes if nobody has measured one (section 5.6.2: 1 ms)."""


class Gains(NamedTuple):
    """What a state does with the model: multiples of the bandwidth, and of the bandwidth-delay product."""

    pacing: float
    cwnd: float


def check(gains: Mapping[State, Gains], windows: Collection[int], margin: float) -> None:
    """Refuse settings that would stop a connection for good."""
    if min(gain for pair in gains.values() for gain in pair) <= 0.0:
        raise UnitError("gains must be more than 0")
    if min(windows) < 1:
        raise UnitError("min_window, max_bw_window and extra_acked_window must be at least 1")
    if margin >= 1.0:
        raise UnitError("pacing_margin must be less than 100%")


class ModelBased(Control):
    """A control that sends as fast, and has as much in flight, as its model of the path says."""

    __slots__ = (
        "_has_seen_rtt", "_margin", "aggregation", "gains", "in_loss_recovery", "model", "prior_cwnd", "probe_rtt",
    )  # fmt: skip

    samples = True
    steers_recovery = True

    def __init__(
        self, start: Start, model: Model, probe_rtt: ProbeRtt, gains: Mapping[State, Gains], margin: float
    ) -> None:
        super().__init__(start)
        self.model = model
        self.probe_rtt = probe_rtt
        self.aggregation = Aggregation()
        self.gains = gains
        self._margin = margin
        self.prior_cwnd = 0  # the last window that neither a loss nor ProbeRTT had made small
        self.in_loss_recovery = False
        self._has_seen_rtt = start.rtt > 0
        self.pacing_rate = _first_pace(gains[State.STARTUP].pacing, self.cwnd, start.rtt or _UNKNOWN_RTT)

    def resized(self, mss: int) -> None:
        super().resized(mss)
        self.model.resized(mss)

    # -- an acknowledgement (section 5.2.3) --------------------------------------------------------------------------

    def acknowledged(self, now: int, sample: Sample) -> str:
        cwnd, pacing_rate = self.cwnd, self.pacing_rate
        if not self._has_seen_rtt and sample.srtt:
            self._has_seen_rtt = True
            self.pacing_rate = _first_pace(self.gains[State.STARTUP].pacing, self.cwnd, sample.srtt)
        if self.in_loss_recovery and not (sample.recovering or sample.repairing):
            self.recovered(now, sample.in_flight)  # from a timeout as well
        app_limited = sample.app_limited or self.probe_rtt.held_back(sample)
        self.update_model_and_state(now, sample, app_limited)
        self.set_pacing_rate(self.gains[self.model.state].pacing)
        self.set_cwnd(sample)
        return self.model.state.words if (cwnd, pacing_rate) != (self.cwnd, self.pacing_rate) else ""

    @abstractmethod
    def update_model_and_state(self, now: int, rs: Sample, app_limited: bool) -> None:
        """UpdateModelAndState(): learn from a sample, and go to the state that follows."""

    @abstractmethod
    def set_cwnd(self, rs: Sample) -> None:
        """SetCwnd(): the window that the model makes."""

    # -- the pace (section 5.6.2) ------------------------------------------------------------------------------------

    def set_pacing_rate(self, gain: float) -> None:
        """SetPacingRateWithGain(): until the pipe was full once, the pace is only raised, whatever an application that
        writes little makes the bandwidth look like."""
        rate = int(gain * self.model.bw * (1.0 - self._margin))
        if rate > self.pacing_rate or (rate and self.model.pipe.full_bw_reached):
            self.pacing_rate = rate

    # -- the window (sections 5.6.4.4 and 5.6.4.6) -------------------------------------------------------------------

    def grow_cwnd(self, rs: Sample, max_inflight: int) -> None:
        """Cut to the model's volume at once, grow to it by what is delivered; beyond it while it is not yet known."""
        if self.model.pipe.full_bw_reached:
            self.cwnd = min(self.cwnd + rs.delivered, max_inflight)
        elif self.cwnd < max_inflight or rs.total_delivered < self.model.initial_cwnd:
            self.cwnd += rs.delivered
        self.cwnd = max(self.cwnd, self.model.min_pipe_cwnd)

    def save_cwnd(self) -> None:
        """SaveCwnd()"""
        if self.in_loss_recovery or self.model.state is State.PROBE_RTT:
            self.prior_cwnd = max(self.prior_cwnd, self.cwnd)
        else:
            self.prior_cwnd = self.cwnd

    def restore_cwnd(self) -> None:
        """RestoreCwnd()"""
        self.cwnd = max(self.cwnd, self.prior_cwnd)

    def recovered(self, now: int, in_flight: int) -> None:
        if self.in_loss_recovery:
            self.in_loss_recovery = False
            self.restore_cwnd()  # what the model allows of it, the next acknowledgement shows

    # -- pauses (section 5.4) ----------------------------------------------------------------------------------------

    def transmitted(self, now: int, in_flight: int, app_limited: bool) -> None:
        """HandleRestartFromIdle(). An empty pipe alone is no pause: a small window empties it each round."""
        if in_flight or not app_limited:
            return
        self.probe_rtt.idle_restart = True
        self.aggregation.restart(now)
        if self.model.state.in_probe_bw:
            self.set_pacing_rate(1.0)
        elif self.model.state is State.PROBE_RTT and self.probe_rtt.check_done(now):
            self.exit_probe_rtt(now)

    def idle(self, now: int, restart_window: int) -> None:
        """A window is not forgotten: pacing at the known bandwidth fills the pipe without a burst (section 5.4.2)."""

    # -- ProbeRTT (section 5.3.4.3) ----------------------------------------------------------------------------------

    def check_probe_rtt(self, now: int, rs: Sample, target: int) -> None:
        """CheckProbeRTT()"""
        if self.probe_rtt.due:
            self.save_cwnd()
            self.probe_rtt.enter()
        if self.model.state is State.PROBE_RTT and self.probe_rtt.handle(now, rs, target):
            self.exit_probe_rtt(now)
        self.probe_rtt.idle_restart = False

    @abstractmethod
    def exit_probe_rtt(self, now: int) -> None:
        """The probe is over: back to where the pipe is filled, or to where it is searched for."""

    @property
    def variables(self) -> Variables:
        model = self.model
        gains = self.gains[model.state]
        return (
            ("state", model.state.words),
            ("pacing_gain", gains.pacing),
            ("cwnd_gain", gains.cwnd),
            ("round_count", model.rounds.round_count),
            ("full_bw_reached", model.pipe.full_bw_reached),
            ("max_bw", model.max_bw),
            ("bw", model.bw),
            ("min_rtt", model.min_rtt),
            ("extra_acked", model.extra_acked),
            ("prior_cwnd", self.prior_cwnd),
        )


def _first_pace(gain: float, cwnd: int, rtt: int) -> int:
    """InitPacingRate(): the initial window in a round trip, and faster, for it is to double."""
    return int(gain * cwnd * _BITS / rtt)
