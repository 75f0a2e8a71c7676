"""All runs below a folder as something to ask: how many, which, their numbers as tables, their traces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from testbed.errors import ConfigError
from testbed.metrics.table import value_at
from testbed.store import frames, sql, traces
from testbed.store.folder import RESULTS
from testbed.store.index import Document, documents
from testbed.trace.vocabulary import KINDS

if TYPE_CHECKING:
    import polars as pl

NEWEST: Final = "-started"
"""How runs are sorted if nobody says how: the newest first."""


class Store:
    """The runs below a folder, as they were when it was first asked; those of an interrupted sweep too."""

    def __init__(self, folder: Path | str = RESULTS) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            remedy = "it is made by `testbed run`; or name another"
            raise ConfigError.of("no such folder", file=str(folder), suggestion=remedy)

    @cached_property
    def documents(self) -> list[Document]:
        """A document for each run, without its spec. A run that later experiments took over is here once, as theirs."""
        every = documents(self.folder)
        return list({_what(document): document for document in every}.values())

    def where(self, condition: str) -> Store:
        """Those runs for which an SQL condition holds. Raises ConfigError for what is wrong with it."""
        kept = set(self.select(condition)["folder"].to_list())
        part = Store(self.folder)
        part.documents = [document for document in self.documents if document["folder"] in kept]
        return part

    def table(self, name: str) -> pl.DataFrame:
        """One of the tables of summaries: "runs", "flows", "ends" or "links"."""
        return frames.table(name, self.documents)

    def trace(self, kind: str) -> pl.LazyFrame:
        """The rows of a kind of all runs, with `run` and `folder` in front. Raises ConfigError for an unknown kind."""
        if kind not in KINDS:
            raise ConfigError.of(f"no kind of rows {kind!r}", file="trace", suggestion=", ".join(KINDS))
        return traces.trace((Path(document["folder"]) for document in self.documents), kind)

    def query(self, question: str, where: str = "query") -> pl.DataFrame:
        """The answer to a question in SQL. Raises ConfigError for what is wrong with it; `where` is its name there."""
        wanted = {name for name in (*frames.TABLES, *KINDS) if re.search(rf"\b{name}\b", question)}
        if re.search(rf"\b(?:from|join)\s+(?:{'|'.join(KINDS)})\b", question, re.IGNORECASE):
            sql.refuse_durations(question, where)
        tables = {name: _measured(self.table(name)).lazy() for name in frames.TABLES if name in wanted}
        names = [name for table in tables.values() for name in table.collect_schema().names()]
        for kind in (kind for kind in KINDS if kind in wanted):
            tables[kind] = self.trace(kind)
            names += traces.columns(kind)
        every = (*frames.TABLES, *KINDS)
        return sql.without_measures(sql.ask(question, tables, dict.fromkeys(names), where, every))

    def select(self, where: str | None = None, sort: str | None = None) -> pl.DataFrame:
        """The table of runs, those for which `where` holds, in the order of `sort`: names, with `-` where it falls.

        Both may also name what an expectation may: `a.goodput`, `links.path.drops`. Raises ConfigError.
        """
        table = self._with_metrics(f"{where or ''} {sort or ''}")
        if where is not None:
            question = f"select * from runs where ({where}\n)"
            table = sql.ask(question, {"runs": table.lazy()}, table.columns, "--where", ("runs",))
        return sql.without_measures(_sorted(table, sort or NEWEST))

    def _with_metrics(self, text: str) -> pl.DataFrame:
        """The table of runs, and a column for each metric of a flow or a link that is spoken of."""
        rows = self.documents
        table = _measured(self.table("runs"))
        possible = frames.metric_names(rows)
        spoken = [name for name in dict.fromkeys(re.findall(r"[A-Za-z_][\w.\-]*", text)) if name in possible]
        names = [name for name in spoken if name not in table.columns]
        values = [{name: value_at(row, name) for name in names} for row in rows]
        return table.hstack(frames.frame(names, values)) if names else table


def _what(document: Document) -> tuple[Any, ...]:
    """What is the same of a run and of what has been taken over of it."""
    key = document.get("key")
    return (key, document.get("started"), document["id"]) if key is not None else (document["folder"],)


def _params(table: pl.DataFrame) -> list[str]:
    return [name for name in table.columns if name.startswith(frames.PARAMS) and not name.endswith(sql.MEASURE)]


def _measured(table: pl.DataFrame) -> pl.DataFrame:
    """A table, and beside each parameter that is a quantity its values as numbers: what can be compared and sorted."""
    import polars as pl

    more = []
    for name in _params(table):
        numbers = [None if value is None else sql.measure(value) for value in table[name].to_list()]
        if any(number is not None for number in numbers):
            more.append(pl.Series(name + sql.MEASURE, numbers, dtype=pl.Float64))
    return table.hstack(more) if more else table


def _sorted(table: pl.DataFrame, sort: str) -> pl.DataFrame:
    """Sorted by several columns, the first first; null comes last. Raises ConfigError for one that there is not."""
    names, falls = [], []
    for part in (part.strip() for part in sort.split(",")):
        name = _column(part.removeprefix("-"), table.columns)
        names.append(name + sql.MEASURE if name + sql.MEASURE in table.columns else name)
        falls.append(part.startswith("-"))
    return table.sort(names, descending=falls, nulls_last=True, maintain_order=True)


def _column(name: str, columns: Iterable[str]) -> str:
    known = [column for column in columns if not column.endswith(sql.MEASURE)]
    meant = [one for one in known if name == one] or [one for one in known if name in sql.tails(one)]
    if len(meant) == 1:
        return meant[0]
    raise sql.no_column(name, known, "--sort")
