"""`testbed ss`: the sockets that a run has left, or those of one that goes on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.cli.ss import STATES
from testbed.control.collecting.part import PARTS
from testbed.experiment.abandoned import Claim
from testbed.store.running import glimpse, running_below
from testbed.tcp.info import FIELDS
from testbed.tcp.state import State

FILE = """
name: left
duration: 3s
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, there], rate: 10Mbit/s, delay: 10ms}}
traffic:
  - {name: over, app: bulk, from: here, to: there, size: 20kB}
  - {name: unread, app: bulk, from: here, to: there, size: 20kB, read_delay: 1h}
"""


@pytest.fixture(scope="module")
def run(folder_of: Callable[[str], Path]) -> Path:
    """The folder of a run that was cut off in the middle of things."""
    return folder_of(FILE)


def test_every_socket_has_its_line(testbed: Any, run: Path) -> None:
    answer = testbed("ss", run)
    assert answer.status == 0
    lines = [line.split() for line in answer.out.splitlines()]
    assert lines[0][:4] == ["flow", "state", "local", "peer"]
    assert [line[:3] for line in lines[1:] if line[1] != "LISTEN"] == [
        ["over", "TIME-WAIT", "here:49152"],
        ["unread", "FIN-WAIT-2", "here:49153"],
        ["unread", "CLOSE-WAIT", "there:5002"],
        ["over", "CLOSED", "there:5001"],
    ]
    assert max(map(len, answer.out.splitlines())) <= 80


def test_it_shows_what_waits_to_be_read(testbed: Any, run: Path) -> None:
    [socket] = json.loads(testbed("ss", run, "--state", "close-wait", "--json").out)
    assert (socket["recv_q"], socket["send_q"], socket["host"], socket["peer_host"]) == (20_000, 0, "there", "here")
    assert (socket["local"], socket["peer"]) == ("10.0.0.2:5002", "10.0.0.1:49153")


def test_json_has_all_that_info_knows(testbed: Any, run: Path) -> None:
    sockets = json.loads(testbed("ss", run, "--json").out)
    infos = [socket["info"] for socket in sockets]
    assert [list(info) for info in infos if info is not None] == [list(FIELDS)] * 4
    assert [socket["state"] for socket in sockets if socket["info"] is None] == ["LISTEN", "LISTEN"]
    over = next(socket for socket in sockets if socket["connection"] == "over" and socket["host"] == "here")
    assert over["info"]["bytes_acked"] == 20_000


def test_several_states_may_be_asked_for(testbed: Any, run: Path) -> None:
    answer = testbed("ss", run, "--state", "LISTEN", "--state", "time-wait", "--json")
    assert {socket["state"] for socket in json.loads(answer.out)} == {"LISTEN", "TIME-WAIT"}


def test_the_states_are_the_rfcs() -> None:
    assert {state.upper() for state in STATES} == {state.label for state in State}


def test_an_unknown_state_is_refused(testbed: Any, run: Path) -> None:
    assert testbed("ss", run, "--state", "open").status == 2


def test_a_run_without_the_file_says_so(testbed: Any, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    answer = testbed("ss", tmp_path)
    assert answer.status == 2
    assert "sockets.json" in answer.err


# -- a run that goes on ------------------------------------------------------------------------------------------------


@pytest.fixture
def going_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run in real time as its processes have left it a moment ago, and whose controller lives."""
    experiment = tmp_path / "results" / "live" / ".20260101T000000Z-0123.abc"
    for agent, host in (("first", "here"), ("second", "there")):
        part = experiment / "runs" / ".run" / PARTS / agent
        part.mkdir(parents=True)
        row = {"host": host, "connection": "flow", "state": "ESTABLISHED", "recv_q": 1, "send_q": 2, "info": None}
        ends = {"local": "10.0.0.1:1", "peer": "10.0.0.2:2", "peer_host": None}
        (part / "sockets.json").write_text(json.dumps({"now": 2_500_000_000, "sockets": [row | ends]}))
    claim = Claim(experiment)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    claim.close()


@pytest.mark.parametrize("name", ["running", "results", "results/live"])
def test_a_run_that_goes_on_is_found_and_shown_with_its_age(testbed: Any, going_on: Path, name: str) -> None:
    answer = testbed("ss", name)
    assert answer.status == 0
    assert [line.split()[:2] for line in answer.out.splitlines()[1:]] == [["flow", "ESTABLISHED"]] * 2
    assert re.search(r"goes on: 2\.5s of it, as of \d+\.\d s ago", answer.err)


def test_a_run_whose_processes_are_gone_does_not_go_on(testbed: Any, going_on: Path) -> None:
    (going_on / "results" / "dead" / "runs" / ".run").mkdir(parents=True)
    (going_on / "results" / "dead" / "runs" / ".run" / "sockets.json").write_text('{"now": 0, "sockets": []}')
    answer = testbed("ss", "results/dead")
    assert answer.status == 2
    assert "holds no run" in answer.err


def test_nothing_runs(testbed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = testbed("ss", "running")
    assert answer.status == 2
    assert answer.err.startswith("results: nothing is running here")


REAL = """
name: live
clock: real
duration: 60s
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, there], rate: 1Mbit/s, delay: 10ms}}
traffic:
  - {name: flow, app: bulk, from: here, to: there}
"""


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_a_real_one_shows_its_sockets_while_it_goes_on(tmp_path: Path, clock: str) -> None:
    """Looked at from another process, as someone would who wonders how far it is; then it is interrupted."""
    (tmp_path / "live.yaml").write_text(REAL.replace("60s", "60s" if clock == "real" else "24h"))
    command = [sys.executable, "-m", "testbed", "run", "live.yaml", "--quiet", "--clock", clock]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 40
        while not (runs := running_below(tmp_path)) and time.monotonic() < deadline:
            time.sleep(0.1)
        [run] = runs
        flow = [row for row in glimpse(run).sockets if row["state"] == "ESTABLISHED"]
        assert {row["host"] for row in flow} <= {"here", "there"} and flow
        assert all(row["info"]["snd_mss"] == 1448 for row in flow)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)
    assert running_below(tmp_path) == []
