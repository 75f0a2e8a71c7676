"""What a run of a sweep costs beside the simulation itself: short runs, by whoever carries them out.

python benchmarks/sweep.py [--runs N]

here           in this process, one after another
1 lane         a worker process that stays
2 lanes        two of them
a process each a worker that is replaced after every run: what an interpreter's start costs
fork           a child of this process for each run, one at a time; polars does not support it
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from testbed.experiment.reading.load import PlannedRun, load
from testbed.experiment.run import VIRTUAL, do
from testbed.sweeps.carrier import Carrier, Here, Place, Report
from testbed.sweeps.lanes import Lanes

EXPERIMENT = """
name: short
topology: {hosts: [a, b], links: {link: {ends: [a, b], rate: 10Mbit/s, delay: 10ms, loss: 1%}}}
traffic: [{name: x, app: bulk, from: a, to: b, size: 100kB}]
repeat: N
"""

WAYS: dict[str, Callable[[Place, Report], Carrier]] = {
    "here": lambda place, report: Here(VIRTUAL, place, report),
    "1 lane": lambda place, report: Lanes(1, place, report),
    "2 lanes": lambda place, report: Lanes(2, place, report),
    "a process each": lambda place, report: Lanes(1, place, report, most=1),
}


def by_carrier(way: str, runs: Sequence[PlannedRun], home: Path) -> None:
    carrier = WAYS[way](lambda run: _place(home, run), lambda run, now, snapshot: None)
    for run in runs:
        carrier.submit(run)
    assert all(done.document["status"] == "complete" for done in carrier.completed())
    carrier.cancel()


def by_fork(runs: Sequence[PlannedRun], home: Path) -> None:
    import polars  # noqa: F401 (so that no child has to)

    for run in runs:
        child = os.fork()
        if not child:
            do(VIRTUAL["virtual"](run, _place(home, run)), lambda now, snapshot=None: None)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0


def _place(home: Path, run: PlannedRun) -> Path:
    place = home / run.id
    place.mkdir()
    return place


def _processor_time() -> float:
    """Ours, and that of all processes of ours that have ended (s)."""
    return sum(os.times()[:4])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--runs", type=int, default=200)
    count = arguments.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "short.yaml"
        file.write_text(EXPERIMENT.replace("N", str(count)))
        runs = load(file).runs
        for way in ("fork", *WAYS):
            place = Path(home) / way
            place.mkdir()
            began, worked = time.perf_counter(), _processor_time()
            by_fork(runs, place) if way == "fork" else by_carrier(way, runs, place)
            seconds, worked = time.perf_counter() - began, _processor_time() - worked
            print(f"{way:15}{count / seconds:8.1f} runs/s{1000 * worked / count:8.1f} ms of a processor for each")


if __name__ == "__main__":
    main()
