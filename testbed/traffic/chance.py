"""The distributions that applications draw from."""

from __future__ import annotations

from random import Random


def draw(stream: Random, distribution: str, mean: int, shape: float = 1.5) -> int:
    """A whole number, at least 1, from `distribution` with this `mean`; `shape` (above 1) is the pareto's."""
    if distribution == "exponential":
        return max(1, round(stream.expovariate(1 / mean)))
    if distribution == "pareto":
        return max(1, round(mean * (shape - 1) / shape * stream.paretovariate(shape)))
    return mean
