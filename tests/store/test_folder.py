"""Naming several runs: each, an experiment's, all below a folder, the latest experiment's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from testbed.errors import ConfigError
from testbed.store.folder import experiment_of, find_runs, read_runs, runs_below


def finished(experiment: Path, run: str, at: int = 1) -> Path:
    """A run that ended at `at` (s)."""
    folder = experiment / "runs" / run
    folder.mkdir(parents=True)
    for name in ("manifest.json", "summary.json"):
        (folder / name).write_text("{}")
        os.utime(folder / name, (at, at))
    return folder


def test_names_may_be_runs_experiments_and_folders_of_these(tmp_path: Path) -> None:
    one, two = (finished(tmp_path / "x" / "1", run) for run in "ab")
    three = finished(tmp_path / "y" / "1", "a")
    assert find_runs([str(two)]) == [two]
    assert find_runs([tmp_path / "x" / "1"]) == [one, two]
    assert find_runs([str(tmp_path)]) == [one, two, three]


def test_a_run_that_is_named_twice_counts_once_and_the_order_is_that_of_the_names(tmp_path: Path) -> None:
    one, two = (finished(tmp_path / "x" / "1", run) for run in "ab")
    assert find_runs([two, tmp_path]) == [two, one]


def test_the_latest_is_the_whole_experiment_that_was_finished_last(tmp_path: Path) -> None:
    finished(tmp_path / "x" / "1", "a", at=7)
    latest = [finished(tmp_path / "x" / "2", run, at=at) for run, at in (("a", 3), ("b", 9))]
    finished(tmp_path / "y" / "1", "a", at=8)
    assert find_runs(["latest"], tmp_path) == latest


def test_an_experiment_that_took_over_all_its_runs_is_as_old_as_its_end(tmp_path: Path) -> None:
    finished(tmp_path / "x" / "1", "a", at=7)
    taken_over = finished(tmp_path / "x" / "2", "a", at=5)
    (tmp_path / "x" / "2" / "experiment.json").write_text("{}")
    os.utime(tmp_path / "x" / "2" / "experiment.json", (9, 9))
    assert find_runs(["latest"], tmp_path) == [taken_over]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_name_that_means_no_run_is_a_mistake(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    run = finished(tmp_path / "x" / "1", "a")
    with pytest.raises(ConfigError, match=name):
        find_runs([run, tmp_path / name])


def test_several_documents_are_read(tmp_path: Path) -> None:
    runs = [finished(tmp_path / "x" / "1", run) for run in "ab"]
    assert [document["folder"] for document in read_runs(runs)] == list(map(str, runs))


def test_a_run_knows_its_experiment(tmp_path: Path) -> None:
    run = finished(tmp_path / "x" / "1", "a")
    assert experiment_of(run) == tmp_path / "x" / "1"
    assert experiment_of(tmp_path / "alone") == tmp_path / "alone"


def test_runs_within_a_run_are_none_and_hidden_ones_neither(tmp_path: Path) -> None:
    run = finished(tmp_path / "x" / "1", "a")
    finished(run / "captures", "b")
    finished(tmp_path / "x" / ".2.tmp", "a")
    finished(tmp_path / "x" / "1", ".c")
    assert runs_below(tmp_path) == [run]
