"""How far two settings lie apart, and whether chance may have done it.

Student's t test where runs come in pairs, Welch's where they do not; by shuffling (see `permutation`) where values of
groups repeat, as counts do, for then one group may have no spread by luck. Two settings that are the same differ as
often to one side as to the other, however skewed the values are; so t keeps what it promises from three runs on, of
pairs even where they repeat (tests/statistics). Where nothing spreads at all, luck is bounded: see `luck_of_alike`.

Runs made under different circumstances come as strata: a difference is taken within each, and their mean is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, inf, log, prod
from statistics import fmean
from typing import Final, NamedTuple

from testbed.statistics import permutation
from testbed.statistics.intervals import mean_of, satterthwaite, t_quantile, variance_of

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
    parts = _told(strata)
    if n >= FEWEST and all(map(_alike, parts)):
        return _without_spread([(part[0], len(part)) for part in parts], mean, freedom, n, confidence)
    return _by_t(mean, error, freedom, n, confidence)


def luck_of_alike(counts: Sequence[float], strata: int = 1) -> float:
    """How probable it is at the most that settings which are the same look apart without any spread: that under as many
    of `strata` circumstances as there are `counts`, all so many pairs differ, and by the same.

    A pair of equal settings differs by a given amount with a probability of 1/4 at the most, which is when half of all
    runs give the one value and half the other (Motzkin and Straus 1965: of the values that lie so far apart no three do
    from each other); to either side, that makes 2/4ⁿ. It supposes that what both runs of a pair have met makes them
    alike, if anything. So it is for all values of one group, and all of another.
    """
    return min(1.0, comb(strata, len(counts)) * prod(2 / 4**count for count in counts))


def of_groups(strata: Sequence[tuple[Sequence[float], Sequence[float]]], confidence: float = 0.95) -> Estimate:
    """Of two groups of runs that do not belong together, `(this, baseline)`, stratum by stratum."""
    if min(min(len(mine), len(others)) for mine, others in strata) < 2:
        strata = [([v for mine, _ in strata for v in mine], [v for _, others in strata for v in others])]
    n = min(sum(len(mine) for mine, _ in strata), sum(len(others) for _, others in strata))
    mean = fmean(fmean(mine) - fmean(others) for mine, others in strata)
    parts = [(variance_of(group) / len(group), len(group) - 1) for pair in strata for group in pair if len(group) > 1]
    variance, freedom = satterthwaite(parts)
    error = variance**0.5 / len(strata)
    if n >= FEWEST and all(_alike(group) for pair in strata for group in pair):
        apart = [(mine[0] - others[0], _worth(len(mine), len(others))) for mine, others in strata]
        return _without_spread(apart, mean, freedom, n, confidence)
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


def _without_spread(
    parts: Sequence[tuple[float, float]], mean: float, freedom: float, n: int, confidence: float
) -> Estimate:
    """Of (difference, how often it came), stratum by stratum: the interval is the point, unless luck might do it."""
    counts = [count for difference, count in parts if not _nothing(difference)]
    p = 1.0 if _nothing(mean) else luck_of_alike(counts, len(parts))
    sure = p < 1 - confidence or not counts
    return Estimate(mean, mean if sure else -inf, mean if sure else inf, p, 0.0, freedom, n)


def _worth(mine: int, others: int) -> float:
    """Of how many pairs groups of these sizes are worth that are all alike: as many as each has, if both have as many.

    That all of the one have a value and all of the others another is likeliest where runs give them in that proportion.
    """
    both = mine + others
    return (both * log(both) - mine * log(mine) - others * log(others)) / log(4)


def _told(strata: Sequence[Sequence[float]]) -> Sequence[Sequence[float]]:
    """As `mean_of` weighs them."""
    return strata if min(map(len, strata)) > 1 else [[value for part in strata for value in part]]


def _alike(values: Sequence[float]) -> bool:
    """Whether all are the same."""
    return all(_nothing(value - values[0]) for value in values)


def _nothing(difference: float) -> bool:
    """But for rounding: logarithms, and differences in a metric's unit that are less than that are none."""
    return abs(difference) < 10**-_DIGITS


def _repeats(values: Sequence[float]) -> bool:
    told = [f"{value:.{_DIGITS}g}" for value in values]
    return len(set(told)) < len(told)
