"""Documents of runs as tables: a row a run; a run and flow; a flow and end; a link direction.

Every table begins with the same columns, which say of which run a row is. Columns have the names of `expect` and of
the summaries, and their units: seconds, bytes, bit/s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from testbed.experiment.language.label import label
from testbed.experiment.status import went_well
from testbed.metrics.table import COUNTERS, FLOW, GROUP, LINK, METRICS

if TYPE_CHECKING:
    import polars as pl

Document = Mapping[str, Any]
Row = dict[str, Any]

PARAMS: Final = "params."
"""What the column of a parameter begins with: `params.tcp.rto_min`."""

FORWARD: Final = "forward"
REVERSE: Final = "reverse"

SUMS: Final = ("goodput", "bytes_delivered", "segments_sent", "retransmitted_segments", "timeouts")
"""Metrics of flows that the table of runs has too: added up over the flows."""

_INTEGER: Final = "integer"
_NUMBER: Final = "number"
_TEXT: Final = "text"
_FLAG: Final = "flag"


def runs_rows(documents: Iterable[Document]) -> Iterator[Row]:
    """A row a run: what it was, how it ended, and its flows' numbers together."""
    for document in documents:
        flows = document["flows"].values()
        yield _whose(document) | {
            "status": document["status"],
            "ok": went_well(document),
            "wall_time": document.get("wall_time"),
            "end_time": document.get("end_time"),
            "flows": len(flows),
            **{name: _sum(flow.get(name) for flow in flows) for name in SUMS},
            "completion_time": _last(flow.get("completion_time") for flow in flows),
            "jain": document.get("jain"),
            "drops": sum(
                one.get("drops", 0) for link in document["links"].values() for one in _directions(link).values()
            ),
        }


def flows_rows(documents: Iterable[Document]) -> Iterator[Row]:
    """A row a run and flow, with all its metrics."""
    for document in documents:
        whose = _whose(document) | {"status": document["status"]}
        for name, flow in document["flows"].items():
            yield whose | {"flow": name, **_plain(flow, FLOW)}


def ends_rows(documents: Iterable[Document]) -> Iterator[Row]:
    """A row a run, flow and end of it, with all its counters."""
    for document in documents:
        whose = _whose(document)
        for name, flow in document["flows"].items():
            for end, host in (("client", flow["from"]), ("server", flow["to"])):
                counters = flow[end] or {}
                states = " ".join(counters.get("states", ()))
                yield (
                    whose
                    | {"flow": name, "end": end, "host": host, "states": states}
                    | {counter: counters.get(counter) for counter in COUNTERS}
                )


def links_rows(documents: Iterable[Document]) -> Iterator[Row]:
    """A row a run and link direction, with all its metrics."""
    for document in documents:
        whose = _whose(document)
        for name, link in document["links"].items():
            for direction, one in _directions(link).items():
                yield whose | {"link": name, "direction": direction, **_plain(one, LINK)}


TABLES: Final[Mapping[str, Callable[[Iterable[Document]], Iterator[Row]]]] = {
    "runs": runs_rows, "flows": flows_rows, "ends": ends_rows, "links": links_rows,
}  # fmt: skip
"""The tables that are made of summaries, by name."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "runs": ("status", "ok", "wall_time", "end_time", "flows", *SUMS, "completion_time", "jain", "drops"),
    "flows": ("status", "flow", *(name for name, one in METRICS[FLOW].items() if one.unit != GROUP)),
    "ends": ("flow", "end", "host", "states", *COUNTERS),
    "links": ("link", "direction", *(name for name, one in METRICS[LINK].items() if one.unit != GROUP)),
}
"""The columns of each table, after those that all tables begin with."""


def table(name: str, documents: Sequence[Document]) -> pl.DataFrame:
    """One of the TABLES as a polars table."""
    rows = list(TABLES[name](documents))
    params = list(dict.fromkeys(PARAMS + path for document in documents for path in document["params"]))
    whose = ["run", "experiment", *params, "repeat", "seed", "clock", "started", "folder"]
    return frame([*whose, *COLUMNS[name]], rows)


def frame(columns: Iterable[str], rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a polars table: a column is of whole numbers, numbers, flags or else of text; what is absent is null."""
    import polars as pl

    types = {_INTEGER: pl.Int64, _NUMBER: pl.Float64, _FLAG: pl.Boolean, _TEXT: pl.String}
    series = []
    for name in columns:
        values = [row.get(name) for row in rows]
        kind = _kind(values)
        kept = [None if value is None else label(value) for value in values] if kind == _TEXT else values
        series.append(pl.Series(name, kept, dtype=types[kind], strict=False))
    return pl.DataFrame(series)


def metric_names(documents: Iterable[Document]) -> set[str]:
    """The numbers of flows and links that these runs have, as in expectations: `a.goodput`, `links.path.drops`."""
    flows = {name for document in documents for name in document["flows"]}
    links = {f"links.{name}" for document in documents for name in document["links"]}
    scopes = ((flows, METRICS[FLOW]), (links, METRICS[LINK]))
    return {f"{whose}.{name}" for owners, metrics in scopes for whose in owners
            for name, metric in metrics.items() if metric.unit != GROUP}  # fmt: skip


def _whose(document: Document) -> Row:
    return {
        "run": document["id"],
        "experiment": document["name"],
        **{PARAMS + path: value for path, value in document["params"].items()},
        "repeat": document.get("repeat"),
        "seed": document["seed"],
        "clock": document["clock"],
        "started": document.get("started"),
        "folder": document["folder"],
    }


def _plain(group: Mapping[str, Any], scope: str) -> Row:
    return {name: group.get(name) for name, metric in METRICS[scope].items() if metric.unit != GROUP}


def _directions(link: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    reverse = link.get("reverse")
    return {FORWARD: link} | ({REVERSE: reverse} if reverse else {})


def _sum(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) if there else None


def _last(values: Iterable[float | None]) -> float | None:
    """The greatest, which is known only if all are."""
    every = list(values)
    there = [value for value in every if value is not None]
    return max(there) if there and len(there) == len(every) else None


def _kind(values: Iterable[Any]) -> str:
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return _FLAG
    if types and types <= {int} and all(value is None or abs(value) < 2**63 for value in values):
        return _INTEGER
    return _NUMBER if types and types <= {int, float} else _TEXT
