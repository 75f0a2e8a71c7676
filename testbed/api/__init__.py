"""Experiments from Python: the same files, the same folders, and results to reckon with.

    result = testbed.run("experiments/quickstart.yaml", set={"links.bottleneck.loss": "2%"}, seed=3)
    result["flows"]["a"]["goodput"]

It needs no event loop, and minds none, so it works in a notebook as well.

outcome     what comes of runs: `Run`, `Result`, `Sweep`      progress   how far a sweep is, while one waits
stored      `Results`: all runs below a folder                tables     polars or pandas
compared    a comparison, with its runs                       html       what a notebook shows of these
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from testbed.api.outcome import Result, Run, Sweep
from testbed.api.progress import say, somebody, unsaid
from testbed.api.stored import Results
from testbed.control.clocks import clocks
from testbed.errors import ConfigError
from testbed.experiment.reading.load import Plan, load
from testbed.experiment.status import INTERRUPTED
from testbed.store.folder import find_runs, read_runs
from testbed.store.results import Store
from testbed.sweeps.run import Swept, carry_out
from testbed.sweeps.standing import Tell
from testbed.units import duration

if TYPE_CHECKING:
    from testbed.api.compared import Compared

__all__ = ["Result", "Results", "Run", "Sweep", "check", "compare", "results", "run", "sweep"]


def run(
    file: Path | str,
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the word of the language)
    seed: int | None = None,
    clock: str | None = None,
    results: Path | str | None = "results",
    tell: Tell | None = None,
    allow_late: bool = False,
    jobs: int | None = None,
    cluster: str | None = None,
    fresh: bool = False,
) -> Result:
    """Run the experiment in `file`, and return what came of it.

    `set` has values by path, as after `--set`; `seed` and `clock` are short for two of them. Folders are written below
    `results`; None: nothing is kept but the numbers. `tell` hears of the progress. `allow_late`: in real time, a run
    counts even if it was later than its delays can bear. Several runs in virtual time are done at once: `jobs` of them,
    or as many as there are cores; `cluster` is the address of a Dask scheduler that does them instead. What was done
    before is not done again unless `fresh`. Raises ConfigError for what is wrong with the input, and
    RunError for a run that could not be completed.
    """
    plan = check(file, set=set, seed=seed, clock=clock)
    swept = _carry_out(plan, results, tell, allow_late=allow_late, jobs=jobs, cluster=cluster, fresh=fresh)
    folder = swept.folder if results is not None else None
    return Result(plan.name, folder, [Run(document) for document in swept.runs], swept.expect, swept.reused)


def sweep(
    file: Path | str,
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the word of the language)
    repeat: int | str | None = None,
    seed: int | None = None,
    results: Path | str = "results",
    jobs: int | None = None,
    cluster: str | None = None,
    fresh: bool = False,
    progress: bool = True,
) -> Sweep:
    """Run every combination and repetition of the experiment in `file`, and return what came of them.

    A list in `set` makes an axis: `set={"tcp.rto_min": ["200ms", "1s"]}`; `repeat` is how often each combination runs,
    or "until ±2% at 95%". With `progress`, a notebook or a terminal shows how far it is, and stderr has in words
    what need not be run, or cannot be on all cores. The rest is as in `run`.
    """
    settings = dict(set or {}) | ({} if repeat is None else {"repeat": repeat})
    plan = check(file, set=settings, seed=seed)
    tell, words = (somebody(), say) if progress else (None, unsaid)
    swept = _carry_out(plan, results, tell, say=words, jobs=jobs, cluster=cluster, fresh=fresh)
    return Sweep(plan.name, swept.folder, [Run(document) for document in swept.runs], swept.expect, swept.reused)


def results(folder: Path | str = "results") -> Results:
    """All runs below `folder`, to ask. Raises ConfigError where there is no such folder."""
    return Results(Store(folder))


def compare(
    runs: Iterable[Mapping[str, Any] | Path | str] | Path | str,
    by: str | Sequence[str] | None = None,
    metric: str = "goodput",
    *,
    flow: str | None = None,
    against: str | None = None,
    confidence: float = 0.95,
    warm_up: str | int | None = None,
) -> Compared:
    """Each setting of the axis `by` beside the baseline `against`, by one metric; verdicts in plain words.

    `runs`: what `sweep` or `results` returned, runs of these, or folders. `by` may be left out where only one axis
    varies; `against` is the first value unless given. `metric` is called as in an expectation; of flows alone, such as
    "goodput", it is that of `flow`, or of all together. `warm_up`, such as "2s", leaves the beginning of each run out.
    Raises ConfigError for what is not there, and where there is nothing to compare.
    """
    from testbed.api.compared import compared
    from testbed.comparison.compare import compare as compare_settings

    start = duration(warm_up) if isinstance(warm_up, str) else warm_up
    documents = _documents(runs)
    found = compare_settings(
        documents, by, metric, flow=flow, against=against, confidence=confidence, warm_up=start
    )  # fmt: skip
    return compared(found, documents)


def _documents(runs: Iterable[Mapping[str, Any] | Path | str] | Path | str) -> list[Mapping[str, Any]]:
    """The documents of runs, and of those in folders."""
    every = [runs] if isinstance(runs, str | Path | Run) else list(runs)
    found: list[Mapping[str, Any]] = []
    for one in every:
        found += read_runs(find_runs([one])) if isinstance(one, str | Path) else [one]
    return found


def _carry_out(
    plan: Plan, results: Path | str | None, tell: Tell | None, *, allow_late: bool = False, **options: Any
) -> Swept:
    """Do what is planned; where it is interrupted, whoever calls in a loop must hear of it."""
    with clocks(allow_late=allow_late) as trials, ExitStack() as temporary:
        place = results if results is not None else temporary.enter_context(TemporaryDirectory(prefix="testbed-"))
        swept = carry_out(plan, Path(place), tell, trials=trials, **options)
    if any(document["status"] == INTERRUPTED for document in swept.runs):
        raise KeyboardInterrupt  # what there was is in the folder
    return swept


def check(
    file: Path | str,
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the word of the language)
    seed: int | None = None,
    clock: str | None = None,
) -> Plan:
    """Read the experiment in `file` and return its plan. Raises ConfigError with everything that is wrong with it."""
    if set is not None and not isinstance(set, Mapping):
        raise ConfigError.of("is a mapping of paths to values", path="set", suggestion="{'tcp.rto_min': '200ms'}")
    short = {"seed": seed, "clock": clock}
    return load(file, dict(set or {}) | {name: value for name, value in short.items() if value is not None})
