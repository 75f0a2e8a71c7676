"""One run under the virtual clock: until all is done, or nothing can happen any more.

A run goes on after its last application has ended, until nothing is left to happen: so a trace shows how the
connections come to their end (TIME-WAIT lasts four minutes, and costs nothing). Its numbers count up to `end_time`:
when the last application did its last thing, or the experiment's `duration`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from testbed.clock import MILLISECOND, SECOND, Clock
from testbed.errors import RunError, TestbedError
from testbed.experiment.folder import SCHEMA
from testbed.experiment.status import COMPLETE, STALLED
from testbed.experiment.world.findings import find
from testbed.experiment.world.outcome import end_of_run, outcome
from testbed.experiment.world.recording import Recording
from testbed.experiment.world.snapshot import Tidings, snapshot
from testbed.experiment.world.sockets import FILE, SHOW_EVERY, show_sockets
from testbed.experiment.world.world import World
from testbed.trace.files import write_json
from testbed.trace.recorder import Recorder
from testbed.units import show_duration

if TYPE_CHECKING:
    from testbed.experiment.reading.load import PlannedRun

LONGEST: Final = 24 * 3600 * SECOND
"""How much virtual time a run without a `duration` may take before it counts as stalled."""

FIRST_SLICE: Final = 10 * MILLISECOND
TELL_EVERY: Final = 0.2
"""Seconds of wall time between two tellings, roughly."""


@contextmanager
def _few_collections() -> Iterator[None]:
    """Search for cycles of garbage seldom: packets and rows make none, and are many."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Trial:
    """One run, whose rows and captures go to `folder`."""

    def __init__(self, run: PlannedRun, folder: Path) -> None:
        self.run = run
        self.folder = folder
        self._clock = Clock()
        self._recording = Recording(run.spec, folder, Recorder)

    def go(self, tell: Tidings) -> dict[str, Any]:
        """Run, and return that part of the run's document which is not known beforehand.

        `tell` is given the virtual time now and then. Raises RunError for whatever breaks inside.
        """
        try:
            with ExitStack() as closing:
                closing.callback(self._recording.close_captures)
                closing.enter_context(_few_collections())
                world = World(self.run.spec, self._clock, self._recording.recorder)
                closing.callback(world.close)
                status, stalled = self._advance(world, tell)
            return self._outcome(world, status, stalled)
        except OSError:
            raise  # the disk's fault, which the folder explains
        except Exception as broken:  # whatever it is, it ends this run only, and says where it was
            what = str(broken) if isinstance(broken, TestbedError) else f"{type(broken).__name__}: {broken}"
            raise RunError(f"{self.run.id} at {show_duration(self._clock.now)}: {what}") from broken

    def _outcome(self, world: World, status: str, stalled: list[str]) -> dict[str, Any]:
        recorder = self._recording.recorder
        digest = recorder.close()
        findings = find(world, self._recording.meters)
        write_json(self.folder / FILE, {"schema": SCHEMA, "sockets": findings.sockets})
        end = end_of_run(self.run.spec, findings, self._clock.now, more=self._clock.next_due() is not None)
        return {
            "stalled": stalled, "error": None, "trace_sha256": digest, "rows": recorder.counts,
            **outcome(self.run.spec, self.folder, status, findings, end),
        }  # fmt: skip

    # -- time --------------------------------------------------------------------------------------------------------

    def _advance(self, world: World, tell: Tidings) -> tuple[str, list[str]]:
        """Run the clock in slices, between which progress is told; they change nothing that happens."""
        until = world.spec.duration if world.spec.duration is not None else LONGEST
        clock, size, reached = self._clock, FIRST_SLICE, 0
        last = shown = time.perf_counter()
        while (due := clock.next_due()) is not None and reached < until:
            reached = min(until, max(reached, due) + size)
            clock.run(reached)
            wall = time.perf_counter()
            if wall - last > TELL_EVERY:
                size = max(1, size // 2)
                tell(clock.now, snapshot(world))
            elif wall - last < TELL_EVERY / 4:
                size *= 2
            last = wall
            if wall - shown > SHOW_EVERY:
                show_sockets(world, self.folder)
                shown = time.perf_counter()
        return self._verdict(world, reached)

    def _verdict(self, world: World, reached: int) -> tuple[str, list[str]]:
        """Whether all went to its end; if not, who waits for what."""
        flows = [flow for flow in world.flows.values() if not flow.done and not flow.spec.application.endless]
        over = world.spec.duration is not None and reached >= world.spec.duration
        if over or not flows:
            return COMPLETE, []
        waiting = [line for flow in flows for line in flow.waiting_for]
        if reached >= LONGEST:
            waiting.insert(0, f"not done after {show_duration(LONGEST)}")
        return STALLED, waiting
