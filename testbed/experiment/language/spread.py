"""Values between two others, written as a person would write them: 1Mbit/s, 10Mbit/s, 100Mbit/s, 1Gbit/s.

Reckoning is exact (decimal). The two ends stay as they are written; what lies between them is written in a unit that
lies between theirs, as it is where that takes few digits, and else rounded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from typing import Any, Final, NamedTuple

from testbed.errors import UnitError
from testbed.experiment.language.label import label
from testbed.units import SERIES

DIGITS: Final = 7
"""A value that takes no more is written as it is."""

ROUNDED: Final = 3
"""Digits of a value that would take more."""

SNAP: Final = Context(prec=12)
"""What comes of reckoning with powers is this exact, so that ten times a tenth is one."""

_AMOUNT: Final = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.ASCII)

MOST: Final = 10_000
"""Values of one axis."""

Series = dict[str, int]


class Amount(NamedTuple):
    """A number and a unit, `10ms`, as it was written and what it comes to in the smallest unit of its series."""

    written: Any
    number: Decimal
    unit: str


def linear(low: object, high: object, *, step: object = None, points: int | None = None) -> list[Any]:
    """From `low` up to `high`, by `step` or as so many `points` at equal distances. Raises UnitError."""
    first, last, series = _ends(low, high)
    start, end = _base(first, series), _base(last, series)
    if step is not None:
        by = _base(_same(_amount(step), first, last), series)
        if by <= 0:
            raise UnitError("a step leads upwards")
        count = int((end - start) / by) + 1
        if count > MOST:
            raise UnitError(f"makes {count} values, at most {MOST}")
        values = [start + by * index for index in range(count)]
    else:
        count = points or 2
        by = (end - start) / (count - 1)
        grain = Decimal(1).scaleb(by.adjusted() - ROUNDED + 1)
        values = [_grained(start + by * index, grain) for index in range(count)]
    return _written(values, first, last, series)


def logarithmic(low: object, high: object, *, points: int) -> list[Any]:
    """From `low` up to `high` in so many `points`, each the same number of times the one before. Raises UnitError."""
    first, last, series = _ends(low, high)
    start, end = _base(first, series), _base(last, series)
    if start <= 0:
        raise UnitError("no number of times nought is more: begin above 0")
    with localcontext() as context:
        context.prec = 40
        values = [SNAP.plus(start * (end / start) ** (Decimal(index) / (points - 1))) for index in range(points)]
    return _written(values, first, last, series)


# -- reading ----------------------------------------------------------------------------------------------------------


def _amount(value: object) -> Amount:
    match = _AMOUNT.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if match is None or isinstance(value, bool):
        raise UnitError(f"is from one quantity to another, not {label(value)}")
    return Amount(value, Decimal(match[1]), match[2])


def _ends(low: object, high: object) -> tuple[Amount, Amount, Series]:
    """Both ends, and the units that they are of. A bare 0 has the unit of the other."""
    first, last = _amount(low), _amount(high)
    first, last = _same(first, last, last), _same(last, first, first)
    series = _series(first, last)
    if _base(first, series) == _base(last, series):
        raise UnitError(f"{first.written} is all that lies between {first.written} and {last.written}")
    if _base(first, series) > _base(last, series):
        raise UnitError(f"leads upwards: write [{last.written}, {first.written}]")
    return first, last, series


def _same(one: Amount, *others: Amount) -> Amount:
    """`one` with the unit of another, if it is a bare 0."""
    unit = next((other.unit for other in others if other.unit), "")
    if one.unit or not unit:
        return one
    if one.number:
        raise UnitError(f"{one.written} needs a unit, as {one.written}{unit}")
    return Amount(f"0{unit}", one.number, unit)


def _series(first: Amount, last: Amount) -> Series:
    """The units that belong to those of both, smallest first."""
    for series in SERIES:
        if first.unit in series and last.unit in series:
            return series
    known = {unit: series for series in SERIES for unit in series}
    for amount in (first, last):
        if amount.unit not in known:
            raise UnitError(f"{amount.unit!r} is no unit, as in 20ms, 10Mbit/s, 64KiB or 1%")
    one, other = known[first.unit], known[last.unit]
    if any(unit in one and scale == one[unit] for unit, scale in other.items()):  # kB and KiB are both bytes
        return dict(sorted((one | other).items(), key=lambda item: item[1]))
    raise UnitError(f"{first.written} and {last.written} are not of one kind")


def _base(amount: Amount, series: Series) -> Decimal:
    if amount.unit not in series:
        raise UnitError(f"{amount.written} is not of the kind of the others")
    return amount.number * series[amount.unit]


# -- writing ----------------------------------------------------------------------------------------------------------


def _written(values: Sequence[Decimal], first: Amount, last: Amount, series: Series) -> list[Any]:
    if not first.unit:
        whole = isinstance(first.written, int) and isinstance(last.written, int)
        texts: list[Any] = [round(value) if whole else float(_short(value)) for value in values]
    else:
        low, high = sorted((series[first.unit], series[last.unit]))
        units = [unit for unit, scale in series.items() if low <= scale <= high]
        space = " " if " " in str(last.written).strip() else ""
        texts = [_text(value, units, series, space) for value in values]
    texts[0] = first.written
    if values[-1] == _base(last, series):
        texts[-1] = last.written
    twice = next((text for index, text in enumerate(texts) if text in texts[:index]), None)
    if twice is not None:
        more = ", or a fraction in both ends" if not first.unit else ""
        raise UnitError(f"so close together, {twice} comes twice: fewer points{more}")
    return texts


def _text(value: Decimal, units: Sequence[str], series: Series, space: str) -> str:
    """In the largest of the `units` that leaves a number from 1 and few digits; else rounded, or in a smaller unit."""
    smaller = [unit for unit in series if series[unit] <= series[units[-1]]]
    for candidate, digits, among in (
        (value, DIGITS, units),
        (_short(value), ROUNDED, units),
        (_short(value), 5, smaller),
    ):
        for unit in reversed(among):
            amount = candidate / series[unit]
            if (abs(amount) >= 1 or unit == among[0]) and _exact(amount, digits) and _possible(candidate, series):
                return f"{_plain(amount)}{space}{unit}"
    return f"{_plain(Decimal(round(value)))}{space}{next(iter(series))}"


def _exact(amount: Decimal, digits: int = DIGITS) -> bool:
    return len(amount.normalize().as_tuple().digits) <= digits


def _possible(value: Decimal, series: Series) -> bool:
    """There is no half byte, and nothing between two nanoseconds; there is half a percent."""
    return "%" in series or value == value.to_integral_value()


def _short(value: Decimal) -> Decimal:
    return value if _exact(value) else Context(prec=ROUNDED).plus(value)


def _grained(value: Decimal, grain: Decimal) -> Decimal:
    return value if _exact(value) else value.quantize(grain)


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
