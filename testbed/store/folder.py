"""Finding the run that someone means, and reading what its folder holds."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any, Final

from testbed.errors import ConfigError, ConfigProblem

LATEST: Final = "latest"
"""The word for the run that was finished last, below `results/`."""

RESULTS: Final = Path("results")
MANIFEST: Final = "manifest.json"
SUMMARY: Final = "summary.json"

LISTED: Final = 12
"""How many runs an error names."""


def find_run(name: str, results: Path = RESULTS) -> Path:
    """The one run folder meant by `name`: itself, a folder that holds a single run, or `latest`.

    Raises ConfigError for none, and for several, which it lists.
    """
    if name == LATEST:
        return _latest(results)
    folder = Path(name)
    if not folder.is_dir():
        raise _wrong(folder, "no such run folder", _similar(folder))
    runs = runs_below(folder)
    if not runs:
        raise _wrong(folder, "holds no run", "name a folder that `testbed run` has written, or `latest`")
    if len(runs) > 1:
        listed = "".join(f"\n  {run}" for run in runs[:LISTED])
        more = f"\n  … {len(runs) - LISTED} more" if len(runs) > LISTED else ""
        raise _wrong(folder, f"holds {len(runs)} runs; name one of them:{listed}{more}")
    return runs[0]


def runs_below(folder: Path) -> list[Path]:
    """The folders of finished runs in and below `folder`, by name; what is still being written is hidden."""
    found = [manifest.parent for manifest in folder.rglob(MANIFEST)]
    return sorted(run for run in found if not any(part.startswith(".") for part in run.relative_to(folder).parts))


def read_document(run: Path, name: str) -> dict[str, Any]:
    """A JSON file of a run folder. Raises ConfigError where it is missing or damaged."""
    try:
        document = json.loads((run / name).read_text())
    except OSError as error:
        raise _wrong(run / name, error.strerror or "cannot be read", "this is not a whole run folder") from error
    except ValueError as error:
        raise _wrong(run / name, f"is damaged: {error}", "run the experiment again") from error
    if not isinstance(document, dict):
        raise _wrong(run / name, "is damaged: not a mapping", "run the experiment again")
    return document


def read_run(run: Path) -> dict[str, Any]:
    """A run's document, as `testbed run --json` printed it, with its `spec`."""
    return {**read_document(run, MANIFEST), **read_document(run, SUMMARY), "folder": str(run)}


def _latest(results: Path) -> Path:
    runs = runs_below(results)
    if not runs:
        raise _wrong(results, "holds no run", "run one first: testbed run experiments/quickstart.yaml")
    return max(runs, key=lambda run: ((run / MANIFEST).stat().st_mtime_ns, run))


def _similar(folder: Path) -> str:
    beside = [str(run) for run in sorted(folder.parent.iterdir()) if run.is_dir()] if folder.parent.is_dir() else []
    close = difflib.get_close_matches(str(folder), beside, n=1)
    return f"did you mean {close[0]!r}?" if close else "the path is printed at the end of `testbed run`"


def _wrong(place: Path, message: str, suggestion: str = "") -> ConfigError:
    return ConfigError([ConfigProblem(message, file=str(place), suggestion=suggestion)])
