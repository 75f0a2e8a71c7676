"""What a report for a CI server is made of: experiments with their runs and verdicts; and files that are whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, NamedTuple

from testbed.errors import RunError, in_words
from testbed.report.tables import Row, Run
from testbed.trace.files import whole

LEFT_OUT: Final = "not judged: the runs that it speaks of were left out"


class Outcome(NamedTuple):
    """What came of an experiment, or of a comparison that has no runs of its own."""

    name: str
    runs: Sequence[Run] = ()
    expect: Sequence[Row] = ()
    """What was expected of several runs together."""
    folder: str = ""
    left_out: Sequence[str] = ()
    """What was expected of runs that were not to be done."""
    error: str = ""
    """Why there is no more: it broke, or was interrupted."""


def check_writable(path: Path) -> None:
    """Whether `write` will do, as far as can be told beforehand; leaves nothing. Raises OSError."""
    if path.exists() and not path.is_file():
        return
    home = next(folder for folder in path.absolute().parents if folder.exists())
    with TemporaryFile(dir=home):
        pass


def write(path: Path, text: str) -> None:
    """A file with `text`, whole or not at all. Raises RunError where the system refuses."""
    try:
        if path.exists() and not path.is_file():  # a terminal, a pipe
            path.write_text(text, encoding="utf-8")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(in_words(error)) from error
