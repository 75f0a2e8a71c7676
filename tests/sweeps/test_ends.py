"""A sweep that is broken off, by its user, by SIGKILL, and what the same command does then."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Write, await_that, hidden_in, is_alive, runs_in, workers_of

Command = Callable[..., "subprocess.Popen[str]"]

SLOW = "duration: 2h\nset: {traffic.a.size: 1500kB, links.wire.loss: 0%}\n"
"""Runs that take some tenths of a second."""


def marks(runs: list[Path]) -> dict[str, tuple[int, int]]:
    """What would change if a manifest were written again."""
    return {
        run.name: ((run / "manifest.json").stat().st_ino, (run / "manifest.json").stat().st_mtime_ns) for run in runs
    }


def begin(command: Command, file: Path, results: Path, whole: int, *options: Any) -> subprocess.Popen[str]:
    """A sweep of which so many runs are whole, and which is at work still."""
    process = command(file, "--jobs", 2, *options)
    await_that(lambda: len(runs_in(results)) >= whole or process.poll() is not None)
    assert process.poll() is None
    return process


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_sweep_that_was_broken_off_goes_on_where_it_stopped(
    ending: int, small: Write, command: Command, results: Path
) -> None:
    file = small(SLOW + "repeat: 8")
    process = begin(command, file, results, 2)
    workers = workers_of(process.pid)
    assert 1 <= len(workers) <= 2
    process.send_signal(ending)
    _, told = process.communicate(timeout=30)
    await_that(lambda: not any(map(is_alive, workers)))
    before = marks(runs_in(results))
    assert 2 <= len(before) < 8

    again = command(file, "--json", "--jobs", 2)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    (experiment,) = json.loads(out)["experiments"]
    folder = Path(experiment["folder"])
    assert f"continuing {folder}: {len(before)} of 8 runs are done" in err
    assert experiment["reused"] == len(before)
    after = marks(runs_in(results))
    assert len(after) == 8
    assert {name: after[name] for name in before} == before, "what was whole was not touched"
    assert [path.name for path in (results / "small").iterdir()] == [folder.name], "it is all in one folder"
    assert json.loads((folder / "experiment.json").read_text())["status"] == "complete"
    if ending != signal.SIGKILL:
        assert process.returncode == 130
        assert "Traceback" not in told
        assert f"{len(before)} of 8 runs are done" in told


def test_an_interrupted_sweep_is_over_at_once_and_leaves_nothing_half_written(
    small: Write, command: Command, results: Path
) -> None:
    """The runs at work would take hours."""
    file = small("repeat: 4\nduration: 20h\nmatrix: {traffic.a.size: [20kB, 100GB]}")
    process = begin(command, file, results, 4)
    workers = workers_of(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert not any(map(is_alive, workers))
    assert not hidden_in(results)
    (summary,) = results.glob("*/*/experiment.json")
    assert json.loads(summary.read_text())["status"] == "interrupted"


def test_interrupted_before_anything_is_whole_it_leaves_nothing(small: Write, command: Command, results: Path) -> None:
    process = command(small("repeat: 2\nduration: 20h\nset: {traffic.a.size: 100GB}"))
    await_that(lambda: workers_of(process.pid))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert not results.exists()


def test_a_sweep_that_is_at_work_is_left_alone_by_another_of_its_kind(
    small: Write, command: Command, results: Path
) -> None:
    file = small(SLOW + "repeat: 6")
    first = begin(command, file, results, 1)
    second = command(file)
    outs = [process.communicate(timeout=120) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0], outs
    assert "continuing" not in outs[1][1]
    assert len(runs_in(results)) == 12
    assert len(list(results.glob("small/*"))) == 2


def test_only_what_changed_is_done_again(small: Write, command: Command, results: Path) -> None:
    file = small("matrix: {traffic.a.size: [20kB, 30kB]}\nrepeat: 2")
    assert command(file).wait(60) == 0
    small("matrix: {traffic.a.size: [20kB, 40kB]}\nrepeat: 2")
    process = command(file, "--json")
    out, err = process.communicate(timeout=60)
    assert "2 of 4 runs were done before, and are taken over" in err
    (experiment,) = json.loads(out)["experiments"]
    assert experiment["reused"] == 2


def test_what_has_gone_wrong_is_seen_in_the_exit_status(small: Write, command: Command) -> None:
    sweep = "matrix: {links.wire.rate: [1Mbit/s, 2Mbit/s]}\nexpect: "
    compared = "['median(a.goodput[links.wire.rate=1Mbit/s]) > median(a.goodput[links.wire.rate=2Mbit/s])']"
    process = command(small(sweep + compared))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "✗ median(a.goodput[links.wire.rate=1Mbit/s])" in out


def why_no_disk() -> str:
    """Why a small disk cannot be had here, or nothing."""
    if os.geteuid() != 0:
        return "needs root, for a small disk"
    if shutil.which("unshare") is None:
        return "needs unshare, of util-linux"
    tried = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
    return "" if tried.returncode == 0 else "this system mounts no tmpfs"


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_disk()), reason=why_no_disk())
def test_when_the_disk_is_full_it_goes_on_once_there_is_room(small: Write, tmp_path: Path) -> None:
    file = small("repeat: 40")
    (tmp_path / "disk").mkdir()
    run = f"{sys.executable} -m testbed run {file} --results disk; echo $?;"
    room = "mount -o remount,size=40m disk;"
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"cd $1; mount -t tmpfs -o size=1m none disk; {run} {room} {run}",
         "sh", str(tmp_path)], capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert [line for line in ended.stdout.splitlines() if line.isdigit()] == ["3", "0"]
    assert "No space left on device" in ended.stderr
    whole = re.search(r"^(\d+) of 40 runs are done, in (\S+);", ended.stderr, re.MULTILINE)
    assert whole is not None
    assert 0 < int(whole[1]) < 40
    assert f"continuing {whole[2]}: {whole[1]} of 40 runs are done" in ended.stderr


@pytest.mark.slow
def test_two_hundred_runs_all_finish_though_workers_are_killed(small: Write, command: Command, results: Path) -> None:
    process = command(small("repeat: 200"), "--json", "--jobs", 2)
    killed: set[int] = set()
    for part in (20, 60, 100):
        await_that(lambda part=part: len(runs_in(results)) >= part)
        victim = next(worker for worker in iter(lambda: next(iter(workers_of(process.pid)), 0), None) if worker)
        os.kill(victim, signal.SIGKILL)
        killed.add(victim)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert len(killed) == 3
    runs = json.loads(out)["runs"]
    assert [run["status"] for run in runs] == ["complete"] * 200
    assert len({run["trace_sha256"] for run in runs}) > 100, "each has its own seed"
    assert len(runs_in(results)) == 200


@pytest.mark.slow
def test_a_sweep_of_two_hundred_survives_a_killed_controller_twice(
    small: Write, command: Command, results: Path
) -> None:
    file, known = small("repeat: 200"), {}
    for part in (30, 90):
        process = begin(command, file, results, part)
        workers = workers_of(process.pid)
        process.kill()
        await_that(lambda workers=workers: not any(map(is_alive, workers)))
        now = marks(runs_in(results))
        assert known.items() <= now.items()
        known = now
    assert command(file).wait(300) == 0
    after = marks(runs_in(results))
    assert known.items() <= after.items()
    assert len(after) == 200
