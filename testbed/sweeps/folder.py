"""An experiment's folder while its runs are made: `results/<experiment>/<UTC time>-<hash>/`.

It is hidden until its first run is whole, then has its name, and further runs appear in it as each is whole:

    .TIME-HASH.random/           until then: the files as given, resolved.json, runs/
    .TIME-HASH.random.work/      runs that are being made elsewhere than in this process: the folder above may move
    TIME-HASH/                   experiment.json comes last; while it is missing or says "interrupted", the same plan
                                 may be continued here

Whoever makes runs has a claim to both. What a killed process has left is tidied by whoever comes next: hidden folders
go, but one in which a run is whole is shown. Two that begin in the same second never meet.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from testbed.experiment.abandoned import Claim, is_abandoned, is_owned, sweep
from testbed.experiment.folder import SCHEMA, explained, resolved_plan, show, show_run
from testbed.experiment.layout import EXPERIMENT, MANIFEST, RESOLVED, RUNS
from testbed.experiment.reading.load import Plan, PlannedRun
from testbed.experiment.status import COMPLETE
from testbed.trace.files import write_json

WORK: Final = ".work"
WORK_STILL: Final = 5.0
"""Seconds: a process that is killed takes those who work for it along at once."""

INHERITANCE: Final = 8.0
"""Seconds that the heirs of a killed controller, in real time, have to make a run of what it left."""


class ExperimentFolder:
    """A plan's folder, ours alone until `finish` or `discard`."""

    def __init__(self, path: Path, claim: Claim) -> None:
        self.path = path
        self._claim = claim
        self._work: tuple[Path, Claim] | None = None

    @classmethod
    def begin(cls, results: Path, plan: Plan, keys: Mapping[str, str]) -> ExperimentFolder:
        """A new one. Raises RunError where it cannot be written."""
        home = results / plan.name
        with explained(results):
            home.mkdir(parents=True, exist_ok=True)
            _tidy(home)
            path = Path(tempfile.mkdtemp(prefix=f".{_name(plan)}.", dir=home))
            folder = cls(path, Claim(path))
            try:
                path.chmod(0o777 & ~_umask())
                for name, content in plan.files.items():
                    (path / name).write_bytes(content)
                folder.plan(plan, plan.runs, keys)
            except OSError:
                folder.discard()
                raise
        return folder

    @classmethod
    def resume(cls, results: Path, plan: Plan, keys: Mapping[str, str]) -> ExperimentFolder | None:
        """The latest one in which the same plan was begun and not finished; None if there is none, or it is at work."""
        home = results / plan.name
        _await_heirs(home)
        for path in sorted(_candidates(home, _digest(plan)), reverse=True):
            planned = {run["id"]: run["key"] for run in planned_runs(path)}
            if keys.items() <= planned.items() and not _is_finished(path):
                with suppress(OSError):  # somebody is at it, or it has just gone
                    folder = cls(path, Claim(path, wait=False))
                    folder._show()
                    sweep((folder.path / RUNS).glob(".*"), still=0.0)
                    sweep(home.glob(f".{folder.path.name}.*{WORK}"), still=0.0)
                    return folder
        return None

    def plan(self, plan: Plan, runs: Sequence[PlannedRun], keys: Mapping[str, str]) -> None:
        """Say which runs there will be."""
        write_json(self.path / RESOLVED, resolved_plan(plan, runs, keys))

    def run(self, run_id: str) -> Path:
        """Where the whole run of that name is, if there is one."""
        return self.path / RUNS / run_id

    def place(self, run_id: str, *, apart: bool) -> Path:
        """A new folder to make a run in. Not `apart`: it moves when the experiment's folder is shown."""
        if apart and self._work is None:
            work = Path(tempfile.mkdtemp(prefix=f"{_hidden(self.path)}.", suffix=WORK, dir=self.path.parent))
            self._work = work, Claim(work)
        place = self._work[0] / run_id if apart and self._work else self.path / RUNS / f".{run_id}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place

    def add(self, made: Path, run_id: str) -> None:
        """Show the run that was made in `made`: it is whole."""
        self.run(run_id).parent.mkdir(exist_ok=True)
        show_run(made, self.run(run_id))
        self._show()

    def finish(self, status: str, **more: Any) -> None:
        """Write how it ended, and give it up."""
        runs = sum(1 for _ in _shown_runs(self.path))
        write_json(
            self.path / EXPERIMENT,
            {"schema": SCHEMA, "name": self.path.parent.name, "status": status, "runs": runs, **more},
        )
        self.close()

    def discard(self) -> None:
        """Leave nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()
        home = self.path.parent
        for parent in (home, home.parent):
            try:
                parent.rmdir()  # only what is empty goes
            except OSError:
                return

    def close(self) -> None:
        """Give it up as it is; what is not whole goes."""
        for half in (self.path / RUNS).glob(".*"):
            shutil.rmtree(half, ignore_errors=True)
        if self._work is not None:
            shutil.rmtree(self._work[0], ignore_errors=True)
            self._work[1].close()
            self._work = None
        with suppress(OSError):  # closed before
            self._claim.close()

    def _show(self) -> None:
        if self.path.name.startswith("."):
            self.path = show(self.path)


def planned_runs(experiment: Path) -> list[dict[str, Any]]:
    """What `resolved.json` says of its runs, if they have keys."""
    try:
        runs = json.loads((experiment / RESOLVED).read_text())["runs"]
        return [run for run in runs if "key" in run]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _is_finished(experiment: Path) -> bool:
    try:
        return bool(json.loads((experiment / EXPERIMENT).read_text())["status"] == COMPLETE)
    except (OSError, ValueError, KeyError):
        return False


def _shown_runs(experiment: Path) -> Iterator[Path]:
    return (run for run in (experiment / RUNS).glob(f"*/{MANIFEST}") if not run.parent.name.startswith("."))


def _candidates(home: Path, digest: str) -> list[Path]:
    """Where the plan of that digest was begun: what is shown, and what would be if its process had not been killed."""
    shown = [path for path in home.glob(f"*Z-{digest}*") if not path.name.startswith(".")]
    hidden = [path for path in home.glob(f".*Z-{digest}.*") if any(_shown_runs(path))]
    return [path for path in (*shown, *hidden) if path.is_dir()]


def _await_heirs(home: Path) -> None:
    """Until no run in real time, whose controller was killed, is being put together any more."""
    deadline = time.monotonic() + INHERITANCE
    while time.monotonic() < deadline and any(_inherited(home)):
        time.sleep(0.1)


def _inherited(home: Path) -> Iterator[Path]:
    for will in home.glob("*/runs/.*/.parts/will.json"):
        with suppress(OSError):
            run = will.parents[1]
            if not is_owned(run.parents[1]) and not is_abandoned(run, INHERITANCE):
                yield run


def _tidy(home: Path) -> None:
    """Put away what killed processes have left: folders in which a run is whole are shown, and the rest goes."""
    sweep(home.glob(f".*{WORK}"), WORK_STILL)
    for hidden in home.glob(".*Z-*.*"):
        with suppress(OSError):  # it has just gone, or is another user's
            if any(_shown_runs(hidden)) and is_abandoned(hidden):
                show(hidden)
    sweep(home.glob(".*Z-*.*"))
    for run in home.glob("*/runs/.*"):
        with suppress(OSError):
            if not is_owned(run.parents[1]):
                sweep([run])


def _hidden(path: Path) -> str:
    return path.name if path.name.startswith(".") else f".{path.name}"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _name(plan: Plan) -> str:
    """`20261122T101500Z-1a2b3c4d`: when, and what."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{_digest(plan)}"


def _digest(plan: Plan) -> str:
    """Of all that was given."""
    digest = hashlib.sha256()
    for name, content in sorted(plan.files.items()):
        digest.update(name.encode() + content)
    digest.update(json.dumps(plan.overrides, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:8]
