"""The page of one run."""

from __future__ import annotations

from pathlib import Path

from testbed.report.page.headline import headline
from testbed.report.page.markup.document import document, words
from testbed.report.page.network.topology import topology
from testbed.report.page.parameters import parameters
from testbed.report.page.provenance import about, provenance
from testbed.report.page.shortened import compact
from testbed.report.page.time.charts import TimeCharts
from testbed.report.page.time.sequence import SequenceGraphs
from testbed.report.page.verdicts import verdicts
from testbed.report.tables import Run, written
from testbed.store.folder import experiment_of
from testbed.trace import store


def run_page(run: Run, folder: Path) -> str:
    """The page of the run in `folder`, whose document is `run`."""
    charts = TimeCharts(folder, _end(run, folder))
    graphs = SequenceGraphs(folder, list(charts.flows), charts.tick, charts.words)
    sequences = graphs.data()
    sections = [
        verdicts(run),
        headline(run),
        charts.section(),
        graphs.section(),
        topology(run["spec"]),
        parameters(run["spec"]),
        provenance(run, folder),
    ]
    embedded = {"summary": {**run, "spec": compact(run["spec"])}, "charts": charts.data(), "sequence": sequences}
    setting = words(*(f"{path} = {written(value)}" for path, value in run["params"].items()))
    return document(
        run["name"],
        words("" if run["id"] == "run" else f"run {run['id']}", setting, f"seed {run['seed']}", f"{run['clock']} time"),
        sections,
        embedded,
        about(experiment_of(folder)),
    )


def _end(run: Run, folder: Path) -> float:
    """How long the time axis is (s): to the last thing that happened before the run's end."""
    last = [_last(folder, kind) for kind in store.kinds(folder) if kind in ("segment", "cwnd", "queue", "drop", "app")]
    known = max(last, default=0.0)
    return known if known > 0 else float(run.get("end_time") or 0.0)


def _last(folder: Path, kind: str) -> float:
    latest = store.load(folder, kind).select("t").max().collect()["t"][0]
    return (latest or 0) / 1e9
