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
from functools import partial
from pathlib import Path
from typing import Any, Final

from testbed.clock import MILLISECOND, SECOND, Clock
from testbed.errors import RunError, TestbedError
from testbed.experiment.expect import judge
from testbed.experiment.findings import find
from testbed.experiment.load import PlannedRun
from testbed.experiment.outcome import count_segments, summarise
from testbed.experiment.snapshot import Tidings, snapshot
from testbed.experiment.world import World
from testbed.metrics.meters import Meters
from testbed.trace.captures import Captures
from testbed.trace.recorder import Recorder
from testbed.trace.tracer import Tracer
from testbed.units import show_duration

LONGEST: Final = 24 * 3600 * SECOND
"""How much virtual time a run without a `duration` may take before it counts as stalled."""

FIRST_SLICE: Final = 10 * MILLISECOND
TELL_EVERY: Final = 0.2
"""Seconds of wall time between two tellings, roughly."""

COMPLETE: Final = "complete"
STALLED: Final = "stalled"


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
        self._meters = Meters()
        self._captures = self._make_captures()
        names = {machine.address: machine.name for machine in run.spec.topology.machines.values()}
        also: list[Tracer] = [self._meters, *([self._captures] if self._captures is not None else [])]
        self._recorder = Recorder(folder, kinds=vars(run.spec.trace), names=names, also=also)

    def go(self, tell: Tidings) -> dict[str, Any]:
        """Run, and return that part of the run's document which is not known beforehand.

        `tell` is given the virtual time now and then. Raises RunError for whatever breaks inside.
        """
        try:
            with ExitStack() as closing:
                if self._captures is not None:
                    closing.callback(self._captures.close)
                closing.enter_context(_few_collections())
                world = World(self.run.spec, self._clock, self._recorder)
                status, stalled = self._advance(world, tell)
            return self._outcome(world, status, stalled)
        except OSError:
            raise  # the disk's fault, which the folder explains
        except Exception as broken:  # whatever it is, it ends this run only, and says where it was
            what = str(broken) if isinstance(broken, TestbedError) else f"{type(broken).__name__}: {broken}"
            raise RunError(f"{self.run.id} at {show_duration(self._clock.now)}: {what}") from broken

    def _outcome(self, world: World, status: str, stalled: list[str]) -> dict[str, Any]:
        spec = self.run.spec
        digest = self._recorder.close()
        findings = find(world, self._meters)
        summary = {"status": status, **summarise(spec, findings, self._end(world, findings.last_act))}
        count = partial(count_segments, self.folder, spec)
        expect = [judge(text, summary, count) for text in spec.expect]
        return {
            "stalled": stalled, "error": None, "trace_sha256": digest, "rows": self._recorder.counts, **summary,
            "expect": expect,
        }  # fmt: skip

    def _make_captures(self) -> Captures | None:
        wanted, topology = self.run.spec.capture, self.run.spec.topology
        if wanted.format == "none":
            return None
        directions = [one for link in topology.links.values() for one in link.directions]
        return Captures(
            self.folder / "captures", file_format=wanted.format, machines=wanted.machines or None,
            senders={name: sender for name, sender, _, _ in directions},
        )  # fmt: skip

    # -- time --------------------------------------------------------------------------------------------------------

    def _advance(self, world: World, tell: Tidings) -> tuple[str, list[str]]:
        """Run the clock in slices, between which progress is told; they change nothing that happens."""
        until = world.spec.duration if world.spec.duration is not None else LONGEST
        clock, size, reached = self._clock, FIRST_SLICE, 0
        last = time.perf_counter()
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

    def _end(self, world: World, last: int) -> int:
        """Up to when the numbers count (ns); the applications did their `last` act."""
        duration = world.spec.duration
        if world.done:
            return last
        if duration is not None and self._clock.next_due() is not None:
            return duration
        return max(last, min(self._clock.now, duration or self._clock.now))
