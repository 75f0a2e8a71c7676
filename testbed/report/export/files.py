"""Files put where they are wanted: whole or not at all, and nothing that is there already is lost by mistake."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from testbed.errors import ConfigError
from testbed.trace.files import whole

Files = Iterable[tuple[str, Iterator[bytes]]]
"""Names, and what is to be in them, piece by piece."""


def put(files: Files, target: Path, *, single: bool, force: bool) -> list[Path]:
    """Write the one file of `files` to `target`, or all of them into a folder of that name.

    A single file for a folder that is there goes into it. With `force`, files of the same names are replaced, each at
    once; others in the folder stay. Raises ConfigError where something is in the way.
    """
    if single and target.is_dir():
        files = list(files)
        target = target / files[0][0]
    if target.exists() and not force:
        raise ConfigError.of(
            "is there already", file=str(target), suggestion="--force replaces it; --output names another"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    if single:
        (pieces,) = (pieces for _, pieces in files)
        _write(target, pieces)
        return [target]
    if target.exists() and not target.is_dir():
        raise ConfigError.of("is a file, and the run becomes a folder", file=str(target))
    return _fill(target, files) if target.exists() else _make(target, files)


def _fill(folder: Path, files: Files) -> list[Path]:
    """Write files into a folder that is there."""
    written = []
    for name, pieces in files:
        _write(folder / name, pieces)
        written.append(folder / name)
    return written


def _make(folder: Path, files: Files) -> list[Path]:
    """Make a folder, which has its name when all is in it."""
    hidden = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        written = _fill(hidden, files)
        if not written:
            raise ConfigError.of("there is nothing that could be written", file=str(folder))
        hidden.chmod(0o755)
        hidden.rename(folder)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    return [folder / path.relative_to(hidden) for path in written]


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    """One file; compressed where its name says so, which is also how readers know."""
    with whole(path) as unfinished, unfinished.open("wb") as file:
        if path.suffix == ".gz":
            pieces = iter([gzip.compress(b"".join(pieces), mtime=0)])
        file.writelines(pieces)
