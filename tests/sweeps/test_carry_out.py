"""A plan of several runs, carried out: what is told, written and taken over."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.errors import ConfigError, RunError
from testbed.experiment.run import VIRTUAL
from testbed.experiment.trial import Trial
from testbed.sweeps import lane
from testbed.sweeps.run import Swept, carry_out
from testbed.sweeps.standing import Progress, Standing
from testbed.tcp.congestion import CONTROLS
from testbed.tcp.congestion.reno import RenoSpec

from .conftest import HERE, Write, hidden_in, runs_in, workers_of


class InThisProcess(Trial):
    """Not sent to lanes, for a lane would not know it."""


def do(file: Path, results: Path, **options: Any) -> Swept:
    settings = options.pop("set", None)
    return carry_out(testbed.check(file, set=settings), results, **options)


def hashes(swept: Swept) -> list[tuple[str, str]]:
    return [(run["id"], run["trace_sha256"]) for run in swept.runs]


def without_place(run: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in run.items() if key not in ("folder", "wall_time")}


def test_a_run_is_the_same_in_any_lane_and_in_this_process(small: Write, tmp_path: Path) -> None:
    file = small("matrix: {links.wire.loss: [0%, 5%]}\nrepeat: 3")
    here = do(file, tmp_path / "here", trials={"virtual": InThisProcess})
    one, two = do(file, tmp_path / "one", jobs=1), do(file, tmp_path / "two", jobs=2)
    assert hashes(here) == hashes(one) == hashes(two)
    assert len(set(hashes(here))) == 6
    written = [json.loads(json.dumps([without_place(run) for run in swept.runs])) for swept in (here, one, two)]
    assert written[0] == written[1] == written[2]


def test_a_sweep_leaves_its_runs_and_what_it_came_to(small: Write, results: Path) -> None:
    swept = do(small("matrix: {tcp.rto_min: [200ms, 1s]}"), results)
    assert [run["folder"] for run in swept.runs] == [str(path) for path in sorted(runs_in(results), reverse=True)]
    assert json.loads((swept.folder / "experiment.json").read_text()) == {
        "schema": 1, "name": "small", "status": "complete", "runs": 2, "expect": [], "reused": 0,
    }  # fmt: skip
    planned = json.loads((swept.folder / "resolved.json").read_text())["runs"]
    manifests = [json.loads((swept.folder / "runs" / run["id"] / "manifest.json").read_text()) for run in planned]
    assert [run["key"] for run in planned] == [manifest["key"] for manifest in manifests]
    assert not hidden_in(results)
    assert not workers_of(HERE)


def test_what_was_done_before_is_taken_over_and_says_its_own_folder(small: Write, results: Path) -> None:
    first = do(small("matrix: {tcp.rto_min: [200ms, 1s]}"), results)
    said: list[str] = []
    second = do(small("matrix: {tcp.rto_min: [200ms, 1s, 2s]}"), results, say=said.append)
    assert (first.reused, second.reused) == (0, 2)
    assert said == ["2 of 3 runs were done before, and are taken over"]
    assert second.folder != first.folder
    for run in second.runs:
        assert Path(run["folder"]).parent.parent == second.folder
        assert (Path(run["folder"]) / "segment.parquet").is_file()
    assert hashes(second)[:2] == hashes(first)
    same = [(swept.folder / "runs/tcp.rto_min=1s/segment.parquet").stat().st_ino for swept in (first, second)]
    assert same[0] == same[1], "the rows are there once"


def test_what_is_taken_over_has_the_name_that_it_has_now(small: Write, results: Path) -> None:
    do(small("repeat: 2"), results)
    second = do(small("matrix: {traffic.a.size: [20kB, 30kB]}\nrepeat: 2"), results)
    assert second.reused == 2
    first = second.runs[0]
    assert (first["id"], first["params"]) == ("traffic.a.size=20kB,repeat=1", {"traffic.a.size": "20kB"})
    assert json.loads((Path(first["folder"]) / "manifest.json").read_text())["params"] == first["params"]
    assert json.loads(next(results.glob("*/*/runs/repeat=1/manifest.json")).read_text())["params"] == {}


def test_fresh_does_everything_again(small: Write, results: Path) -> None:
    do(small("repeat: 2"), results)
    again = do(small("repeat: 2"), results, fresh=True)
    assert again.reused == 0
    assert len({path.joinpath("state.parquet").stat().st_ino for path in runs_in(results)}) == 4


def test_one_run_is_always_done(small: Write, results: Path) -> None:
    assert do(small(), results).folder != do(small(), results).folder
    assert len({path.joinpath("state.parquet").stat().st_ino for path in runs_in(results)}) == 2


def test_another_input_is_another_run(small: Write, results: Path) -> None:
    do(small("repeat: 2"), results)
    assert do(small("repeat: 2"), results, set={"traffic.a.size": "30kB"}).reused == 0
    assert do(small("repeat: 2\nseed: 7"), results).reused == 0
    assert do(small("repeat: 2"), results).reused == 2


def test_what_is_expected_is_judged_anew_and_nothing_is_run_for_it(small: Write, results: Path) -> None:
    do(small("repeat: 2\nexpect: [a.complete]"), results)
    swept = do(small("repeat: 2\nexpect: [a.goodput > 1 Gbit/s, count(a.client sent SYN) == 1]"), results)
    assert swept.reused == 2
    assert [[row["ok"] for row in run["expect"]] for run in swept.runs] == [[False, True]] * 2
    for run in swept.runs:
        folder = Path(run["folder"])
        assert json.loads((folder / "summary.json").read_text())["expect"] == run["expect"]
        assert json.loads((folder / "manifest.json").read_text())["spec"]["expect"][0] == "a.goodput > 1 Gbit/s"
    earlier = next(path for path in runs_in(results) if not path.is_relative_to(swept.folder))
    assert len(json.loads((earlier / "summary.json").read_text())["expect"]) == 1


def test_a_guests_program_is_an_input(small: Write, results: Path, tmp_path: Path) -> None:
    guest = (
        "\n  - {name: g, app: guest, from: here, to: there, client: guest.py:talk, server: guest.py:listen}\nrepeat: 2"
    )
    file = small()
    file.write_text(file.read_text().rstrip().replace("traffic: [", "traffic:\n  - ").replace("}]", "}") + guest)
    program = "async def talk(): pass\nasync def listen(): pass\n"
    (tmp_path / "guest.py").write_text(program)
    assert [do(file, results).reused, do(file, results).reused] == [0, 2]
    (tmp_path / "guest.py").write_text(program + "# another")
    assert do(file, results).reused == 0


def test_a_run_that_breaks_does_not_take_the_others_along(small: Write, results: Path) -> None:
    swept = do(small("matrix: {traffic.a.port: [5001, 5002]}"), results)
    assert [run["status"] for run in swept.runs] == ["complete", "complete"]


class Breaks(Trial):
    def go(self, tell: Any) -> dict[str, Any]:
        if self.run.repeat == 2:
            raise RunError("out of luck")
        return super().go(tell)


def test_what_failed_is_done_again_and_the_rest_is_not(small: Write, results: Path) -> None:
    first = do(small("repeat: 3"), results, trials={"virtual": Breaks})
    assert [run["status"] for run in first.runs] == ["complete", "failed", "complete"]
    second = do(small("repeat: 3"), results)
    assert [run["status"] for run in second.runs] == ["complete"] * 3
    assert second.reused == 2


def test_when_all_fail_it_is_an_error_and_nothing_is_left(small: Write, results: Path) -> None:
    class AllBreak(Trial):
        def go(self, tell: Any) -> dict[str, Any]:
            raise RunError("out of luck")

    with pytest.raises(RunError, match="out of luck"):
        do(small("repeat: 2"), results, trials={"virtual": AllBreak})
    assert not results.exists()


def test_comparisons_are_judged_over_all_runs(small: Write, results: Path) -> None:
    sweep = "matrix: {links.wire.rate: [1Mbit/s, 10Mbit/s]}\nexpect: "
    compared = "median(a.goodput[links.wire.rate=10Mbit/s]) > {} * median(a.goodput[links.wire.rate=1Mbit/s])"
    swept = do(small(sweep + f"['{compared.format(1)}', '{compared.format(99)}']"), results)
    assert [row["ok"] for row in swept.expect] == [True, False]
    assert json.loads((swept.folder / "experiment.json").read_text())["expect"] == swept.expect


def test_of_one_run_its_progress_is_told_and_of_several_how_they_stand(small: Write, results: Path) -> None:
    told: list[Progress | Standing] = []
    do(small("repeat: 3"), results, tell=told.append, jobs=1)
    assert all(isinstance(one, Standing) for one in told)
    last = told[-1]
    assert isinstance(last, Standing)
    assert (last.name, last.done, last.count, last.taken_over, last.at_work) == ("small", 3, 3, 0, ())
    assert max(len(one.at_work) for one in told if isinstance(one, Standing)) == 1
    told.clear()
    do(small(), results, tell=told.append)
    assert all(isinstance(one, Progress) for one in told)


def test_it_works_inside_a_running_event_loop(small: Write, results: Path) -> None:
    async def main() -> int:
        return len(testbed.run(small("repeat: 2"), results=results))

    assert asyncio.run(main()) == 2


def test_no_jobs_are_refused(small: Write, results: Path) -> None:
    with pytest.raises(ConfigError, match="--jobs"):
        do(small("repeat: 2"), results, jobs=0)


# -- workers that die --------------------------------------------------------------------------------------------------


def killing(how_often: int) -> tuple[Callable[[Any], None], list[int]]:
    """Kills the worker that is at work, so often."""
    killed: list[int] = []

    def tell(standing: Any) -> None:
        for worker in workers_of(HERE) if len(killed) < how_often else []:
            if worker not in killed:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    return tell, killed


LONG = "duration: 2h\nset: {traffic.a.size: 2MB, links.wire.loss: 0%}\ntrace: {segment: false, queue: false}\n"


def test_a_worker_that_is_killed_costs_only_its_run_which_is_tried_again(small: Write, results: Path) -> None:
    tell, killed = killing(2)
    swept = do(small(LONG + "repeat: 4"), results, jobs=1, tell=tell)
    assert [run["status"] for run in swept.runs] == ["complete"] * 4
    assert len(killed) == 2


def guests(file: Path, body: str) -> Path:
    """Makes `file` a sweep of two runs, in the first of which a guest does what `body` says."""
    (file.parent / "guest.py").write_text(
        f"import os, signal\nasync def talk(bad):\n    if bad:\n        {body}\nasync def listen(): pass\n"
    )
    guest = (
        "{name: g, app: guest, from: here, to: there, client: guest.py:talk, server: guest.py:listen, "
        "client_arguments: {bad: false}}"
    )
    file.write_text(
        "name: small\ntopology: {hosts: [here, there], links: {wire: {ends: [here, there]}}}\n"
        f"traffic:\n  - {guest}\nmatrix: {{traffic.g.client_arguments.bad: [true, false]}}\n"
    )
    return file


def test_a_run_whose_workers_always_die_has_failed_and_the_others_are_done(small: Write, results: Path) -> None:
    swept = do(guests(small(), "os.kill(os.getpid(), signal.SIGKILL)"), results, jobs=1)
    assert [run["status"] for run in swept.runs] == ["failed", "complete"]
    assert swept.runs[0]["error"].endswith(f"its process was killed by SIGKILL, {lane.TRIES} times")


def test_what_a_worker_stumbles_over_is_told_once_and_not_tried_again(
    small: Write, results: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    swept = do(guests(small(), "raise KeyboardInterrupt"), results, jobs=1)
    assert [run["status"] for run in swept.runs] == ["failed", "complete"]
    assert swept.runs[0]["error"].endswith("bad=true: KeyboardInterrupt")
    assert capfd.readouterr().err.count("Traceback") == 1


def test_a_path_that_is_no_text_does_not_keep_workers_from_starting(
    small: Write, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])
    assert [run["status"] for run in do(small("repeat: 2"), results, jobs=1).runs] == ["complete"] * 2


def test_what_a_lane_stumbles_over_ends_the_sweep(small: Write, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane.Lane, "carry", lambda *given: {}["x"])
    with pytest.raises(KeyError):
        do(small("repeat: 2"), results, jobs=1)
    assert not results.exists()


def test_a_disk_that_is_full_ends_the_sweep_with_its_name_and_keeps_what_is_whole(small: Write, results: Path) -> None:
    class Full(Trial):
        def go(self, tell: Any) -> dict[str, Any]:
            if self.run.repeat == 2:
                raise OSError(28, "No space left on device", "rows.parquet")
            return super().go(tell)

    with pytest.raises(RunError, match=r"results cannot be written to rows\.parquet: No space left on device"):
        do(small("repeat: 3"), results, trials={"virtual": Full})
    assert [path.name for path in runs_in(results)] == ["repeat=1"]
    said: list[str] = []
    swept = do(small("repeat: 3"), results, say=said.append)
    assert said == [f"continuing {swept.folder}: 1 of 3 runs are done"]
    assert swept.reused == 1


assert VIRTUAL["virtual"] is Trial


@dataclass(frozen=True, kw_only=True)
class TimidSpec(RenoSpec):
    """A control that somebody adds to the table at run time."""


def test_what_only_this_process_knows_runs_here_and_is_never_taken_over(
    small: Write, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONTROLS, "timid", TimidSpec)
    file = small("matrix: {tcp.congestion: [reno, timid]}\n")
    for _ in range(2):
        said: list[str] = []
        swept = do(file, results, say=said.append)
        assert [run["status"] for run in swept.runs] == ["complete", "complete"]
        assert swept.runs[0]["trace_sha256"] == swept.runs[1]["trace_sha256"]
        assert (said, swept.reused) == (["in this process, for no other knows TimidSpec"], 0)
    with pytest.raises(ConfigError, match="no other process knows TimidSpec"):
        do(file, results, cluster="tcp://127.0.0.1:1")
    with pytest.raises(ConfigError, match=r"clock: each host is a process of its own, and none knows TimidSpec"):
        do(file, results, set={"clock": "real"}, trials={**VIRTUAL, "real": Trial})
    said.clear()
    do(file, results, set={"tcp.congestion": "timid"}, say=said.append)
    assert not said, "a single run is made in this process anyway"
