"""Random early detection: the longer the queue is on average, the more packets tell their senders so.

S. Floyd and V. Jacobson, "Random early detection gateways for congestion avoidance", IEEE/ACM Transactions on
Networking 1(4), 1993; "gentle" is S. Floyd's of 2000. With ECN (RFC 3168 section 7) what chance has chosen is marked
and not dropped; beyond the slope everything is dropped.

                  1 |                    /-------
                    |                  /
                    |                /   gentle
    max_probability |         __---/
                    |    __---
                  0 +----|---------|-----|------- average
                        min       max  2·max

Probabilities do not depend on a packet's size, even if thresholds are in bytes (RFC 7141).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from testbed.errors import UnitError
from testbed.link.qdisc.fifo import Fifo
from testbed.link.qdisc.qdisc import Drop, Mark, Qdisc, QdiscSpec
from testbed.units import QueueLimit, Share
from testbed.wire.packet import Packet

EARLY: Final = "early"
"""Chosen by chance before the queue was full."""

FORCED: Final = "forced"
"""The average was beyond all bounds."""


@dataclass(frozen=True, kw_only=True)
class Red(QdiscSpec):
    """Random early detection: drops or marks with a chance that grows with the average length of the queue."""

    min: QueueLimit | None = None
    """The average below which nothing is dropped. Absent: a third of `max`, as Floyd advises."""

    max: QueueLimit | None = None
    """The average at which `max_probability` is reached. Absent: half of the limit, so that the gentle slope ends
    where the queue is full."""

    max_probability: Share = 0.1
    """The chance of a packet to be dropped or marked when the average is at `max` (Floyd's advice since 1997; tc-red(8)
    has 2 %)."""

    weight: Share = 0.002
    """What a packet's coming changes in the average: the weight of the length that it finds (1993, section 6)."""

    gentle: bool = True
    """Above `max` let the chance grow to 1 at twice that, and not at once."""

    ecn: bool = True
    """Mark packets that allow it instead of dropping them, as long as chance decides (RFC 3168 section 7)."""

    def __post_init__(self) -> None:
        if self.min is not None and self.max is not None:
            if self.min[1] != self.max[1]:
                raise UnitError("min and max must both be in packets, or both in bytes")
            if self.min[0] >= self.max[0]:
                raise UnitError("min must be below max")
        if not self.weight:
            raise UnitError("weight must be above 0, or the average never moves")

    def build(self, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> Qdisc:
        return RedQueue(self, self.limit or limit, drop, mark, stream)

    def thresholds(self, limit: QueueLimit) -> tuple[float, float, str]:
        """Minimum, maximum and their unit, in a queue of this limit."""
        if self.max is not None:
            highest, unit = self.max
            return (self.min[0] if self.min else highest / 3), highest, unit
        if self.min is not None:
            lowest, unit = self.min
            return lowest, 3 * lowest, unit
        most, unit = limit
        return most / 6, most / 2, unit


class RedQueue(Fifo):
    """Takes its packets in at the end, and at the average's will."""

    __slots__ = (
        "_chance", "_count", "_ecn", "_empty_since", "_in_packets", "_max", "_max_probability", "_min", "_random",
        "_sending", "_sent", "_sent_since", "_steepest", "_weight", "average",
    )  # fmt: skip

    def __init__(self, spec: Red, limit: QueueLimit, drop: Drop, mark: Mark, stream: Random) -> None:
        super().__init__(limit, drop, mark)
        self._min, self._max, unit = spec.thresholds(limit)
        self._in_packets = unit == "packets"
        self._steepest = 2 * self._max if spec.gentle else self._max
        self._max_probability = spec.max_probability
        self._weight = spec.weight
        self._ecn = spec.ecn
        self._random = stream.random
        self.average = 0.0
        self._count = 0  # packets let by on the slope since the last that was not
        self._empty_since = 0
        self._sending = 0  # ns that `_sent` packets have taken, of those that others waited for
        self._sent = 0
        self._sent_since = 0

    def enqueue(self, packet: Packet, now: int) -> None:
        self._measure(now)
        if not self.has_room(packet):
            self._count = 0
        elif self.average >= self._steepest:
            self._count = 0
            self._drop(packet, now, FORCED)
            return
        elif self._chosen() and not (self._ecn and self.mark(packet, now, EARLY)):
            self._drop(packet, now, EARLY)
            return
        super().enqueue(packet, now)

    def dequeue(self, now: int) -> Packet | None:
        if self._sent_since:
            self._sending += now - self._sent_since
            self._sent += 1
        packet = super().dequeue(now)
        if self.packets:
            self._sent_since = now
        else:
            self._sent_since = 0  # whether the next one comes before this one has left is not known
            self._empty_since = now
        return packet

    def _measure(self, now: int) -> None:
        """The average after a packet's coming. While the queue was empty, it is as if small packets had gone on coming,
        and each had found nothing (section 4 of the paper)."""
        if self.packets:
            found = self.packets if self._in_packets else self.size
            self.average += self._weight * (found - self.average)
        elif self._sending:
            missed = (now - self._empty_since) * self._sent / self._sending
            self.average *= (1 - self._weight) ** missed

    def _chosen(self) -> bool:
        """Whether chance has chosen this packet, so that those chosen are evenly spread: the next one is as likely the
        first as the second, …, as the 1/p-th (section 7 of the paper; its figure 2 leaves out the last)."""
        if self.average < self._min:
            self._count = 0
            return False
        if self.average < self._max:
            chance = self._max_probability * (self.average - self._min) / (self._max - self._min)
        else:
            chance = self._max_probability + (1 - self._max_probability) * (self.average - self._max) / self._max
        spread = 1 - self._count * chance
        chosen = spread <= 0 or self._random() < chance / spread
        self._count = 0 if chosen else self._count + 1
        return chosen
