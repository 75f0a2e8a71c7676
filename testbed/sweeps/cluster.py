"""A Dask cluster instead of this computer's cores: runs go there, and their folders come back as bytes.

Each worker of the cluster makes a run in a lane, as this computer would: a process of its own, for Dask's workers are
threads. What Dask loses with a worker it gives to another; what we have had back is in the folder, so that a sweep is
continued from there, whatever has become of the cluster.
"""

from __future__ import annotations

import importlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from testbed.errors import ConfigError, RunError
from testbed.experiment.key import fingerprint
from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.run import write_failure
from testbed.sweeps.carrier import Carrier, Done, Place
from testbed.sweeps.lane import Lane, LaneEnded
from testbed.sweeps.worker import task_of

PATIENCE: Final = 5.0
"""Seconds until nobody answers."""

_IDLE: Final[list[Lane]] = []
"""On the cluster, in one of its workers: the lanes that wait for a run."""

_BUSY: Final[dict[Lane, str]] = {}
"""The others, with the sweep that each works for."""


class Parcel(NamedTuple):
    """What comes back."""

    document: dict[str, Any]
    folder: bytes
    """The run's folder: a tar file, compressed."""


class Cluster(Carrier):
    """The workers of the scheduler at `address`."""

    def __init__(self, address: str, place: Place) -> None:
        """Raises ConfigError without Dask, RunError if nobody answers."""
        self._address = address
        self._place = place
        self._dask = _dask()
        self._client = self._connect()
        self._futures = self._dask.as_completed(loop=self._client.loop)
        self._runs: dict[str, PlannedRun] = {}
        self._sweep = token_hex(8)

    def submit(self, run: PlannedRun) -> None:
        task = {**task_of(run, Path(run.id)), "sweep": self._sweep}
        future = self._client.submit(carry, task, fingerprint(), pure=False)
        self._runs[future.key] = run
        self._futures.add(future)

    def completed(self) -> Iterator[Done]:
        for future in self._futures:
            run = self._runs.pop(future.key)
            place = self._place(run)
            yield Done(run, place, self._receive(run, future, place))

    def cancel(self) -> None:
        if self._runs and self._client.status == "running":
            self._client.cancel(list(self._futures.futures), force=True)
            self._client.run(stop, self._sweep, on_error="ignore")
        self._client.close(timeout=PATIENCE)

    def _connect(self) -> Any:
        try:
            return self._dask.Client(self._address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            remedy = "is `dask scheduler` running there?"
            raise RunError(f"no Dask scheduler answers at {self._address}; {remedy}") from error

    def _receive(self, run: PlannedRun, future: Any, place: Path) -> dict[str, Any]:
        """Make `place` the run's folder; the answer is its document."""
        try:
            parcel: Parcel = future.result()
        except self._dask.KilledWorker:
            return write_failure(run, place, f"{run.id}: all workers of the cluster that had it have died")
        except self._dask.CancelledError as lost:
            raise RunError(f"the cluster at {self._address} has gone") from lost
        except ModuleNotFoundError as missing:
            remedy = "install testbed there"
            raise RunError(f"the workers of the cluster have no module {missing.name!r}; {remedy}") from missing
        unpack(parcel.folder, place)
        return dict(parcel.document)


def _dask() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as missing:
        remedy = "pip install 'testbed[cluster]'"
        raise ConfigError.of("needs Dask, which is not installed", file="--cluster", suggestion=remedy) from missing


# -- on the cluster ---------------------------------------------------------------------------------------------------


def carry(task: Mapping[str, Any], expected: str) -> Parcel:
    """Make the run of `task`, on a worker of the cluster whose testbed is the one that is `expected`."""
    if fingerprint() != expected:
        raise RunError("the workers of the cluster have another version of testbed; install the same there")
    lane = _IDLE.pop() if _IDLE else Lane()
    _BUSY[lane] = task["sweep"]
    with TemporaryDirectory(prefix="testbed-") as home:
        try:
            document = lane.carry({**task, "folder": home}, lambda now: None)
        except OSError as error:
            raise RunError(f"a worker of the cluster cannot write to {home}: {error.strerror or error}") from error
        except LaneEnded as ended:
            raise RunError("its sweep was broken off") from ended
        finally:
            del _BUSY[lane]
        _IDLE.append(lane)
        return Parcel(document, pack(Path(home)))


def stop(sweep: str) -> None:
    """End what this worker does for that sweep."""
    for lane in [lane for lane, owner in list(_BUSY.items()) if owner == sweep]:
        lane.end()


def pack(folder: Path) -> bytes:
    """All files below `folder`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.add(file, file.relative_to(folder).as_posix())
    return packed.getvalue()


def unpack(packed: bytes, folder: Path) -> None:
    """Make these files in `folder`. Raises RunError for anything that would lie outside."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            path, content = PurePosixPath(member.name), archive.extractfile(member)
            if content is None or path.is_absolute() or ".." in path.parts:
                raise RunError(f"the cluster has sent a file called {member.name!r}")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                file.write(content.read())
