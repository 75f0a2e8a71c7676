"""A plan carried out: its runs one after another, each with its folder."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Protocol

from testbed.errors import ConfigError, ConfigProblem, RunError
from testbed.experiment.folder import SCHEMA, ExperimentFolder, empty, resolved
from testbed.experiment.reading.load import Plan, PlannedRun
from testbed.experiment.status import FAILED, INTERRUPTED
from testbed.experiment.trial import Trial
from testbed.experiment.world.snapshot import Snapshot, Tidings
from testbed.trace.files import write_json

SUMMARY: Final = (
    "status", "stalled", "flows", "links", "jain", "end_time", "machine_drops", "machine_drops_by_reason", "expect",
)  # fmt: skip
"""What the summary has of a run's document."""

NUMBERS: Final = ("flows", "links", "jain", "end_time", "machine_drops", "machine_drops_by_reason", "expect")
"""What only the summary has; the manifest has the rest."""

PUNCTUAL: Final[Mapping[str, Any]] = {
    "lateness": {"p50": 0.0, "p99": 0.0, "max": 0.0, "links": {}}, "late": None, "tunnels": {}, "agents": {},
}  # fmt: skip
"""What a document says of a run in virtual time, where nothing is late and everything in one process."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an experiment has come: told now and then."""

    run: PlannedRun
    index: int
    """Which run, from 0."""
    count: int
    """How many there are."""
    now: int
    """The run's virtual time (ns)."""
    until: int | None
    """When it ends at the latest; None where nobody knows."""
    snapshot: Snapshot | None = None
    """How it stands, where that is known."""


Tell = Callable[[Progress], None]


class AnyTrial(Protocol):
    """One run, under some clock."""

    run: PlannedRun
    folder: Path

    def go(self, tell: Tidings) -> dict[str, Any]:
        """Run, and return that part of the run's document which is not known beforehand; `tell` is told of it.

        Raises RunError for what leaves nothing worth keeping.
        """


Trials = Mapping[str, Callable[[PlannedRun, Path], AnyTrial]]
"""How to make a trial, by clock."""

VIRTUAL: Final[Trials] = {"virtual": Trial}


def run_plan(
    plan: Plan, results: Path, tell: Tell | None = None, *, trials: Trials = VIRTUAL
) -> tuple[Path, list[dict[str, Any]]]:
    """Do every run of `plan`. Returns the folder below `results`, and a document for each run (design section 6).

    A run that breaks has the status "failed" and an `error`; the others are done nevertheless, and only if all break
    is it a RunError. When interrupted, it leaves the runs that there are, or nothing; one in real time is kept as far
    as it went, and is the last.
    """
    check_runnable(plan, trials)
    folder = ExperimentFolder(results, plan)
    documents: list[dict[str, Any]] = []
    try:
        for index, run in enumerate(plan.runs):
            with folder.run(run.id) as path:
                told = _teller(run, index, len(plan.runs), tell)
                documents.append(_document(trials[run.spec.clock](run, path), told))
            if documents[-1]["status"] == INTERRUPTED:
                break
        if all(document["status"] == FAILED for document in documents):
            raise RunError(documents[0]["error"])
    except BaseException:
        if any(document["status"] != FAILED for document in documents):
            folder.finish()
        else:
            folder.discard()
        raise
    final = folder.finish()
    for document in documents:
        document["folder"] = str(final / "runs" / document["id"])
    return final, documents


def check_runnable(plan: Plan, trials: Trials = VIRTUAL) -> None:
    """Whether there is something to run, that we can. Raises ConfigError."""
    for run in plan.runs:
        if not run.spec.flows:
            remedy = "this is a topology; name it in an experiment, under 'topology'"
            raise ConfigError(
                [ConfigProblem("has no traffic to run", file=plan.file, path="traffic", suggestion=remedy)]
            )
        if run.spec.clock not in trials:
            message = f"nobody here can run the {run.spec.clock} clock"
            raise ConfigError([ConfigProblem(message, file=plan.file, path="clock", suggestion=" or ".join(trials))])


def _teller(run: PlannedRun, index: int, count: int, tell: Tell | None) -> Tidings:
    """Whom a trial tells how it stands."""

    def told(now: int, snapshot: Snapshot | None = None) -> None:
        if tell is not None:
            tell(Progress(run, index, count, now, run.spec.duration, snapshot))

    return told


def _document(trial: AnyTrial, tell: Tidings) -> dict[str, Any]:
    """Do one run, write its summary and manifest, and return its document."""
    started, began = datetime.now(UTC), time.perf_counter()
    try:
        outcome = trial.go(tell)
    except RunError as broken:
        empty(trial.folder)
        outcome = _failure(trial.run, str(broken))
    return write_documents(trial.run, trial.folder, started, {"wall_time": time.perf_counter() - began, **outcome})


def write_documents(run: PlannedRun, folder: Path, started: datetime, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Write the summary and the manifest of a run with that `outcome` (see `AnyTrial.go`); return its document."""
    document = {
        "id": run.id, "folder": str(folder), "name": run.spec.name, "clock": run.spec.clock, "seed": run.spec.seed,
        "params": run.params, "repeat": run.repeat, **PUNCTUAL, **outcome,
    }  # fmt: skip
    write_json(folder / "summary.json", {key: document[key] for key in SUMMARY})
    manifest = {key: value for key, value in document.items() if key not in ("folder", *NUMBERS)}
    write_json(
        folder / "manifest.json", {"schema": SCHEMA, **manifest, **_surroundings(started), "spec": resolved(run.spec)}
    )
    return document


def _failure(run: PlannedRun, error: str) -> dict[str, Any]:
    """What is said of a run that broke."""
    expect = [{"text": text, "ok": False, "value": None, "unit": ""} for text in run.spec.expect]
    return {
        "status": FAILED, "stalled": [], "error": error, "trace_sha256": None, "rows": {}, "flows": {}, "links": {},
        "jain": None, "end_time": None, "machine_drops": 0, "machine_drops_by_reason": {}, "expect": expect,
    }  # fmt: skip


def _surroundings(started: datetime) -> dict[str, Any]:
    packages = ("testbed", "polars", "pydantic", "PyYAML", "networkx")
    versions = {"python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {"started": started.isoformat(timespec="seconds"), "versions": versions, "machine": platform.platform()}
