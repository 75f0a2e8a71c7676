"""The round trip without a queue: the least that was seen lately, and ProbeRTT, which makes room to see it.

Section 5.3.4 of draft-ietf-ccwg-bbr-06. A queue that never empties hides the path's own delay. So a connection that
has not seen a new minimum for an interval holds back for a moment (and so do others, at about the same time), drains
what it has queued, and measures. An application that pauses does the same for nothing.

What is delivered meanwhile tells nothing of the bandwidth. The draft marks the connection application-limited; here the
samples in question are known by when they were sent, and the sender need not be told.
"""

from __future__ import annotations

from testbed.tcp.congestion.base import Sample
from testbed.tcp.congestion.bbr.model import INFINITY, Model, State


class ProbeRtt:
    """The minimum filter, and the schedule that it makes. Version 1 has one window where the draft has two."""

    __slots__ = (
        "_bubble_end", "_bubble_start", "_done_stamp", "_duration", "_expired", "_interval", "_min_delay",
        "_min_delay_stamp", "_min_rtt_stamp", "_min_rtt_window", "_model", "_round_done", "idle_restart",
    )  # fmt: skip

    def __init__(self, model: Model, window: int, interval: int, duration: int) -> None:
        """`window`: how long a minimum is believed (ns), `interval`: how long without one, `duration`: of a probe."""
        self._model = model
        self._min_rtt_window = window  # MinRTTFilterLen
        self._interval = interval  # ProbeRTTInterval
        self._duration = duration  # ProbeRTTDuration
        self.idle_restart = False
        self._min_delay = model.min_rtt  # probe_rtt_min_delay, of the interval
        self._min_delay_stamp = self._min_rtt_stamp = -1  # -1: nothing measured yet
        self._expired = False  # probe_rtt_expired
        self._done_stamp = 0  # when the probe may end; 0: not drained yet
        self._round_done = False
        self._bubble_start = self._bubble_end = -1  # what was delivered when a probe began, and when its trace is gone

    def update_min_rtt(self, now: int, rtt: int) -> None:
        """UpdateMinRTT(); `rtt` is 0 if this acknowledgement measured none."""
        if self._min_delay_stamp < 0:  # the clock starts with the first acknowledgement
            self._min_delay_stamp = self._min_rtt_stamp = now
        # Before anything was measured there is nothing to measure again.
        self._expired = now > self._min_delay_stamp + self._interval and self._min_delay != INFINITY
        if rtt > 0 and (rtt < self._min_delay or self._expired):
            self._min_delay = rtt
            self._min_delay_stamp = now
        model = self._model
        if self._min_delay < model.min_rtt or now > self._min_rtt_stamp + self._min_rtt_window:
            model.min_rtt = self._min_delay
            self._min_rtt_stamp = self._min_delay_stamp

    @property
    def due(self) -> bool:
        """Whether it is time for a probe. A pause of the application was as good as one."""
        return self._expired and not self.idle_restart and self._model.state is not State.PROBE_RTT

    def enter(self) -> None:
        """The window is small from now on, and nothing drained yet."""
        self._model.state = State.PROBE_RTT
        self._done_stamp = 0
        self._bubble_start = self._model.rounds.delivered

    def handle(self, now: int, rs: Sample, target: int) -> bool:
        """HandleProbeRTT(): whether no more than `target` was in flight for long enough, and for a round trip."""
        rounds = self._model.rounds
        self._bubble_end = rs.total_delivered + rs.in_flight
        if not self._done_stamp:
            if rs.in_flight <= target:
                self._done_stamp = now + self._duration
                self._round_done = False
                rounds.start_round()
            return False
        self._round_done = self._round_done or rounds.round_start
        return self._round_done and self.check_done(now)

    def check_done(self, now: int) -> bool:
        """CheckProbeRTTDone(): whether the time is over; if it is, the next probe is an interval away."""
        if not self._done_stamp or now <= self._done_stamp:
            return False
        self._min_delay_stamp = now
        return True

    def held_back(self, rs: Sample) -> bool:
        """Whether `rs` is of a segment that was sent in a probe, or before all of a probe's had arrived."""
        return self._bubble_start <= rs.prior_delivered <= self._bubble_end
