"""Shuffling: p counted out by hand, and intervals that hold exactly what the test would not refuse."""

from __future__ import annotations

from itertools import product
from math import inf

import pytest

from testbed.statistics import permutation


def test_p_of_pairs_is_counted_out():
    values = [3.0, 1.0, -2.0, 4.0]
    sums = [abs(sum(v * s for v, s in zip(values, signs, strict=True))) for signs in product((1, -1), repeat=4)]
    assert permutation.of_pairs([values], 0.95).p == sum(s >= 6 for s in sums) / 16


def test_p_of_groups_is_counted_out():
    found = permutation.of_groups([([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])], 0.95)
    assert found.p == 2 / 20


def test_interval_of_pairs_holds_what_the_test_does_not_refuse():
    values = [0.9, 1.1, 1.4, 0.7, 1.2, 1.05, 0.8, 1.3]
    found = permutation.of_pairs([values], 0.95)

    def one_sided(shift: float) -> float:
        moved = [value - shift for value in values]
        sums = [sum(v * s for v, s in zip(moved, signs, strict=True)) for signs in product((1, -1), repeat=8)]
        return sum(s >= sum(moved) - 1e-9 for s in sums) / len(sums)

    assert one_sided(found.low - 1e-6) <= 0.025 < one_sided(found.low + 1e-6)


def test_interval_of_groups_moves_with_the_values():
    mine, others = [5.0, 5.0, 6.0, 7.0, 7.0], [1.0, 2.0, 2.0, 3.0, 3.0]
    found = permutation.of_groups([(mine, others)], 0.95)
    moved = permutation.of_groups([([v + 10 for v in mine], others)], 0.95)
    assert (moved.low - found.low, moved.high - found.high) == (pytest.approx(10), pytest.approx(10))
    assert 0 < found.low < 3.8 < found.high


def test_too_few_tosses_bound_nothing():
    found = permutation.of_pairs([[1.0, 1.0, 1.0]], 0.95)
    assert (found.p, found.low, found.high) == (0.25, -inf, inf)


def test_equal_values_are_no_difference():
    assert permutation.of_pairs([[0.0] * 8], 0.95) == (1.0, 0.0, 0.0)


def test_many_values_are_sampled_alike_every_time():
    mine, others = [float(i % 7) for i in range(40)], [float(i % 6) for i in range(40)]
    assert permutation.of_groups([(mine, others)], 0.95) == permutation.of_groups([(mine, others)], 0.95)
    assert 1e-4 <= permutation.of_groups([([9.0] * 40, others)], 0.95).p < 2e-4


def test_strata_of_different_size_weigh_alike():
    """One pair of +8 on a path weighs as much as two of +4: the mean of means is 6."""
    found = permutation.of_pairs([[8.0, 8.0], [4.0, 4.0, 4.0, 4.0]], 0.5)
    assert found.low <= 6 <= found.high
