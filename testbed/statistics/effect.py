"""How large a difference is beside the luck of a single run."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

_WORDS: Final = ((0.147, "negligible"), (0.33, "small"), (0.474, "medium"))
"""Romano et al. 2006, "Appropriate statistics for ordinal level data"."""


def cliffs_delta(values: Sequence[float], baseline: Sequence[float]) -> float:
    """From 1, every value is above every one of the baseline's, to -1; 0: as often above as below.

    `(1 + delta) / 2` is the probability that a run of the one comes out above a run of the other. It supposes nothing
    of how values are spread, and no outlier moves it far, where Cohen's d and Hedges' g divide by a standard deviation
    (Cliff 1993, "Dominance statistics").
    """
    ordered = sorted(baseline)
    below = sum(bisect_left(ordered, value) for value in values)
    above = sum(len(ordered) - bisect_right(ordered, value) for value in values)
    return (below - above) / (len(values) * len(ordered))


def in_a_word(delta: float) -> str:
    """negligible, small, medium or large."""
    return next((word for bound, word in _WORDS if abs(delta) < bound), "large")
