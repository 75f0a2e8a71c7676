"""Looking at what a run has left: `show`, `trace`, `ladder`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.trace.vocabulary import KINDS

FILE = """
name: two
tcp: {congestion: cubic}
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, there], rate: 10Mbit/s, delay: 10ms, drop: [5]}}
traffic:
  - {name: first, app: bulk, from: here, to: there, size: 20kB}
  - {name: second, app: bulk, from: there, to: here, size: 20kB, start: 2s}
"""


@pytest.fixture(scope="module")
def run(folder_of: Callable[[str], Path]) -> Path:
    """The folder of a small run."""
    return folder_of(FILE)


def test_show_is_the_table_of_the_run(testbed: Any, run: Path) -> None:
    answer = testbed("show", run)
    assert answer.status == 0
    assert "first" in answer.out
    assert "here → there" in answer.out
    assert answer.out.splitlines()[-1].endswith("runs/run")


@pytest.mark.parametrize("kind", KINDS)
def test_trace_prints_an_object_a_line_with_times_in_ns(kind: str, testbed: Any, run: Path) -> None:
    rows = [json.loads(line) for line in testbed("trace", run, "--kind", kind, "--json").out.splitlines()]
    assert all(list(row) == KINDS[kind].names for row in rows)
    times = [row["t"] for row in rows]
    assert times == sorted(times)
    assert times or kind in ("icmp", "mark")  # nothing of the kind happens in this run


def test_trace_tells_the_same_as_text_and_as_csv(testbed: Any, run: Path) -> None:
    text = testbed("trace", run, "--kind", "state").out.splitlines()
    values = testbed("trace", run, "--kind", "state", "--csv").out.splitlines()
    assert len(text) == len(values) > 10
    assert values[0] == "t,host,connection,from,to,cause"


def test_a_kind_that_was_not_recorded_is_a_wrong_input(testbed: Any, run: Path) -> None:
    whole = next(run.rglob("queue.parquet"))
    hidden = whole.rename(whole.with_name("elsewhere"))
    answer = testbed("trace", run, "--kind", "queue")
    hidden.rename(whole)
    assert answer.status == 2
    assert "no 'queue' rows here" in answer.err


def test_the_ladder_shows_handshake_loss_and_close(testbed: Any, run: Path) -> None:
    answer = testbed("ladder", run, "--flow", "first")
    assert answer.status == 0
    for sign in ("CLOSED │", "│ LISTEN", "SYN-SENT │", "│ SYN-RECEIVED", "TIME-WAIT │", "✗ drop rule (wire)", "↻"):
        assert sign in answer.out


def test_the_ladder_of_the_first_flow_unless_asked_otherwise(testbed: Any, run: Path) -> None:
    assert "first · time in" in testbed("ladder", run).out
    assert "second · time in" in testbed("ladder", run, "--flow", "second").out


def test_a_flow_that_is_not_there(testbed: Any, run: Path) -> None:
    answer = testbed("ladder", run, "--flow", "frist")
    assert answer.status == 2
    assert "did you mean 'first'?" in answer.err


def test_a_long_ladder_is_cut_unless_all_is_wanted(testbed: Any, run: Path) -> None:
    assert "more …" in testbed("ladder", run, "--limit", 5).out
    assert "more …" not in testbed("ladder", run, "--all").out
