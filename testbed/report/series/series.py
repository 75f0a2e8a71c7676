"""One quantity over time, and the same with fewer points."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

A_BUCKET: Final = 4
"""Points that a stretch of a thinned series keeps: its first, least, greatest and last."""


class Series:
    """One quantity of a run over time, in order of time. NaN stands where there is no value, as for a ssthresh that
    has not been set; `lists` has None there.
    """

    __slots__ = ("label", "name", "notes", "step", "t", "unit", "y")

    def __init__(
        self, name: str, label: str, unit: str, t: Floats, y: Floats, *, step: bool, notes: list[str] | None = None
    ) -> None:
        self.name = name
        self.label = label
        """What it is called beside a line or an axis."""
        self.unit = unit
        """Of `y`: "B", "s", "bit/s", "packets" or ""."""
        self.t = t
        """When (s)."""
        self.y = y
        self.step = step
        """A value holds until the next; otherwise points stand for themselves."""
        self.notes = notes
        """The cause of each point, or None."""

    def __len__(self) -> int:
        return len(self.t)

    def __repr__(self) -> str:
        return f"<Series {self.name}: {len(self)} points, {self.unit or 'a number'}>"

    def between(self, begin: float | None, end: float | None) -> Series:
        """The part from `begin` to `end` (s); of steps, with the value that held at its beginning."""
        first = 0 if begin is None else int(np.searchsorted(self.t, begin, "left"))
        last = len(self.t) if end is None else int(np.searchsorted(self.t, end, "right"))
        if self.step and first:
            first -= 1
        part = self._take(np.arange(first, max(first, last)))
        if self.step and begin is not None and len(part) and part.t[0] < begin:
            part.t[0] = begin
        return part

    def lists(self) -> tuple[list[float], list[float | None]]:
        """Times and values as plain numbers, for JSON: None where there is no value."""
        return self.t.tolist(), [None if value != value else value for value in self.y.tolist()]

    def _take(self, indices: npt.NDArray[np.intp]) -> Series:
        notes = None if self.notes is None else [self.notes[index] for index in indices]
        return Series(
            self.name, self.label, self.unit, self.t[indices], self.y[indices], step=self.step, notes=notes
        )  # fmt: skip


def thin(series: Series, points: int) -> Series:
    """At most about `points` of the series' points, such that a picture of that many columns stays the same: of each
    of as many stretches of time the first, the least, the greatest and the last.
    """
    buckets = max(1, points // A_BUCKET)
    if len(series) <= max(points, A_BUCKET):
        return series
    begin, end = series.t[0], series.t[-1]
    place = ((series.t - begin) * (buckets / (end - begin or 1.0))).astype(np.int64).clip(0, buckets - 1)
    firsts = np.flatnonzero(np.diff(place, prepend=-1))
    lasts = np.append(firsts[1:], len(series)) - 1
    by_value = np.lexsort((series.y, place))  # NaN are the last of their stretch
    values = np.append(firsts[1:], len(series)) - np.add.reduceat(np.isnan(series.y), firsts) - 1
    greatest = by_value[np.maximum(values, firsts)]
    return series._take(np.unique(np.concatenate([firsts, lasts, by_value[firsts], greatest])))
