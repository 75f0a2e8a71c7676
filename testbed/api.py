"""Experiments from Python: the same files, the same folders, and results to reckon with.

    result = testbed.run("experiments/quickstart.yaml", set={"links.bottleneck.loss": "2%"}, seed=3)
    result["flows"]["a"]["goodput"]

It needs no event loop, so it works in a notebook as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from testbed.control.clocks import clocks
from testbed.errors import ConfigError, ConfigProblem
from testbed.experiment.reading.load import Plan, load
from testbed.experiment.run import Tell, run_plan
from testbed.experiment.status import INTERRUPTED
from testbed.trace import store

if TYPE_CHECKING:
    import polars as pl


class Run(dict[str, Any]):
    """One run's document (see `testbed run --json`), and its rows."""

    @property
    def folder(self) -> Path:
        """Where it was written."""
        return Path(self["folder"])

    def trace(self, kind: str) -> pl.DataFrame:
        """The rows of a kind: "state", "segment", "cwnd", "control", "drop", "mark", "icmp", "queue" or "app"."""
        return store.load(self.folder, kind).collect()


class Result:
    """What came of an experiment: its runs in the order of the sweep, and their folder (None: it was not kept).

    `result[key]` is the value of a single run's document; of a sweep, look at `runs`.
    """

    def __init__(self, name: str, folder: Path | None, runs: list[Run]) -> None:
        self.name = name
        self.folder = folder
        self.runs = runs

    @property
    def ok(self) -> bool:
        """All runs were completed, and every expectation was met."""
        return all(run["status"] == "complete" and all(row["ok"] for row in run["expect"]) for run in self.runs)

    def __getitem__(self, key: str) -> Any:
        if len(self.runs) != 1:
            raise KeyError(f"{self.name} has {len(self.runs)} runs: take one of result.runs")
        return self.runs[0][key]

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        return f"<Result of {self.name}: {len(self.runs)} runs, {'ok' if self.ok else 'not ok'}, in {self.folder}>"


def run(
    file: Path | str,
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the word of the language)
    seed: int | None = None,
    clock: str | None = None,
    results: Path | str | None = "results",
    tell: Tell | None = None,
    allow_late: bool = False,
) -> Result:
    """Run the experiment in `file`, and return what came of it.

    `set` has values by path, as after `--set`; `seed` and `clock` are short for two of them. Folders are written below
    `results`; None: nothing is kept but the numbers. `tell` hears of the progress. `allow_late`: in real time, a run
    counts even if it was later than its delays can bear. Raises ConfigError for what is wrong with the input, and
    RunError for a run that could not be completed.
    """
    plan = check(file, set=set, seed=seed, clock=clock)
    with clocks(allow_late=allow_late) as trials, ExitStack() as temporary:
        place = results if results is not None else temporary.enter_context(TemporaryDirectory(prefix="testbed-"))
        folder, documents = run_plan(plan, Path(place), tell, trials=trials)
    if documents[-1]["status"] == INTERRUPTED:
        raise KeyboardInterrupt  # whoever calls in a loop must hear of it; what there was is in the folder
    return Result(plan.name, folder if results is not None else None, [Run(document) for document in documents])


def check(
    file: Path | str,
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the word of the language)
    seed: int | None = None,
    clock: str | None = None,
) -> Plan:
    """Read the experiment in `file` and return its plan. Raises ConfigError with everything that is wrong with it."""
    if set is not None and not isinstance(set, Mapping):
        problem = ConfigProblem("is a mapping of paths to values", path="set", suggestion="{'tcp.rto_min': '200ms'}")
        raise ConfigError([problem])
    short = {"seed": seed, "clock": clock}
    return load(file, dict(set or {}) | {name: value for name, value in short.items() if value is not None})
