"""Naming a run: by its folder, by what holds it alone, or as the latest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from testbed.errors import ConfigError
from testbed.store.folder import find_run, read_document


def finished(run: Path, at: int = 1) -> Path:
    """A folder that looks like a run that ended at `at` (s)."""
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    os.utime(run / "manifest.json", (at, at))
    return run


def test_a_run_folder_is_itself(tmp_path: Path) -> None:
    run = finished(tmp_path / "x" / "1" / "run")
    assert find_run(str(run)) == run


def test_a_folder_with_one_run_means_that_run(tmp_path: Path) -> None:
    run = finished(tmp_path / "x" / "1" / "run")
    assert find_run(str(tmp_path / "x")) == run


def test_a_folder_with_several_runs_lists_them(tmp_path: Path) -> None:
    runs = [finished(tmp_path / "x" / str(index)) for index in range(3)]
    with pytest.raises(ConfigError, match="holds 3 runs") as caught:
        find_run(str(tmp_path / "x"))
    assert all(str(run) in str(caught.value) for run in runs)


def test_many_runs_are_not_all_listed(tmp_path: Path) -> None:
    for index in range(40):
        finished(tmp_path / "x" / str(index))
    with pytest.raises(ConfigError, match="28 more"):
        find_run(str(tmp_path / "x"))


def test_the_latest_is_the_one_that_ended_last(tmp_path: Path) -> None:
    finished(tmp_path / "a" / "1", at=5)
    last = finished(tmp_path / "b" / "1", at=9)
    finished(tmp_path / "c" / "1", at=7)
    assert find_run("latest", tmp_path) == last


@pytest.mark.parametrize("name", ["latest", "results/nothing"])
def test_no_run_says_how_to_make_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="testbed run"):
        find_run(name, tmp_path)


def test_a_slip_of_the_finger_is_understood(tmp_path: Path) -> None:
    finished(tmp_path / "quickstart")
    with pytest.raises(ConfigError, match="did you mean"):
        find_run(str(tmp_path / "quikstart"))


def test_an_empty_folder_holds_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no run"):
        find_run(str(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(ConfigError, match=r"summary\.json: is damaged"):
        read_document(tmp_path, "summary.json")
