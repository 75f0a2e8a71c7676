"""Quantities as people write them, and back: `20ms`, `10Mbit/s`, `64KiB`, `1%`, `100 packets`.

Inside, times are integers of nanoseconds, rates integers of bit/s, sizes integers of bytes and shares floats
from 0 to 1. Reading is exact: decimal text is never rounded through a float. The types at the end are what a
spec's field is annotated with; a schema validator reads the text through them, plain code sees int or float.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

from testbed.errors import UnitError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_NUMBER: Final = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")

_DURATIONS: Final = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
    "min": 60_000_000_000, "h": 3_600_000_000_000,
}  # fmt: skip
_RATES: Final = {
    "bit/s": 1, "kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9, "Tbit/s": 10**12,
    "bps": 1, "kbps": 10**3, "Mbps": 10**6, "Gbps": 10**9,
    "B/s": 8, "kB/s": 8 * 10**3, "MB/s": 8 * 10**6, "GB/s": 8 * 10**9,
}  # fmt: skip
_SIZES: Final = {
    "B": 1, "byte": 1, "bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_COUNTS: Final = {"": 1, "packets": 1, "packet": 1, "segments": 1, "segment": 1, "times": 1}

SERIES: Final[tuple[dict[str, int], ...]] = (
    {unit: _DURATIONS[unit] for unit in ("ns", "us", "ms", "s", "min", "h")},
    {unit: _DURATIONS[unit] for unit in ("ns", "µs", "ms", "s", "min", "h")},
    {unit: _DURATIONS[unit] for unit in ("ns", "μs", "ms", "s", "min", "h")},
    {unit: _RATES[unit] for unit in ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s")},
    {unit: _RATES[unit] for unit in ("bps", "kbps", "Mbps", "Gbps")},
    {unit: _RATES[unit] // 8 for unit in ("B/s", "kB/s", "MB/s", "GB/s")},
    {unit: _SIZES[unit] for unit in ("B", "kB", "MB", "GB", "TB")},
    {unit: _SIZES[unit] for unit in ("B", "KiB", "MiB", "GiB", "TiB")},
    {"%": 1}, {"packets": 1}, {"packet": 1}, {"segments": 1}, {"segment": 1}, {"times": 1}, {"": 1},
)  # fmt: skip
"""Units that one would count up with, smallest first, and what each is of the smallest."""


_LARGEST: Final = 10**18
"""More than anybody means, in our units: 31 years, an exabit a second, an exabyte. A clock's FOREVER lies beyond."""


def _scaled(text: object, units: dict[str, int], what: str, example: str) -> Decimal:
    """The number in `text` times its unit; an error that shows an `example` where there is none."""
    match = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        bare = isinstance(text, int | float) and not isinstance(text, bool)
        problem = "needs a unit" if bare else "is a number and a unit"
        raise UnitError(f"a {what} {problem}, e.g. {example!r}, not {text!r}")
    number, unit = match.groups()
    if unit not in units:
        raise UnitError(_unknown_unit(unit, units, what, example))
    exact = Decimal(number)
    if exact.adjusted() > 18 or abs(exact) * units[unit] > _LARGEST:
        raise UnitError(f"{match[0].strip()[:40]!r} is too large for a {what}")
    return exact * units[unit]


def _unknown_unit(unit: str, units: dict[str, int], what: str, example: str) -> str:
    if not unit:
        return f"a {what} needs a unit, e.g. {example!r}"
    alike = [known for known in units if known.lower() == unit.lower()]
    hint = f"did you mean {alike[0]!r}?" if alike else "one of " + ", ".join(filter(None, units))
    return f"{unit!r} is not a unit of {what}: {hint}"


def _whole(value: Decimal, what: str, smallest: str) -> int:
    if value < 0:
        raise UnitError(f"a {what} cannot be negative")
    if value != value.to_integral_value():
        raise UnitError(f"a {what} cannot be finer than {smallest}")
    return int(value)


def duration(text: object) -> int:
    """Nanoseconds: `20ms`, `1.5s`, `2min`. A bare 0 is allowed, for nought needs no unit."""
    if text == 0 and not isinstance(text, bool):
        return 0
    return _whole(_scaled(text, _DURATIONS, "duration", "20ms"), "duration", "1ns")


def rate(text: object) -> int:
    """Bits a second: `10Mbit/s` or `10Mbps` (bits), `1MB/s` (bytes)."""
    return _whole(_scaled(text, _RATES, "rate", "10Mbit/s"), "rate", "1bit/s")


def size(text: object) -> int:
    """Bytes: `64KiB` (1024), `20MB` (1000), `1448B`."""
    if text == 0 and not isinstance(text, bool):
        return 0
    return _whole(_scaled(text, _SIZES, "size", "64KiB"), "size", "1B")


def share(text: object) -> float:
    """A part of one, from 0 to 1: `1%`, `0.5%` or `0.01`."""
    if isinstance(text, str) and text.strip().endswith("%"):
        value = float(_scaled(text, {"%": 1}, "share", "1%") / 100)
    elif isinstance(text, int | float) and not isinstance(text, bool):
        value = float(text)
    else:
        raise UnitError(f"a share is a percentage, e.g. '1%', or a number from 0 to 1, not {text!r}")
    if not 0.0 <= value <= 1.0:
        raise UnitError(f"a share lies between 0% and 100%, not {text!r}")
    return value


def count(text: object) -> int:
    """A whole number, with or without its noun: `100`, `100 packets`, `10 segments`."""
    if isinstance(text, float):
        raise UnitError(f"a count is a whole number, e.g. '100', not {text!r}")
    if isinstance(text, int) and not isinstance(text, bool):
        if text > _LARGEST:  # perhaps with more digits than can be written out
            raise UnitError("that is too large for a count")
        text = str(max(text, -1))
    return _whole(_scaled(text, _COUNTS, "count", "100"), "count", "1")


def queue_limit(text: object) -> tuple[int, str]:
    """`100 packets` or `64KiB` as (number, "packets" or "bytes")."""
    if isinstance(text, str) and text.strip().endswith(("packets", "packet")):
        return count(text), "packets"
    match = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in _SIZES:
        raise UnitError(f"a queue limit is in packets or bytes, e.g. '100 packets' or '64KiB', not {text!r}")
    return size(text), "bytes"


def window(text: object) -> tuple[int, str]:
    """`10 segments` or `64KiB` as (number, "segments" or "bytes")."""
    if isinstance(text, str) and text.strip().endswith(("segments", "segment")):
        return count(text), "segments"
    match = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in _SIZES:
        raise UnitError(f"a window is in segments or bytes, e.g. '10 segments' or '64KiB', not {text!r}")
    return size(text), "bytes"


# -- back to text --------------------------------------------------------------------------------------------------


def show_duration(value: float) -> str:
    """The shortest unit that leaves at most four digits before the point: 20000000 -> `20ms`."""
    return _show(value, [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000), ("ns", 1)], "")


def show_rate(value: float) -> str:
    """10000000 -> `10 Mbit/s`."""
    return _show(value, [("Gbit/s", 10**9), ("Mbit/s", 10**6), ("kbit/s", 10**3), ("bit/s", 1)], " ")


def show_size(value: float) -> str:
    """1500 -> `1.5 kB`; powers of two are shown as such: 65536 -> `64 KiB`."""
    if value and value % 1024 == 0:
        return _show(value, [("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)], " ")
    return _show(value, [("GB", 10**9), ("MB", 10**6), ("kB", 10**3), ("B", 1)], " ")


def show_share(value: float) -> str:
    """0.01 -> `1%`."""
    return f"{value * 100:.4g}%"


def _show(value: float, units: list[tuple[str, int]], space: str) -> str:
    for unit, factor in units:
        if abs(value) >= factor:
            return f"{value / factor:.4g}{space}{unit}"
    return f"{value:.4g}{space}{units[-1][0]}"


# -- types for the fields of specs -----------------------------------------------------------------------------------


class Quantity:
    """Marks a field whose text is read by one of the functions above.

    A schema validator (pydantic) finds the two hooks by their names; nothing here needs it to be installed.
    A value that is already in our units (an int or float from Python) passes where `plain` allows it.
    """

    __slots__ = ("example", "name", "parse")

    def __init__(self, name: str, parse: Callable[[object], Any], example: str) -> None:
        self.name = name
        self.parse = parse
        self.example = example

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": ["string", "number"], "examples": [self.example], "description": f"a {self.name}"}


Duration = Annotated[int, Quantity("duration", duration, "20ms")]
Rate = Annotated[int, Quantity("rate", rate, "10Mbit/s")]
Size = Annotated[int, Quantity("size", size, "64KiB")]
Share = Annotated[float, Quantity("share", share, "1%")]
Count = Annotated[int, Quantity("count", count, "10")]
QueueLimit = Annotated[tuple[int, str], Quantity("queue limit", queue_limit, "100 packets")]
Window = Annotated[tuple[int, str], Quantity("window", window, "10 segments")]
