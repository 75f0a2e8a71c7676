"""What has been run before: a run whose key equals is not run again, but taken over."""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from testbed.experiment.folder import resolved
from testbed.experiment.layout import MANIFEST, RUNS, SUMMARY
from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.run import read_documents
from testbed.experiment.status import COMPLETE, INVALID, STALLED
from testbed.experiment.world.outcome import judge_all
from testbed.sweeps.folder import planned_runs
from testbed.trace.files import write_json

FINISHED: Final = frozenset({COMPLETE, STALLED, INVALID})
"""How a run has ended that need not be repeated: it would end so again, or it has done what it could."""


def finished(folder: Path, key: str) -> dict[str, Any] | None:
    """The document of the run in `folder`, if that is finished and has this key."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    same = manifest.get("key") == key and manifest.get("status") in FINISHED
    return read_documents(folder) if same else None


class Earlier:
    """The finished runs of the other experiments in `home`, found by their keys; the latest first."""

    def __init__(self, home: Path, *, beside: Path) -> None:
        self._runs: Mapping[str, list[Path]] = defaultdict(list)
        folders = (one for one in home.iterdir() if one.is_dir() and not one.name.startswith(".") and one != beside)
        for folder in sorted(folders, reverse=True):
            for run in planned_runs(folder):
                self._runs[run["key"]].append(folder / RUNS / run["id"])

    def find(self, key: str) -> Path | None:
        """Where a finished run of this key is."""
        return next((run for run in self._runs.get(key, ()) if finished(run, key) is not None), None)


def take_over(found: Path, run: PlannedRun, place: Path) -> dict[str, Any] | None:
    """Make `place` the folder of `run` out of what was `found`, sharing its files; the answer is its document.

    What is expected of it is judged anew. None: what was found has just gone.
    """
    try:
        shutil.copytree(found, place, copy_function=_link, dirs_exist_ok=True)
        manifest, summary = (json.loads((place / name).read_text()) for name in (MANIFEST, SUMMARY))
    except (shutil.Error, OSError, ValueError):
        return None
    own = {"id": run.id, "params": run.params, "repeat": run.repeat, "spec": resolved(run.spec)}
    write_json(place / MANIFEST, manifest | own)  # files of their own: the other's stay as they are
    write_json(place / SUMMARY, summary | {"expect": judge_all(run.spec, place, summary)})
    return read_documents(place)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
