"""The model of the path, which both versions share: bandwidth, delay, how bursty it is, and where we stand in it.

Sections are those of draft-ietf-ccwg-bbr-06, as are the names.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from testbed.tcp.congestion.base import UNLIMITED, Sample, Start
from testbed.tcp.congestion.bbr.filters import WindowedMax
from testbed.tcp.congestion.bbr.rounds import FullPipe, Rounds

INFINITY: Final = UNLIMITED
"""What is not known yet, or sets no bound: as a size, a rate and a time more than anybody has."""

_BYTE_SECONDS: Final = 8_000_000_000
"""Rate (bit/s) times time (ns), divided by this, is a volume (bytes)."""


class State(IntEnum):
    """Where a connection stands (section 5.1.1). Version 1 refills nothing: its gain cycle goes UP, DOWN, CRUISE."""

    STARTUP = 0
    DRAIN = 1
    PROBE_BW_DOWN = 2
    PROBE_BW_CRUISE = 3
    PROBE_BW_REFILL = 4
    PROBE_BW_UP = 5
    PROBE_RTT = 6

    @property
    def in_probe_bw(self) -> bool:
        return State.PROBE_BW_DOWN <= self <= State.PROBE_BW_UP

    @property
    def probes(self) -> bool:
        """Whether it sends as if there were more bandwidth than is known [IsProbingBW]."""
        return self in (State.STARTUP, State.PROBE_BW_REFILL, State.PROBE_BW_UP)

    @property
    def words(self) -> str:
        return self.name.lower().replace("_", " ")


class Model:
    """What is believed of the path (section 2.9), and the volumes that follow from it. bit/s, ns, bytes."""

    __slots__ = (
        "_max_bw_filter", "_max_bw_window", "bw", "extra_acked", "initial_cwnd", "max_bw", "min_pipe_cwnd",
        "min_rtt", "mss", "pipe", "rounds", "state",
    )  # fmt: skip

    def __init__(self, start: Start, pipe: FullPipe, min_window: int, max_bw_window: int) -> None:
        self.mss = start.mss
        self.initial_cwnd = start.window
        self.min_pipe_cwnd = min_window * start.mss
        self.state = State.STARTUP
        self.rounds = Rounds()
        self.pipe = pipe
        self.max_bw = 0  # the long-term estimate
        self.bw = 0  # what is used: `max_bw`, unless something says less
        self.min_rtt = start.rtt or INFINITY
        self.extra_acked = 0
        self._max_bw_filter = WindowedMax()
        self._max_bw_window = max_bw_window

    def resized(self, mss: int) -> None:
        """The path takes segments of another size."""
        self.min_pipe_cwnd = self.min_pipe_cwnd // self.mss * mss
        self.mss = mss

    def update_max_bw(self, rs: Sample, app_limited: bool, tick: int) -> None:
        """UpdateMaxBw(), section 5.5.5: what the application limited tells nothing, unless it is more than we knew.

        So nothing is forgotten while the application writes little, and a connection that has never written much has
        an estimate all the same.
        """
        if rs.rate > 0 and (rs.rate >= self.max_bw or not app_limited):
            self.max_bw = self._max_bw_filter.update(rs.rate, tick, self._max_bw_window)

    def bdp_multiple(self, gain: float, bw: int = 0) -> int:
        """BDPMultiple(): `gain` times the bandwidth-delay product, of `bw` or the bandwidth in use."""
        if self.min_rtt == INFINITY:
            return self.initial_cwnd
        return int(gain * (bw or self.bw) * self.min_rtt / _BYTE_SECONDS)

    def inflight(self, gain: float, bw: int = 0) -> int:
        """Inflight(): that, but enough for delayed acknowledgements."""
        return self.quantization_budget(self.bdp_multiple(gain, bw))

    def quantization_budget(self, inflight_cap: int) -> int:
        """QuantizationBudget(), section 5.6.4.2, without what offloading would need: our quantum is a segment
        (section 5.6.3: "the smallest feasible"), three of which are fewer than MinPipeCwnd."""
        inflight_cap = max(inflight_cap, self.min_pipe_cwnd)
        return inflight_cap + 2 * self.mss if self.state is State.PROBE_BW_UP else inflight_cap


class Aggregation:
    """How much more is acknowledged at once than the bandwidth explains (section 5.5.9): the silences between such
    bursts are bridged by having so much more in flight."""

    __slots__ = ("_delivered", "_filter", "_interval_start")

    def __init__(self) -> None:
        self._delivered = 0  # extra_acked_delivered
        self._interval_start = 0
        self._filter = WindowedMax()

    def restart(self, now: int) -> None:
        """Nothing was expected before `now`: there was nothing to acknowledge."""
        self._interval_start = now
        self._delivered = 0

    def update(self, now: int, rs: Sample, model: Model, cwnd: int, length: int) -> None:
        """UpdateACKAggregation(): set `model.extra_acked`, the largest excess of the last `length` rounds."""
        expected = model.bw * (now - self._interval_start) // _BYTE_SECONDS
        if self._delivered <= expected:  # the burst, if there was one, is over
            self.restart(now)
            expected = 0
        self._delivered += rs.delivered
        extra = min(self._delivered - expected, cwnd)
        model.extra_acked = self._filter.update(extra, model.rounds.round_count, length)
