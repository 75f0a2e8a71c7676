"""Runs in real time within a sweep: one after the other, after those in virtual time."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.control.clocks import clocks
from testbed.sweeps.run import carry_out
from testbed.sweeps.standing import Progress

from .conftest import Write, await_that, hidden_in, runs_in
from .test_ends import marks

Command = Callable[..., "subprocess.Popen[str]"]


def test_they_come_last_and_are_told_of_one_by_one(small: Write, results: Path) -> None:
    told: list[Any] = []
    plan = testbed.check(small("matrix: {clock: [real, virtual]}\nrepeat: 2\nprocesses: 1"))
    with clocks(allow_late=True) as trials:
        swept = carry_out(plan, results, told.append, trials=trials)
    assert [(run["clock"], run["status"]) for run in swept.runs] == [
        ("real", "complete"), ("real", "complete"), ("virtual", "complete"), ("virtual", "complete"),
    ]  # fmt: skip
    alone = [index for index, one in enumerate(told) if isinstance(one, Progress)]
    assert all(not isinstance(one, Progress) for one in told[: alone[0]] if alone)
    assert all(isinstance(one, Progress) and one.run.spec.clock == "real" for one in told[alone[0] :] if alone)
    again: list[str] = []
    with clocks(allow_late=True) as trials:
        assert carry_out(plan, results, trials=trials, say=again.append).reused == 2, "those in virtual time"


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_sweep_in_real_time_goes_on_where_it_stopped(
    ending: int, small: Write, command: Command, results: Path
) -> None:
    file = small("duration: 2s\ntraffic.a.app: bulk\nmatrix: {tcp.rto_min: [200ms, 1s, 2s]}\nprocesses: 1\nclock: real")
    file.write_text(file.read_text().replace("traffic.a.app: bulk\n", "set: {traffic.a.size: 1GB}\n"))
    process = command(file, "--allow-late")
    await_that(lambda: len(runs_in(results)) == 1 and list(results.glob("*/*/runs/.*")))
    process.send_signal(ending)
    process.communicate(timeout=30)
    first = marks(
        runs_in(results)[:1]
        if ending == signal.SIGKILL
        else [run for run in runs_in(results) if status(run) == "complete"]
    )

    again = command(file, "--allow-late", "--json")
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    document = json.loads(out)
    assert [run["status"] for run in document["runs"]] == ["complete"] * 3
    assert document["experiments"][0]["reused"] == 1
    assert first.items() <= marks(runs_in(results)).items()
    assert len(runs_in(results)) == 3
    assert not hidden_in(results)


def status(run: Path) -> str:
    return str(json.loads((run / "manifest.json").read_text())["status"])
