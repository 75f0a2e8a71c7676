"""One run done, under whatever clock, and what is written of it."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Protocol

from testbed.errors import ConfigError, RunError
from testbed.experiment import layout
from testbed.experiment.folder import SCHEMA, empty, resolved
from testbed.experiment.key import key_of
from testbed.experiment.reading.load import Plan, PlannedRun
from testbed.experiment.spec_json import foreign
from testbed.experiment.status import FAILED
from testbed.experiment.trial import Trial
from testbed.experiment.world.snapshot import Tidings
from testbed.trace.files import write_json

SUMMARY: Final = (
    "status", "stalled", "flows", "links", "jain", "end_time", "machine_drops", "machine_drops_by_reason", "expect",
)  # fmt: skip
"""What the summary has of a run's document."""

NUMBERS: Final = ("flows", "links", "jain", "end_time", "machine_drops", "machine_drops_by_reason", "expect")
"""What only the summary has; the manifest has the rest."""

SURROUNDINGS: Final = ("schema", "key", "started", "versions", "machine", "spec")
"""What only the manifest has."""

PUNCTUAL: Final[Mapping[str, Any]] = {
    "lateness": {"p50": 0.0, "p99": 0.0, "max": 0.0, "links": {}}, "late": None, "tunnels": {}, "agents": {},
}  # fmt: skip
"""What a document says of a run in virtual time, where nothing is late and everything in one process."""


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


def check_runnable(plan: Plan, trials: Trials = VIRTUAL) -> None:
    """Whether there is something to run, that we can. Raises ConfigError."""
    for run in plan.runs:
        if not run.spec.flows:
            remedy = "this is a topology; name it in an experiment, under 'topology'"
            raise ConfigError.of("has no traffic to run", file=plan.file, path="traffic", suggestion=remedy)
        if run.spec.clock not in trials:
            message = f"nobody here can run the {run.spec.clock} clock"
            raise ConfigError.of(message, file=plan.file, path="clock", suggestion=" or ".join(trials))
        if run.spec.clock == "real" and (unknown := foreign(run.spec)):
            message = f"each host is a process of its own, and none knows {', '.join(sorted(unknown))}"
            raise ConfigError.of(message, file=plan.file, path="clock", suggestion="virtual")


def do(trial: AnyTrial, tell: Tidings) -> dict[str, Any]:
    """Do one run, write its summary and manifest, and return its document (as in `testbed run --json`).

    A run that breaks has the status "failed" and an `error`, and nothing else is left of it.
    """
    started, began = datetime.now(UTC), time.perf_counter()
    try:
        outcome = trial.go(tell)
    except RunError as broken:
        return write_failure(trial.run, trial.folder, str(broken), started, time.perf_counter() - began)
    return write_documents(trial.run, trial.folder, started, {"wall_time": time.perf_counter() - began, **outcome})


def write_failure(
    run: PlannedRun, folder: Path, error: str, started: datetime | None = None, wall_time: float = 0.0
) -> dict[str, Any]:
    """Leave nothing in `folder` but the news that the run broke; the answer is its document."""
    empty(folder)
    outcome = {"wall_time": wall_time, **_failure(run, error)}
    return write_documents(run, folder, started or datetime.now(UTC), outcome)


def write_documents(run: PlannedRun, folder: Path, started: datetime, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Write the summary and the manifest of a run with that `outcome` (see `AnyTrial.go`); return its document."""
    document = {
        "id": run.id, "folder": str(folder), "name": run.spec.name, "clock": run.spec.clock, "seed": run.spec.seed,
        "params": run.params, "repeat": run.repeat, **PUNCTUAL, **outcome,
    }  # fmt: skip
    write_json(folder / layout.SUMMARY, {key: document[key] for key in SUMMARY})
    manifest = {key: value for key, value in document.items() if key not in ("folder", *NUMBERS)}
    write_json(folder / layout.MANIFEST, {
        "schema": SCHEMA, "key": key_of(run.spec), **manifest, "started": started.isoformat(timespec="seconds"),
        "versions": _versions(), "machine": platform.platform(), "spec": resolved(run.spec),
    })  # fmt: skip
    return document


def read_documents(folder: Path) -> dict[str, Any] | None:
    """The document of the run in `folder`, as `write_documents` gave it; None where there is no whole run."""
    try:
        manifest, summary = (json.loads((folder / name).read_text()) for name in (layout.MANIFEST, layout.SUMMARY))
    except (OSError, ValueError):
        return None
    known = {key: value for key, value in manifest.items() if key not in SURROUNDINGS}
    return {"id": manifest["id"], "folder": str(folder), **known, **summary}


def _failure(run: PlannedRun, error: str) -> dict[str, Any]:
    """What is said of a run that broke."""
    expect = [{"text": text, "ok": False, "value": None, "unit": ""} for text in run.spec.expect]
    return {
        "status": FAILED, "stalled": [], "error": error, "trace_sha256": None, "rows": {}, "flows": {}, "links": {},
        "jain": None, "end_time": None, "machine_drops": 0, "machine_drops_by_reason": {}, "expect": expect,
    }  # fmt: skip


@cache
def _versions() -> dict[str, str]:
    packages = ("testbed", "polars", "pydantic", "PyYAML", "networkx")
    versions = {"python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions
