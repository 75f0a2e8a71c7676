"""How far a number that was measured a few times may be off.

All intervals are of the kind that covers the true value in a given share (`confidence`) of all experiments. Nothing is
left to chance: a bootstrap draws from a stream that always begins alike, so that the same samples give the same
interval, whenever and wherever.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np

ENOUGH: Final = 10
"""From so many values on a bootstrap is to be trusted; fewer leave it too little to draw."""

RESAMPLES: Final = 4999

Strata = Sequence[Sequence[float]]
"""Samples that were taken under different circumstances, such as on different paths: the mean of them all is the mean
of their means, and that they differ from each other is no uncertainty."""


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Student's interval of the mean. One value says nothing of how far it is off: then all numbers are in it.

    Exact for normal samples; for others good from about 30 on, and fair below unless they are very skewed.
    Raises ValueError where there is no value.
    """
    if not values:
        raise ValueError("no values, no mean")
    return stratified_interval([values], confidence)


def stratified_interval(strata: Strata, confidence: float = 0.95) -> tuple[float, float]:
    """Student's interval of the mean of the strata's means, by what the values vary inside each."""
    mean, error, freedom = mean_of(strata)
    if freedom == 0:
        return -inf, inf
    margin = t_quantile((1 + confidence) / 2, freedom) * error if error else 0.0
    return mean - margin, mean + margin


def bootstrap_interval(strata: Strata, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of the mean by bootstrap (BCa), which follows a skewed sample; by Student below `ENOUGH` values.

    It takes quantiles a little further out than BCa itself, which is too narrow by √((n-1)/n) and by z/t
    (Hesterberg 2015, "What teachers should know about the bootstrap", section 5.1).
    """
    least = min(len(values) for values in strata)
    if least < ENOUGH or all(len(set(values)) == 1 for values in strata):
        return stratified_interval(strata, confidence)
    import numpy as np
    from scipy import special, stats

    n = sum(len(values) - 1 for values in strata) + 1
    wider = 2 * float(special.ndtr(t_quantile((1 + confidence) / 2, n - 1) * sqrt(n / (n - 1)))) - 1
    found = stats.bootstrap(
        [np.asarray(values, float) for values in strata], _mean_of_means, confidence_level=wider,
        n_resamples=RESAMPLES, vectorized=True, method="BCa", rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)


def _mean_of_means(*strata: np.ndarray[Any, Any], axis: int = -1) -> Any:
    import numpy as np

    return np.mean([np.mean(values, axis=axis) for values in strata], axis=0)


def mean_of(strata: Strata) -> tuple[float, float, float]:
    """The mean of the strata's means, its standard error, and that one's freedom (0: nothing is known of it).

    Freedom is Satterthwaite's (1946), for some strata may vary more than others. A stratum with one value only does
    not tell how much it varies: then all values are one sample, and the strata stand for repetitions.
    """
    if min(len(values) for values in strata) < 2:
        strata = [[value for values in strata for value in values]]
    mean = fmean(fmean(values) for values in strata)
    parts = [(variance_of(values) / len(values), len(values) - 1) for values in strata if len(values) > 1]
    variance, freedom = satterthwaite(parts)
    return mean, sqrt(variance) / len(strata), freedom


def variance_of(values: Sequence[float]) -> float:
    """Of a sample. The standard library's is exact in fractions, and takes thirty times as long."""
    mean = fmean(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def satterthwaite(parts: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """The sum of variances, and the degrees of freedom of that sum, of (variance, its freedom)."""
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return 0.0, float(sum(freedom for _, freedom in parts))
    shares = sum((part / variance) ** 2 / freedom for part, freedom in parts)
    return variance, 1 / shares


def t_quantile(p: float, freedom: float) -> float:
    """What Student's t stays below with probability `p`."""
    from scipy.special import stdtrit  # a third of what importing scipy.stats costs

    return float(stdtrit(freedom, p))
