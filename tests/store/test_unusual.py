"""Runs that did not go as they should: they are listed, and nothing breaks of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.api import Run
from testbed.errors import ConfigError
from testbed.report.answers import run_lines
from testbed.report.export.formats import FORMATS, export
from testbed.store.frames import TABLES
from testbed.store.results import Store

Archive = Callable[..., Path]


@pytest.fixture
def failed(archive: Archive) -> Path:
    """A run that broke: nothing came of it."""
    run = archive("x", "broke", params={"tcp.sack": False})
    nothing = {"status": "failed", "error": "no memory", "flows": {}, "links": {}, "jain": None, "end_time": None,
               "expect": [], "stalled": []}  # fmt: skip
    (run / "summary.json").write_text(json.dumps(nothing))
    return run


def test_a_run_that_broke_is_listed(failed: Path, archive: Archive, tmp_path: Path) -> None:
    archive("x", "went", params={"tcp.sack": True})
    store = Store(tmp_path / "results")
    _, line = run_lines(store.select("status = 'failed'"))
    assert "failed" in line
    assert store.select("ok")["run"].to_list() == ["went"]
    assert store.select("goodput is null")["run"].to_list() == ["broke"]
    for name in TABLES:
        store.query(f"select * from {name}")


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_that_broke_is_exported_as_far_as_there_is_something(failed: Path, tmp_path: Path, name: str) -> None:
    if name == "csv":
        assert len(export(failed, name, tmp_path / "out")) == len(TABLES)
    else:
        with pytest.raises(ConfigError):
            export(failed, name, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_run_that_broke_shows_why(failed: Path, tmp_path: Path) -> None:
    (document,) = Store(tmp_path / "results").documents
    shown = Run(document)._repr_html_()
    assert "✗ failed: no memory" in shown
    assert "color:#d33" in shown


def test_a_table_with_a_part_of_the_columns(archive: Archive, tmp_path: Path) -> None:
    """Run folders of an earlier version know fewer metrics."""
    run = archive("x", "old")
    summary = json.loads((run / "summary.json").read_text())
    for flow in summary["flows"].values():
        del flow["rtt_p50"], flow["timeouts"]
    (run / "summary.json").write_text(json.dumps(summary))
    store = Store(tmp_path / "results")
    assert store.query("select rtt_p50 from flows").rows() == [(None,)]
    assert store.select("timeouts is null")["run"].to_list() == ["old"]
