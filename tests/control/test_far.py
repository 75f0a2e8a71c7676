"""An agent that was started by hand: what becomes of it when something else breaks, and of what a killed one leaves."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

EXPERIMENT = """
name: far
clock: real
duration: {duration}
repeat: {repeat}
agents: {{lab2: [there]}}
topology:
  hosts: [here, there]
  links: {{wire: {{ends: [here, there], rate: 5Mbit/s, delay: 10ms}}}}
traffic: [{{name: a, app: bulk, from: here, to: there}}]
"""
LONG = 60.0


def wait_until(happened: Callable[[], Any], what: str) -> Any:
    """The first answer of `happened` that is true."""
    deadline = time.monotonic() + LONG
    while not (answer := happened()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)
    return answer


class Pair:
    """A controller with an agent of its own, `here`, and `lab2`, which joins it."""

    def __init__(self, folder: Path, duration: str, repeat: int) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.results = folder / "results"
        (folder / "far.yaml").write_text(EXPERIMENT.format(duration=duration, repeat=repeat))
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        environment = os.environ | {"TESTBED_SECRET": "nobody knows this but us two", "TMPDIR": str(self.temporary)}
        self.controller, self.agent = (
            subprocess.Popen(
                [sys.executable, "-m", "testbed", *command], env=environment,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for command in (
                ["run", str(folder / "far.yaml"), "--listen", address, "--results", str(self.results), "--json", "-q",
                 "--allow-late"],
                ["agent", "--join", address, "--name", "lab2"],
            )
        )  # fmt: skip

    def local_agent(self) -> int:
        """The number of `here`, as soon as it is there."""

        def find() -> int | None:
            children = Path(f"/proc/{self.controller.pid}/task").glob("*/children")
            return next((int(pid) for path in children for pid in path.read_text().split()), None)

        return int(wait_until(find, "here is started"))

    def far_rows(self) -> list[Path]:
        """What `lab2` has put on the disk."""
        return [path for path in self.temporary.rglob("segment.rows") if path.stat().st_size]

    def outcome(self) -> tuple[int, list[dict[str, Any]], int, str]:
        """The controller's status, its runs, and the agent's status and complaints."""
        out, err = self.controller.communicate(timeout=LONG)
        _, complaints = self.agent.communicate(timeout=LONG)
        assert "Traceback" not in err + complaints
        runs = json.loads(out)["runs"] if out else []
        return self.controller.returncode, runs, self.agent.returncode, err

    def close(self) -> None:
        for process in (self.controller, self.agent):
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Pair]]:
    """Starts the two."""
    pairs: list[Pair] = []

    def begun(duration: str = "300ms", repeat: int = 1) -> Pair:
        pairs.append(Pair(tmp_path, duration, repeat))
        return pairs[-1]

    yield begun
    for pair in pairs:
        pair.close()


def test_a_run_that_fails_before_its_start_lets_the_agent_take_part_in_the_next(begin: Callable[..., Pair]) -> None:
    pair = begin(repeat=2)
    resource.prlimit(pair.local_agent(), resource.RLIMIT_FSIZE, (1000, 1000))  # it cannot build its part
    status, runs, agent_status, _ = pair.outcome()
    assert [run["status"] for run in runs] == ["failed", "complete"]
    assert "agent here: " in runs[0]["error"]
    assert (status, agent_status) == (3, 0)
    assert list(pair.temporary.iterdir()) == []


def test_an_agent_is_told_goodbye_where_the_only_run_fails_before_its_start(begin: Callable[..., Pair]) -> None:
    pair = begin()
    os.kill(pair.local_agent(), signal.SIGKILL)
    status, _, agent_status, err = pair.outcome()
    assert (status, agent_status) == (3, 0)
    assert "agent here was killed by SIGKILL" in err


def test_an_interrupted_run_tells_the_agent_goodbye(begin: Callable[..., Pair]) -> None:
    pair = begin("20min")
    wait_until(pair.far_rows, "lab2 has rows on the disk")
    pair.controller.send_signal(signal.SIGINT)
    status, runs, agent_status, _ = pair.outcome()
    assert (status, runs[0]["status"], agent_status) == (130, "interrupted", 0)
    assert list(pair.temporary.iterdir()) == []


def test_what_a_killed_agent_has_left_goes_when_the_next_one_comes(begin: Callable[..., Pair], tmp_path: Path) -> None:
    left = tmp_path / "tmp" / "testbed-agent-of-old"
    pair = begin()
    left.mkdir()
    (left / "segment.rows").write_text("rows")
    for path in (left / "segment.rows", left):
        os.utime(path, (0, 0))
    _, runs, agent_status, _ = pair.outcome()
    assert (runs[0]["status"], agent_status) == ("complete", 0)
    assert list(pair.temporary.iterdir()) == []
