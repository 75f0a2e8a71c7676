"""Loss by rote: exactly every n-th packet, for figures that chance would blur."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from testbed.errors import UnitError
from testbed.link.loss.model import Loss, LossSpec
from testbed.units import Count


@dataclass(frozen=True, kw_only=True)
class Periodic(LossSpec):
    """Exactly every n-th packet is lost."""

    every: Count
    """The period: with 100, one packet in a hundred is lost."""

    offset: Count = 0
    """Packets let through before the counting begins: the first to be lost is number `offset + every`."""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UnitError("every must be at least 1")

    def build(self, stream: Random) -> Loss:
        return PeriodicLoss(self.every, self.offset)


class PeriodicLoss(Loss):
    """Counts down to the next loss; draws nothing."""

    __slots__ = ("_every", "_left")

    def __init__(self, every: int, offset: int) -> None:
        self._every = every
        self._left = offset + every

    def lost(self, now: int) -> bool:
        self._left -= 1
        if self._left:
            return False
        self._left = self._every
        return True
