"""A plan carried out: every run once, wherever there is room for it, and again from where it stopped.

A plan of one run is done in this process. Of several, those in virtual time go through lanes on all cores, or to a
cluster; those in real time follow one after another, while nothing else runs. What an earlier experiment of that name
has finished, with the same inputs, is taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.errors import ConfigError, RunError
from testbed.experiment.expect import judge_comparison
from testbed.experiment.folder import explained
from testbed.experiment.reading.load import Plan, PlannedRun
from testbed.experiment.run import VIRTUAL, Trials, check_runnable
from testbed.experiment.status import COMPLETE, FAILED, INTERRUPTED
from testbed.experiment.world.snapshot import Snapshot
from testbed.sweeps.carrier import Carrier, Here
from testbed.sweeps.lanes import Lanes, cores
from testbed.sweeps.ledger import Ledger
from testbed.sweeps.standing import Progress, Say, Standing, Tell


@dataclass(frozen=True, slots=True)
class Swept:
    """What came of a plan."""

    folder: Path
    runs: list[dict[str, Any]]
    """A document for each run, in the order of the plan (see `testbed run --json`)."""
    expect: list[dict[str, Any]]
    """What was expected of several runs together: a row for each."""
    reused: int
    """How many of the runs had been done before."""


def carry_out(
    plan: Plan, results: Path, tell: Tell | None = None, *, trials: Trials = VIRTUAL, jobs: int | None = None,
    cluster: str | None = None, fresh: bool = False, say: Say = lambda line: None,
) -> Swept:  # fmt: skip
    """Do every run of `plan`, in a folder below `results`.

    `jobs`: how many at once at most, or as many as there are cores; `cluster`: the address of a Dask scheduler that
    they go to instead. `fresh`: nothing that was done before counts. `tell` hears how far it is, `say` in words what
    the user should know.

    A run that breaks has the status "failed" and an `error`; the others are done nevertheless, and only if all break
    is it a RunError. When interrupted, it leaves the runs that are whole, or nothing, and the same call goes on from
    there; one in real time is kept as far as it went, and is the last.
    """
    check_runnable(plan, trials)
    if jobs is not None and jobs < 1:
        raise ConfigError.of(f"{jobs} runs at once are none", file="--jobs", suggestion="1 or more")
    with explained(results):
        return _Sweep(plan, results, tell or (lambda progress: None), say, fresh).carry_out(trials, jobs, cluster)


class _Sweep:
    """One plan on its way."""

    def __init__(self, plan: Plan, results: Path, tell: Tell, say: Say, fresh: bool) -> None:
        self._plan = plan
        self._ledger = Ledger(plan, results, say, fresh)
        self._tell = tell
        self._say = say
        self._at_work: dict[str, tuple[PlannedRun, int]] = {}

    def carry_out(self, trials: Trials, jobs: int | None, cluster: str | None) -> Swept:
        """All of it."""
        ledger = self._ledger
        virtual = [run for run in self._plan.runs if run.spec.clock != "real"]
        real = [run for run in self._plan.runs if run.spec.clock == "real"]
        try:
            self._go(virtual, lambda: self._carrier(trials, jobs, cluster))
            self._go(real, lambda: self._here(trials))
            documents = ledger.documents()
            if all(document["status"] == FAILED for document in documents):
                raise RunError(documents[0]["error"])
            expect = [] if ledger.interrupted else [judge_comparison(one, documents) for one in self._plan.comparisons]
        except BaseException:
            self._break_off()
            raise
        ledger.finish(INTERRUPTED if ledger.interrupted else COMPLETE, expect)
        return Swept(ledger.folder.path, documents, expect, ledger.reused)

    def _go(self, runs: list[PlannedRun], carrier_of: Callable[[], Carrier]) -> None:
        """Do `runs`, and those that come of them; not those that are done."""
        ledger = self._ledger
        missing = ledger.missing(runs)
        if not missing or ledger.interrupted:
            return
        carrier = carrier_of()
        try:
            for run in missing:
                carrier.submit(run)
            if not isinstance(carrier, Here):
                self._stand()
            for done in carrier.completed():
                self._at_work.pop(done.run.id, None)
                for run in ledger.missing(ledger.add(done)):
                    carrier.submit(run)
                if ledger.interrupted:
                    break
                if not isinstance(carrier, Here):
                    self._stand()
        finally:
            carrier.cancel()
            self._at_work.clear()

    # -- who does it ---------------------------------------------------------------------------------------------------

    def _carrier(self, trials: Trials, jobs: int | None, cluster: str | None) -> Carrier:
        if cluster is not None:
            from testbed.sweeps.cluster import Cluster

            self._refuse_on_cluster()
            return Cluster(cluster, self._apart)
        if len(self._plan.runs) == 1 or trials["virtual"] is not VIRTUAL["virtual"]:
            return self._here(trials)
        if self._ledger.foreign:
            self._say(f"in this process, for no other knows {', '.join(self._ledger.foreign)}")
            return self._here(trials)
        return Lanes(jobs or cores(), self._apart, self._report)

    def _refuse_on_cluster(self) -> None:
        """What only this process knows cannot go there."""
        if self._ledger.foreign:
            message = f"no other process knows {', '.join(self._ledger.foreign)}"
            raise ConfigError.of(message, file="--cluster", suggestion="run it here, without a cluster")

    def _here(self, trials: Trials) -> Here:
        return Here(trials, lambda run: self._ledger.folder.place(run.id, apart=False), self._watch)

    def _apart(self, run: PlannedRun) -> Path:
        return self._ledger.folder.place(run.id, apart=True)

    # -- what is told --------------------------------------------------------------------------------------------------

    def _watch(self, run: PlannedRun, now: int, snapshot: Snapshot | None) -> None:
        """One run is made, and nothing else."""
        ledger = self._ledger
        self._tell(Progress(run, ledger.done, ledger.count, now, run.spec.duration, snapshot))

    def _report(self, run: PlannedRun, now: int, snapshot: Snapshot | None) -> None:
        """One of several."""
        self._at_work[run.id] = run, now
        self._stand()

    def _stand(self) -> None:
        ledger = self._ledger
        at_work = tuple(self._at_work.values())
        self._tell(Standing(self._plan.name, ledger.done, ledger.reused, ledger.count, at_work))

    def _break_off(self) -> None:
        """Keep what there is, or leave nothing."""
        ledger = self._ledger
        if not ledger.worth_keeping:
            ledger.folder.discard()
            return
        with suppress(OSError):  # on a full disk: without the file it is as unfinished as with it
            ledger.finish(INTERRUPTED, [])
        ledger.folder.close()
        if ledger.count > 1:
            done = f"{ledger.done} of {ledger.count} runs are done, in {ledger.folder.path}"
            self._say(f"{done}; the same command goes on there")
