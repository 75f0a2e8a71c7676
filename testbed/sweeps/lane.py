"""A lane: one worker process, which makes one run at a time, and is replaced when it dies or has grown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from testbed.errors import RunError

START: Final = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from testbed.sweeps.worker import main; main()"
"""What a worker begins with: it finds the same modules as we do."""

ENVIRONMENT: Final = {"POLARS_MAX_THREADS": "1"}
"""The cores are busy with runs, so that more threads would only get in each other's way."""

RUNS: Final = 500
"""How many runs a worker makes; a little may leak."""

MEMORY: Final = 1 << 30
"""Bytes that a worker may have had; the system does not always get back what a large run took."""

GRACE: Final = 1.0
"""Seconds for a worker to end by itself."""

TRIES: Final = 4
"""How often a run is begun whose worker dies: once, and three times again."""


class LaneEnded(Exception):
    """Its owner wants nothing more of it."""


class WorkerDied(Exception):
    """In the middle of a run; what it says is how."""


class Lane:
    """A worker, started when it is needed first. `end` may be called from another thread, the rest from one."""

    def __init__(self, most: int = RUNS) -> None:
        """`most`: how many runs one worker makes."""
        self._most = most
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._ended = False
        self._runs = 0

    def carry(self, task: Mapping[str, Any], tell: Callable[[int], None]) -> dict[str, Any]:
        """Have the run made that `task` says (see `worker.task_of`), again if the worker dies; return its document.

        `tell` hears how far it is (ns). Raises RunError if the worker died each time or found a bug, OSError for
        what the disk refused, LaneEnded when `end` was called meanwhile.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._try(task, tell)
            except WorkerDied as death:
                if attempt == TRIES:
                    raise RunError(f"{task['id']}: its process {death}, {TRIES} times") from death
        raise AssertionError

    def end(self) -> None:
        """Kill the worker, whatever it does."""
        with self._guard:
            self._ended = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """`end`, and let go of it."""
        self.end()
        self._retire()

    # -- one worker ----------------------------------------------------------------------------------------------------

    def _try(self, task: Mapping[str, Any], tell: Callable[[int], None]) -> dict[str, Any]:
        process = self._worker()
        assert process.stdin is not None and process.stdout is not None
        with suppress(BrokenPipeError):  # it has died: there will be no answer
            process.stdin.write(json.dumps(task).encode() + b"\n")
            process.stdin.flush()
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break  # it died while it spoke
            answer = json.loads(line)
            if "now" in answer:
                tell(answer["now"])
            elif "disk" in answer:
                raise OSError(*answer["disk"])
            elif "bug" in answer:
                self._retire()  # nobody knows what it has left behind
                raise RunError(f"{task['id']}: {answer['bug']}")
            else:
                self._count(answer["memory"], task)
                return dict(answer["document"])
        how = self._retire()
        if self._ended:
            raise LaneEnded
        raise WorkerDied(how)

    def _worker(self) -> subprocess.Popen[bytes]:
        with self._guard:
            if self._ended:
                raise LaneEnded
            if self._process is None:
                path = json.dumps([str(one) for one in sys.path])
                self._process = subprocess.Popen(
                    [sys.executable, "-c", START, path], env=os.environ | ENVIRONMENT,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                )  # fmt: skip
                self._runs = 0
            return self._process

    def _count(self, memory: int, task: Mapping[str, Any]) -> None:
        """Another run is made; whoever has made enough goes, and so does whoever has run someone else's program."""
        self._runs += 1
        guests = any(flow["app"] == "guest" for flow in task["spec"]["flows"].values())
        if self._runs >= self._most or memory > MEMORY or guests:
            self._retire()

    def _retire(self) -> str:
        """Let the worker go, and say how it ended."""
        with self._guard:
            process, self._process = self._process, None
        if process is None:
            return "was not there"
        assert process.stdin is not None and process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()  # what it ends by, if it lives
        try:
            code = process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        process.stdout.close()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
