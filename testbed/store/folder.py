"""Finding the run that someone means, and reading what its folder holds."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from testbed.errors import ConfigError
from testbed.experiment.layout import EXPERIMENT, MANIFEST, RUNS, SUMMARY

LATEST: Final = "latest"
"""The word for the run that was finished last, below `results/`."""

RESULTS: Final = Path("results")

LISTED: Final = 12
"""How many runs an error names."""


def find_run(name: str, results: Path = RESULTS) -> Path:
    """The one run folder meant by `name`: itself, a folder that holds a single run, or `latest`.

    Raises ConfigError for none, and for several, which it lists.
    """
    if name == LATEST:
        return _latest(results)
    folder = Path(name)
    runs = _runs_of(folder)
    if len(runs) > 1:
        listed = "".join(f"\n  {run}" for run in runs[:LISTED])
        more = f"\n  … {len(runs) - LISTED} more" if len(runs) > LISTED else ""
        raise _wrong(folder, f"holds {len(runs)} runs; name one of them:{listed}{more}")
    return runs[0]


def find_runs(names: Sequence[str | Path], results: Path = RESULTS) -> list[Path]:
    """The folders of all runs meant by `names`, each once, in the order of the names.

    A name is a run, an experiment's folder, or any folder above such; `latest` is all runs of the experiment that was
    finished last. Raises ConfigError for a name that means none.
    """
    found: dict[Path, None] = {}
    for name in names:
        found |= dict.fromkeys(_latest_experiment(results) if str(name) == LATEST else _runs_of(Path(name)))
    return list(found)


def runs_below(folder: Path) -> list[Path]:
    """The folders of finished runs in and below `folder`, by name; what is still being written is hidden."""
    return sorted(_walk(str(folder)))


def _walk(folder: str) -> Iterator[Path]:
    """Runs, without looking into them: there is no run inside another."""
    try:
        inside = list(os.scandir(folder))
    except OSError:
        return  # it went meanwhile, or is not ours to read
    if any(entry.name == MANIFEST for entry in inside):
        yield Path(folder)
        return
    for entry in inside:
        if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)


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


def read_runs(runs: Iterable[Path]) -> list[dict[str, Any]]:
    """The documents of several runs."""
    return [read_run(run) for run in runs]


def experiment_of(run: Path) -> Path:
    """The experiment's folder that a run is part of; the run's own where it lies alone."""
    return run.parent.parent if run.parent.name == RUNS else run


def _runs_of(folder: Path) -> list[Path]:
    """The runs that a folder is or holds. Raises ConfigError for none."""
    if not folder.is_dir():
        raise _wrong(folder, "no such run folder", _similar(folder))
    runs = runs_below(folder)
    if not runs:
        raise _wrong(folder, "holds no run", "name a folder that `testbed run` has written, or `latest`")
    return runs


def _latest(results: Path) -> Path:
    return max(_any_runs(results), key=lambda run: (_when(run / MANIFEST), run))


def _latest_experiment(results: Path) -> list[Path]:
    """The runs of the experiment that was finished last: a run that it took from an earlier one is older than it."""
    experiments: dict[Path, list[Path]] = {}
    for run in _any_runs(results):
        experiments.setdefault(experiment_of(run), []).append(run)

    def finished(folder: Path) -> tuple[int, Path]:
        ends = [_when(folder / EXPERIMENT), *(_when(run / MANIFEST) for run in experiments[folder])]
        return max(ends), folder

    return experiments[max(experiments, key=finished)]


def _any_runs(results: Path) -> list[Path]:
    runs = runs_below(results)
    if not runs:
        raise _wrong(results, "holds no run", "run one first: testbed run experiments/quickstart.yaml")
    return runs


def _when(path: Path) -> int:
    """When a file was written (ns); 0 for one that is not there."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _similar(folder: Path) -> str:
    beside = [str(run) for run in sorted(folder.parent.iterdir()) if run.is_dir()] if folder.parent.is_dir() else []
    close = difflib.get_close_matches(str(folder), beside, n=1)
    return f"did you mean {close[0]!r}?" if close else "the path is printed at the end of `testbed run`"


def _wrong(place: Path, message: str, suggestion: str = "") -> ConfigError:
    return ConfigError.of(message, file=str(place), suggestion=suggestion)
