"""How far two settings lie apart, and whether chance may have done it.

Student's t test where runs come in pairs, Welch's where they do not; by shuffling (see `permutation`) where values
repeat, as counts do, for t supposes that they never do. Two settings that are the same differ as often to one side as
to the other, however skewed the values are; so t keeps what it promises from three runs on (tests/statistics).

Runs made under different circumstances come as strata: a difference is taken within each, and their mean is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from statistics import fmean, stdev
from typing import Final, NamedTuple

from testbed.statistics import permutation
from testbed.statistics.intervals import mean_of, satterthwaite, t_quantile

FEWEST: Final = 3
"""Runs of each setting that can show something. Two may agree by luck: values that have two modes, as times with and
without a timeout have, then deceive t in one case of eight."""

_DIGITS: Final = 12
"""Values that agree so far are the same, but for rounding."""


class Estimate(NamedTuple):
    """The difference of two settings. Without a p-value there were too few runs, and the interval is infinite."""

    difference: float
    low: float
    high: float
    p: float | None
    error: float
    """Standard error of the difference."""
    freedom: float
    """Degrees of freedom of the error."""
    n: int
    """Runs of the setting that has fewer; pairs."""
    shuffled: bool = False
    """Whether p and the interval come from shuffling."""


def of_pairs(strata: Sequence[Sequence[float]], confidence: float = 0.95) -> Estimate:
    """Of each pair's difference, stratum by stratum."""
    n = sum(map(len, strata))
    mean, error, freedom = mean_of(strata)
    if _pairs_repeat(strata):
        return _shuffled(permutation.of_pairs(_told(strata), confidence), mean, error, freedom, n)
    return _by_t(mean, error, freedom, n, confidence)


def of_groups(strata: Sequence[tuple[Sequence[float], Sequence[float]]], confidence: float = 0.95) -> Estimate:
    """Of two groups of runs that do not belong together, `(this, baseline)`, stratum by stratum."""
    if min(min(len(mine), len(others)) for mine, others in strata) < 2:
        strata = [([v for mine, _ in strata for v in mine], [v for _, others in strata for v in others])]
    n = min(sum(len(mine) for mine, _ in strata), sum(len(others) for _, others in strata))
    mean = fmean(fmean(mine) - fmean(others) for mine, others in strata)
    parts = [(stdev(group) ** 2 / len(group), len(group) - 1) for pair in strata for group in pair if len(group) > 1]
    variance, freedom = satterthwaite(parts)
    error = variance**0.5 / len(strata)
    if any(_repeats([*mine, *others]) for mine, others in strata):
        return _shuffled(permutation.of_groups(strata, confidence), mean, error, freedom, n)
    return _by_t(mean, error, freedom, n, confidence)


def _by_t(mean: float, error: float, freedom: float, n: int, confidence: float) -> Estimate:
    if n < FEWEST or not error:
        return Estimate(mean, -inf, inf, None, error, freedom, n)
    from scipy.special import stdtr

    margin = t_quantile((1 + confidence) / 2, freedom) * error
    p = 2 * float(stdtr(freedom, -abs(mean) / error))
    return Estimate(mean, mean - margin, mean + margin, p, error, freedom, n)


def _shuffled(found: permutation.Shuffled, mean: float, error: float, freedom: float, n: int) -> Estimate:
    if n < FEWEST:
        return Estimate(mean, -inf, inf, None, error, freedom, n)
    return Estimate(mean, found.low, found.high, found.p, error, freedom, n, shuffled=True)


def _told(strata: Sequence[Sequence[float]]) -> Sequence[Sequence[float]]:
    """As `mean_of` weighs them."""
    return strata if min(map(len, strata)) > 1 else [[value for part in strata for value in part]]


def _pairs_repeat(strata: Sequence[Sequence[float]]) -> bool:
    """Whether pairs differ by the same, but for the sign. Pairs that do not differ only make t cautious."""
    return any(_repeats([abs(value) for value in part if value]) for part in strata) or not any(map(any, strata))


def _repeats(values: Sequence[float]) -> bool:
    told = [f"{value:.{_DIGITS}g}" for value in values]
    return len(set(told)) < len(told)
