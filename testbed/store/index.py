"""An index of the runs below a results folder, so that a thousand of them are not read each time that one is asked for.

It is a cache and nothing else: what is true is in the run folders. An entry holds as long as the two files that it was
made of keep their times and sizes; an index that is missing, damaged or of another version is made anew. Where it
cannot be written, all is read from the folders.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from testbed.errors import ConfigError
from testbed.experiment.layout import MANIFEST, RUNS, SUMMARY
from testbed.store.folder import read_run, runs_below

Document = dict[str, Any]
Stamp = tuple[int, int, int, int]
"""Time of change (ns) and size of a run's manifest, and of its summary."""

INDEX: Final = "index.sqlite"

VERSION: Final = 1
"""Of the tables below, and of what a document has."""

NEEDED: Final = frozenset({"id", "name", "clock", "seed", "params", "status", "flows", "links", "expect"})
"""What every run's document has."""

PATIENCE: Final = 5.0
"""How long (s) to wait for another process that writes."""

_TABLE: Final = "CREATE TABLE run (folder TEXT PRIMARY KEY, stamp TEXT NOT NULL, document TEXT NOT NULL) WITHOUT ROWID"


def documents(folder: Path) -> list[Document]:
    """The documents of all runs in and below `folder`, by name; without their specs, which `read_run` has.

    A run that is damaged, or goes while it is read, is left out.
    """
    runs = runs_below(folder)
    known: dict[Path, Document] = {}
    for home, members in _by_home(runs).items():
        known |= _documents(members, home, create=home == folder.absolute())
    return [known[run] for run in runs if run in known]


def _by_home(runs: Iterable[Path]) -> dict[Path, list[Path]]:
    """Runs by the results folder that they are in: `<home>/<experiment>/<when>/runs/<id>`."""
    homes: dict[Path, list[Path]] = {}
    for run in runs:
        parents = run.absolute().parents
        home = parents[3] if len(parents) > 3 and parents[0].name == RUNS else parents[0]
        homes.setdefault(home, []).append(run)
    return homes


def _documents(runs: Sequence[Path], home: Path, *, create: bool) -> dict[Path, Document]:
    """The documents of runs below `home`, from its index as far as it is right; that is brought up to date."""
    stamps = {run: stamp for run in runs if (stamp := _stamp(run)) is not None}
    keys = {run: os.path.relpath(run.absolute(), home) for run in stamps}
    kept = _kept(home)
    found: dict[Path, Document] = {}
    fresh: dict[str, tuple[str, str]] = {}
    for run, stamp in stamps.items():
        before, text = kept.get(keys[run], ("", ""))
        if before == str(stamp):
            found[run] = {**json.loads(text), "folder": str(run)}
            continue
        with suppress(ConfigError):
            found[run] = _read(run)
            fresh[keys[run]] = (str(stamp), json.dumps(found[run], ensure_ascii=False))
    gone = [key for key in kept if not (home / key / MANIFEST).exists()] if len(kept) > len(keys) else []
    if (fresh or gone) and (create or (home / INDEX).exists()):
        _keep(home, fresh, gone)
    return found


def _stamp(run: Path) -> Stamp | None:
    try:
        manifest, summary = (run / MANIFEST).stat(), (run / SUMMARY).stat()
    except OSError:
        return None
    return manifest.st_mtime_ns, manifest.st_size, summary.st_mtime_ns, summary.st_size


def _read(run: Path) -> Document:
    """A run's document without its spec. Raises ConfigError for what is none."""
    document = read_run(run)
    missing = NEEDED - document.keys()
    if missing:
        raise ConfigError.of(f"is no run: it lacks {', '.join(sorted(missing))}", file=str(run))
    document.pop("spec", None)
    return document


# -- the file ----------------------------------------------------------------------------------------------------------


def _kept(home: Path) -> Mapping[str, tuple[str, str]]:
    """What the index of `home` has: stamp and document by folder. Nothing, where there is none that can be read."""
    path = home / INDEX
    if not path.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as file:
            if file.execute("PRAGMA user_version").fetchone() != (VERSION,):
                return {}
            return {folder: (stamp, document) for folder, stamp, document in file.execute("SELECT * FROM run")}
    except sqlite3.Error:
        return {}


def _keep(home: Path, fresh: Mapping[str, tuple[str, str]], gone: Iterable[str]) -> None:
    """Put into the index what is new, and take out what is gone. What cannot be written is no harm: it is a cache."""
    for _ in ("as it is", "and once more without what was damaged"):
        try:
            with _writing(home / INDEX) as file:
                rows = [(folder, *entry) for folder, entry in fresh.items()]
                file.executemany("INSERT OR REPLACE INTO run VALUES (?, ?, ?)", rows)
                file.executemany("DELETE FROM run WHERE folder = ?", [(folder,) for folder in gone])
            return
        except sqlite3.OperationalError:
            return  # read-only, full, or another process has been writing for long
        except sqlite3.DatabaseError:
            with suppress(OSError):
                (home / INDEX).unlink()


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction, in which the table is as we know it."""
    with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        if file.execute("PRAGMA user_version").fetchone() != (VERSION,):
            file.execute("DROP TABLE IF EXISTS run")
            file.execute(_TABLE)
            file.execute(f"PRAGMA user_version = {VERSION}")
        yield file
        file.execute("COMMIT")
