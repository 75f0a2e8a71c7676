"""All runs below a folder, from Python: the same questions as of `testbed runs` and `testbed query`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from testbed.api import html
from testbed.api.outcome import Run
from testbed.api.tables import as_kind
from testbed.experiment.language.label import label
from testbed.report import tables
from testbed.report.answers import short_names
from testbed.store.frames import PARAMS
from testbed.store.results import Store


class Results:
    """The runs below a folder: to count, to filter, and to ask.

    `runs` are read as they are needed; their numbers come from an index in the folder.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self._store.folder

    @property
    def runs(self) -> list[Run]:
        """Each run: its document, its rows, its plots."""
        return [Run(document) for document in self._store.documents]

    def where(self, condition: str) -> Results:
        """Those for which an SQL condition holds, as after `testbed runs --where`. Raises ConfigError."""
        return Results(self._store.where(condition))

    def frame(self, kind: str = "polars", table: str = "flows") -> Any:
        """A row a run and flow: parameters and metrics. A table of polars, or of "pandas".

        `table` may also be "runs", a row a run; "ends", a row a flow and end; or "links", a row a link direction.
        """
        return as_kind(self._store.table(table), kind)

    def query(self, sql: str, kind: str = "polars") -> Any:
        """The answer to a question in SQL, as `testbed query` gives it. Raises ConfigError."""
        return as_kind(self._store.query(sql), kind)

    def trace(self, kind: str) -> Any:
        """The rows of a kind of all runs, lazily, with `run` and `folder` in front: `collect()` reads them."""
        return self._store.trace(kind)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self._store.documents)

    def __repr__(self) -> str:
        return f"<Results: {len(self)} runs below {self.folder}>"

    def _repr_html_(self) -> str:
        runs = self._store.select()
        params = [name for name in runs.columns if name.startswith(PARAMS) and runs[name].n_unique() > 1]
        rows = [
            [str(row["started"] or "–")[:19].replace("T", " "), row["experiment"], row["status"],
             *("–" if row[name] is None else label(row[name]) for name in params), str(row["seed"]),
             tables.rate(row["goodput"]), tables.seconds(row["completion_time"])]
            for row in runs.iter_rows(named=True)
        ]  # fmt: skip
        head = ["when", "experiment", "status", *short_names(params), "seed", "goodput", "time"]
        return html.page(f"{len(self):,} runs", f"below {self.folder}", html.table(head, rows, 3))
