"""Run folders made by hand: what a sweep would have left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.metrics.table import COUNTERS, FLOW, GROUP, LINK, METRICS
from testbed.trace import store
from testbed.trace.vocabulary import KINDS

Archive = Callable[..., Path]


def flow_of(goodput: float | None, **more: Any) -> dict[str, Any]:
    """A flow's summary."""
    numbers = {name: 0 for name, metric in METRICS[FLOW].items() if metric.unit != GROUP}
    end = {"states": ["CLOSED", "ESTABLISHED"], **dict.fromkeys(COUNTERS, 0)}
    told = {"from": "left", "to": "right", "app": "bulk", "complete": True, "error": None, "goodput": goodput}
    return {**numbers, **told, "completion_time": 1.5, "client": end, "server": end, **more}


def link_of(**more: Any) -> dict[str, Any]:
    """A link's summary, with its other direction."""
    numbers = {name: 0 for name, metric in METRICS[LINK].items() if metric.unit != GROUP}
    return {**numbers, **more, "reverse": numbers}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Puts a run into a results folder: `archive("x", "a=1", params={…}, goodput={"a": 3e6})`."""

    def put(
        experiment: str = "x",
        run: str = "run",
        *,
        when: str = "20261122T100000Z-11111111",
        params: dict[str, Any] | None = None,
        goodput: dict[str, float | None] | None = None,
        home: Path = tmp_path / "results",
        rows: dict[str, list[tuple[Any, ...]]] | None = None,
        **more: Any,
    ) -> Path:
        folder = home / experiment / when / "runs" / run
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "id": run, "name": experiment, "clock": "virtual", "seed": 1, "params": params or {}, "repeat": 1,
            "started": f"{when[:4]}-{when[4:6]}-{when[6:8]}T{when[9:11]}:{when[11:13]}:{when[13:15]}+00:00",
            "wall_time": 0.5, "spec": {"name": experiment}, **more,
        }  # fmt: skip
        flows = {name: flow_of(rate) for name, rate in (goodput or {"a": 1e6}).items()}
        ending = {key: more[key] for key in ("status", "expect") if key in more}
        summary = {"status": "complete", "flows": flows, "links": {"path": link_of(drops=7)}, "jain": None,
                   "end_time": 2.0, "expect": [], **ending}  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "summary.json").write_text(json.dumps(summary))
        for kind, lines in (rows or {}).items():
            store.frame_of(KINDS[kind], list(zip(*lines, strict=True))).write_parquet(folder / f"{kind}.parquet")
        return folder

    return put
