"""`testbed runs` and `testbed query`: what all runs together say."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

LIMIT = 50

JSON = click.option("--json", "form", flag_value="json", help="An object a line; times in s, rates in bit/s.")
CSV = click.option("--csv", "form", flag_value="csv", help="Comma-separated values under their names.")
ROWS = click.option("--limit", metavar="N", type=click.IntRange(min=0), default=LIMIT, show_default=True,
                    help="Rows of a table to show at most; 0: all.")  # fmt: skip


@click.command(
    epilog="\b\nExamples:\n  testbed runs --where \"params.tcp.rto_min = '200ms' and goodput > 3Mbit/s\"\n"
    "  testbed runs results/minimum-rto --sort -web.goodput\n"
)
@click.argument("path", type=click.Path(path_type=Path), default="results")
@click.option("--where", metavar="SQL", help="Which runs: a condition over the columns that --csv shows.")
@click.option("--sort", metavar="COLUMNS", help="In which order, such as -goodput,seed; the newest first if not said.")
@JSON
@CSV
@ROWS
def runs(path: Path, where: str | None, sort: str | None, form: str | None, limit: int) -> None:
    """All runs below PATH, a line each: when, what varied, how they ended, their numbers, their folders.

    A run's goodput is that of its flows together. In --where and --sort a flow's metric is called a.goodput, and a
    link's links.bottleneck.drops, as in an expectation.
    """
    from testbed.report.answers import run_lines
    from testbed.store.results import Store

    store = Store(path)
    found = store.select(where, sort)
    if form is None and found.is_empty():
        click.echo(_nothing(path, len(store.documents)))
        return
    spoken = re.findall(r"[A-Za-z_][\w.\-]*", f"{where or ''} {sort or ''}")
    asked = [name for name in found.columns if name in spoken]
    _print(run_lines(found, asked, limit or None) if form is None else _lines(found, form))


@click.command(
    epilog='\b\nExample:\n  testbed query "select params.tcp.rto_min, median(goodput) from flows'
    ' group by params.tcp.rto_min"\n'
)
@click.argument("sql")
@click.option("--results", metavar="DIR", type=click.Path(path_type=Path), default="results", show_default=True,
              help="Whose runs: any folder of them.")  # fmt: skip
@JSON
@CSV
@ROWS
def query(sql: str, results: Path, form: str | None, limit: int) -> None:
    """Ask all runs in SQL.

    The tables are runs, flows, ends (a row a flow and end) and links, which have the metrics, and one for each kind
    of rows of a trace: state, segment, cwnd, … Rows of one run have its `folder` in every table. Columns with dots
    need no quotes, but "from" and "to" do.
    """
    from testbed.report.answers import as_columns
    from testbed.store.results import Store

    answer = Store(results).query(sql)
    _print(as_columns(answer, limit or None) if form is None else _lines(answer, form))


def _lines(frame: pl.DataFrame, form: str) -> Iterable[str]:
    from testbed.report.answers import as_csv, as_json

    return as_json(frame) if form == "json" else as_csv(frame)


def _nothing(path: Path, count: int) -> str:
    if count:
        return f"none of the {count:,} runs below {path} is meant"
    return f"there is no run below {path}; run one first: testbed run experiments/quickstart.yaml"


def _print(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
