"""A worker: a process that carries out one run after another, as it is told by lines of JSON on its stdin.

    ->  {"id", "params", "repeat", "spec", "folder"}     a run to be made in that folder
    <-  {"now": 1200000000}                              how far it is (ns)
    <-  {"document": {…}, "memory": 180000000}           it is whole: the folder has all files
    <-  {"disk": [28, "No space left on device", …]}     it could not be written
    <-  {"bug": "KeyError: 'x'"}                         an error of ours, or of a plug; stderr has where

It ends with its parent, whatever becomes of that: a thread waits for the end of stdin, which the system sees to. It
leaves the terminal's signals to its parent, for it has a session of its own.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO, Final

from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.run import VIRTUAL, do
from testbed.experiment.spec_json import from_json, to_json
from testbed.experiment.world.snapshot import Snapshot

IDLE: Final = 60.0
"""Seconds without a run after which it ends: on a cluster nobody else would end it."""

KIB: Final = 1 if sys.platform == "darwin" else 1024
"""The unit of `ru_maxrss`."""


def task_of(run: PlannedRun, folder: Path) -> dict[str, Any]:
    """`run`, to be made in `folder`, as a worker is told of it."""
    return {
        "id": run.id, "params": run.params, "repeat": run.repeat, "spec": to_json(run.spec),
        "folder": str(folder.absolute()),
    }  # fmt: skip


def main() -> None:
    """Do what stdin says."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a guest prints must not get in between
    tasks: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    for number, line in enumerate(_lines(tasks)):
        carry(json.loads(line), lambda answer: _say(answers, answer))
        gc.collect()
        if number == 0:
            gc.freeze()  # all is imported now: 0.4 ms for each of the further collections, not 44


def carry(task: Mapping[str, Any], say: Callable[[Mapping[str, Any]], None]) -> None:
    """Make one run, and `say` what comes of it."""

    def tell(now: int, snapshot: Snapshot | None = None) -> None:
        say({"now": now})

    try:
        run = PlannedRun(id=task["id"], params=task["params"], repeat=task["repeat"], spec=from_json(task["spec"]))
        document = do(VIRTUAL[run.spec.clock](run, Path(task["folder"])), tell)
    except OSError as error:
        say({"disk": [error.errno, error.strerror, error.filename and str(error.filename)]})
    except BaseException as error:  # noqa: BLE001 (it would come again; and the owner of the process wants to hear of it)
        traceback.print_exc()
        say({"bug": traceback.format_exception_only(error)[-1].strip()})
    else:
        say({"document": document, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB})


def _listen(tasks: SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        tasks.put(line)
    os._exit(0)  # the parent is no more, or wants us no more


def _lines(tasks: SimpleQueue[bytes]) -> Iterator[bytes]:
    while True:
        try:
            yield tasks.get(timeout=IDLE)
        except Empty:
            return


def _say(answers: BinaryIO, answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    answers.flush()
