"""Runs that go to a Dask cluster: here one of processes on this computer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.errors import ConfigError, RunError
from testbed.sweeps import cluster as clusters
from testbed.sweeps.run import Swept, carry_out

from .conftest import Write, await_that, hidden_in, runs_in, workers_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Dask's own
]


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """Two workers, each a process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


def do(file: Path, results: Path, dask: Any, **options: Any) -> Swept:
    address = dask if isinstance(dask, str) else dask.scheduler_address
    return carry_out(testbed.check(file), results, cluster=address, **options)


def processes(dask: Any) -> list[int]:
    """Those of the workers."""
    return [worker.process.process.pid for worker in dask.workers.values() if worker.process is not None]


def test_runs_come_back_the_same_as_from_here(small: Write, tmp_path: Path, dask: Any) -> None:
    file = small("repeat: 4\ncapture: pcapng")
    here, there = carry_out(testbed.check(file), tmp_path / "here"), do(file, tmp_path / "there", dask)
    assert [run["trace_sha256"] for run in there.runs] == [run["trace_sha256"] for run in here.runs]
    files = [
        {path.relative_to(swept.folder).as_posix() for path in swept.folder.rglob("*") if path.is_file()}
        for swept in (here, there)
    ]
    assert files[0] == files[1]
    assert all(Path(run["folder"]).is_relative_to(there.folder) for run in there.runs)
    assert not hidden_in(tmp_path / "there")
    assert do(file, tmp_path / "there", dask).reused == 4


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_done_twice(
    small: Write, results: Path, dask: Any
) -> None:
    victims: list[int] = []

    def tell(standing: Any) -> None:
        if standing.done == 5 and not victims:
            victims.append(processes(dask)[0])
            os.kill(victims[0], signal.SIGKILL)

    swept = do(small("repeat: 30"), results, dask, tell=tell)
    assert len(victims) == 1
    assert [run["status"] for run in swept.runs] == ["complete"] * 30
    assert len(runs_in(results)) == 30
    assert not hidden_in(results)
    await_that(lambda: len(processes(dask)) == 2)


def test_an_interrupted_one_goes_on_from_its_folder(small: Write, results: Path, dask: Any) -> None:
    def tell(standing: Any) -> None:
        if standing.done == 3:
            raise KeyboardInterrupt

    file = small("repeat: 12")
    with pytest.raises(KeyboardInterrupt):
        do(file, results, dask, tell=tell)
    assert len(runs_in(results)) == 3
    swept = do(file, results, dask)
    assert (swept.reused, len(runs_in(results))) == (3, 12)


def test_what_is_at_work_when_it_is_interrupted_ends(small: Write, results: Path, dask: Any) -> None:
    """The runs would take hours."""

    def tell(standing: Any) -> None:
        if standing.done == 2:
            await_that(lambda: lanes(dask))
            raise KeyboardInterrupt

    def lanes(dask: Any) -> list[int]:
        return [lane for worker in processes(dask) for lane in workers_of(worker)]

    with pytest.raises(KeyboardInterrupt):
        do(small("duration: 20h\nrepeat: 2\nmatrix: {traffic.a.size: [20kB, 100GB]}"), results, dask, tell=tell)
    await_that(lambda: not any(is_busy(lane) for lane in lanes(dask)))
    again = do(small("repeat: 2"), results, dask)
    assert [run["status"] for run in again.runs] == ["complete"] * 2, "the cluster is there for the next"


def is_busy(process: int) -> bool:
    """Whether it uses the processor."""

    def used() -> int:
        fields = (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    try:
        before = used()
        time.sleep(0.3)
        return used() - before > 5
    except OSError:
        return False


def test_another_version_there_is_an_error(
    small: Write, results: Path, dask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "fingerprint", lambda: "another")
    with pytest.raises(RunError, match="another version of testbed"):
        do(small("repeat: 2"), results, dask)
    assert not results.exists()


def test_nobody_there_is_an_error(small: Write, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    with pytest.raises(RunError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        do(small("repeat: 2"), results, "tcp://127.0.0.1:1")
    assert not results.exists()


def test_without_dask_it_is_said_what_to_install(small: Write, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"testbed\[cluster\]"):
        do(small("repeat: 2"), results, "tcp://127.0.0.1:1")


@pytest.mark.parametrize("name", ["../outside", "/outside"])
def test_a_parcel_cannot_write_elsewhere(name: str, tmp_path: Path) -> None:
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    (tmp_path / "run").mkdir()
    with pytest.raises(RunError, match="has sent a file called"):
        clusters.unpack(packed.getvalue(), tmp_path / "run")
