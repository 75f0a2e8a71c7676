"""Rows of a trace as lines of text: for people, for `jq`, for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

from testbed.trace.vocabulary import Kind

BATCH: Final = 1000
"""Rows that share one width a column, so that a long trace need not be read to its end before it is shown."""


def as_json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """An object a line."""
    return (json.dumps(row, ensure_ascii=False) for row in rows)


def as_csv(rows: Iterable[dict[str, Any]], kind: Kind) -> Iterator[str]:
    """A line of names, then a line a row; null is empty."""
    for values in chain([kind.names], (row.values() for row in rows)):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(values)
        yield line.getvalue()


def as_text(rows: Iterable[dict[str, Any]], kind: Kind) -> Iterator[str]:
    """Aligned columns under their names and units; null is `-`."""
    head = [f"{column.name}/{column.unit}" if column.unit else column.name for column in kind.columns]
    widths = [len(name) for name in head]
    heading: list[list[str]] = [head]
    source = iter(rows)
    while (batch := list(islice(source, BATCH))) or heading:
        lines = heading + [["-" if cell is None else str(cell) for cell in row.values()] for row in batch]
        columns = zip(*lines, strict=True)
        widths = [max(width, *map(len, cells)) for width, cells in zip(widths, columns, strict=True)]
        for line in lines:
            yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        heading = []
