"""`testbed report`: where the page is, and what is said where there is none to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXPERIMENT = """
topology: {hosts: [a, b], links: {l: {ends: [a, b], rate: 1Mbit/s, delay: 5ms}}}
traffic: [{name: x, app: bulk, from: a, to: b, size: 2kB}]
"""


@pytest.fixture(scope="module")
def run(folder_of: Callable[[str], Path]) -> Path:
    return folder_of(EXPERIMENT)


def test_the_path_of_the_page_is_printed(testbed: Callable[..., Any], run: Path) -> None:
    answer = testbed("report", run)
    assert (answer.status, answer.err) == (0, "")
    page = Path(answer.out.strip())
    assert page.name == "report.html"
    assert page.read_text().startswith("<!doctype html>")


def test_the_page_is_written_where_it_is_wanted(testbed: Callable[..., Any], run: Path, tmp_path: Path) -> None:
    answer = testbed("report", run, "--output", tmp_path / "mine.html")
    assert answer.out.strip() == str(tmp_path / "mine.html")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.html"]


def test_no_run_no_page(testbed: Callable[..., Any], tmp_path: Path) -> None:
    answer = testbed("report", tmp_path)
    assert answer.status == 2
    assert "holds no run" in answer.err


def test_a_place_that_cannot_be_written_is_named(testbed: Callable[..., Any], run: Path, tmp_path: Path) -> None:
    answer = testbed("report", run, "--output", tmp_path / "missing" / "x.html")
    assert answer.status in (2, 3)
    assert "missing" in answer.err
    assert "Traceback" not in answer.err
