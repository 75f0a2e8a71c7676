"""The traces of many runs as one table a kind, scanned when they are asked for and no further than they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from testbed.trace.store import schema
from testbed.trace.vocabulary import KINDS

if TYPE_CHECKING:
    import polars as pl

WHOSE: Final = ("run", "folder")
"""The columns that say whose a row is; the others are the kind's own."""

_FILE: Final = "\0file"


def trace(runs: Iterable[Path], kind: str) -> pl.LazyFrame:
    """The rows of a kind of all `runs` that recorded it, run by run in order of time."""
    import polars as pl

    files = [path for run in runs if (path := run / f"{kind}.parquet").is_file()]
    text = pl.col(_FILE)
    if not files:
        whole = {**dict.fromkeys(WHOSE, pl.String), **schema(KINDS[kind])}
        return pl.DataFrame(schema=whole).lazy()
    # Rows of an earlier version may lack a column, or have one that is none of ours.
    rows = pl.scan_parquet(
        files, schema=schema(KINDS[kind]), include_file_paths=_FILE, missing_columns="insert", extra_columns="ignore",
        glob=False,
    )  # fmt: skip
    folder = text.str.strip_suffix(f"/{kind}.parquet")
    run = folder.str.extract(r"([^/]+)$")
    return rows.select(run.alias("run"), folder.alias("folder"), pl.exclude(_FILE))


def columns(kind: str) -> list[str]:
    """The names of the columns of a kind's table."""
    return [*WHOSE, *KINDS[kind].names]
