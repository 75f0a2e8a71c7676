"""How a run is made under each clock.

with clocks() as trials:
    carry_out(plan, results, trials=trials)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from testbed.control.headquarters import Headquarters, Listen
from testbed.control.trial import RealTrial
from testbed.experiment.run import VIRTUAL, Trials


@contextmanager
def clocks(*, allow_late: bool = False, listen: Listen | None = None) -> Iterator[Trials]:
    """How to make a trial, by the experiment's `clock`: for all runs of one command.

    `allow_late`: a run in real time that was too late counts nevertheless. `listen`: where agents from other computers
    may join.
    """
    headquarters = Headquarters(listen)
    try:
        yield {**VIRTUAL, "real": lambda run, folder: RealTrial(run, folder, headquarters, allow_late)}
    finally:
        headquarters.close()
