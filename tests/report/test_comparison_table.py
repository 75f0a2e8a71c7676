"""What `testbed compare` prints of values that do not spread, and of what only the correction hides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from testbed.comparison.judge import Sample, corrected, judge
from testbed.comparison.result import Difference
from testbed.report.comparison import between, chance

NOISE = (0.99, 1.0, 1.011, 1.003, 0.995)


def difference(ratio: float, spread: float) -> Difference:
    mine = [ratio * noise**spread for noise in NOISE]
    return judge("a", "b", [Sample("", mine, [1.0] * 5)], paired=True, confidence=0.95)


def test_an_interval_that_is_a_point_says_so() -> None:
    one = difference(1.5, 0)
    assert between(one.low or 0, one.high or 0) == "all alike"


def test_a_star_marks_what_only_the_correction_hides() -> None:
    family: list[Any] = [difference(1.012, 1)] + [difference(1, 1)] * 11
    first = corrected(family, 0.95)[0]
    assert first.kind == "alone"
    assert first.low is not None
    assert first.low > 0
    assert chance(first).endswith("*")
    assert not chance(replace(first, kind="unclear")).endswith("*")
