"""`testbed ss`: the sockets that a run has left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.cli.ss import STATES
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
