"""`--junit` and `--summary`: written whatever comes of the runs; and comparisons on the screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

SWEEP = """
name: small
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, there], rate: 10Mbit/s, delay: 10ms}}
traffic: [{name: a, app: bulk, from: here, to: there, size: 50kB}]
matrix: {links.wire.delay: [1ms, 50ms]}
expect:
  - a.complete
"""
GOOD = "  - median(a.completion_time[delay=50ms]) > 2 * median(a.completion_time[delay=1ms])\n"
BAD = "  - median(a.completion_time[delay=50ms]) < 2 * median(a.completion_time[delay=1ms])\n"


@pytest.fixture
def go(testbed: Any, tmp_path: Path) -> Callable[..., Any]:
    """Runs a text as a file, and writes both reports."""

    def run(text: str, *more: object) -> Any:
        file = tmp_path / "small.yaml"
        file.write_text(text)
        reports = "--junit", tmp_path / "ci" / "junit.xml", "--summary", tmp_path / "ci" / "summary.md"
        return testbed("run", file, "--results", tmp_path / "results", "-q", "--jobs", 1, *reports, *more)

    return run


def cases(tmp_path: Path) -> dict[str, list[str]]:
    """The cases of the JUnit file by what became of them."""
    found: dict[str, list[str]] = {}
    for case in Xml.parse(tmp_path / "ci" / "junit.xml").iter("testcase"):
        found.setdefault(case[0].tag if len(case) else "passed", []).append(case.attrib["name"])
    return found


def test_when_all_is_well_both_say_so(go: Any, tmp_path: Path) -> None:
    answer = go(SWEEP + GOOD)
    assert answer.status == 0
    assert "✓ median(a.completion_time[delay=50ms])" in answer.out
    assert {kind: len(names) for kind, names in cases(tmp_path).items()} == {"passed": 5}
    assert (tmp_path / "ci" / "summary.md").read_text().startswith("## ✅ small · 2 runs\n")


def test_a_comparison_that_does_not_hold_is_exit_status_1_and_told_everywhere(go: Any, tmp_path: Path) -> None:
    answer = go(SWEEP + BAD)
    assert answer.status == 1
    (line,) = [line for line in answer.out.splitlines() if line.startswith("✗ median")]
    assert ", not < " in line
    assert cases(tmp_path)["failure"] == [BAD.strip(" -\n")]
    assert ": expected \\< " in (tmp_path / "ci" / "summary.md").read_text()


def test_the_rows_are_in_the_json_document(go: Any) -> None:
    (experiment,) = json.loads(go(SWEEP + BAD, "--json").out)["experiments"]
    (row,) = experiment["expect"]
    assert (row["ok"], row["unit"], row["sign"]) == (False, "s", "<")
    assert row["value"] > row["bound"] > 0


def test_one_run_that_does_not_do_as_expected(go: Any, tmp_path: Path) -> None:
    answer = go(SWEEP + "  - a.goodput > 1 Gbit/s\n", "--set", "links.wire.delay=1ms")
    assert answer.status == 1
    assert cases(tmp_path)["failure"] == ["a.goodput > 1 Gbit/s"]
    assert "✗ a.goodput > 1 Gbit/s   " in answer.out


STALLS = """
traffic:
  - {name: a, app: dialogue, from: here, to: there, steps: ["client: connect", "server: accept", "client: read 1"]}
"""


def test_runs_that_stall_are_errors_and_no_comparison_holds(go: Any, tmp_path: Path) -> None:
    head, _, tail = SWEEP.partition("traffic:")
    answer = go(head + STALLS.lstrip() + tail.partition("\n")[2] + GOOD)
    assert answer.status == 3
    found = {kind: len(names) for kind, names in cases(tmp_path).items()}
    assert found == {"error": 2, "skipped": 2, "failure": 1}
    assert "but the run with links.wire.delay=50ms was not completed" in (tmp_path / "ci" / "junit.xml").read_text()


def test_when_nothing_can_be_run_there_is_a_report_of_it(go: Any, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "small").write_text("a file where a folder should be")
    answer = go(SWEEP + GOOD)
    assert answer.status == 3
    assert cases(tmp_path) == {"error": ["carried out"]}
    assert (tmp_path / "ci" / "summary.md").read_text().startswith("## ❌ small\n")


def test_where_the_input_is_wrong_nothing_is_written(go: Any, tmp_path: Path) -> None:
    assert go(SWEEP + "  - median(a.goodputt) > 3 Mbit/s\n").status == 2
    assert not (tmp_path / "ci").exists()


def test_a_comparison_that_cannot_be_made_is_told_and_skipped(go: Any, tmp_path: Path) -> None:
    answer = go(SWEEP + GOOD, "--set", "links.wire.delay=1ms")
    assert answer.status == 0
    assert "not judged, because of what is set: median(" in answer.err
    assert cases(tmp_path)["skipped"] == [GOOD.strip(" -\n")]
    assert "- ⚪ `median(" in (tmp_path / "ci" / "summary.md").read_text()


def test_a_report_that_cannot_be_written_is_told_before_anything_is_run(testbed: Any, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SWEEP)
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "junit.xml"
    done = testbed("run", tmp_path / "small.yaml", "--results", tmp_path / "results", "--junit", target)
    assert (done.status, done.out) == (2, "")
    remedy = "name a file in a folder of yours"
    assert done.err == f"--junit {target}: cannot be written: Not a directory ({remedy})\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "small.yaml"]
