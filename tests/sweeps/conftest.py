"""Small sweeps, and the command that carries them out, as a process that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SMALL = """
name: small
topology: {hosts: [here, there], links: {wire: {ends: [here, there], rate: 10Mbit/s, delay: 10ms, loss: 1%}}}
traffic: [{name: a, app: bulk, from: here, to: there, size: 20kB}]
"""

Write = Callable[[str], Path]


@pytest.fixture
def small(tmp_path: Path) -> Write:
    """Writes an experiment of a transfer, and what is given after it."""

    def written(more: str = "") -> Path:
        path = tmp_path / "small.yaml"
        path.write_text(SMALL + more)
        return path

    return written


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def command(results: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `testbed run` with these arguments; what is alive at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: Any) -> subprocess.Popen[str]:
        given = ["run", *map(str, arguments), "--results", str(results)]
        process = subprocess.Popen(
            [sys.executable, "-m", "testbed", *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def await_that(is_so: Callable[[], object], seconds: float = 60.0) -> None:
    """Until `is_so()`; it is an error if that takes long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def workers_of(parent: int) -> list[int]:
    """The worker processes that `parent` has."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it has just gone
        if int(status[1]) == parent and b"testbed.sweeps.worker" in line and status[0] != "Z":
            found.append(int(entry.name))
    return found


def is_alive(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def runs_in(results: Path) -> list[Path]:
    """The folders of whole runs that one can see, of all experiments."""
    return sorted(
        path.parent
        for path in results.glob("*/*/runs/*/manifest.json")
        if not any(part.startswith(".") for part in path.relative_to(results).parts)
    )


def hidden_in(results: Path) -> list[Path]:
    return list(results.rglob(".*"))


HERE = os.getpid()
