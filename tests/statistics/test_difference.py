"""Differences of two settings: t where values are spread, shuffling where they repeat; too few show none."""

from __future__ import annotations

from math import inf, isinf

import pytest

from testbed.statistics.difference import of_groups, of_pairs


def test_pairs_are_tested_by_student():
    from scipy import stats

    differences = [1.2, 2.4, 1.3, 0.05, 1.0, 1.8, 0.8, 4.6, 1.4]
    found, known = of_pairs([differences]), stats.ttest_1samp(differences, 0)
    assert (found.n, found.freedom, found.shuffled) == (9, 8, False)
    assert found.p == pytest.approx(known.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval()))


def test_groups_are_tested_by_welch():
    from scipy import stats

    mine, others = [3.1, 2.9, 3.4, 3.3, 2.7], [2.2, 2.8, 1.9, 2.5, 2.61, 2.4]
    found, known = of_groups([(mine, others)]), stats.ttest_ind(mine, others, equal_var=False)
    assert found.p == pytest.approx(known.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval()))


def test_interval_and_p_value_say_the_same():
    for shift in (0.1, 0.35, 0.36, 0.5, 1.0):
        found = of_pairs([[shift + error for error in (-0.5, -0.2, 0.05, 0.15, 0.5)]])
        assert (found.p < 0.05) == (found.low > 0)


@pytest.mark.parametrize("pairs", [[0.5], [0.5, 0.5001]])
def test_two_pairs_show_nothing_however_alike(pairs):
    found = of_pairs([pairs])
    assert (found.p, found.low, found.high) == (None, -inf, inf)


def test_groups_of_two_show_nothing():
    assert of_groups([([1.0, 1.01], [5.0, 5.01])]).p is None


def test_differences_that_repeat_are_shuffled():
    five, six = of_pairs([[0.2] * 5]), of_pairs([[0.2] * 6])
    assert (five.p, six.p) == (2 / 2**5, 2 / 2**6)
    assert isinf(five.high)
    assert (six.low, six.high) == (pytest.approx(0.2), pytest.approx(0.2))


def test_rounding_does_not_hide_that_they_repeat():
    assert of_pairs([[0.3, 0.1 + 0.2, 0.3]]).shuffled


def test_pairs_that_do_not_differ_only_make_t_cautious():
    found = of_pairs([[0.0, 0.0, 0.1, 0.0]])
    assert not found.shuffled
    assert found.p > 0.3


def test_counts_in_groups_are_shuffled():
    found = of_groups([([1.0, 1.0, 2.0, 2.0], [5.0, 6.0, 6.0, 7.0])])
    assert found.shuffled
    assert found.p == pytest.approx(2 / 70)


def test_strata_are_compared_within():
    """What the paths differ in among themselves hides nothing: +0.1 on each of them."""
    strata = [([p + 0.1 + e for e in (0.0, 0.011, -0.012)], [p + e for e in (0.01, -0.013, 0.004)]) for p in (1, 5, 9)]
    apart, pooled = (
        of_groups(strata),
        of_groups([([v for m, _ in strata for v in m], [v for _, o in strata for v in o])]),
    )
    assert apart.p < 0.001
    assert pooled.p > 0.5


def test_paths_without_repetitions_stand_for_them():
    assert of_pairs([[0.1], [0.2], [0.15]]) == of_pairs([[0.1, 0.2, 0.15]])
