"""How far a sweep has come, for whoever waits for it in a notebook or at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from importlib import import_module
from typing import Final

from testbed.api import html
from testbed.sweeps.standing import Progress, Standing, Tell

BAR: Final = 30
"""Characters."""

NAME: Final = 30
"""Characters of an experiment's name, so that all fits a line."""


class Telling:
    """Shows each step to `show`, and nothing twice."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._before = ""

    def __call__(self, progress: Progress | Standing) -> None:
        text = line(progress)
        if text != self._before:
            self._before = text
            self._show(text)


def line(progress: Progress | Standing) -> str:
    """`rto  [=====     ] 3/12 runs`; it ends the line when all are done."""
    if isinstance(progress, Standing):
        name, done, count = progress.name, float(progress.done), progress.count
    else:
        share = min(1.0, progress.now / progress.until) if progress.until else 0.0
        name, done, count = progress.run.spec.name, progress.index + share, progress.count
    full = int(BAR * done / count)
    end = "\n" if done >= count else ""
    return f"{name[:NAME]}  [{'=' * full}{' ' * (BAR - full)}] {int(done)}/{count} runs{end}"


def somebody() -> Tell | None:
    """Whom to tell: a notebook, a terminal, or nobody."""
    notebook = _notebook()
    if notebook is not None:
        return Telling(notebook)
    return Telling(_rewrite) if sys.stderr.isatty() else None


def say(text: str) -> None:
    """What is to be known beside how far it is: a line of its own."""
    print(f"\r{text}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def unsaid(text: str) -> None:
    """Nobody wants to know."""


def _notebook() -> Callable[[str], None] | None:
    """What shows a line in the notebook that we run in, always in one place; None outside of one."""
    if "ipykernel" not in sys.modules or not import_module("IPython").get_ipython():
        return None
    display = import_module("IPython.display")
    handle = display.display(display.HTML(html.remark("…")), display_id=True)
    if handle is None:  # the kernel's library has been imported, but nobody has a cell to show anything in
        return None

    def show(text: str) -> None:
        handle.update(display.HTML(f"<pre style='margin:0'>{escape(text)}</pre>"))

    return show


def _rewrite(text: str) -> None:
    """Put a line in place of the one before."""
    print(f"\r{text}", end="", file=sys.stderr, flush=True)
