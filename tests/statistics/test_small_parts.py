"""Holm's correction, Cliff's delta, and how many runs are needed."""

from __future__ import annotations

import pytest

from testbed.statistics.difference import of_pairs
from testbed.statistics.effect import cliffs_delta, in_a_word
from testbed.statistics.holm import holm
from testbed.statistics.power import POWER, power, runs_needed

WIDE = of_pairs([[0.3, -0.1, 0.25, -0.15, 0.2]])
"""A difference that five pairs do not show."""


def test_holm_counts_the_least_most():
    """0.005 × 4, 0.01 × 3, 0.03 × 2; and 0.04 × 1 is raised to the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_a_single_one_alone_and_stays_below_one():
    assert holm([0.04]) == [0.04]
    assert holm([0.6, 0.7, 0.9]) == [1.0, 1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("values", "baseline", "delta"),
    [
        ([4, 5, 6], [1, 2, 3], 1.0),
        ([1, 2, 3], [4, 5, 6], -1.0),
        ([1, 2, 3], [1, 2, 3], 0.0),
        ([2, 2], [1, 3], 0.0),
        ([1, 3, 3], [2, 3], 1 / 6 - 1 / 6 + (1 * 2 - 2) / 6),
        ([3, 4], [1, 2, 3], (3 + 2) / 6),
    ],
)
def test_cliffs_delta_counts_who_is_above(values, baseline, delta):
    assert cliffs_delta(values, baseline) == pytest.approx(delta)


@pytest.mark.parametrize(
    ("delta", "word"), [(0.1, "negligible"), (-0.2, "small"), (0.4, "medium"), (-0.5, "large"), (1.0, "large")]
)
def test_effects_have_words(delta, word):
    assert in_a_word(delta) == word


def test_half_a_standard_deviation_needs_34_pairs():
    """A figure that every table of power has (n = 33.4 at 80 %, two-sided 5 %)."""
    estimate = WIDE._replace(difference=0.5, error=1 / 10**0.5, freedom=9, n=10)
    assert runs_needed(estimate, 0.05) == 34
    assert power(estimate, 34, 0.05) == pytest.approx(0.81, abs=0.01)


def test_runs_needed_are_the_fewest_that_do():
    needed = runs_needed(WIDE, 0.05)
    assert needed > WIDE.n
    assert power(WIDE, needed - 1, 0.05) < POWER <= power(WIDE, needed, 0.05)


def test_a_stricter_level_needs_more():
    assert runs_needed(WIDE, 0.01) > runs_needed(WIDE, 0.05)


def test_no_number_of_runs_shows_nothing():
    assert runs_needed(WIDE._replace(difference=0.0), 0.05) is None
    assert runs_needed(WIDE._replace(difference=1e-9), 0.05) is None


def test_shuffled_ones_need_enough_tosses():
    shuffled = WIDE._replace(difference=9.0, shuffled=True)
    assert runs_needed(shuffled, 0.05) == 6
    assert runs_needed(shuffled, 0.01) == 8


def test_runs_without_spread_need_to_be_more_than_luck_makes_alike():
    alike = of_pairs([[0.2] * 3])
    assert runs_needed(alike, 0.05) == 4
    assert runs_needed(alike, 0.05 / 72) == 6
