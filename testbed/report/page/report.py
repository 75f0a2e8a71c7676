"""A report of what is in a folder: which page it wants, and the file that it becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from testbed.report.page.run import run_page
from testbed.store.folder import find_runs, read_run
from testbed.trace.files import whole

NAME: Final = "report.html"


def write_report(names: list[str], output: Path | None = None) -> Path:
    """Write the page of a run, or of several runs as a sweep, whole or not at all; the answer is where it is.

    Without an `output` it lies in the run's folder, or in that of the experiment. Raises ConfigError for names that
    mean no runs, OSError where it cannot be written.
    """
    runs = find_runs(names)
    if len(runs) == 1:
        home, page = runs[0], run_page(read_run(runs[0]), runs[0])
    else:
        from testbed.report.page.sweep.page import home_of, sweep_page

        home = home_of(runs)
        page = sweep_page(runs, output.parent if output else home)
    target = output or home / NAME
    with whole(target) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
    return target
