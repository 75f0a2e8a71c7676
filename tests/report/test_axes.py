"""The axes of a sweep as people see them."""

from __future__ import annotations

import pytest

from testbed.report.axes import in_order, short


@pytest.mark.parametrize(
    ("paths", "labels"),
    [
        (["tcp.rto_min"], ["rto_min"]),
        (["links.a.loss", "links.b.loss"], ["a.loss", "b.loss"]),
        (["tcp.rto_min", "links.a.loss"], ["rto_min", "loss"]),
        (["seed", "links.x.seed"], ["seed", "x.seed"]),
    ],
)
def test_an_axis_is_called_by_as_few_words_as_tell_it_apart(paths: list[str], labels: list[str]) -> None:
    assert short(paths) == labels


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["10ms", "2ms", "1s"], ["2ms", "10ms", "1s"]),
        (["1Gbit/s", "10Mbit/s"], ["10Mbit/s", "1Gbit/s"]),
        (["1%", "0.1%", "10%", "1%"], ["0.1%", "1%", "10%"]),
        (["10", "9", "9"], ["9", "10"]),
        (["true", "false"], ["false", "true"]),
        (["reno", "cubic"], ["reno", "cubic"]),
    ],
)
def test_values_ascend_where_all_are_quantities(values: list[str], expected: list[str]) -> None:
    assert in_order(values) == expected
