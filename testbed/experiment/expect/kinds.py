"""What an expression of an expectation can be: a number with its unit, a flag, a text, a list of words.

A unit is a power of bytes times a power of seconds, so that `bytes / time` is a rate and a rate cannot be compared
with a time. Inside, values are in bytes and seconds; a rate is shown in bit/s.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from testbed import units
from testbed.errors import UnitError


class ExpectationError(ValueError):
    """An expectation that cannot be understood, or speaks of what is not there. `suggestion`: what helps."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        self.suggestion = suggestion
        super().__init__(message)


class Unit(NamedTuple):
    """The unit of a number: bytes to a power, seconds to a power."""

    bytes: int = 0
    seconds: int = 0

    def __str__(self) -> str:
        known = {NUMBER: "a number", TIME: "a time", SIZE: "a size", RATE: "a rate"}
        return known.get(self, f"B^{self.bytes} s^{self.seconds}")


NUMBER: Final = Unit(0, 0)
TIME: Final = Unit(0, 1)
SIZE: Final = Unit(1, 0)
RATE: Final = Unit(1, -1)
FLAG: Final = "true or false"
TEXT: Final = "a text"
WORDS: Final = "a list of words"

Kind = Unit | str
"""A `Unit`, `FLAG`, `TEXT` or `WORDS`."""


def from_metric(unit: str) -> tuple[Unit, float]:
    """The unit of a metric as its table has it, and what brings its value to bytes and seconds."""
    known = {"s": (TIME, 1.0), "ns": (TIME, 1e-9), "B": (SIZE, 1.0), "bit/s": (RATE, 0.125), "bit": (SIZE, 0.125)}
    return known.get(unit, (NUMBER, 1.0))


def show(value: Any, kind: Kind) -> Any:
    """A value as a result has it: rates in bit/s, the others as they are."""
    return value * 8 if kind == RATE and value is not None else value


def unit_name(kind: Kind) -> str:
    """The unit of what `show` returns, as metrics name theirs; "" for what has none."""
    return {TIME: "s", SIZE: "B", RATE: "bit/s"}.get(kind, "") if isinstance(kind, Unit) else ""


def quantity(text: str) -> tuple[float, Unit]:
    """`3 Mbit/s`, `2s`, `1%`, `64KiB`, `100 packets` or a bare number, in bytes and seconds."""
    readers = (
        (units.count, 1, NUMBER), (units.duration, 1e9, TIME), (units.rate, 8, RATE), (units.size, 1, SIZE),
        (_share, 1, NUMBER), (float, 1, NUMBER),
    )  # fmt: skip
    for read, scale, unit in readers:
        try:
            value = read(text)
        except ValueError:
            continue
        if math.isinf(value):
            break
        return (value if scale == 1 else value / scale), unit
    raise ExpectationError(f"{text!r} is no quantity", "as in 20ms, 3 Mbit/s, 64KiB, 1% or 100 packets")


def _share(text: str) -> float:
    """A percentage, which may be above 100% here."""
    if not text.endswith("%"):
        raise UnitError("no share")
    return float(text[:-1]) / 100
