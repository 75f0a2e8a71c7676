"""Bursty loss: a channel that is good for a while, then bad for a while (Gilbert 1960, Elliott 1963).

The letters are those of tc-netem(8), `gemodel p r 1-h 1-k`. A packet meets the channel in the state that the
packet before it left; afterwards the state may change, as in netem:

            p
      +----------->+
    GOOD          BAD       lost: 1-k in GOOD, 1-h in BAD
      +<-----------+
            r

The mean share lost is (1-h)·p/(p+r) + (1-k)·r/(p+r); a stay in BAD lasts 1/r packets in the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from testbed.link.loss.model import Loss, LossSpec
from testbed.units import Share


@dataclass(frozen=True, kw_only=True)
class GilbertElliott(LossSpec):
    """Loss in bursts: a channel that goes bad with probability p and recovers with probability r."""

    p: Share
    """Probability, packet by packet, that a good channel goes bad."""

    r: Share | None = None
    """Probability, packet by packet, that a bad channel recovers. 1/r is the mean burst. Absent: 1-p, as
    netem has it, which makes losses independent."""

    h: Share = 0.0
    """Probability that a packet survives the bad state (netem's `1-h` is its complement)."""

    k: Share = 1.0
    """Probability that a packet survives the good state (netem's `1-k` is its complement)."""

    def build(self, stream: Random) -> Loss:
        return GilbertElliottLoss(self.p, 1.0 - self.p if self.r is None else self.r, self.h, self.k, stream)


class GilbertElliottLoss(Loss):
    """Begins good. Two draws a packet: its own fate, and the channel's next state."""

    __slots__ = ("_bad", "_h", "_k", "_p", "_r", "_random")

    def __init__(self, p: float, r: float, h: float, k: float, stream: Random) -> None:
        self._p = p
        self._r = r
        self._h = h
        self._k = k
        self._random = stream.random
        self._bad = False

    def lost(self, now: int) -> bool:
        fate = self._random()
        change = self._random()
        if self._bad:
            self._bad = change >= self._r
            return fate >= self._h
        self._bad = change < self._p
        return fate >= self._k
