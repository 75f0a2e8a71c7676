"""What every loss model is: a spec that builds it, and one question that it answers once for each packet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random


class Loss(ABC):
    """Decides the fate of one packet after another: asked once for every packet that is sent."""

    __slots__ = ()

    @abstractmethod
    def lost(self, now: int) -> bool:
        """Whether the packet whose sending begins at `now` (ns) never arrives."""


@dataclass(frozen=True, kw_only=True)
class LossSpec(ABC):
    """A loss model as written in a file."""

    @abstractmethod
    def build(self, stream: Random) -> Loss:
        """The working model, drawing from `stream` alone."""
