"""What is to be done of a plan, and what is done: its runs in their order, their keys, documents and folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from testbed.experiment.key import key_of
from testbed.experiment.language.label import label
from testbed.experiment.reading.load import Plan, PlannedRun, repetition
from testbed.experiment.spec_json import foreign
from testbed.experiment.status import BROKEN_OFF, FAILED, INTERRUPTED
from testbed.sweeps.carrier import Done
from testbed.sweeps.earlier import Earlier, finished, take_over
from testbed.sweeps.folder import ExperimentFolder
from testbed.sweeps.precision import is_enough, more
from testbed.sweeps.standing import Say


class Ledger:
    """Knows which runs are `missing`, and is given each that is done."""

    def __init__(self, plan: Plan, results: Path, say: Say, fresh: bool) -> None:
        """`say` is told of what need not be done. `fresh`: nothing that was done before counts; no more does it with
        plugs that are `foreign` to the testbed, for whose source no key speaks.
        """
        self._plan = plan
        self._say = say
        self._keys = {run.id: key_of(run.spec) for run in plan.runs}
        self._settings: dict[str, list[PlannedRun]] = {}
        for run in plan.runs:
            self._settings.setdefault(_setting(run), []).append(run)
        self._documents: dict[str, dict[str, Any]] = {}
        self.foreign = sorted(set[str]().union(*(foreign(run.spec) for run in plan.runs)))
        self._looks_back = len(plan.runs) > 1 and not fresh and not self.foreign
        begun = ExperimentFolder.resume(results, plan, self._keys) if self._looks_back else None
        self._is_resumed = begun is not None
        self.folder = begun or ExperimentFolder.begin(results, plan, self._keys)
        self._earlier = Earlier(results / plan.name, beside=self.folder.path) if self._looks_back else None
        self.reused = 0
        if begun is not None:
            done = sum(finished(begun.run(one), key) is not None for one, key in self._keys.items())
            say(f"continuing {begun.path}: {done} of {self.count} runs are done")

    # -- what is to be done --------------------------------------------------------------------------------------------

    def missing(self, runs: Iterable[PlannedRun]) -> list[PlannedRun]:
        """Those of `runs` that must be made, and of those that follow from what need not be."""
        missing, waiting, before = [], list(runs), self.reused
        while waiting:
            run = waiting.pop(0)
            known = self._recall(run) if self._looks_back else None
            if known is None:
                missing.append(run)
            else:
                waiting += self._note(run, known)
        if self.reused > before and not self._is_resumed:
            self._say(f"{self.reused - before} of {self.count} runs were done before, and are taken over")
        return missing

    def add(self, done: Done) -> list[PlannedRun]:
        """Show the run that is `done`; the answer is what is to be done because of it."""
        self.folder.add(done.folder, done.run.id)
        return self._note(done.run, done.document)

    def _recall(self, run: PlannedRun) -> dict[str, Any] | None:
        """The document of `run`, if it was done before: here, or in an earlier experiment."""
        key = self._keys[run.id]
        document = finished(self.folder.run(run.id), key)
        if document is None and self._earlier is not None and run.spec.clock == "virtual":
            found = self._earlier.find(key)
            if found is not None:
                place = self.folder.place(run.id, apart=False)
                document = take_over(found, run, place)
                if document is not None:
                    self.folder.add(place, run.id)
        self.reused += document is not None
        return document

    def _note(self, run: PlannedRun, document: dict[str, Any]) -> list[PlannedRun]:
        self._documents[run.id] = document
        precision, runs = self._plan.precision, self._settings[_setting(run)]
        done = [self._documents[one.id] for one in runs if one.id in self._documents]
        if precision is None or len(done) < len(runs):
            return []
        following = [repetition(runs[0], len(runs) + number) for number in range(1, more(precision, done) + 1)]
        if following:
            runs += following
            self._keys |= {one.id: key_of(one.spec) for one in following}
            self.folder.plan(self._plan, self._runs(), self._keys)
        return following

    # -- what is done --------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many runs there are."""
        return len(self._keys)

    @property
    def done(self) -> int:
        """How many of them are done, well or not."""
        return len(self._documents)

    @property
    def interrupted(self) -> bool:
        """Whether the user broke off the latest run, which is kept: there shall be no more."""
        return any(document["status"] == INTERRUPTED for document in self._documents.values())

    @property
    def worth_keeping(self) -> bool:
        """Whether anything is there that one may want to see."""
        return self._is_resumed or any(one["status"] != FAILED for one in self._documents.values())

    def documents(self) -> list[dict[str, Any]]:
        """Those of all runs that are done, in the order of the plan, with their places."""
        done = [run.id for run in self._runs() if run.id in self._documents]
        return [self._documents[one] | {"folder": str(self.folder.run(one))} for one in done]

    def finish(self, status: str, expect: list[dict[str, Any]]) -> None:
        """Write how it ended, and give the folder up."""
        imprecise = self._imprecise() if status not in BROKEN_OFF else []
        for setting in imprecise:
            self._say(f"not known as well as wanted after {len(self._settings[setting])} repetitions: {setting}")
        more = {"imprecise": imprecise} if self._plan.precision else {}
        self.folder.finish(status, expect=expect, reused=self.reused, **more)

    def _imprecise(self) -> list[str]:
        """The settings that had the most repetitions, and would need more."""
        precision = self._plan.precision
        if precision is None:
            return []
        known = {name: [self._documents[run.id] for run in runs] for name, runs in self._settings.items()}
        return [name for name, documents in known.items() if not is_enough(precision, documents)]

    def _runs(self) -> list[PlannedRun]:
        return [run for runs in self._settings.values() for run in runs]


def _setting(run: PlannedRun) -> str:
    """What a run and its repetitions have in common."""
    return ", ".join(f"{axis}={label(value)}" for axis, value in run.params.items()) or run.spec.name
