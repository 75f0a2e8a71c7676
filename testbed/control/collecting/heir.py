"""When the controller is killed in the middle of a run: one of its agents makes a run's folder of what there is.

Before the run, the controller leaves a *will* among the parts, with what a manifest needs, and keeps it locked. Locks
die with their owner, so whoever can lock the will knows that the controller is gone, and that it is the only heir.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from testbed.control.collecting.gather import gather
from testbed.control.collecting.part import LOCK, PARTS, locked, part_folder, read_account
from testbed.experiment import spec_json
from testbed.experiment.folder import show, show_run
from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.run import write_documents
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.status import INCOMPLETE
from testbed.trace.files import write_json

WILL: Final = "will.json"

KILLED: Final = "the controller was killed"

PATIENCE: Final = 2.0
"""Seconds until an agent believes that the controller, whose channel has ended, is alive nevertheless."""

LONGEST_WAIT: Final = 5.0
"""Seconds for the other agents to close their parts. Who has not done so by then hangs, and is killed."""


@contextmanager
def will(run: PlannedRun, folder: Path) -> Iterator[None]:
    """Provide for the death of this process, the controller of `run`, while it is at it."""
    (folder / PARTS).mkdir()
    path = folder / PARTS / WILL
    write_json(path, {
        "id": run.id, "params": run.params, "repeat": run.repeat, "started": time.time(),
        "spec": spec_json.to_json(run.spec),
    })  # fmt: skip
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def inherit(
    folder: Path, agent: str, local_agents: Sequence[str], *, patience: float = PATIENCE, most: float = LONGEST_WAIT
) -> Path | None:
    """Take over the run in `folder`: `agent` has closed its part of it, `local_agents` all write there.

    The answer is where the experiment's folder is then; None if the controller lives, or another agent was quicker.
    """
    with _claimed(folder / PARTS / WILL, time.monotonic() + patience) as left:
        if left is None:
            return None
        deadline = time.monotonic() + most
        for other in local_agents:
            if other != agent:
                _wait_for(part_folder(folder, other) / LOCK, deadline)
        return _execute(folder, left, local_agents)


@contextmanager
def _claimed(path: Path, deadline: float) -> Iterator[dict[str, Any] | None]:
    """The will, once it is ours; None if it will not be."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None  # it has been carried out
        return
    with file:
        ours = locked(file, deadline) and os.fstat(file.fileno()).st_nlink > 0
        yield json.load(file) if ours else None


def _wait_for(lock: Path, deadline: float) -> None:
    """Until nobody holds `lock` any more; whoever still does at the deadline is killed."""
    try:
        file = lock.open("rb")
    except FileNotFoundError:
        return  # it had not begun
    with file:
        if not locked(file, deadline):
            os.kill(int(file.read()), signal.SIGKILL)
            locked(file, time.monotonic() + LONGEST_WAIT)


def _execute(folder: Path, left: dict[str, Any], local_agents: Sequence[str]) -> Path:
    spec = spec_json.from_json(left["spec"])
    run = PlannedRun(id=left["id"], params=left["params"], repeat=left["repeat"], spec=spec)
    agents = dict(_agents(folder, spec, local_agents))
    outcome = gather(folder, spec, status=INCOMPLETE, error=KILLED, agents=agents, allow_late=True)
    started = datetime.fromtimestamp(left["started"], UTC)
    write_documents(run, folder, started, {"wall_time": time.time() - left["started"], **outcome})
    experiment = show_run(folder).parents[1]
    return show(experiment) if experiment.name.startswith(".") else experiment


def _agents(folder: Path, spec: ExperimentSpec, local_agents: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is known of the agents without their controller: what it had measured has gone with it."""
    for name in local_agents:
        account = read_account(part_folder(folder, name))
        known = (
            {"machines": account.machines, "error": None} if account else {"machines": [], "error": "left no account"}
        )
        yield name, {**known, "host": platform.node(), "clock_offset": 0.0, "clock_offset_error": 0.0}
    for name, machines in spec.agents.items():
        error = "could not hand over what it had"
        yield (
            name,
            {"machines": list(machines), "error": error, "host": None, "clock_offset": 0.0, "clock_offset_error": 0.0},
        )
