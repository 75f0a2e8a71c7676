"""Put this folder on PYTHONPATH, and every agent samples itself: which function uses the processor.

A thousand times a second of processor time, the innermost function of ours on the stack is counted, if what is running
is the run itself (`runtime/real.py` is on the stack) and neither its start nor its end. What a function calls of the
kernel or the standard library counts as its own. At its exit an agent writes what it has seen to $TESTBED_SAMPLES.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL = 0.001
OURS = f"{os.sep}testbed{os.sep}"
RUN = f"{OURS}runtime{os.sep}real.py"


class Sampler:
    """Counts the functions of this process, by file and name."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first = self.last = 0.0

    def sample(self, number: int, frame: FrameType | None) -> None:
        innermost = None
        while frame is not None:
            file = frame.f_code.co_filename
            if innermost is None and OURS in file:
                innermost = f"{file.rpartition(OURS)[2]}:{frame.f_code.co_qualname}"
            if file.endswith(RUN):
                self._count(innermost or "")
                return
            frame = frame.f_back

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        self.last = time.process_time()
        self.first = self.first or self.last

    def write(self, path: Path) -> None:
        path.write_text(json.dumps({"counts": self.counts, "seconds": self.last - self.first}))


def begin(folder: str, name: str) -> None:
    sampler = Sampler()
    signal.signal(signal.SIGPROF, sampler.sample)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    atexit.register(sampler.write, Path(folder) / f"{name}.json")
    atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)


if "TESTBED_SAMPLES" in os.environ and "--name" in sys.orig_argv:
    begin(os.environ["TESTBED_SAMPLES"], sys.orig_argv[sys.orig_argv.index("--name") + 1])
