"""Independent loss: each packet tosses its own coin."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from testbed.link.loss.model import Loss, LossSpec
from testbed.units import Share


@dataclass(frozen=True, kw_only=True)
class Bernoulli(LossSpec):
    """Each packet is lost with the same probability, whatever became of the others."""

    p: Share
    """Share of the packets that are lost."""

    def build(self, stream: Random) -> Loss:
        return BernoulliLoss(self.p, stream)


class BernoulliLoss(Loss):
    """One draw a packet."""

    __slots__ = ("_p", "_random")

    def __init__(self, p: float, stream: Random) -> None:
        self._p = p
        self._random = stream.random

    def lost(self, now: int) -> bool:
        return self._random() < self._p
