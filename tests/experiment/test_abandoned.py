"""What a killed process has left, and who may remove it."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from testbed.experiment.abandoned import Claim, sweep
from testbed.experiment.reading.load import load
from testbed.sweeps.folder import ExperimentFolder


def folder_of_old(path: Path) -> Path:
    """Nobody has touched it since 1970."""
    (path / "runs").mkdir(parents=True)
    for part in (path / "runs", path):
        os.utime(part, (0, 0))
    return path


def test_what_is_nobodys_goes(tmp_path: Path) -> None:
    left = folder_of_old(tmp_path / "left")
    sweep([left, tmp_path / "gone already"])
    assert not left.exists()


def test_what_is_somebodys_stays(tmp_path: Path) -> None:
    mine = folder_of_old(tmp_path / "mine")
    with closing(Claim(mine)):
        sweep([mine])
        assert mine.exists()
    sweep([mine])
    assert not mine.exists()


def test_what_was_touched_just_now_stays(tmp_path: Path) -> None:
    left = folder_of_old(tmp_path / "left")
    (left / "runs" / "rows").write_text("by an heir")
    sweep([left])
    assert left.exists()


def test_an_experiment_removes_what_a_killed_one_has_left_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("topology: {hosts: [a]}\n")
    home = tmp_path / "results" / "one"
    left, whole = folder_of_old(home / ".20261122T101500Z-1a2b3c4d.abcd"), folder_of_old(home / "20261122T101500Z-1a2b")
    folder = ExperimentFolder.begin(tmp_path / "results", load(tmp_path / "one.yaml"), {"run": "key"})
    assert not left.exists()
    assert whole.exists()
    folder.discard()
