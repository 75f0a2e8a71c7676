"""Series and strokes as short JSON: times as whole ticks from one to the next, values with as many digits as show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from testbed.report.series import Series

Numbers = npt.NDArray[Any]

DIGITS: Final = 4
"""Significant digits of a value on a chart; whole numbers keep all of theirs."""


def tick_for(end: float) -> float:
    """The length of a tick (s): fine enough for a run of `end` s to be looked at closely."""
    return 1e-9 if end <= 0.1 else 1e-7 if end <= 10 else 1e-6


class Words:
    """Words that repeat, such as causes: kept once, and named by their numbers."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, word: str) -> int:
        return self._numbers.setdefault(word, len(self._numbers))

    @property
    def all(self) -> list[str]:
        return list(self._numbers)


def steps(t: Numbers, tick: float) -> list[int]:
    """Times (s) as ticks: the first, then the distances."""
    ticks = np.rint(np.asarray(t, dtype=np.float64) / tick).astype(np.int64)
    return [int(one) for one in np.diff(ticks, prepend=0)]


def distances(values: Numbers) -> list[int]:
    """Whole numbers as the first, then the distances."""
    return [int(one) for one in np.diff(np.asarray(values, dtype=np.int64), prepend=0)]


def value(number: float) -> float | int | None:
    """A value to `DIGITS` digits; null for none."""
    if number != number or number in (np.inf, -np.inf):
        return None
    if number == int(number) and abs(number) < 1e12:
        return int(number)
    return float(f"{number:.{DIGITS}g}")


def values(numbers: Sequence[float] | Numbers) -> list[float | int | None]:
    """The same of many."""
    return [value(float(one)) for one in numbers]


def packed(series: Series, tick: float, words: Words) -> dict[str, Any]:
    """A series for `charts.js`."""
    told: dict[str, Any] = {"t": steps(series.t, tick), "y": values(series.y), "step": series.step}
    if series.notes is not None and any(series.notes):
        told["notes"] = [words.number(note) for note in series.notes]
    return told
