"""Intervals of means: against values worked out elsewhere, and at their edges."""

from __future__ import annotations

from math import inf

import pytest

from testbed.statistics.intervals import ENOUGH, bootstrap_interval, mean_interval, stratified_interval


def test_mean_interval_is_students():
    """His own example, additional hours of sleep (Biometrika 1908), as every package for statistics has it."""
    hours = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    assert mean_interval(hours) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)


def test_more_confidence_makes_it_wider():
    values = [1.0, 2.0, 4.0, 3.0]
    narrow, wide = mean_interval(values, 0.9), mean_interval(values, 0.99)
    assert wide[0] < narrow[0] < 2.5 < narrow[1] < wide[1]


def test_one_value_says_nothing_of_its_error():
    assert mean_interval([3.0]) == (-inf, inf)


def test_no_values_have_no_mean():
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])


def test_values_that_never_vary_leave_no_doubt():
    assert mean_interval([2.0, 2.0, 2.0]) == (2.0, 2.0)


def test_that_strata_differ_is_no_uncertainty():
    slow, fast = [1.0, 1.1, 0.9, 1.0], [100.0, 100.1, 99.9, 100.0]
    low, high = stratified_interval([slow, fast])
    assert low < 50.5 < high
    assert high - low < 0.2
    pooled = mean_interval([*slow, *fast])
    assert pooled[1] - pooled[0] > 50


def test_strata_of_one_value_stand_for_repetitions():
    assert stratified_interval([[1.0], [2.0], [3.0]]) == mean_interval([1.0, 2.0, 3.0])


def test_bootstrap_gives_the_same_every_time():
    values = [float(i * i % 17) for i in range(20)]
    assert bootstrap_interval([values]) == bootstrap_interval([values])


def test_bootstrap_follows_a_skewed_sample():
    values = [1.0] * 8 + [1.2, 1.5, 2.0, 9.0]
    mean = sum(values) / len(values)
    low, high = bootstrap_interval([values])
    assert high - mean > 1.5 * (mean - low)


def test_few_values_are_left_to_student():
    values = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]
    assert len(values) < ENOUGH
    assert bootstrap_interval([values]) == mean_interval(values)
