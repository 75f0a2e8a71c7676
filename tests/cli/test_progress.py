"""What is told while one waits."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from testbed.cli.progress import telling
from testbed.experiment.run import Progress

SECOND = 1_000_000_000


def at(seconds: float, *, until: float | None = 60, index: int = 0, count: int = 1) -> Progress:
    run: Any = SimpleNamespace(id="tcp.rto_min=1s", spec=SimpleNamespace(name="quickstart", clock="virtual"))
    ending = None if until is None else int(until * SECOND)
    return Progress(run, index, count, int(seconds * SECOND), ending)


def told(*progress: Progress, terminal: bool, every: float = 0.0) -> str:
    file = StringIO()
    with telling(Console(file=file, force_terminal=terminal, width=100), every) as tell:
        for one in progress:
            tell(one)
    return file.getvalue()


def test_lines_where_there_is_no_terminal() -> None:
    assert told(at(12.34), terminal=False) == "quickstart: 12.3s of 60s of virtual time\n"
    assert told(at(12.34, until=None), terminal=False) == "quickstart: 12.3s of virtual time\n"


def test_a_line_of_a_sweep_says_which_run() -> None:
    assert told(at(1, index=2, count=20), terminal=False).startswith("quickstart 3/20 tcp.rto_min=1s: 1.0s of 60s")


def test_a_quick_run_says_nothing() -> None:
    assert told(at(1), at(2), terminal=False, every=1000.0) == ""
    assert "quickstart" not in told(terminal=True)


def test_a_bar_on_a_terminal_vanishes_at_the_end() -> None:
    shown = told(at(30), terminal=True)
    assert "30.0s of 60s of virtual time" in shown
    assert shown.endswith("\x1b[2K")
