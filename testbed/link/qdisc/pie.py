"""Proportional integral controller, enhanced (RFC 8033): packets are dropped as they come, with a chance that is
corrected every few milliseconds by how far the delay is from its target, and by where it is going.

The delay is that of the packet which has left last, 0 when the queue is empty (section 4.3 has an estimate by the rate
of departures as well). Corrections that were due meanwhile are made up for when the next packet comes or leaves:
nothing that they look at has changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from testbed.clock import SECOND
from testbed.errors import UnitError
from testbed.link.qdisc.fifo import Fifo
from testbed.link.qdisc.qdisc import Drop, Mark, Qdisc, QdiscSpec
from testbed.link.qdisc.red import EARLY
from testbed.units import Duration, QueueLimit, Share
from testbed.wire.packet import Packet

MEAN_PACKET: Final = 1500
"""Bytes; with two of these in the queue nothing is dropped (RFC 8033 section 4.1)."""

SMALL_STEPS: Final = (
    (0.000001, 2048), (0.00001, 512), (0.0001, 128), (0.001, 32), (0.01, 8), (0.1, 2),
)  # fmt: skip
"""Below which probability a correction is divided by how much (RFC 8033 section 4.2)."""

LARGEST_STEP: Final = 0.02
"""The most that a correction adds once the probability is 10 % (RFC 8033 section 5.5)."""

DECAY: Final = 0.98
"""What remains of the probability after each update without a queue (RFC 8033 section 4.2)."""

NEVER_BELOW: Final = 0.85
ALWAYS_ABOVE: Final = 8.5
"""Bounds of the probability accumulated since the last drop: so soon none comes, so late one does (section 5.4)."""


@dataclass(frozen=True, kw_only=True)
class Pie(QdiscSpec):
    """Proportional integral controller: drops or marks with a chance that keeps the delay at its target."""

    limit: QueueLimit | None = (1000, "packets")
    """The most that may wait, in packets or in bytes (tc-pie(8): 1000 packets)."""

    target: Duration = 15_000_000
    """The delay to be had (RFC 8033 section 4.2, QDELAY_REF: 15 ms)."""

    update: Duration = 15_000_000
    """How often the chance is corrected (RFC 8033 section 4.2, T_UPDATE: 15 ms)."""

    alpha: float = 0.125
    """By how much, for each second that the delay is above the target (RFC 8033 section 4.2)."""

    beta: float = 1.25
    """By how much, for each second that the delay has grown by since the last update (RFC 8033 section 4.2)."""

    max_burst: Duration = 150_000_000
    """For how long nothing is dropped after the queue has been short (RFC 8033 section 4.4, MAX_BURST: 150 ms)."""

    ecn: bool = True
    """Mark packets that allow it instead of dropping them, up to `mark_up_to`."""

    mark_up_to: Share = 0.1
    """The probability up to which packets are marked; above it they are dropped (RFC 8033 section 5.1: 10 %)."""

    def __post_init__(self) -> None:
        if not self.update:
            raise UnitError("update must be above 0")
        for name, gain in (("alpha", self.alpha), ("beta", self.beta)):
            if not gain >= 0:
                raise UnitError(f"{name} cannot be negative")

    def build(self, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> Qdisc:
        return PieQueue(self, self.limit or limit, drop, mark, stream)


class PieQueue(Fifo):
    """The names are those of the RFC's section 4 without their prefix. Times in ns."""

    __slots__ = (
        "_accumulated", "_burst_allowance", "_delay", "_next_update", "_old_delay", "_random", "_spec", "probability",
    )  # fmt: skip

    def __init__(self, spec: Pie, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> None:
        super().__init__(limit, drop, mark)
        self._spec = spec
        self._random = stream.random
        self._next_update = 0
        self._burst_allowance = spec.max_burst
        self._delay = 0
        self._old_delay = 0
        self._accumulated = 0.0
        self.probability = 0.0

    def enqueue(self, packet: Packet, now: int) -> None:
        self._catch_up(now)
        if self.has_room(packet) and not self._burst_allowance and self._chosen():
            spec = self._spec
            marks = spec.ecn and self.probability <= spec.mark_up_to
            if not (marks and self.mark(packet, now, EARLY)):
                self._drop(packet, now, EARLY)
                return
        super().enqueue(packet, now)

    def dequeue(self, now: int) -> Packet | None:
        self._catch_up(now)
        packet = super().dequeue(now)
        self._delay = self.waited if self.packets else 0
        return packet

    def _chosen(self) -> bool:
        """Whether chance has chosen this packet (RFC 8033 sections 4.1 and 5.4)."""
        short = self._old_delay < self._spec.target // 2 and self.probability < 0.2
        if short or self.size <= 2 * MEAN_PACKET:
            return False
        self._accumulated = self._accumulated + self.probability if self.probability else 0.0
        if self._accumulated < NEVER_BELOW:
            return False
        if self._accumulated < ALWAYS_ABOVE and self._random() >= self.probability:
            return False
        self._accumulated = 0.0
        return True

    # -- the probability -----------------------------------------------------------------------------------------------

    def _catch_up(self, now: int) -> None:
        """Make every update that was due."""
        interval = self._spec.update
        while self._next_update <= now:
            if not (self.probability or self._delay or self._old_delay):  # at rest: no update would change anything
                self._burst_allowance = self._spec.max_burst
                self._next_update = now - (now - self._next_update) % interval
            else:
                self._update()
            self._next_update += interval

    def _update(self) -> None:
        """RFC 8033 sections 4.2 and 4.4."""
        spec, delay, old_delay = self._spec, self._delay, self._old_delay
        step = (spec.alpha * (delay - spec.target) + spec.beta * (delay - old_delay)) / SECOND
        step /= _divisor(self.probability)
        if self.probability >= 0.1:
            step = min(step, LARGEST_STEP)
        probability = self.probability + step
        if not (delay or old_delay):
            probability *= DECAY
        self.probability = min(1.0, max(0.0, probability))
        self._burst_allowance = max(0, self._burst_allowance - spec.update)
        if not self.probability and delay < spec.target // 2 and old_delay < spec.target // 2:
            self._burst_allowance = spec.max_burst
        self._old_delay = delay


def _divisor(probability: float) -> int:
    """What a step is divided by, for a small probability must not change by much more than itself."""
    for bound, divisor in SMALL_STEPS:
        if probability < bound:
            return divisor
    return 1
