"""Columns of the trace as arrays; sequence numbers that do not wrap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from testbed.report.series.series import Floats
from testbed.trace import store
from testbed.trace.vocabulary import KINDS

if TYPE_CHECKING:
    import polars as pl

Integers = npt.NDArray[np.int64]

SECOND: Final = 1e9
WRAP: Final = 1 << 32

BETWEEN: Final = " · "
"""What stands between a connection and its host, in the name of an end: `a · left1`."""


def columns(run: Path, kind: str, names: Sequence[str], *, connection: str | None = None) -> pl.DataFrame | None:
    """These columns of a kind's rows, of all connections or one; None where the kind was not recorded."""
    import polars as pl

    if kind not in store.kinds(run):
        return None
    rows = store.load(run, kind)
    if connection is not None:
        rows = rows.filter(pl.col("connection") == connection)
    return rows.select(names).collect()


def by_end(frame: pl.DataFrame) -> dict[tuple[str, str], pl.DataFrame]:
    """The rows of each end of a connection, by (connection, host), in order of their first."""
    parts = frame.partition_by("connection", "host", as_dict=True, maintain_order=True)
    return {(str(connection), str(host)): part for (connection, host), part in parts.items() if connection}


def numbers(part: pl.DataFrame, name: str) -> Integers:
    """A column of whole numbers."""
    return part[name].to_numpy().astype(np.int64, copy=False)


def seconds(part: pl.DataFrame, name: str = "t") -> Floats:
    """A column of times (ns) in seconds."""
    return part[name].to_numpy() / SECOND


def unit_of(kind: str, column: str) -> str:
    """The unit in which a column is drawn: the table's, but seconds for its ns."""
    unit = next(known.unit for known in KINDS[kind].columns if known.name == column)
    return "s" if unit == "ns" else unit


def unwrapped(numbers: Integers, base: int) -> Integers:
    """Sequence numbers of the wire, in order of time, counted from `base` without wrapping (RFC 9293 section 3.4)."""
    if not len(numbers):
        return numbers
    return np.cumsum(_near(np.diff(numbers, prepend=base)))


def beside(numbers: Integers, known: Integers, unwrapped: Integers) -> Integers:
    """Sequence numbers of the wire that are near `known` ones, whose true values are `unwrapped`."""
    return unwrapped + _near(numbers - known)


def _near(distance: Integers) -> Integers:
    """Distances modulo 2^32 as the nearer of both ways."""
    return (distance + WRAP // 2) % WRAP - WRAP // 2
