"""Tables of the store as lines of text: JSON, CSV, and columns for people."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from testbed import units
from testbed.experiment.language.label import label
from testbed.experiment.status import COMPLETE
from testbed.report import tables
from testbed.report.axes import short
from testbed.store.frames import PARAMS

if TYPE_CHECKING:
    import polars as pl

NOTHING: Final = "-"

HEADLINES: Final = ("goodput", "completion_time", "retransmitted_segments")
"""What the list of runs has of their numbers, if nobody asks for others."""

_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "goodput": tables.rate, "throughput": tables.rate, "completion_time": tables.seconds, "end_time": tables.seconds,
    "wall_time": tables.seconds, "bytes_delivered": units.show_size,
}  # fmt: skip
_HEADINGS: Final = {"completion_time": "time", "retransmitted_segments": "retransmitted"}


def as_json(frame: pl.DataFrame) -> Iterator[str]:
    """An object a line."""
    for row in frame.iter_rows(named=True):
        yield json.dumps({name: _finite(value) for name, value in row.items()}, ensure_ascii=False, default=str)


def as_csv(frame: pl.DataFrame) -> Iterator[str]:
    """A line of names, then a line a row; null is empty."""
    yield _csv_line(frame.columns)
    for row in frame.iter_rows():
        yield _csv_line(row)


def as_columns(frame: pl.DataFrame, limit: int | None) -> Iterator[str]:
    """Aligned columns under their names, `limit` rows at most; then how many there are besides."""
    shown = frame if limit is None else frame.head(limit)
    cells = [[_cell(value) for value in row] for row in shown.iter_rows()]
    right = {name for name, kind in shown.schema.items() if kind.is_numeric()}
    yield from aligned(shown.columns, cells, right)
    if len(frame) > len(shown):
        yield f"… {len(frame) - len(shown):,} more rows: --limit 0 shows all, --csv and --json have all"


def run_lines(runs: pl.DataFrame, asked: Iterable[str] = (), limit: int | None = None) -> Iterator[str]:
    """Runs for people: when, what, what varied, how it ended, its headlines and the numbers `asked` for, its folder."""
    shown = runs if limit is None else runs.head(limit)
    params = [name for name in shown.columns if name.startswith(PARAMS) and shown[name].n_unique() > 1]
    numbers = list(
        dict.fromkeys([*HEADLINES, *(name for name in asked if shown[name].dtype.is_numeric() and name != "seed")])
    )
    head = ["when", "experiment", *short_names(params), "seed", "status"]
    head += [*(_HEADINGS.get(name, name) for name in numbers), "folder"]
    cells = [_run_cells(row, params, numbers) for row in shown.iter_rows(named=True)]
    right = {"seed", *head[-1 - len(numbers) : -1], *head[2 : 2 + len(params)]}
    yield from aligned(head, cells, right)
    if len(runs) > len(shown):
        yield f"… {len(runs) - len(shown):,} more runs: --limit 0 shows all, --csv and --json have all"


def aligned(head: Sequence[str], cells: Sequence[Sequence[str]], right: Iterable[str]) -> Iterator[str]:
    """Rows of cells under their heads, as wide as they must be; numbers end below each other."""
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    numbers = [name in set(right) for name in head]
    for row in (head, *cells):
        parts = zip(row, widths, numbers, strict=True)
        yield "  ".join(cell.rjust(width) if number else cell.ljust(width) for cell, width, number in parts).rstrip()


def _run_cells(row: Mapping[str, Any], params: Iterable[str], numbers: Iterable[str]) -> list[str]:
    when = str(row["started"] or NOTHING)[:19].replace("T", " ")
    failed = row["status"] == COMPLETE and not row["ok"]
    status = "✗ expectation" if failed else str(row["status"])
    values = [_cell(row[name]) for name in params]
    return [when, row["experiment"], *values, str(row["seed"]), status, *(_number(row, name) for name in numbers),
            row["folder"]]  # fmt: skip


def _number(row: Mapping[str, Any], name: str) -> str:
    value, show = row[name], _UNITS.get(name.rpartition(".")[2])
    return show(value) if show is not None and value is not None else _cell(value)


def short_names(params: Sequence[str]) -> list[str]:
    """The columns of parameters, each by as many of its path's last words as tell it from the others."""
    return short([name.removeprefix(PARAMS) for name in params])


def _cell(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.6g}"
    return label(value) if isinstance(value, bool | list | dict) else str(value)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv_line(values: Iterable[Any]) -> str:
    line = io.StringIO()
    texts = [
        "" if value is None else label(value) if isinstance(value, bool | list | dict) else value for value in values
    ]
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()
