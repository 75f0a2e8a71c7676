"""How many runs would show a difference, if it is as large as it looks."""

from __future__ import annotations

from math import ceil, log, log2, sqrt
from typing import Final

from testbed.statistics.difference import FEWEST, Estimate
from testbed.statistics.intervals import t_quantile

POWER: Final = 0.8
"""With what probability. The usual choice (Cohen 1988)."""

MOST: Final = 1_000_000


def power(estimate: Estimate, n: int, alpha: float) -> float:
    """The probability that `n` runs (of each setting; or pairs) show a difference of this size at the level `alpha`.

    By the non-central t distribution: the error goes with 1/√n, its freedom with n.
    """
    from scipy.special import nctdtr

    if estimate.error == 0:
        return 1.0 if estimate.difference else 0.0
    freedom = max(1.0, estimate.freedom * n / estimate.n)
    shift = abs(estimate.difference) / estimate.error * sqrt(n / estimate.n)
    critical = t_quantile(1 - alpha / 2, freedom)
    if shift > critical + 30:
        return 1.0  # so far out the distribution is too steep to be reckoned
    return 1 - float(nctdtr(freedom, shift, critical)) + float(nctdtr(freedom, shift, -critical))


def runs_needed(estimate: Estimate, alpha: float) -> int | None:
    """How many runs of each setting (or pairs) would show it with a probability of `POWER`.

    None: more than can be made, for there is hardly a difference.
    """
    least = max(FEWEST, estimate.n + 1, _fewest_to_tell(estimate, alpha))
    if not estimate.difference or power(estimate, MOST, alpha) < POWER:
        return None
    enough = least
    while power(estimate, enough, alpha) < POWER:
        enough *= 2
    low, high = least, enough
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power(estimate, middle, alpha) >= POWER else (middle + 1, high)
    return low


def _fewest_to_tell(estimate: Estimate, alpha: float) -> int:
    """Runs of each that a test needs to come below `alpha` at all: one by shuffling, or of runs that do not spread."""
    if estimate.shuffled:
        return ceil(log2(2 / alpha))
    return 0 if estimate.error else ceil(log(2 / alpha, 4))
