"""Whatever is killed, stopped or filled in the middle of a run in real time: it ends within seconds with a clear error,
what was collected is kept, and nothing is left behind.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.control.controller import LOOK_EVERY, SILENCE
from testbed.trace import store

ENDLESS = """
name: endless
duration: 20min
topology:
  hosts: [here, there]
  routers: [between]
  links:
    first: {ends: [here, between], rate: 10Mbit/s, delay: 5ms}
    second: {ends: [between, there], rate: 5Mbit/s, delay: 5ms}
traffic: [{name: a, app: bulk, from: here, to: there}]
"""
AGENTS = {"here", "between", "there"}

LONG = 60.0
"""Seconds, far more than anything takes here, and far less than the run would."""


def wait_until(happened: Callable[[], Any], what: str) -> Any:
    """The first answer of `happened` that is true."""
    deadline = time.monotonic() + LONG
    while not (answer := happened()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)
    return answer


def command_line(pid: int) -> list[str]:
    """Of a process; empty when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


class Command:
    """`testbed run --clock real` of `ENDLESS`, and the agents that it started."""

    def __init__(self, folder: Path) -> None:
        file = folder / "endless.yaml"
        file.write_text(ENDLESS)
        self.results = folder / "results"
        command = ["run", str(file), "--clock", "real", "--results", str(self.results), "--json", "--quiet"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "testbed", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.agents: dict[str, int] = wait_until(self._find_agents, "all agents are started")

    def _find_agents(self) -> dict[str, int] | None:
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        lines = {int(pid): command_line(int(pid)) for path in children for pid in path.read_text().split()}
        found = {line[line.index("--name") + 1]: pid for pid, line in lines.items() if "--name" in line}
        return found if set(found) == AGENTS else None

    def runs(self) -> None:
        """Wait until it has gone on for a while: every agent has put rows on the disk."""
        wait_until(lambda: len(list(self.results.rglob("segment.rows"))) == 3, "all agents write")
        wait_until(self._all_have_written, "all agents have rows on the disk")

    def _all_have_written(self) -> bool:
        hosts = [path for path in self.results.rglob("segment.rows") if path.parent.name != "between"]
        return all(path.stat().st_size > 0 for path in hosts)

    def outcome(self) -> tuple[int, dict[str, Any]]:
        """How it ended, and what it said of its run."""
        out, err = self.process.communicate(timeout=LONG)
        assert "Traceback" not in err
        return self.process.returncode, json.loads(out)["runs"][0]

    def close(self) -> None:
        """Whatever happened, leave no process."""
        for pid in [self.process.pid, *self.agents.values()]:
            if self.is_ours(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    @staticmethod
    def is_ours(pid: int) -> bool:
        """Whether a process of that number is there still, and is a testbed's."""
        return "testbed" in command_line(pid)

    def assert_nothing_is_left(self) -> None:
        """No process, and in the results nothing but whole runs."""
        wait_until(lambda: not [pid for pid in self.agents.values() if self.is_ours(pid)], "all agents have gone")
        left = [path for path in self.results.rglob("*") if path.name.startswith(".") or path.suffix == ".rows"]
        assert left == []


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """Started; its agents may not have joined yet."""
    one = Command(tmp_path)
    yield one
    one.close()


def assert_kept(run: dict[str, Any]) -> None:
    """Its rows, of both hosts, in order of time."""
    segments = store.load(Path(run["folder"]), "segment").collect()
    assert set(segments["host"]) == {"here", "there"}
    assert segments["t"].is_sorted()
    manifest = json.loads((Path(run["folder"]) / "manifest.json").read_text())
    assert manifest["status"] == run["status"]
    assert manifest["error"] == run["error"]


def test_an_agent_that_is_killed(command: Command) -> None:
    command.runs()
    os.kill(command.agents["between"], signal.SIGKILL)
    status, run = command.outcome()
    assert (status, run["status"]) == (3, "incomplete")
    assert run["error"] == "agent between was killed by SIGKILL"
    assert_kept(run)
    command.assert_nothing_is_left()


def test_an_agent_with_a_host_is_killed_and_its_rows_are_kept(command: Command) -> None:
    command.runs()
    os.kill(command.agents["there"], signal.SIGKILL)
    status, run = command.outcome()
    assert (status, run["status"]) == (3, "incomplete")
    assert run["agents"]["there"]["error"] == "was killed by SIGKILL"
    assert run["agents"]["here"]["error"] is None
    assert_kept(run)
    command.assert_nothing_is_left()


def test_an_agent_that_is_stopped(command: Command) -> None:
    command.runs()
    os.kill(command.agents["here"], signal.SIGSTOP)
    status, run = command.outcome()
    assert (status, run["status"]) == (3, "incomplete")
    assert "agent here hangs" in run["error"]
    assert_kept(run)
    command.assert_nothing_is_left()


def test_an_agent_that_is_told_to_end(command: Command) -> None:
    command.runs()
    os.kill(command.agents["here"], signal.SIGTERM)
    status, run = command.outcome()
    assert (status, run["status"], run["error"]) == (3, "incomplete", "agent here was interrupted")
    assert_kept(run)
    command.assert_nothing_is_left()


def test_nobody_is_blamed_when_it_was_the_controller_that_was_stopped(command: Command) -> None:
    command.runs()
    command.process.send_signal(signal.SIGSTOP)
    time.sleep(SILENCE + 1)
    command.process.send_signal(signal.SIGCONT)
    time.sleep(10 * LOOK_EVERY)  # it looks who is still there
    command.process.send_signal(signal.SIGINT)
    status, run = command.outcome()
    assert (status, run["status"]) == (130, "interrupted")
    assert [one["error"] for one in run["agents"].values()] == [None, None, None]


def test_an_agent_whose_disk_is_full(command: Command) -> None:
    command.runs()
    resource.prlimit(command.agents["here"], resource.RLIMIT_FSIZE, (100_000, 100_000))
    status, run = command.outcome()
    assert (status, run["status"]) == (3, "incomplete")
    assert run["error"].startswith("agent here: ")
    assert "File too large" in run["error"]
    assert_kept(run)
    command.assert_nothing_is_left()


def why_no_disk() -> str:
    """Why a small disk cannot be had here, or nothing."""
    if os.geteuid() != 0:
        return "needs root, for a small disk"
    if shutil.which("unshare") is None:
        return "needs unshare, of util-linux"
    tried = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
    return "" if tried.returncode == 0 else "this system mounts no tmpfs"


@pytest.mark.skipif(bool(why_no_disk()), reason=why_no_disk())
def test_the_disk_of_all_is_full_and_what_was_recorded_makes_room_for_the_folder(tmp_path: Path) -> None:
    (tmp_path / "endless.yaml").write_text(ENDLESS)
    (tmp_path / "disk").mkdir()
    run = "cd $1; mount -t tmpfs -o size=640k none disk; " + " ".join(
        ["$2 -m testbed run endless.yaml --clock real --results disk --quiet; echo $?;",
         "cat disk/endless/2*/runs/run/manifest.json"]
    )  # fmt: skip
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", run, "sh", str(tmp_path), sys.executable],
        capture_output=True, text=True, timeout=LONG, check=False,
    )  # fmt: skip
    manifest = json.loads(ended.stdout[ended.stdout.index("\n3\n{") + 3 :])
    assert manifest["status"] == "incomplete"
    assert "No space left on device" in manifest["error"]
    assert manifest["rows"]["segment"] > 100


def test_the_controller_is_killed_and_an_agent_makes_the_folder(command: Command) -> None:
    command.runs()
    command.process.kill()
    (manifest,) = wait_until(lambda: list(command.results.glob("endless/2*/runs/run/manifest.json")), "a folder")
    run = json.loads(manifest.read_text())
    assert run["status"] == "incomplete"
    assert "controller" in run["error"]
    assert_kept({**run, "folder": manifest.parent})
    command.assert_nothing_is_left()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption(command: Command, number: int) -> None:
    command.runs()
    command.process.send_signal(number)
    status, run = command.outcome()
    assert (status, run["status"]) == (130, "interrupted")
    assert_kept(run)
    command.assert_nothing_is_left()


def test_an_interruption_before_the_start_leaves_nothing(command: Command) -> None:
    command.process.send_signal(signal.SIGINT)
    out, err = command.process.communicate(timeout=LONG)
    assert command.process.returncode == 130
    assert out == ""
    assert err.strip() == "interrupted; nothing half-written is left"
    command.assert_nothing_is_left()
    assert not command.results.exists()


def test_an_agent_that_is_killed_before_it_has_joined(command: Command) -> None:
    os.kill(command.agents["there"], signal.SIGKILL)
    out, err = command.process.communicate(timeout=LONG)
    assert command.process.returncode == 3
    assert out == ""
    assert "agent there was killed by SIGKILL" in err
    command.assert_nothing_is_left()
    assert not command.results.exists()


def test_an_agent_that_misses_the_start_is_named(command: Command) -> None:
    os.kill(command.agents["there"], signal.SIGSTOP)
    _, err = command.process.communicate(timeout=LONG)
    assert command.process.returncode == 3
    assert err.endswith(": agent there had not joined within 11.5 s\n")
    command.assert_nothing_is_left()
    assert not command.results.exists()


def test_a_second_interruption_waits_for_nothing(command: Command) -> None:
    command.runs()
    os.kill(command.agents["here"], signal.SIGSTOP)
    command.process.send_signal(signal.SIGINT)
    time.sleep(0.2)  # or the two would be one
    command.process.send_signal(signal.SIGINT)
    out, err = command.process.communicate(timeout=LONG)
    assert command.process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    command.assert_nothing_is_left()
