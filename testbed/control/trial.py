"""One run in real time, as a sweep sees it: agents run it, and what they leave becomes a run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from testbed.control.collecting.gather import gather
from testbed.control.collecting.heir import will
from testbed.control.headquarters import Headquarters
from testbed.errors import RunError
from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.status import INTERRUPTED
from testbed.experiment.world.snapshot import Tidings


class RealTrial:
    """One run, whose rows and captures go to `folder`. `allow_late`: being late does not make it invalid."""

    def __init__(self, run: PlannedRun, folder: Path, headquarters: Headquarters, allow_late: bool = False) -> None:
        self.run = run
        self.folder = folder
        self._headquarters = headquarters
        self._allow_late = allow_late

    def go(self, tell: Tidings) -> dict[str, Any]:
        """Run, and return that part of the run's document which is not known beforehand.

        Raises RunError for what ended it before it began, KeyboardInterrupt if that was the user.
        """
        with will(self.run, self.folder):
            ended = self._headquarters.conduct(self.run.spec, self.folder, tell)
            status, error, _ = ended.verdict
            if not ended.started:
                if status == INTERRUPTED:
                    raise KeyboardInterrupt
                raise RunError(f"{self.run.id}: {error}")
            return gather(
                self.folder, self.run.spec, status=status, error=error, agents=ended.agents,
                allow_late=self._allow_late,
            )  # fmt: skip
