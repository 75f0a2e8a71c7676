"""Shuffling: p counted out by hand, and intervals that hold exactly what the test would not refuse."""

from __future__ import annotations

from itertools import combinations
from math import inf

import pytest

from testbed.statistics import permutation


def test_p_of_groups_is_counted_out():
    found = permutation.of_groups([([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])], 0.95)
    assert found.p == 2 / 20


def test_interval_holds_what_the_test_does_not_refuse():
    mine, others = [2.9, 3.1, 3.4, 2.7, 3.2], [1.1, 1.4, 0.8, 1.3]
    found = permutation.of_groups([(mine, others)], 0.95)

    def one_sided(shift: float) -> float:
        both = [value - shift for value in mine] + others
        sums = [sum(chosen) for chosen in combinations(both, len(mine))]
        return sum(total >= sum(both[: len(mine)]) - 1e-9 for total in sums) / len(sums)

    assert one_sided(found.low - 1e-6) <= 0.025 < one_sided(found.low + 1e-6)


def test_interval_of_groups_moves_with_the_values():
    mine, others = [5.0, 5.0, 6.0, 7.0, 7.0], [1.0, 2.0, 2.0, 3.0, 3.0]
    found = permutation.of_groups([(mine, others)], 0.95)
    moved = permutation.of_groups([([v + 10 for v in mine], others)], 0.95)
    assert (moved.low - found.low, moved.high - found.high) == (pytest.approx(10), pytest.approx(10))
    assert 0 < found.low < 3.8 < found.high


def test_too_few_tosses_bound_nothing():
    found = permutation.of_groups([([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])], 0.95)
    assert (found.p, found.low, found.high) == (2 / 20, -inf, inf)


def test_equal_values_are_no_difference():
    assert permutation.of_groups([([0.0] * 5, [0.0] * 5)], 0.95) == (1.0, 0.0, 0.0)


def test_many_values_are_sampled_alike_every_time():
    mine, others = [float(i % 7) for i in range(40)], [float(i % 6) for i in range(40)]
    assert permutation.of_groups([(mine, others)], 0.95) == permutation.of_groups([(mine, others)], 0.95)
    assert 1e-4 <= permutation.of_groups([([9.0] * 40, others)], 0.95).p < 2e-4
