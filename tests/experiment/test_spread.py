"""Values between two others: how many, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed import units
from testbed.errors import UnitError
from testbed.experiment.language.spread import linear, logarithmic


@pytest.mark.parametrize(
    ("low", "high", "step", "values"),
    [
        ("0%", "5%", "1%", ["0%", "1%", "2%", "3%", "4%", "5%"]),
        (0, "2%", "0.5%", ["0%", "0.5%", "1%", "1.5%", "2%"]),
        ("1ms", "3ms", "500us", ["1ms", "1.5ms", "2ms", "2.5ms", "3ms"]),
        ("1s", "2min", "30s", ["1s", "31s", "61s", "91s"]),
        ("500 kbit/s", "2 Mbit/s", "500 kbit/s", ["500 kbit/s", "1 Mbit/s", "1.5 Mbit/s", "2 Mbit/s"]),
        ("10 packets", "30 packets", "10 packets", ["10 packets", "20 packets", "30 packets"]),
        ("64KiB", "1MiB", "320KiB", ["64KiB", "384KiB", "704KiB", "1MiB"]),
        (1, 7, 2, [1, 3, 5, 7]),
        (0.0, 1.0, 0.25, [0.0, 0.25, 0.5, 0.75, 1.0]),
    ],
)
def test_a_range_by_steps(low: Any, high: Any, step: Any, values: list[Any]) -> None:
    assert linear(low, high, step=step) == values


@pytest.mark.parametrize(
    ("low", "high", "points", "values"),
    [
        ("0%", "100%", 7, ["0%", "16.7%", "33.3%", "50%", "66.7%", "83.3%", "100%"]),
        ("100ms", "101ms", 4, ["100ms", "100.333ms", "100.667ms", "101ms"]),
        (1000, 1003, 4, [1000, 1001, 1002, 1003]),
        ("1MB/s", "2MB/s", 3, ["1MB/s", "1.5MB/s", "2MB/s"]),
    ],
)
def test_a_range_of_points(low: Any, high: Any, points: int, values: list[Any]) -> None:
    assert linear(low, high, points=points) == values


@pytest.mark.parametrize(
    ("low", "high", "points", "values"),
    [
        ("1Mbit/s", "1Gbit/s", 4, ["1Mbit/s", "10Mbit/s", "100Mbit/s", "1Gbit/s"]),
        ("1Mbit/s", "100Mbit/s", 5, ["1Mbit/s", "3.16Mbit/s", "10Mbit/s", "31.6Mbit/s", "100Mbit/s"]),
        ("16KiB", "4MiB", 9,
         ["16KiB", "32KiB", "64KiB", "128KiB", "256KiB", "512KiB", "1MiB", "2MiB", "4MiB"]),
        ("1KiB", "1MiB", 3, ["1KiB", "32KiB", "1MiB"]),
        ("0.01%", "10%", 4, ["0.01%", "0.1%", "1%", "10%"]),
        (1, 1000, 7, [1, 3, 10, 32, 100, 316, 1000]),
        ("1ns", "1us", 4, ["1ns", "10ns", "100ns", "1us"]),
    ],
)  # fmt: skip
def test_points_at_equal_ratios(low: Any, high: Any, points: int, values: list[Any]) -> None:
    assert logarithmic(low, high, points=points) == values


def test_there_is_no_half_byte() -> None:
    between = logarithmic("1KiB", "1MiB", points=7)
    assert [units.size(value) for value in between] == [1024, 3250, 10300, 32768, 104000, 330000, 2**20]


@given(
    low=st.integers(1, 999), unit=st.sampled_from(["us", "ms", "kbit/s", "Mbit/s", "kB", "KiB"]),
    times=st.integers(10, 10_000), points=st.integers(2, 9),
)  # fmt: skip
def test_every_value_can_be_read_and_is_close_to_its_place(low: int, unit: str, times: int, points: int) -> None:
    read: Any = {"s": units.duration, "t": units.rate, "B": units.size}
    first, last = f"{low}{unit}", f"{low * times}{unit}"
    reader = read["t" if "bit" in unit else unit[-1]]
    for values, place in (
        (linear(first, last, points=points), lambda index: 1 + (times - 1) * index / (points - 1)),
        (logarithmic(first, last, points=points), lambda index: times ** (index / (points - 1))),
    ):
        assert len(values) == points
        for index, value in enumerate(values):
            assert reader(value) / reader(first) == pytest.approx(place(index), rel=0.006)


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        ("3ms", "1ms", "leads upwards: write [1ms, 3ms]"),
        ("3", "5ms", "3 needs a unit, as 3ms"),
        ("1ms", "1Mbit/s", "1ms and 1Mbit/s are not of one kind"),
        ("1mbit", "2mbit", "'mbit' is no unit, as in 20ms, 10Mbit/s, 64KiB or 1%"),
        ("1ms", "1000us", "1ms is all that lies between 1ms and 1000us"),
        (1, 3, "so close together, 1 comes twice: fewer points, or a fraction in both ends"),
        (True, 3, "is from one quantity to another, not true"),
    ],
)
def test_ends_that_do_not_fit_are_refused(low: Any, high: Any, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        linear(low, high, points=20)
    assert str(caught.value) == message
