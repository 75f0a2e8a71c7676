"""Finding a run that is still being made, which its experiment's folder hides, and what it says of itself meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from testbed.control.collecting.part import PARTS
from testbed.errors import ConfigError
from testbed.experiment.abandoned import is_owned
from testbed.experiment.layout import MANIFEST
from testbed.experiment.world.sockets import FILE
from testbed.store.folder import RESULTS, read_document

RUNNING: Final = "running"
"""The word for the run that is being made now, below `results/`."""

_CLAIMED: Final = 3
"""How far above a run its experiment's folder may lie, to which whoever makes the run has a claim."""


class Glimpse(NamedTuple):
    """The sockets of a run in progress, by its latest files."""

    sockets: list[dict[str, Any]]
    now: int
    """Time of the experiment (ns)."""
    age: float
    """Seconds since."""


def find_running(name: str, results: Path = RESULTS) -> Path:
    """The folder of the run in progress that is meant: the only one in a folder, or, for `running`, below `results`.

    Raises ConfigError for none, and for several, which it lists.
    """
    folder = results if name == RUNNING else Path(name)
    runs = running_below(folder)
    if not runs:
        hint = "a run shows itself once it has run for a second"
        raise ConfigError.of("nothing is running here", file=str(folder), suggestion=hint)
    if len(runs) > 1:
        listed = "".join(f"\n  {run}" for run in runs)
        raise ConfigError.of(f"{len(runs)} runs are in progress; name one:{listed}", file=str(folder))
    return runs[0]


def running_below(folder: Path) -> list[Path]:
    """The folders of runs in progress in and below `folder`, by name."""
    return sorted(run for run in _walk(folder) if _is_alive(run))


def glimpse(run: Path) -> Glimpse:
    """What the processes that make the run have written last. Raises ConfigError where nothing is left of it."""
    files = _shown(run)
    if not files:
        raise ConfigError.of("this run is over", file=str(run), suggestion="name its folder, or `latest`")
    documents = [read_document(file.parent, FILE) for file in files]
    sockets = sorted((row for one in documents for row in one["sockets"]), key=lambda row: str(row["host"]))
    oldest = min(file.stat().st_mtime for file in files)
    return Glimpse(sockets, max(one["now"] for one in documents), max(0.0, time.time() - oldest))


def _shown(run: Path) -> list[Path]:
    """The run's own file, or its parts': each process of a run in real time has one."""
    return [path for path in (run / FILE, *sorted(run.glob(f"{PARTS}/*/{FILE}"))) if path.is_file()]


def _walk(folder: Path) -> Iterator[Path]:
    try:
        inside = list(os.scandir(folder))
    except OSError:
        return  # it went meanwhile, or is not ours to read
    if any(entry.name == MANIFEST for entry in inside):
        return
    if _shown(folder):
        yield folder
        return
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))


def _is_alive(run: Path) -> bool:
    """Whether whoever makes it lives; a killed process leaves its folder."""
    try:
        return any(is_owned(folder) for folder in (run.absolute(), *run.absolute().parents[: _CLAIMED - 1]))
    except OSError:
        return False
