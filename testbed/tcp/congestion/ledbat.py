"""LEDBAT: the background's control, which yields to everybody else (RFC 6817).

For what can wait: updates, backups. Others' queues are its sign to leave: it measures how much longer data is under way
than at best, and steers for a TARGET of that, 100 ms. With less it grows, at most as fast as Reno does; with more it
shrinks, in proportion to how far off it is:

    queuing delay = least of the latest delays - least of the last ten minutes' (base delay)
    cwnd += GAIN * (1 - queuing delay / TARGET) * bytes acknowledged * MSS / cwnd

Beside Reno or CUBIC, which fill the queue for longer than TARGET, it withdraws to two segments. Alone, it fills the
link, with a queue of TARGET. Late comers that find such a queue take it for the base delay, and too much for themselves
(section 4.4).

The delay should be that of the way there. `Sample.one_way` has it where both ends' timestamps tell; without them **the
round-trip time stands in**, and with it what acknowledgements spend in queues on their way back, and at the receiver.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start, Variables, WindowBased
from testbed.units import Count, Duration

MIN_CWND: Final = 2
"""Segments; INIT_CWND is the same (RFC 6817 section 2.5)."""

MINUTE: Final = 60 * SECOND


@dataclass(frozen=True, kw_only=True)
class LedbatSpec(ControlSpec):
    """For the background: yields to others, by the rise of the delay (RFC 6817). Begins with two segments."""

    target: Duration = 100 * MILLISECOND
    """The queuing delay to steer for (RFC 6817 section 2.5: at most 100 ms)."""

    gain: float = 1.0
    """Segments a round trip that the window grows by where there is no queue (RFC 6817 section 2.5: at most 1)."""

    allowed_increase: Count = 1
    """Segments by which the window may exceed what is in flight (RFC 6817 section 2.5: 1)."""

    base_history: Count = 10
    """Minutes over which the least delay is remembered (RFC 6817 section 2.5: 10)."""

    current_filter: Count = 4
    """The latest samples of which the least is the present delay, where they are not older than a round trip
    (RFC 6817 section 2.5: at least 4)."""

    def __post_init__(self) -> None:
        for name, wrong, remedy in (
            ("target", not 0 < self.target <= 100 * MILLISECOND, "must be above 0, and at most 100ms (RFC 6817)"),
            ("gain", not 0 < self.gain <= 1, "must be above 0, and at most 1 (RFC 6817)"),
            ("base_history", self.base_history < 1, "must be at least 1"),
            ("current_filter", self.current_filter < 1, "must be at least 1"),
        ):
            if wrong:
                raise UnitError(f"{name} {remedy}")

    def build(self, start: Start) -> Control:
        return Ledbat(start, self)


class Ledbat(WindowBased):
    """There is no slow start; the threshold serves recovery only."""

    measures_one_way = True

    __slots__ = ("_base_delays", "_current_delays", "_fraction", "_minute", "_spec")

    def __init__(self, start: Start, spec: LedbatSpec) -> None:
        super().__init__(start)
        self.cwnd = min(start.window, MIN_CWND * start.mss)
        self._spec = spec
        self._base_delays: deque[int] = deque(maxlen=spec.base_history)  # the least of each minute
        self._current_delays: deque[tuple[int, int]] = deque(maxlen=spec.current_filter)  # with their times
        self._minute = -1  # that the last of the base delays is of
        self._fraction = 0.0  # of a byte, that the window is still to change by

    def acknowledged(self, now: int, sample: Sample) -> str:
        delay = sample.one_way or sample.rtt
        if delay:
            self._hear(now, delay, sample.srtt)
        if sample.recovering or sample.ece or sample.acked <= 0 or not self._current_delays:
            return ""
        return self.grow(now, sample)

    def _hear(self, now: int, delay: int, round_trip: int) -> None:
        """Section 2.4.2: update_base_delay and update_current_delay."""
        if now // MINUTE != self._minute:
            self._minute = now // MINUTE
            self._base_delays.append(delay)
        elif delay < self._base_delays[-1]:
            self._base_delays[-1] = delay
        latest = self._current_delays
        latest.append((now, delay))
        while latest[0][0] < now - round_trip:
            latest.popleft()

    def grow(self, now: int, sample: Sample) -> str:
        """Or shrink; by section 2.4.2. Nothing is asked of the window but that it is no larger than what is in flight
        and a segment: this is how an application's pause is answered."""
        before, mss = self.cwnd, self.mss
        off_target = 1 - self.queuing_delay / self._spec.target
        self._fraction += self._spec.gain * off_target * sample.acked * mss / self.cwnd
        change = int(self._fraction)
        self._fraction -= change
        allowed = sample.prior_in_flight + self._spec.allowed_increase * mss
        self.cwnd = max(min(self.cwnd + change, allowed), MIN_CWND * mss)
        if self.cwnd == before:
            return ""
        return "below target" if off_target > 0 else "above target"

    @property
    def queuing_delay(self) -> int:
        if not self._current_delays:
            return 0
        return min(delay for _, delay in self._current_delays) - min(self._base_delays)

    def reduced(self, in_flight: int) -> int:
        return max(self.cwnd // 2, MIN_CWND * self.mss)

    @property
    def variables(self) -> Variables:
        return ("base_delay", min(self._base_delays, default=0)), ("queuing_delay", self.queuing_delay)
