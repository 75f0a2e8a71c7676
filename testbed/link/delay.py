"""How much a packet's way differs from the link's `delay`: jitter. Without it the delay is constant.

Jitter keeps the order of packets: whoever would overtake arrives together with the one before it, right
behind it. `reorder: true` lets them overtake. Nothing arrives before it has left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random
from typing import Final

from testbed.units import Duration


class Jitter(ABC):
    """Draws once for each packet."""

    __slots__ = ()

    @abstractmethod
    def draw(self) -> int:
        """By how much (ns) the next packet's delay differs from the constant one; may be below 0."""


@dataclass(frozen=True, kw_only=True)
class JitterSpec(ABC):
    """A jitter model as written in a file."""

    reorder: bool = False
    """Let a packet overtake one that is slower."""

    @abstractmethod
    def build(self, stream: Random) -> Jitter:
        """The working model, drawing from `stream` alone."""


@dataclass(frozen=True, kw_only=True)
class Uniform(JitterSpec):
    """Evenly spread around the delay."""

    spread: Duration
    """Furthest from the delay, either way."""

    def build(self, stream: Random) -> Jitter:
        return UniformJitter(self.spread, stream)


@dataclass(frozen=True, kw_only=True)
class Normal(JitterSpec):
    """A bell curve around the delay."""

    deviation: Duration
    """Standard deviation."""

    def build(self, stream: Random) -> Jitter:
        return NormalJitter(self.deviation, stream)


@dataclass(frozen=True, kw_only=True)
class Exponential(JitterSpec):
    """The delay is the least, and a memoryless wait comes on top: short mostly, long now and then."""

    mean: Duration
    """Mean of what comes on top."""

    def build(self, stream: Random) -> Jitter:
        return ExponentialJitter(self.mean, stream)


class UniformJitter(Jitter):
    """Whole nanoseconds, both ends included."""

    __slots__ = ("_spread", "_stream")

    def __init__(self, spread: int, stream: Random) -> None:
        self._spread = spread
        self._stream = stream

    def draw(self) -> int:
        return self._stream.randint(-self._spread, self._spread)


class NormalJitter(Jitter):
    """Rounded to nanoseconds."""

    __slots__ = ("_deviation", "_stream")

    def __init__(self, deviation: int, stream: Random) -> None:
        self._deviation = deviation
        self._stream = stream

    def draw(self) -> int:
        return round(self._stream.gauss(0.0, 1.0) * self._deviation)


class ExponentialJitter(Jitter):
    """Rounded to nanoseconds; never below 0."""

    __slots__ = ("_mean", "_stream")

    def __init__(self, mean: int, stream: Random) -> None:
        self._mean = mean
        self._stream = stream

    def draw(self) -> int:
        return round(self._stream.expovariate(1.0) * self._mean)


JITTERS: Final[dict[str, type[JitterSpec]]] = {
    "uniform": Uniform,
    "normal": Normal,
    "exponential": Exponential,
}
