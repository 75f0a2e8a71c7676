"""How far an experiment has come, told while its runs are made: one by one, or side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.world.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an experiment has come whose runs are made one by one: told now and then."""

    run: PlannedRun
    index: int
    """Which run, from 0."""
    count: int
    """How many there are."""
    now: int
    """The run's virtual time (ns)."""
    until: int | None
    """When it ends at the latest; None where nobody knows."""
    snapshot: Snapshot | None = None
    """How it stands, where that is known."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an experiment has come of which several runs are made at once: told now and then."""

    name: str
    """The experiment's."""
    done: int
    """Runs that are done."""
    taken_over: int
    """How many of these had been done before."""
    count: int
    """How many there are. It may grow, where they are repeated until it is enough."""
    at_work: tuple[tuple[PlannedRun, int], ...]
    """Those that are being made, and the time (ns) that each has reached."""


Tell = Callable[[Progress | Standing], None]
"""Who hears of the progress: of one run, or of several at once."""

Say = Callable[[str], None]
"""Who hears, in words, what the user should know."""
