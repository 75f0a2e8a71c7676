"""Several computers, played by network namespaces: two with a cable between them, and an agent in each by hand.

The far one also has a clock of its own, where the kernel has time namespaces. Needs root and `ip`.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
NEAR, FAR = "10.77.0.1", "10.77.0.2"
APART = 1_000_000
"""Seconds between the clocks of the two."""

NUMBERS = itertools.count()

PATIENCE = 60.0
"""Seconds for whatever should take few."""

EXPERIMENT = """
name: machines
clock: real
agents: {lab1: [middle], lab2: [right]}
topology:
  hosts: [left, right]
  routers: [middle]
  links:
    near: {ends: [left, middle], rate: 20Mbit/s, delay: 10ms}
    far: {ends: [middle, right], rate: 20Mbit/s, delay: 10ms}
traffic: [{name: a, app: bulk, from: left, to: right, size: 200kB}]
expect: [a.complete, a.bytes_delivered == 200kB]
"""
ENDLESS = EXPERIMENT.replace("size: 200kB", "").replace("expect:", "duration: 1h\nexpect:")


def succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def why_not() -> str:
    """Why namespaces cannot be had here, or nothing."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    if shutil.which("ip") is None:
        return "needs ip, of iproute2"
    return "" if succeeds("unshare", "--net", "true") else "this system gives no network namespaces"


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

OWN_CLOCK = (
    ["unshare", "--time", "--monotonic", str(APART), "--fork", "--kill-child"]
    if not why_not() and succeeds("unshare", "--time", "--monotonic", str(APART), "--fork", "true")
    else []
)


class Lab:
    """Two computers and what runs on them. The near one has the secret in a file, the far one in its environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.near, self.far = (f"tb{os.getpid()}-{next(NUMBERS)}" for _ in range(2))
        self._secret = folder / "secret"
        self._secret.touch(0o600)
        self._secret.write_text("known in both namespaces\n")
        self._processes: list[subprocess.Popen[str]] = []

    def wire(self) -> None:
        """Lay the cable."""
        for name in (self.near, self.far):
            self._ip("netns", "add", name)
        self._ip("link", "add", "cable", "netns", self.near, "type", "veth", "peer", "name", "cable", "netns", self.far)
        for name, address in ((self.near, NEAR), (self.far, FAR)):
            self._ip("-n", name, "address", "add", f"{address}/24", "dev", "cable")
            for device in ("lo", "cable"):
                self._ip("-n", name, "link", "set", device, "up")

    def clear(self) -> None:
        """Nothing runs any more, and the computers are gone."""
        for process in self._processes:
            process.kill()
            process.communicate()
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)

    def run(self, text: str, *options: str) -> subprocess.Popen[str]:
        """The controller, on the near one."""
        file = self.folder / "machines.yaml"
        file.write_text(text)
        arguments = ["run", str(file), "--listen", f"{NEAR}:7000", "--secret-file", str(self._secret), "--json",
                     "--quiet", "--results", str(self.results), "--allow-late", *options]  # fmt: skip
        return self._start(self.near, [], arguments)

    def near_agent(self) -> subprocess.Popen[str]:
        """`lab1`, beside the controller."""
        return self._start(self.near, [], self._agent("lab1", "--secret-file", str(self._secret)))

    def far_agent(self) -> subprocess.Popen[str]:
        """`lab2`, at the other end of the cable."""
        return self._start(self.far, OWN_CLOCK, self._agent("lab2"), TESTBED_SECRET="known in both namespaces")

    def started(self, controller: subprocess.Popen[str]) -> None:
        """Wait until packets cross the cable, more than all messages together."""
        until = time.monotonic() + PATIENCE
        while self._crossed() < 100_000:
            assert controller.poll() is None, controller.communicate()
            assert time.monotonic() < until, "the run did not begin"
            time.sleep(0.05)

    def _crossed(self) -> int:
        """Bytes that have left the near one."""
        command = ["ip", "-n", self.near, "-json", "-statistics", "link", "show", "cable"]
        (cable,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        return int(cable["stats64"]["tx"]["bytes"])

    def cut(self) -> None:
        """Pull out the cable."""
        self._ip("-n", self.near, "link", "set", "cable", "down")

    def left_running(self) -> str:
        """The processes that are still there."""
        names = (self.near, self.far)
        return "".join(subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=True).stdout
                       for name in names)  # fmt: skip

    def _agent(self, name: str, *options: str) -> list[str]:
        return ["agent", "--join", f"{NEAR}:7000", "--name", name, "--wait", "1min", *options]

    def _start(self, where: str, before: list[str], arguments: list[str], **also: str) -> subprocess.Popen[str]:
        command = ["ip", "netns", "exec", where, *before, sys.executable, "-m", "testbed", *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | also,
        )  # fmt: skip
        self._processes.append(process)
        return process

    @staticmethod
    def _ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)


@contextmanager
def laboratory(folder: Path) -> Iterator[Lab]:
    lab = Lab(folder)
    try:
        lab.wire()
        yield lab
    finally:
        lab.clear()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path) as lab:
        yield lab


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The documents of two runs of one command; both agents have ended by themselves."""
    with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        agents = [lab.near_agent(), lab.far_agent()]
        documents = outcome(lab.run(EXPERIMENT + "repeat: 2\n"), 0)
        for agent in agents:
            _, complaint = agent.communicate(timeout=PATIENCE)
            assert agent.returncode == 0, complaint
        assert lab.left_running() == ""
    return documents


def outcome(controller: subprocess.Popen[str], status: int) -> list[dict[str, Any]]:
    """The documents of its runs; it ended with that exit status."""
    out, err = controller.communicate(timeout=PATIENCE)
    assert controller.returncode == status, err
    documents = json.loads(out)["runs"]
    assert isinstance(documents, list)
    return documents


def test_agents_on_two_computers_run_an_experiment_together(runs: list[dict[str, Any]]) -> None:
    assert [run["status"] for run in runs] == ["complete"] * 2
    assert [run["flows"]["a"]["bytes_delivered"] for run in runs] == [200_000] * 2
    assert {name: agent["machines"] for name, agent in runs[0]["agents"].items()} == {
        "left": ["left"],
        "lab1": ["middle"],
        "lab2": ["right"],
    }


def test_the_offset_of_the_far_clock_is_found(runs: list[dict[str, Any]]) -> None:
    agents = runs[0]["agents"]
    for name, offset in {"left": 0, "lab1": 0, "lab2": APART if OWN_CLOCK else 0}.items():
        found, error = agents[name]["clock_offset"], agents[name]["clock_offset_error"]
        assert abs(found - offset) <= error, name
        assert error < 1, name


def test_what_was_sent_here_arrives_later_there(runs: list[dict[str, Any]]) -> None:
    """The rows of all computers are on one clock: two links of 10 ms are between sending and receiving."""
    for run in runs:
        segments = pl.read_parquet(Path(run["folder"]) / "segment.parquet")
        assert segments["t"].is_sorted()
        data = segments.filter(pl.col("length") > 0).group_by("host", "direction", "seq").agg(pl.col("t").min())
        sent = data.filter(host="left", direction="sent")
        both = sent.join(data.filter(host="right", direction="received"), on="seq", suffix="_there")
        assert len(both) > 100
        unsure = run["agents"]["lab2"]["clock_offset_error"] * 1e9
        assert (both["t_there"] - both["t"]).min() >= 20e6 - unsure


def test_an_agent_that_dies_far_away_is_named_and_the_rest_is_kept(lab: Lab) -> None:
    near, far = lab.near_agent(), lab.far_agent()
    controller = lab.run(ENDLESS)
    lab.started(controller)
    far.kill()
    (run,) = outcome(controller, 3)
    assert run["status"] == "incomplete"
    assert "lab2" in run["error"]
    assert run["rows"]["segment"] > 0
    assert near.wait(PATIENCE) == 0
    assert lab.left_running() == ""


def test_agents_end_when_their_controller_is_killed(lab: Lab) -> None:
    near, far = lab.near_agent(), lab.far_agent()
    controller = lab.run(ENDLESS)
    lab.started(controller)
    controller.kill()
    assert [agent.wait(PATIENCE) for agent in (near, far)] == [3, 3]
    assert "the controller: the connection " in near.communicate()[1]
    until = time.monotonic() + PATIENCE  # our own agent is still writing what there is
    while lab.left_running() and time.monotonic() < until:
        time.sleep(0.05)
    assert lab.left_running() == ""


def test_an_agent_by_hand_ends_on_request(lab: Lab) -> None:
    near, far = lab.near_agent(), lab.far_agent()
    controller = lab.run(ENDLESS)
    lab.started(controller)
    near.send_signal(signal.SIGINT)
    assert near.wait(PATIENCE) == 130
    assert "Traceback" not in near.communicate()[1]
    (run,) = outcome(controller, 3)
    assert "lab1" in run["error"]
    assert far.wait(PATIENCE) == 0


@pytest.mark.slow
def test_a_cable_that_is_pulled_out_ends_the_run_on_both_sides(lab: Lab) -> None:
    near, far = lab.near_agent(), lab.far_agent()
    controller = lab.run(ENDLESS)
    lab.started(controller)
    lab.cut()
    (run,) = outcome(controller, 3)
    assert run["status"] == "incomplete"
    assert "lab2" in run["error"]
    assert near.wait(PATIENCE) == 0
    assert far.wait(PATIENCE) == 3
    assert lab.left_running() == ""
