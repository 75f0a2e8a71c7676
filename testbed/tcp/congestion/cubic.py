"""CUBIC: the window grows with the time since the last loss, not with each round trip (RFC 9438).

Reno adds a segment a round trip, which takes hours to fill a fast and long path. CUBIC remembers the window at which it
lost something, W_max, and returns there on a cubic curve: fast at first, then ever more carefully (the concave region),
along a plateau around W_max, and beyond it faster and faster, to look for more (the convex region):

    W_cubic(t) = C (t - K)³ + W_max                             W_max ┤      ╭────╯
                                                                      │   ╭──╯
    so that W_cubic(0) is the window after the loss,                  │  ╱
    and W_cubic(K) = W_max again                                      ┴──────┴────── t
                                                                             K
Since t is time, flows of different RTT grow alike. Where the path is so short or slow that Reno would be faster (the
Reno-friendly region), the window follows W_est instead, what Reno would have at the same rate of loss.

t counts from when congestion avoidance began, neither from the loss nor through a pause: while the window is not what
limits the sender, it stands still (section 5.8), for otherwise the first acknowledgement after a pause would let the
window leap. Windows are in bytes here, C times the MSS therefore; RFC 9438 has segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cbrt
from typing import Final, Literal

from testbed.clock import SECOND
from testbed.errors import UnitError
from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start, Variables, WindowBased
from testbed.tcp.congestion.hystart import slow_start
from testbed.units import Share

ABE_BETA: Final = 0.85
"""What an ECN mark leaves of the window (RFC 8511 section 3.1: 0.85 for CUBIC)."""

FASTEST: Final = 1.5
"""The target is at most so many times the window: half as fast as slow start (section 4.2)."""

_Epoch = tuple[int, float, float, int | None, float]
"""What `undo` restores: cwnd_prior, W_max, K, t_epoch and W_est."""


@dataclass(frozen=True, kw_only=True)
class CubicSpec(ControlSpec):
    """Growth by the cube of the time since the last loss, reduction to 0.7 (RFC 9438)."""

    c: float = 0.4
    """How steep the curve is, in segments per s³ (RFC 9438 section 5.1: 0.4)."""

    beta: Share = 0.7
    """What a loss leaves of the window (RFC 9438 section 4.6: 0.7)."""

    fast_convergence: bool = True
    """Return to less than before when a loss comes earlier than the last, to make room for others (RFC 9438 section
    4.7, which wants it switched off where a flow is alone)."""

    hystart: bool = True
    """Leave the first slow start when delay rises, before anything is lost (HyStart++, RFC 9406)."""

    ssthresh_from: Literal["flight_size", "cwnd"] = "flight_size"
    """What a loss leaves `beta` of: all that is unacknowledged, or the congestion window, as Linux has it (RFC 9438
    section 4.6 allows this because the window does not grow unless it is filled)."""

    def __post_init__(self) -> None:
        if self.c <= 0:
            raise UnitError("c must be above 0")
        if not 0 < self.beta < 1:
            raise UnitError("beta must lie between 0 and 1")

    def build(self, start: Start) -> Control:
        return Cubic(start, self)


class Cubic(WindowBased):
    """Names as in the RFC: section 4.1.2. `_epoch` is None unless congestion avoidance is under way."""

    __slots__ = (
        "_abe", "_alpha", "_c", "_cwnd_prior", "_epoch", "_fraction", "_heard", "_k", "_saved", "_slow_start", "_spec",
        "_w_est", "_w_max",
    )  # fmt: skip

    def __init__(self, start: Start, spec: CubicSpec) -> None:
        super().__init__(start)
        self._spec = spec
        self._c = spec.c * start.mss  # in bytes
        self._alpha = 3 * (1 - spec.beta) / (1 + spec.beta)  # section 4.3: as fast as Reno in the mean
        self._abe = start.abe
        self._slow_start = slow_start(start, spec.hystart)
        self._epoch: int | None = None  # when congestion avoidance began, moved on by every pause [t_epoch]
        self._heard = 0  # the last acknowledgement
        self._k = 0.0  # s
        self._w_max = 0.0  # 0: undefined
        self._w_est = 0.0
        self._cwnd_prior = 0  # the window when the threshold was set; 0: it was not
        self._fraction = 0.0  # of a byte, that the window is still to grow by
        self._saved: _Epoch = (0, 0.0, 0.0, None, 0.0)  # before the last reduction

    # -- growth ------------------------------------------------------------------------------------------------------

    def acknowledged(self, now: int, sample: Sample) -> str:
        if not sample.recovering:
            # Time counts while the window is full. What is acknowledged now was sent a round trip ago: before that,
            # since the last acknowledgement, there was a pause.
            busy = (sample.rtt or sample.srtt) if sample.limited else 0
            pause = now - self._heard - busy
            if pause > 0 and self._epoch is not None:
                self._epoch += pause
            self._heard = now
        return WindowBased.acknowledged(self, now, sample)

    def grow(self, now: int, sample: Sample) -> str:
        if self.cwnd < self.ssthresh:
            self._epoch = None
            return self._slow_start.advance(self, sample)
        epoch = self._epoch
        if epoch is None:
            epoch = self._begin(now)
        cwnd, w_est = self.cwnd, self._w_est
        acked = sample.acked if sample.acked < cwnd else cwnd
        self._w_est = w_est = w_est + (self._alpha if w_est < self._cwnd_prior else 1) * acked * self.mss / cwnd
        time = (now - epoch) / SECOND - self._k
        w_cubic = self._c * time**3 + self._w_max  # equation (1), in bytes
        if w_cubic < w_est:
            return self._follow_reno()
        time = (now - epoch) / SECOND + sample.srtt / SECOND - self._k
        return self._approach(self._c * time**3 + self._w_max, acked)

    def _begin(self, now: int) -> int:
        """Congestion avoidance begins (section 4.2): at W_max there is a plateau, or here if W_max was reached or is
        undefined, after a timeout (section 4.8) and when HyStart++ has ended slow start (section 4.10)."""
        self._epoch = now
        self._fraction = 0.0
        self._w_est = self.cwnd
        self._w_max = max(self._w_max, self.cwnd)
        self._k = cbrt((self._w_max - self.cwnd) / self._c)
        self._cwnd_prior = self._cwnd_prior or self.cwnd
        return now

    def _follow_reno(self) -> str:
        """Section 4.3. The window never shrinks by this."""
        if self._w_est < self.cwnd + 1:
            return ""
        self.cwnd = int(self._w_est)
        return "Reno-friendly region"

    def _approach(self, target: float, acked: int) -> str:
        """Sections 4.4 and 4.5: by (target - cwnd) / cwnd for each segment acknowledged, so that delayed
        acknowledgements do not slow it down."""
        cwnd = self.cwnd
        if target <= cwnd:
            return ""
        fraction = self._fraction + (min(target, FASTEST * cwnd) - cwnd) * acked / cwnd
        grown = int(fraction)
        self._fraction = fraction - grown
        if not grown:
            return ""
        self.cwnd = cwnd + grown
        return "concave region" if cwnd < self._w_max else "convex region"

    # -- reduction ---------------------------------------------------------------------------------------------------

    def reduced(self, in_flight: int) -> int:
        return max(self._reduce(in_flight, self._spec.beta), 2 * self.mss)

    def _reduce(self, in_flight: int, beta: float) -> int:
        """Remember the window that was too large, and less than that when it is lost earlier than last time (sections
        4.6 and 4.7); the part of it that is left, without a floor."""
        early = self._spec.fast_convergence and self.cwnd < self._w_max
        self._w_max = self.cwnd * (1 + self._spec.beta) / 2 if early else self.cwnd
        self._cwnd_prior = self.cwnd
        self._epoch = None
        return int((in_flight if self._spec.ssthresh_from == "flight_size" else self.cwnd) * beta)

    def marked(self, now: int, in_flight: int) -> str:
        self.remember()
        window = self._reduce(min(in_flight, self.cwnd), ABE_BETA if self._abe else self._spec.beta)
        self.cwnd = max(window, self.mss)  # marks take it to one segment, where a loss leaves two (section 4.6)
        self.ssthresh = max(window, 2 * self.mss)
        return "ECN echo"

    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        super().timed_out(now, in_flight, again)
        self._epoch = None
        self._w_max = 0.0  # section 4.8: none of this is known any more

    def resized(self, mss: int) -> None:
        super().resized(mss)
        self._c = self._spec.c * mss

    # -- for nothing -------------------------------------------------------------------------------------------------

    def remember(self) -> None:
        super().remember()
        self._saved = self._cwnd_prior, self._w_max, self._k, self._epoch, self._w_est

    def undo(self, now: int) -> None:
        """The curve goes on as if there had been no loss, unless it has reached further meanwhile (section 4.9.2)."""
        if self._undo is None or self.cwnd >= self._cwnd_prior:
            return
        super().undo(now)
        self._cwnd_prior, self._w_max, self._k, self._epoch, self._w_est = self._saved
        self._heard = now

    @property
    def variables(self) -> Variables:
        inside = ("w_max", self._w_max), ("k", self._k * SECOND), ("w_est", self._w_est)
        return (*inside, ("cwnd_prior", self._cwnd_prior), *self._slow_start.variables)
