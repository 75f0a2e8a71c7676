"""What came of runs, to reckon with and to look at: one run, an experiment, a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from testbed.api import html
from testbed.api.tables import as_kind
from testbed.errors import ConfigError
from testbed.experiment.language.label import label
from testbed.experiment.status import COMPLETE, went_well
from testbed.report import tables
from testbed.report.axes import short
from testbed.store import frames
from testbed.store.folder import read_run
from testbed.trace import store

if TYPE_CHECKING:
    import polars as pl

    from testbed.api.compared import Compared

FLOW_HEAD = ("flow", "from → to", "goodput", "time", "retransmitted", "RTT")


class Run(dict[str, Any]):
    """One run's document (see `testbed run --json`), and its rows."""

    @property
    def folder(self) -> Path:
        """Where it was written."""
        return Path(self["folder"])

    @cached_property
    def spec(self) -> dict[str, Any]:
        """All that was set, with every default filled in."""
        spec: dict[str, Any] = read_run(self.folder)["spec"]
        return spec

    @property
    def ok(self) -> bool:
        """It was completed, and every expectation was met."""
        return went_well(self)

    def trace(self, kind: str) -> pl.DataFrame:
        """The rows of a kind: "state", "segment", "cwnd", "control", "drop", "mark", "icmp", "queue" or "app"."""
        return store.load(self.folder, kind).collect()

    def frame(self, kind: str = "polars") -> Any:
        """A row a flow with its metrics: a table of polars, or of "pandas"."""
        return as_kind(frames.table("flows", [self]), kind)

    def plot(self, name: str = "cwnd", **options: Any) -> Any:
        """One of `testbed list plots`, as a matplotlib Figure. `options` are those of `testbed plot`."""
        return _plot(name, [self], options)

    def report(self, path: Path | str | None = None) -> Path:
        """Write a page about it, beside the run if no `path` is given; the answer is where."""
        return _report([self.folder], path)

    def __repr__(self) -> str:
        return f"<Run {self['id']} of {self['name']}: {self['status']}, in {self.folder}>"

    def _repr_html_(self) -> str:
        told = [f"seed {self['seed']}", *(f"{path}={label(one)}" for path, one in self["params"].items())]
        rows = [_flow_row(name, flow) for name, flow in self["flows"].items()]
        return html.page(self["name"], " · ".join(told), html.table(FLOW_HEAD, rows, 2), *_remarks(self))


class Result:
    """What came of an experiment: its runs in the order of the sweep, and their folder (None: it was not kept).

    `result[key]` is the value of a single run's document; of a sweep, look at `runs`. `expect` has what was expected of
    several runs together; what was expected of each is in its document. `reused` of them had been done before.
    """

    def __init__(
        self, name: str, folder: Path | None, runs: list[Run], expect: Sequence[Mapping[str, Any]] = (), reused: int = 0
    ) -> None:
        self.name = name
        self.folder = folder
        self.runs = runs
        self.expect = list(expect)
        self.reused = reused

    @property
    def ok(self) -> bool:
        """All runs were completed, and every expectation was met."""
        return all(run.ok for run in self.runs) and all(row["ok"] for row in self.expect)

    def frame(self, kind: str = "polars") -> Any:
        """A row a run and flow: parameters and metrics. A table of polars, or of "pandas"."""
        return as_kind(frames.table("flows", self.runs), kind)

    def plot(self, name: str, **options: Any) -> Any:
        """One of `testbed list plots`, as a matplotlib Figure. `options` are those of `testbed plot`."""
        return _plot(name, self.runs, options)

    def report(self, path: Path | str | None = None) -> Path:
        """Write a page about it, beside its runs if no `path` is given; the answer is where."""
        if self.folder is None:
            raise ConfigError.of("its runs were not kept", file=self.name, suggestion="give `results` a folder")
        return _report([self.folder], path)

    def compare(self, by: str | None = None, metric: str = "goodput", **options: Any) -> Compared:
        """Its settings against each other: see `testbed.compare`."""
        from testbed.api import compare

        return compare(self.runs, by, metric, **options)

    def __getitem__(self, key: str) -> Any:
        if len(self.runs) != 1:
            raise KeyError(f"{self.name} has {len(self.runs)} runs: take one of result.runs")
        return self.runs[0][key]

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        kind, ok = type(self).__name__, "ok" if self.ok else "not ok"
        return f"<{kind} of {self.name}: {len(self.runs)} runs, {ok}, in {self.folder}>"

    def _repr_html_(self) -> str:
        if len(self.runs) == 1:
            return self.runs[0]._repr_html_()
        params = list(dict.fromkeys(path for run in self.runs for path in run["params"]))
        rows = [
            [*(label(run["params"].get(path, "–")) for path in params), str(run.get("repeat", 1)),
             *_flow_row(name, flow)]
            for run in self.runs for name, flow in run["flows"].items()
        ]  # fmt: skip
        head = [*short(params), "repeat", *FLOW_HEAD]
        reused = f", {self.reused} of them done before" if self.reused else ""
        remark = f"{len(self.runs)} runs{reused}"
        expected = [html.remark(_sign(row), bad=not row["ok"]) for row in self.expect]
        failed = [part for run in self.runs if not run.ok for part in _remarks(run)]
        return html.page(self.name, remark, html.table(head, rows, len(params) + 3), *expected, *failed[: html.SHOWN])


class Sweep(Result):
    """The same, of several runs."""


def _flow_row(name: str, flow: Mapping[str, Any]) -> list[str]:
    again = tables.counted(flow["retransmitted_segments"], flow.get("retransmission_share"))
    return [name, f"{flow['from']} → {flow['to']}", tables.rate(flow["goodput"]),
            tables.seconds(flow["completion_time"]), again, tables.seconds(flow.get("rtt_p50"))]  # fmt: skip


def _remarks(run: Run) -> list[str]:
    """How it ended if not well, and what was expected."""
    ended = [] if run["status"] == COMPLETE else [html.remark(f"✗ {tables.ending(run)}", bad=True)]
    return ended + [html.remark(_sign(row), bad=not row["ok"]) for row in run["expect"]]


def _sign(row: Mapping[str, Any]) -> str:
    return f"{'✓' if row['ok'] else '✗'} {row['text']}   {tables.value(row)}"


def _plot(name: str, runs: Sequence[Run], options: Mapping[str, Any]) -> Any:
    from testbed.report.plots import draw

    return draw(name, runs, **options)


def _report(folders: Sequence[Path], path: Path | str | None) -> Path:
    from testbed.report.page.report import write_report

    return write_report([str(folder) for folder in folders], Path(path) if path is not None else None)
