"""The terminal, made once, at the edge: 80 columns and no colours where there is none."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def stdout() -> Console:
    """For results."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


@cache
def stderr() -> Console:
    """For progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)
