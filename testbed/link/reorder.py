"""Reordering on purpose: some packets are held back, so that those behind overtake them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from testbed.errors import UnitError
from testbed.units import Duration, Share


@dataclass(frozen=True, kw_only=True)
class Reorder:
    """A share of the packets arrives later by a fixed delay; the others pass them by."""

    share: Share
    """Share of the packets that are held back."""

    delay: Duration
    """For how long. To be overtaken by n packets of a busy link takes n of their transmission times."""

    def __post_init__(self) -> None:
        if self.delay < 1:
            raise UnitError("delay must be at least 1ns, or nobody overtakes")

    def build(self, stream: Random) -> Reordering:
        """The working model, drawing from `stream` alone."""
        return Reordering(self.share, self.delay, stream)


class Reordering:
    """One draw a packet."""

    __slots__ = ("_delay", "_random", "_share")

    def __init__(self, share: float, delay: int, stream: Random) -> None:
        self._share = share
        self._delay = delay
        self._random = stream.random

    def draw(self) -> int:
        """For how long (ns) the next packet is held back; 0: it is not."""
        return self._delay if self._random() < self._share else 0
