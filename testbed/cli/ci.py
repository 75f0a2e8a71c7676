"""`--junit` and `--summary`: what a CI server reads, written whatever comes of the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from testbed.errors import ConfigError, RunError

if TYPE_CHECKING:
    from testbed.report.ci.outcome import Outcome

_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


def ci_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options `--junit` and `--summary`."""
    summary = click.option(
        "--summary", metavar="FILE", type=_FILE, help="Write the verdicts as Markdown, for a CI page."
    )
    junit = click.option(
        "--junit", metavar="FILE", type=_FILE, help="Write the verdicts as JUnit XML, for a CI server."
    )
    return junit(summary(command))


class Reports:
    """Gathers what came of experiments, for the files that are wanted."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.name = ""
        """What is being run, and has not come to its end."""
        self._left_out: Sequence[str] = ()

    def begin(self, name: str, left_out: Sequence[str] = ()) -> None:
        """The experiment of that name is run from now on, but not the runs of which `left_out` is expected."""
        self.name = name
        self._left_out = left_out

    def add(
        self, runs: Sequence[Mapping[str, Any]], expect: Sequence[Mapping[str, Any]], folder: Path | str = ""
    ) -> None:
        """What came of it: its runs, and a row for each expectation of several of them."""
        from testbed.report.ci.outcome import Outcome

        self.outcomes.append(Outcome(self.name, runs, expect, str(folder), self._left_out))
        self.name = ""

    def break_off(self, error: str) -> None:
        """Nothing came of it, but an error."""
        from testbed.report.ci.outcome import Outcome

        self.outcomes.append(Outcome(self.name, error=error))
        self.name = ""


@contextmanager
def reports(junit: Path | None, summary: Path | None) -> Iterator[Reports]:
    """Reports that are written when the block ends, also when a run breaks or is interrupted.

    Raises ConfigError before it begins, if they could not be.
    """
    _check({"--junit": junit, "--summary": summary})
    gathered = Reports()
    try:
        yield gathered
    except (RunError, KeyboardInterrupt) as error:
        if gathered.name:
            gathered.break_off(str(error) or "interrupted")
        _write(gathered.outcomes, junit, summary)
        raise
    _write(gathered.outcomes, junit, summary)


def _check(files: Mapping[str, Path | None]) -> None:
    from testbed.report.ci.outcome import check_writable

    for option, path in files.items():
        try:
            if path is not None:
                check_writable(path)
        except OSError as error:
            remedy = "name a file in a folder of yours"
            place = f"{option} {path}"
            raise ConfigError.of(f"cannot be written: {error.strerror}", file=place, suggestion=remedy) from error


def _write(outcomes: Sequence[Outcome], junit: Path | None, summary: Path | None) -> None:
    from testbed.report.ci import junit as xml
    from testbed.report.ci import markdown
    from testbed.report.ci.outcome import write

    if junit is not None:
        write(junit, xml.junit(outcomes))
    if summary is not None:
        write(summary, markdown.markdown(outcomes))
