"""Tests by shuffling: were the two settings alike, then which run belongs to which would be as good as tossed.

The probability of a difference as great as the one that was seen is counted out over all tosses, or over 9,999 of them.
Nothing is supposed about how the values are spread, so it holds for counts and for values that repeat; the price is
that few runs cannot show anything: of three in each group, all of one above all of the other, p is 2/20.

The interval holds all differences that the test, one-sided at either end, would not refuse. It needs no search: each
toss is in balance at one difference, and any of the gaps between these is as likely to hold the true one
(Hartigan 1969, "Using subsample values as typical values").
"""

from __future__ import annotations

from itertools import combinations
from math import comb, floor, inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    Array = np.ndarray[Any, Any]

SAMPLED: Final = 9_999
"""Tosses when there are too many to go through all: p is then known to 0.2 % at 5 %."""

MOST: Final = 2**14
"""Tosses that are gone through."""

_SLACK: Final = 1e-9
"""Sums of the same numbers in another order count as equal."""


class Shuffled(NamedTuple):
    """What came of it."""

    p: float
    low: float
    high: float


def of_groups(strata: Sequence[tuple[Sequence[float], Sequence[float]]], confidence: float) -> Shuffled:
    """Of two groups in each stratum, `(this, baseline)`: each value may have been in the other."""
    import numpy as np

    seen, parts, whole = 0.0, [], len(strata) == 1
    rng = np.random.default_rng(0)
    for mine, others in strata:
        scale = (1 / len(mine) + 1 / len(others)) / len(strata)
        both = np.concatenate([np.asarray(mine, float), np.asarray(others, float)])
        seen += (float(np.mean(mine)) - float(np.mean(others))) / len(strata)
        whole = whole and comb(len(both), len(mine)) <= MOST
        stays = _choices(len(mine), len(both)) if whole else _draws(len(mine), len(both), rng)
        at_first = np.arange(len(both)) < len(mine)
        left, came = at_first & ~stays, ~at_first & stays
        parts.append((scale * (left @ both - came @ both), scale * left.sum(axis=1)))
    moved, mass = sum(part[0] for part in parts), sum(part[1] for part in parts)
    return _outcome(seen, seen - moved, moved, mass, whole, confidence)


def _outcome(seen: float, tossed: Array, moved: Array, mass: Array, whole: bool, confidence: float) -> Shuffled:
    """`whole`: all tosses are there, the one that changes nothing among them."""
    import numpy as np

    extreme = int(np.sum(np.abs(tossed) >= abs(seen) * (1 - _SLACK)))
    count = len(tossed)
    p = extreme / count if whole else (extreme + 1) / (count + 1)
    real = mass > 0
    balanced = np.sort(moved[real] / mass[real])
    beyond = floor((1 - confidence) / 2 * (len(balanced) + 1) + _SLACK)
    if beyond < 1:
        return Shuffled(p, -inf, inf)
    return Shuffled(p, float(balanced[beyond - 1]), float(balanced[-beyond]))


def _choices(chosen: int, of: int) -> Array:
    import numpy as np

    rows = np.array(list(combinations(range(of), chosen)))
    mask = np.zeros((len(rows), of), bool)
    np.put_along_axis(mask, rows, True, axis=1)
    return mask


def _draws(chosen: int, of: int, rng: np.random.Generator) -> Array:
    import numpy as np

    order = np.argsort(rng.random((SAMPLED, of)), axis=1)
    return order < chosen  # a random permutation's places, which of them are among the first
