"""Every lesson, and the quickstart, by the wall clock: the same files, and the same expectations."""

from __future__ import annotations

from pathlib import Path

import pytest

import testbed
from testbed.api import Result

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
LESSONS = sorted((EXPERIMENTS / "lessons").glob("*.yaml"))

ATTEMPTS = 8
"""Who shares a machine is now and then late by more than a lesson of a few milliseconds can bear. In tail-loss-probe a
tenth of a millisecond decides: an answer to the probe that is faster than any before proves nothing (RFC 8985 section
6.2, step 2), and the timer has to."""


def missed(result: Result) -> list[object]:
    """What went otherwise than it should."""
    return [
        (one["status"], one["error"] or one["late"], [row["text"] for row in one["expect"] if not row["ok"]])
        for one in result
        if one["status"] != "complete" or not all(row["ok"] for row in one["expect"])
    ]


def run(path: Path, results: Path) -> None:
    for _ in range(ATTEMPTS):
        if not (problems := missed(testbed.run(path, results=results, clock="real", allow_late=True))):
            return
    pytest.fail(str(problems))


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])
def test_a_lesson_shows_the_same_in_real_time(path: Path, tmp_path: Path) -> None:
    run(path, tmp_path)


@pytest.mark.slow
def test_the_quickstart_runs_in_real_time(tmp_path: Path) -> None:
    run(EXPERIMENTS / "quickstart.yaml", tmp_path)
