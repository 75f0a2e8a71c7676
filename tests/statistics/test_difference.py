"""Differences of two settings: t, and shuffling where groups repeat; what never spreads; too few show none."""

from __future__ import annotations

from itertools import product
from math import inf

import pytest

from testbed.statistics.difference import luck_of_alike, of_groups, of_pairs


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


def test_pairs_that_all_differ_by_the_same_leave_luck_little():
    three, five = of_pairs([[0.2] * 3]), of_pairs([[-0.2] * 5])
    assert (three.p, five.p) == (2 / 4**3, 2 / 4**5)
    assert (three.low, three.high, five.low, five.high) == pytest.approx((0.2, 0.2, -0.2, -0.2))


def test_luck_of_alike_pairs_is_counted_out():
    """Two settings that are the same, of two values, tossed: how often are all of one, and all of the other?"""
    runs = list(product((1, 2), repeat=6))
    apart = sum(len(set(run[:3])) == len(set(run[3:])) == 1 and run[0] != run[3] for run in runs)
    assert apart / len(runs) == luck_of_alike([3])


def test_a_stricter_confidence_does_not_trust_three_alike():
    found = of_pairs([[0.2] * 3], confidence=0.99)
    assert (found.p, found.low, found.high) == (2 / 4**3, -inf, inf)


def test_rounding_does_not_hide_that_pairs_are_alike():
    found = of_pairs([[0.3, 0.1 + 0.2, 0.3]])
    assert (found.p, found.error) == (2 / 4**3, 0)


def test_paths_that_have_no_spread_each():
    """Under all of them the more, under some of them the less: any may have been the lucky ones."""
    all_of_them, one_of_them = of_pairs([[0.2] * 3, [0.4] * 3]), of_pairs([[0.0] * 3, [0.4] * 3])
    assert all_of_them.p == (2 / 4**3) ** 2
    assert one_of_them.p == 2 * (2 / 4**3)
    assert all_of_them.low == all_of_them.high == pytest.approx(0.3)


def test_paths_that_cancel_out_are_no_difference():
    assert of_pairs([[0.2] * 5, [-0.2] * 5]).p == 1


def test_pairs_whose_differences_repeat_are_tested_by_student():
    """A permutation could not go below 2 in 2⁸, however small the spread."""
    found = of_pairs([[0.014, 0.014, 0.015, 0.015, 0.015, 0.014, 0.016, 0.014]])
    assert not found.shuffled
    assert found.p < 1e-6
    assert 0.013 < found.low < found.high < 0.016


def test_groups_that_are_alike_each_leave_luck_little():
    assert of_groups([([3.0] * 4, [2.0] * 4)])[:4] == (1.0, 1.0, 1.0, pytest.approx(2 / 4**4))
    uneven = of_groups([([3.0] * 3, [2.0] * 9)])
    assert uneven.p == pytest.approx(2 * 0.25**3 * 0.75**9)  # when a quarter of all runs give the one


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
