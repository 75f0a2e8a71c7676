"""Every experiment that comes with the program does what its comment and its `expect` say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import testbed
from testbed.api import Result
from testbed.report.connection.choice import connections, read_exchange
from testbed.report.connection.ladder import Ladder

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
LESSONS = sorted((EXPERIMENTS / "lessons").glob("*.yaml"))
SHORT = sorted(EXPERIMENTS.glob("*.yaml"))

REQUIRED = """
    three-way-handshake four-way-close three-segment-close half-close simultaneous-open simultaneous-close lost-last-ack
    retransmission-timeout fast-retransmit sliding-window nagle-and-delayed-ack urgent push reset-port-closed
    reset-late-syn-ack reset-early-close reset-closed-connection sequence-wrap
"""

by_name = pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])


def comment(path: Path) -> list[str]:
    """The lines of the comment that a file opens with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    return [line.removeprefix("#").strip() for line in lines[:end]]


def run(path: Path, results: Path) -> Result:
    """The file's runs, every one of which must have been completed and have met what is expected."""
    result = testbed.run(path, results=results)
    for one in result:
        missed = [row for row in one["expect"] if not row["ok"]]
        assert (one["status"], missed) == ("complete", []), one["id"]
        assert one["expect"]
    return result


@by_name
def test_a_lesson_shows_what_it_says(path: Path, tmp_path: Path) -> None:
    result = run(path, tmp_path)
    for connection in connections(result.runs[0].folder):
        drawn = list(Ladder(read_exchange(result.runs[0].folder, connection), width=100).lines())
        assert len(drawn) >= 5


@by_name
def test_a_lesson_says_what_to_look_for_and_where_to_read_on(path: Path) -> None:
    title, blank, *rest = comment(path)
    assert title.endswith(".")
    assert blank == ""
    assert rest[0].startswith("What to look for: ")
    assert re.search(r"RFC \d+", " ".join(rest))


@by_name
def test_a_lesson_asserts_the_states_of_both_ends(path: Path) -> None:
    plan = testbed.check(path)
    (planned,) = plan.runs
    expected = " ".join(planned.spec.expect)
    assert plan.name == path.stem
    for flow in planned.spec.flows:
        assert f"{flow}.client.states ==" in expected
        assert f"{flow}.server.states ==" in expected


def test_no_lesson_is_missing() -> None:
    assert set(REQUIRED.split()) <= {path.stem for path in LESSONS}


def test_the_index_lists_every_lesson_once() -> None:
    index = (EXPERIMENTS / "lessons" / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[([\w-]+)\]\(\1\.yaml\)", index, re.MULTILINE)) == [path.stem for path in LESSONS]


@pytest.mark.parametrize("path", SHORT, ids=[path.stem for path in SHORT])
def test_an_experiment_meets_its_expectations(path: Path, tmp_path: Path) -> None:
    run(path, tmp_path)


@pytest.mark.parametrize("path", SHORT, ids=[path.stem for path in SHORT])
def test_an_experiment_says_what_it_is_for(path: Path) -> None:
    assert len(comment(path)) > 3
