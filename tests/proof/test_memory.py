"""Memory does not grow with the length of a run: rows leave in chunks, and a long flow holds what a short one does."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path

from testbed.clock import SECOND
from testbed.experiment.world.world import World
from testbed.metrics.meters import Meters
from testbed.trace.recorder import Recorder
from testbed.trace.store import CHUNK, CHUNKS_A_PART, rows

Build = Callable[..., World]

STEADY_FLOW = """
topology:
  hosts: [left, right]
  links: {link: {ends: [left, right], rate: 5Mbit/s, delay: 10ms, loss: 0.5%, queue: 30 packets}}
duration: 120s
tcp: {receive_buffer: 64KiB}
traffic: [{name: a, app: bulk, from: left, to: right}]
"""


class MemoryWatch:
    """The most that was held in each stretch of a run, looked at every 50 virtual milliseconds."""

    def __init__(self, recorder: Recorder) -> None:
        self._tables = list(recorder._tables.values())
        self.rows = 0
        self.frames = 0

    def over(self, world: World, begin: int, end: int) -> int:
        """Run from `begin` to `end` (s), and return the most blocks of memory that the interpreter had in use."""
        blocks = 0
        for now in range(begin * SECOND, end * SECOND, SECOND // 20):
            world.clock.run(now)
            self.rows = max(self.rows, *(len(table.rows) for table in self._tables))
            self.frames = max(self.frames, *(len(table._frames) for table in self._tables))
            blocks = max(blocks, sys.getallocatedblocks())
        return blocks


def test_rows_leave_in_chunks_and_nothing_else_stays(build: Build, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, also=[Meters()])
    world = build(STEADY_FLOW, recorder)
    watch = MemoryWatch(recorder)
    gc.collect()
    early = watch.over(world, 0, 20)
    late = watch.over(world, 20, 120)
    assert recorder.counts["segment"] > 20 * CHUNK, "long enough to show"
    assert CHUNK // 2 < watch.rows <= CHUNK
    assert watch.frames <= CHUNKS_A_PART
    assert late < early * 1.05
    counts = recorder.counts
    recorder.close()
    assert sum(1 for _ in rows(tmp_path, "segment")) == counts["segment"]
