"""What runs leave on the disk: whole, or nothing."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.errors import RunError
from testbed.experiment.trial import Trial
from testbed.experiment.world.snapshot import Tidings
from testbed.metrics.table import REAL_TIME
from testbed.sweeps.run import carry_out
from testbed.trace import store
from testbed.trace.vocabulary import KINDS

Pair = Callable[..., Path]


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_run_folder_is_as_designed(pair: Pair, tmp_path: Path) -> None:
    file = pair("matrix: {tcp.rto_min: [200ms, 1s]}\ncapture: pcapng")
    result = testbed.run(file, results=tmp_path / "results", seed=3)
    assert result.folder is not None
    assert result.folder.parent == tmp_path / "results" / "test"
    assert (result.folder / "experiment.yaml").read_text() == file.read_text()
    runs = ["tcp.rto_min=200ms", "tcp.rto_min=1s"]
    kept = ["app", "control", "cwnd", "drop", "icmp", "mark", "queue", "segment", "state"]
    wanted = [f"runs/{run}/{kind}.parquet" for run in runs for kind in kept]
    wanted += [f"runs/{run}/{name}.json" for run in runs for name in ("manifest", "sockets", "summary")]
    wanted += [f"runs/{run}/captures/{host}.pcapng" for run in runs for host in ("left", "right")]
    assert files_below(result.folder) == sorted([*wanted, "experiment.json", "experiment.yaml", "resolved.json"])


def test_the_manifest_tells_how_to_do_it_again(pair: Pair, tmp_path: Path) -> None:
    result = testbed.run(pair(), results=tmp_path, seed=3, set={"links.link.loss": "1%"})
    manifest = json.loads((result.runs[0].folder / "manifest.json").read_text())
    assert (manifest["seed"], manifest["status"], manifest["clock"]) == (3, "complete", "virtual")
    assert manifest["trace_sha256"] == result["trace_sha256"]
    assert manifest["spec"]["links"]["link"]["loss"] == {"model": "bernoulli", "p": 0.01}
    queue = {"discipline": "droptail", "limit": [17, "packets"], "mark_above": None}
    assert manifest["spec"]["links"]["link"]["queue"] == queue
    assert manifest["spec"]["hosts"]["left"]["address"] == "10.0.0.1"
    assert {"python", "testbed", "polars"} <= set(manifest["versions"])
    resolved = json.loads((result.folder / "resolved.json").read_text())  # type: ignore[operator]
    assert resolved["set"] == {"links.link.loss": "1%", "seed": 3}


def test_the_summary_and_the_manifest_hold_the_whole_document(pair: Pair, tmp_path: Path) -> None:
    run = testbed.run(pair("expect: [a.complete]"), results=tmp_path).runs[0]
    manifest, summary = (json.loads((run.folder / f"{name}.json").read_text()) for name in ("manifest", "summary"))
    assert {**manifest, **summary, "folder": str(run.folder)}.items() >= run.items()


def test_the_rows_can_be_read(pair: Pair, tmp_path: Path) -> None:
    run = testbed.run(pair(), results=tmp_path).runs[0]
    assert store.kinds(run.folder) == list(KINDS)
    assert len(run.trace("segment")) == run["rows"]["segment"] > 100


def test_without_results_nothing_is_written(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pair()
    monkeypatch.chdir(tmp_path)
    before = files_below(tmp_path)
    assert testbed.run(file, results=None).folder is None
    assert files_below(tmp_path) == before


def test_a_wrong_file_writes_nothing(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(testbed.ConfigError):
        testbed.run(pair("foo: bar"), results=tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_two_that_begin_together_do_not_meet(pair: Pair, tmp_path: Path) -> None:
    file = pair()
    folders: list[Path | None] = []
    threads = [
        threading.Thread(target=lambda: folders.append(testbed.run(file, results=tmp_path / "results").folder))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 4
    assert all(folder is not None and (folder / "runs/run/summary.json").is_file() for folder in folders)
    assert not list((tmp_path / "results" / "test").glob(".*"))


class Broken(Trial):
    """A run with something wrong inside."""

    def go(self, tell: Callable[[int], None]) -> dict[str, Any]:
        if "repeat=2" in self.run.id or self.run.id == "run":
            (self.folder / "half.parquet").write_text("half")
            raise RunError(f"{self.run.id}: out of luck")
        return super().go(tell)


class Interrupted(Trial):
    """A run during which someone presses Ctrl-C."""

    def go(self, tell: Callable[[int], None]) -> dict[str, Any]:
        if "repeat=2" in self.run.id or self.run.id == "run":
            raise KeyboardInterrupt
        return super().go(tell)


def do(file: Path, results: Path, trial: type[Trial]) -> Any:
    swept = carry_out(testbed.check(file), results, trials={"virtual": trial})
    return swept.folder, swept.runs


def test_a_run_that_breaks_leaves_nothing(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="out of luck"):
        do(pair(), tmp_path / "results", Broken)
    assert not (tmp_path / "results").exists()


def test_a_run_that_breaks_does_not_take_the_sweep_with_it(pair: Pair, tmp_path: Path) -> None:
    folder, documents = do(pair("repeat: 3\nexpect: [a.complete]"), tmp_path, Broken)
    assert [document["status"] for document in documents] == ["complete", "failed", "complete"]
    assert documents[1]["error"] == "repeat=2: out of luck"
    assert not documents[1]["expect"][0]["ok"]
    assert files_below(folder / "runs" / "repeat=2") == ["manifest.json", "summary.json"]


@pytest.mark.parametrize(("repeat", "kept"), [(1, []), (3, ["repeat=1"])])
def test_an_interrupted_sweep_keeps_what_is_complete(pair: Pair, tmp_path: Path, repeat: int, kept: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        do(pair(f"repeat: {repeat}"), tmp_path / "results", Interrupted)
    assert [run.parent.name for run in (tmp_path / "results").rglob("summary.json")] == kept
    assert not list((tmp_path / "results").rglob(".*"))


def ending(status: str) -> type[Trial]:
    """Trials whose second ends so, with what there is."""

    class Ending(Trial):
        def go(self, tell: Tidings) -> dict[str, Any]:
            outcome = super().go(tell)
            return outcome | {"status": status, "error": "why"} if self.run.repeat == 2 else outcome

    return Ending


@pytest.mark.parametrize("status", ["incomplete", "invalid"])
def test_a_run_that_was_broken_off_is_kept_and_the_others_are_done(pair: Pair, tmp_path: Path, status: str) -> None:
    folder, documents = do(pair("repeat: 3"), tmp_path, ending(status))
    assert [document["status"] for document in documents] == ["complete", status, "complete"]
    manifest = json.loads((folder / "runs/repeat=2/manifest.json").read_text())
    assert (manifest["status"], manifest["error"]) == (status, "why")
    assert store.load(folder / "runs/repeat=2", "segment").collect().height > 100


def test_one_that_its_user_broke_off_is_kept_and_is_the_last(pair: Pair, tmp_path: Path) -> None:
    folder, documents = do(pair("repeat: 3"), tmp_path, ending("interrupted"))
    assert [document["status"] for document in documents] == ["complete", "interrupted"]
    assert sorted(run.name for run in (folder / "runs").iterdir()) == ["repeat=1", "repeat=2"]


def test_in_virtual_time_nothing_is_late(pair: Pair, tmp_path: Path) -> None:
    run = testbed.run(pair(), results=tmp_path).runs[0]
    assert run["lateness"] == {"p50": 0, "p99": 0, "max": 0, "links": {}}
    assert (run["late"], run["tunnels"], run["agents"]) == (None, {}, {})
    assert set(REAL_TIME) <= set(json.loads((run.folder / "manifest.json").read_text()))


@pytest.mark.skipif(os.geteuid() != 0, reason="a full disk is made of /dev/full's file system")
def test_a_place_that_takes_no_files_is_named(pair: Pair) -> None:
    with pytest.raises(RunError, match=r"results cannot be written to /proc/\S+: "):
        testbed.run(pair(), results="/proc/results")


def test_results_that_are_a_file_are_named(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(RunError, match="results cannot be written to"):
        testbed.run(pair(), results=tmp_path / "results")


def test_what_is_kept_is_what_was_read(pair: Pair, tmp_path: Path) -> None:
    """And not what the file has become: someone may edit it during a long sweep, or it was a pipe."""
    file = pair()
    given, plan = file.read_text(), testbed.check(file)
    file.write_text("name: another")
    folder = carry_out(plan, tmp_path / "results").folder
    assert (folder / "experiment.yaml").read_text() == given
