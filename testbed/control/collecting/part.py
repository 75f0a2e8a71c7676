"""What one process leaves of a run: the rows and captures of its machines, and an account of what they came to.

    .parts/AGENT/   segment.rows  state.rows  …  captures/  part.json  lock  reserve

Each process has a folder of its own below the run's; `gather` makes the run's files of all of them. A process that
was killed has no account, and its rows up to its last `save`.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from testbed.errors import in_words
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.world.findings import Findings, find
from testbed.experiment.world.recording import Recording
from testbed.experiment.world.sockets import show_sockets
from testbed.experiment.world.world import World
from testbed.runtime.lateness import Lateness
from testbed.trace.files import write_json
from testbed.trace.pieces import PieceRecorder
from testbed.trace.tracer import FourTuple, Tracer

PARTS: Final = ".parts"
"""The folder of all parts, in the run's."""

ACCOUNT: Final = "part.json"

LOCK: Final = "lock"
"""A file that a process keeps locked until it has closed its part; its number is in it."""

RESERVE: Final = "reserve"
RESERVE_SIZE: Final = 128 << 10
"""A file of zeros of so many bytes: room for the account, and for putting the run together, when the disk is full."""

LOOK_EVERY: Final = 0.02
"""Seconds between two attempts to lock."""


def part_folder(run: Path, agent: str) -> Path:
    """Where the process called `agent` keeps its part of the run whose folder is `run`."""
    return run / PARTS / agent


class Account(NamedTuple):
    """What a process knows at the end, beside its rows."""

    machines: list[str]
    now: int
    """How far its clock went (ns)."""
    more: bool
    """Whether more was to come."""
    labels: list[tuple[FourTuple, str]]
    """The four-tuple of each connection's end that was here, and its label."""
    findings: Findings
    lateness: Lateness
    tunnels: dict[str, dict[str, int]]
    """Counters, by link direction and name."""
    error: str | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**self._asdict(), "findings": self.findings.as_dict(), "lateness": self.lateness.as_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Account:
        """What `as_dict` gave."""
        address, port, peer, peer_port = range(4)
        labels = [((end[address], end[port], end[peer], end[peer_port]), label) for end, label in data["labels"]]
        findings, lateness = Findings.from_dict(data["findings"]), Lateness.from_dict(data["lateness"])
        return cls(**{**data, "labels": labels, "findings": findings, "lateness": lateness})


class Part:
    """Keeps what happens to `machines` in `folder`. Whoever has it calls `save` every few seconds, and `close`.

    `epoch` (ns since 1970) is when the experiment began: captures tell the date.
    """

    def __init__(self, folder: Path, spec: ExperimentSpec, machines: Collection[str], epoch: int = 0) -> None:
        folder.parent.mkdir(exist_ok=True)  # and none above: a run that is over is not begun again
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._lock = (folder / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._lock.write(str(os.getpid()))
        self._lock.flush()
        (folder / RESERVE).write_bytes(bytes(RESERVE_SIZE))
        self._machines = list(machines)
        self._recording = Recording(spec, folder, PieceRecorder, machines, epoch)

    @property
    def tracer(self) -> Tracer:
        """Who is to be told of everything."""
        return self._recording.recorder

    def save(self) -> None:
        """Have all rows on the disk, in case this process is killed. Raises OSError where there is no room."""
        self._recording.recorder.save()

    def show(self, world: World) -> None:
        """Let others see how the sockets stand; cheap, for the run goes on."""
        show_sockets(world, self._folder)

    def close(
        self, world: World, *, lateness: Lateness, tunnels: Mapping[str, Mapping[str, int]], error: str | None
    ) -> None:
        """Have everything on the disk. What the disk refuses is in the account; raises OSError only if that is, too."""
        refused = [in_words(full) for full in self._finish()]
        free_reserve(self._folder)
        account = Account(
            machines=self._machines,
            now=world.clock.now,
            more=world.clock.next_due() is not None,
            labels=[(end, label) for end, (_, label) in self._recording.recorder.ends.items()],
            findings=find(world, self._recording.meters),
            lateness=lateness,
            tunnels={direction: dict(counters) for direction, counters in tunnels.items()},
            error=error or next(iter(refused), None),
        )
        with self._lock:
            write_json(self._folder / ACCOUNT, account.as_dict())

    def abandon(self) -> None:
        """Close the files without an account: nothing will come of it. After `close`, nothing."""
        self._finish()
        self._lock.close()

    def _finish(self) -> list[OSError]:
        """Close the files. What could not be written, and why."""
        problems = []
        for finish in (*self._recording.recorder.finishers, self._recording.close_captures):
            try:
                finish()
            except OSError as error:
                problems.append(error)
        return problems


def locked(file: IO[Any], deadline: float) -> bool:
    """Lock `file`; False if another process has it until the deadline (as `time.monotonic` shows it)."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_EVERY)
        else:
            return True


def free_reserve(part: Path) -> None:
    """Let the room be had that was kept in the folder `part`."""
    (part / RESERVE).unlink(missing_ok=True)


def read_account(part: Path) -> Account | None:
    """The account in the folder `part`; None where its process has left none."""
    try:
        return Account.from_dict(json.loads((part / ACCOUNT).read_text()))
    except FileNotFoundError:
        return None
