"""The comparisons that come with the program: each asks, says what to learn in two sentences, and holds itself to it.

All of them whole take minutes: `make compare`. Here each is read, and its first and last run is done; the shortest are
done whole.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import testbed
from testbed.sweeps.run import carry_out

COMPARE = Path(__file__).parents[2] / "experiments" / "compare"
FILES = sorted(COMPARE.glob("*.yaml"))
SHORT = ("delayed-ack", "loss", "nagle")

REQUIRED = """
    minimum-rto receive-window initial-window duplicate-ack-threshold delayed-ack nagle sack loss-recovery
    congestion-controls
"""

by_name = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


def paragraphs(path: Path) -> list[str]:
    """Those of the comment that the file opens with; a picture has its own lines still."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    text = "\n".join(line.removeprefix("#").removeprefix(" ").rstrip() for line in lines[:end])
    return text.split("\n\n")


def sentences(paragraph: str) -> list[str]:
    return re.split(r"(?<=[.?!]) +(?=[A-Z])", " ".join(paragraph.split()))


def test_no_comparison_is_missing() -> None:
    assert set(REQUIRED.split()) <= {path.stem for path in FILES}


def test_the_index_lists_every_comparison_once() -> None:
    index = (COMPARE / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([\w-]+)\]\(\1\.yaml\)", index, re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in FILES)


@by_name
def test_a_comparison_asks_draws_and_says_what_to_learn(path: Path) -> None:
    question, picture, *rest = paragraphs(path)
    assert "?" in question
    assert all(line.startswith("    ") for line in picture.splitlines()), "the topology"
    assert "─" in picture
    (learn,) = [paragraph for paragraph in rest if paragraph.startswith("What to learn: ")]
    assert len(sentences(learn.removeprefix("What to learn: "))) == 2
    assert any(paragraph.startswith("Why") for paragraph in rest)


@by_name
def test_a_comparison_holds_itself_to_it(path: Path) -> None:
    plan = testbed.check(path)
    assert plan.name == path.stem
    assert len(plan.comparisons) >= 4
    assert {run.spec.clock for run in plan.runs} == {"virtual"}
    assert min(run.repeats for run in plan.runs) >= 3
    assert all(run.spec.expect for run in plan.runs)


@by_name
def test_the_first_and_the_last_run_go_as_expected(path: Path, tmp_path: Path) -> None:
    plan = testbed.check(path)
    ends = carry_out(replace(plan, runs=(plan.runs[0], plan.runs[-1]), comparisons=()), tmp_path, jobs=1)
    for run in ends.runs:
        missed = [row for row in run["expect"] if not row["ok"]]
        assert (run["status"], missed) == ("complete", []), run["id"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_a_short_comparison_comes_to_what_it_says(name: str, tmp_path: Path) -> None:
    result = testbed.run(COMPARE / f"{name}.yaml", results=tmp_path)
    assert [row for row in result.expect if not row["ok"]] == []
    assert result.ok
