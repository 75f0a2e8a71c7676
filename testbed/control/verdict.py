"""How a run ends, and who decides it: whoever comes first."""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Verdict(NamedTuple):
    """How a run ended."""

    status: str
    error: str | None = None
    run_on: bool = False
    """Everything is at rest: what is left in the heaps may happen at once."""


class Decision:
    """Made once; what comes later does not count."""

    def __init__(self) -> None:
        self.made: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        """The verdict; or an exception, where the controller itself has broken."""

    def end(self, status: str, error: str | None = None, *, run_on: bool = False) -> None:
        """Let the run end so."""
        if not self.made.done():
            self.made.set_result(Verdict(status, error, run_on))

    def broke(self, task: asyncio.Task[None]) -> None:
        """A task of the controller's is over. What has broken in it ends the run, and is told as it is."""
        if not task.cancelled() and (error := task.exception()) is not None and not self.made.done():
            self.made.set_exception(error)
