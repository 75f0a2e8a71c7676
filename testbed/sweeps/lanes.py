"""Lanes beside each other on this computer's cores, each driven by a thread.

A worker stays, because starting one costs more than a short run. Of a transfer of 100 kB, which takes 19 ms of a
processor in this process, `benchmarks/sweep.py` has (100 runs, 2 cores that others used as well): 26 ms in a lane, the
start of its worker included; 76 ms in a fork of this process, whose memory must be copied and which polars does not
support; 890 ms in an interpreter of its own.

Threads and not an event loop, so that a sweep can be carried out in a notebook, whose loop runs already.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from testbed.errors import RunError
from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.run import write_failure
from testbed.sweeps.carrier import Carrier, Done, Place, Report
from testbed.sweeps.lane import RUNS, Lane, LaneEnded
from testbed.sweeps.worker import task_of

QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
"""Where a container says how much of the processors it may use."""

PATIENCE: Final = 1.0
"""Seconds for a thread to end whose worker was killed."""

News = tuple[PlannedRun, int] | Done | BaseException


class Lanes(Carrier):
    """At most `jobs` lanes, each started when there is something for it to do."""

    def __init__(self, jobs: int, place: Place, report: Report, *, most: int = RUNS) -> None:
        """`most`: how many runs a process makes, before another takes its place."""
        self._jobs = jobs
        self._most = most
        self._place = place
        self._report = report
        self._lanes: list[tuple[Lane, threading.Thread]] = []
        self._waiting: SimpleQueue[tuple[PlannedRun, Path] | None] = SimpleQueue()
        self._news: SimpleQueue[News] = SimpleQueue()
        self._open = 0

    def submit(self, run: PlannedRun) -> None:
        self._open += 1
        self._waiting.put((run, self._place(run)))
        if len(self._lanes) < min(self._jobs, self._open):
            lane = Lane(self._most)
            thread = threading.Thread(target=self._drive, args=(lane,), name=f"lane {len(self._lanes)}", daemon=True)
            self._lanes.append((lane, thread))
            thread.start()

    def completed(self) -> Iterator[Done]:
        while self._open:
            news = self._news.get()
            if isinstance(news, BaseException):
                raise news
            if isinstance(news, Done):
                self._open -= 1
                yield news
            else:
                self._report(*news, None)

    def cancel(self) -> None:
        for lane, _ in self._lanes:
            lane.end()
            self._waiting.put(None)
        for _, thread in self._lanes:
            thread.join(PATIENCE)
        self._lanes.clear()

    def _drive(self, lane: Lane) -> None:
        """A thread: what waits goes through the lane."""
        with suppress(LaneEnded):
            while (waiting := self._waiting.get()) is not None:
                try:
                    self._news.put(self._carry(lane, *waiting))
                except LaneEnded:
                    raise
                except BaseException as error:  # noqa: BLE001 (who waits for the run must hear of it, or waits for ever)
                    self._news.put(error)
        lane.close()

    def _carry(self, lane: Lane, run: PlannedRun, place: Path) -> Done:
        def tell(now: int) -> None:
            self._news.put((run, now))

        tell(0)
        try:
            document = lane.carry(task_of(run, place), tell)
        except RunError as error:
            document = write_failure(run, place, str(error))
        return Done(run, place, document)


def cores() -> int:
    """How many processors we may use."""
    several = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text().split()
    except (OSError, ValueError):
        return several
    return several if quota == "max" else max(1, min(several, round(int(quota) / int(period))))
