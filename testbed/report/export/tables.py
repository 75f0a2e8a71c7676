"""A run as comma-separated values: its summaries, and every kind of rows that it recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from testbed.report.answers import as_csv
from testbed.report.rows import as_csv as rows_as_csv
from testbed.store.folder import read_run
from testbed.store.frames import TABLES, table
from testbed.trace import store
from testbed.trace.vocabulary import KINDS


def tables(run: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """`runs.csv`, `flows.csv`, `ends.csv`, `links.csv`, and a file for each kind of rows."""
    document = read_run(run)
    for name in TABLES:
        yield f"{name}.csv", _lines(as_csv(table(name, [document])))
    for kind in store.kinds(run):
        yield f"{kind}.csv", _lines(rows_as_csv(store.rows(run, kind), KINDS[kind]))


def _lines(lines: Iterable[str]) -> Iterator[bytes]:
    return (f"{line}\n".encode() for line in lines)
