"""A world in several parts, each of which writes for itself: together they are what one would have written."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from testbed.clock import FOREVER, MILLISECOND, Clock
from testbed.control.collecting import heir
from testbed.control.collecting.gather import gather
from testbed.control.collecting.part import LOCK, PARTS, Part, part_folder
from testbed.experiment.reading.load import Plan, PlannedRun, load
from testbed.experiment.trial import Trial
from testbed.experiment.world.outside import Deliver, Outside
from testbed.experiment.world.world import World
from testbed.runtime.lateness import Lateness
from testbed.sweeps.folder import ExperimentFolder
from testbed.trace import store
from testbed.trace.vocabulary import KINDS
from testbed.traffic.cue import Cue

FILE = """
topology:
  hosts: [left, right]
  routers: [r1, r2]
  links:
    l: {ends: [left, r1], rate: 100Mbit/s, delay: 1ms}
    m: {ends: [r1, r2], rate: 10Mbit/s, delay: 10ms, loss: 4%, queue: 10 packets}
    r: {ends: [r2, right], rate: 100Mbit/s, delay: 1ms, corrupt: 1%, reverse: {corrupt: 0.1%}}
traffic:
  - {name: a, app: bulk, from: left, to: right, size: 500kB}
  - {name: b, app: request-response, from: right, to: left, count: 5, connections: per-request}
  - {name: c, app: dialogue, from: left, to: right, listen: false, steps: ["client: connect", "client: expect refused"]}
  - {name: d, app: dialogue, from: left, to: right, start: 1s,
     steps: ["both: keep reading", "client: connect", "server: write 3kB", "client: write 2kB", "both: close"]}
expect: [a.complete, "count(a.client sent SYN) >= 1"]
"""

GROUPS = ({"left"}, {"r1", "r2"}, {"right"})


Begin = Callable[..., "Parts"]


class Through(Outside):
    """All parts are in one process and have one clock: what leaves one is in the other at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._inlets: dict[str, Deliver] = {}
        self._cues: dict[str, dict[str, Cue]] = {}

    def outlet(self, direction: str) -> Deliver:
        return lambda packet, now: self._inlets[direction](packet, now)

    def inlet(self, direction: str, deliver: Deliver) -> None:
        self._inlets[direction] = deliver

    def watch(self, direction: str, deliver: Deliver) -> Deliver:
        return deliver

    def cue(self, flow: str, role: str) -> Cue:
        if flow not in self._cues:
            self._cues[flow] = dict(zip(("client", "server"), Cue.pair(self._clock), strict=True))
        return self._cues[flow][role]


def plan_of(folder: Path, more: str = "") -> Plan:
    file = folder / "parts.yaml"
    file.write_text(FILE + more)
    return load(file)


class Parts:
    """The run of FILE in parts, below `folder`; named for its first machine, each has been `late` for so long."""

    def __init__(self, run: PlannedRun, folder: Path, late: int = 0) -> None:
        self.spec = run.spec
        self.folder = folder
        self.late = late
        self.received = 14
        self.clock = Clock()
        outside = Through(self.clock)
        self.parts: dict[str, tuple[Part, World]] = {}
        for machines in map(sorted, GROUPS):
            part = Part(part_folder(folder, machines[0]), run.spec, machines)
            self.parts[machines[0]] = part, World(run.spec, self.clock, part.tracer, machines, outside)

    def close(self, names: Collection[str] = ("left", "r1", "right"), error: str | None = None) -> None:
        for name in names:
            lateness = Lateness()
            lateness.work.add(self.late)
            if name == "r1":
                lateness.of("m").add(self.late)
                lateness.of("r").add(self.late)
                lateness.of("r").add(self.late)
            part, world = self.parts[name]
            counted = {
                "left": {"sent": 14, "received": 0, "overflowed": 0},
                "r1": {"sent": 0, "received": self.received},
            }
            tunnels = {"l": counted[name]} if name in counted else {}
            part.close(world, lateness=lateness, tunnels=tunnels, error=error)

    def gather(self, status: str = "complete", error: str | None = None, allow_late: bool = False) -> dict[str, Any]:
        agents = {name: {"machines": [name], "error": None} for name in self.parts}
        return gather(self.folder, self.spec, status=status, error=error, agents=agents, allow_late=allow_late)

    def abandon(self) -> None:
        for part, _ in self.parts.values():
            part.abandon()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Parts]]:
    """Begins a run in parts."""
    with ExitStack() as after:

        def begun(run: PlannedRun | None = None, folder: Path = tmp_path / "apart") -> Parts:
            folder.mkdir(exist_ok=True)
            parts = Parts(run or plan_of(tmp_path).runs[0], folder)
            after.callback(parts.abandon)
            return parts

        yield begun


@pytest.fixture
def parts(begin: Begin) -> Parts:
    return begin()


def sorted_rows(folder: Path, kind: str) -> list[tuple[Any, ...]]:
    """In an order that does not depend on who came first within an instant."""
    return sorted(store.load(folder, kind).collect().rows(), key=repr)


# -- what a whole has, and more ---------------------------------------------------------------------------------------


def test_parts_together_are_the_whole(tmp_path: Path, parts: Parts) -> None:
    run = plan_of(tmp_path).runs[0]
    whole = Trial(run, tmp_path / "whole").go(lambda now, snapshot: None)
    parts.clock.run()
    parts.close()
    document = parts.gather()
    for kind in KINDS:
        assert sorted_rows(parts.folder, kind) == sorted_rows(tmp_path / "whole", kind)
        times = store.load(parts.folder, kind).collect()["t"]
        assert times.is_sorted()
    new = {"lateness", "late", "tunnels", "agents", "trace_sha256"}
    assert {key: value for key, value in document.items() if key not in new} == {
        key: value for key, value in whole.items() if key not in new
    }
    assert whole["links"]["m"]["drops"] > 10, "or it would show nothing"


def test_the_hash_is_that_of_the_rows(tmp_path: Path, parts: Parts) -> None:
    parts.clock.run()
    parts.close()
    digest = parts.gather()["trace_sha256"]
    tables = {name: store.Table(kind, None) for name, kind in KINDS.items()}
    for name, table in tables.items():
        table.rows += store.load(parts.folder, name).collect().rows()
        table.finish()
    assert digest == store.hash_of({name: table.digest() for name, table in tables.items()})


def test_what_is_dropped_elsewhere_is_laid_to_its_sender(parts: Parts) -> None:
    """A router does not know the connections of hosts in other processes, nor a host those of its peer."""
    parts.clock.run()
    parts.close()
    parts.gather()
    segments = store.load(parts.folder, "segment").collect()
    dropped = segments.filter(pl.col("link") == "m")
    assert set(dropped["connection"].str.head(1)) <= {"a", "b", "c", "d"}
    assert dropped.filter((pl.col("host") == "left") & (pl.col("connection") == "a")).height
    refused = segments.filter((pl.col("host") == "right") & (pl.col("flags") == "RST,ACK"))
    assert set(refused["connection"]) == {"c"}, "nobody listens there: its label is the client's"


def test_nothing_of_the_parts_is_left(parts: Parts) -> None:
    parts.clock.run()
    parts.close()
    parts.gather()
    kept = ["sockets.json", *(f"{kind}.parquet" for kind in KINDS)]
    assert sorted(path.name for path in parts.folder.iterdir()) == sorted(kept)


def test_captures_are_moved(tmp_path: Path, begin: Begin) -> None:
    parts = begin(plan_of(tmp_path, "capture: {format: pcapng, machines: [left, r2]}").runs[0])
    parts.clock.run()
    parts.close()
    parts.gather()
    assert sorted(path.name for path in (parts.folder / "captures").iterdir()) == ["left.pcapng", "r2.pcapng"]


def test_lateness_and_tunnels_are_added_up(parts: Parts) -> None:
    parts.late = 2 * MILLISECOND
    parts.clock.run()
    parts.close()
    document = parts.gather()
    assert document["lateness"]["links"]["r"] == {"p50": 0.002, "p99": 0.002, "max": 0.002}
    assert document["lateness"]["max"] == 0.002
    assert document["tunnels"] == {"l": {"sent": 14, "received": 14, "overflowed": 0, "lost": 0}}


# -- how it ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("allow_late", "status"), [(False, "invalid"), (True, "complete")])
def test_a_run_that_was_too_late_is_invalid(parts: Parts, allow_late: bool, status: str) -> None:
    parts.late = 20 * MILLISECOND
    parts.clock.run()
    parts.close()
    document = parts.gather(allow_late=allow_late)
    assert document["status"] == status
    assert "late" in document["late"]


def test_one_that_has_stalled_says_who_waits(parts: Parts) -> None:
    parts.clock.run(100 * MILLISECOND)
    parts.close()
    document = parts.gather("stalled")
    assert any(line.startswith("a: ") for line in document["stalled"])


def test_one_that_was_broken_off_ends_where_it_was(parts: Parts) -> None:
    parts.clock.run(100 * MILLISECOND)
    parts.close(error="out of luck")
    document = parts.gather("incomplete")
    assert (document["status"], document["error"]) == ("incomplete", "agent left: out of luck")
    assert document["agents"]["right"]["error"] == "out of luck"
    assert 0.09 < document["end_time"] <= 0.1
    assert not document["expect"][0]["ok"]


def test_a_run_is_not_complete_whose_rows_could_not_be_written(parts: Parts) -> None:
    """A disk may become full when all is over."""
    parts.clock.run()
    parts.close(error="File too large")
    document = parts.gather("complete")
    assert (document["status"], document["error"]) == ("incomplete", "agent left: File too large")


def test_nor_one_that_lacks_a_part(parts: Parts) -> None:
    parts.clock.run()
    parts.close(["left", "r1"])
    document = parts.gather("complete")
    assert (document["status"], document["error"]) == ("incomplete", "agent right: left no account of its part")


@pytest.mark.parametrize(("until", "lost"), [(None, 3), (100 * MILLISECOND, 0)])
def test_datagrams_that_are_missing_when_all_is_at_rest_are_lost(parts: Parts, until: int | None, lost: int) -> None:
    """In the midst of it, they may be on their way."""
    parts.received -= 3
    parts.clock.run(FOREVER if until is None else until)
    parts.close()
    assert parts.gather()["tunnels"]["l"]["lost"] == lost


def test_a_part_that_was_killed_is_there_up_to_its_last_save(parts: Parts) -> None:
    for milliseconds in (100, 150):
        parts.clock.run(milliseconds * MILLISECOND)
        parts.parts["right"][0].save()
    parts.clock.run(200 * MILLISECOND)
    parts.close(["left", "r1"])
    with (part_folder(parts.folder, "right") / "segment.rows").open("r+b") as rows:
        rows.truncate(rows.seek(0, os.SEEK_END) - 1)  # the last block is no longer whole
    document = parts.gather("incomplete", "agent right was killed")
    segments = store.load(parts.folder, "segment").collect()
    there = segments.filter((pl.col("host") == "right") & (pl.col("direction") == "received"))["t"]
    assert there.len() > 0
    assert there.max() <= 100 * MILLISECOND
    assert 0.19 < document["end_time"] <= 0.2
    assert document["flows"]["a"]["server"] == {"states": []}


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk: files cannot grow beyond `size`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_what_was_written_stays(parts: Parts) -> None:
    parts.clock.run(2000 * MILLISECOND)
    with largest_file(45_000):
        with pytest.raises(OSError, match="too large"):
            parts.parts["left"][0].save()
        parts.clock.run(2100 * MILLISECOND)
        parts.close(["left"], error="File too large")
    parts.close(["r1", "right"])
    document = parts.gather("incomplete")
    assert document["error"] == "agent left: File too large"
    sent = store.load(parts.folder, "segment").filter(pl.col("host") == "left").collect()
    assert sent.filter(pl.col("direction") == "sent").height > 100


# -- when the controller is gone --------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> tuple[PlannedRun, Path]:
    """A run, and its folder in an experiment's: both hidden, as they are while it runs."""
    plan = plan_of(tmp_path)
    folder = ExperimentFolder.begin(tmp_path / "results", plan, {"run": "key"})
    return plan.runs[0], folder.place("run", apart=False)


def test_an_heir_makes_the_folder_of_what_there_is(home: tuple[PlannedRun, Path], begin: Begin) -> None:
    run, folder = home
    with heir.will(run, folder):
        parts = begin(run, folder)
    parts.clock.run(100 * MILLISECOND)
    parts.close()
    final = heir.inherit(folder, "left", ["left", "r1", "right"])
    assert final is not None
    assert [path.name for path in final.parent.iterdir()] == [final.name]
    assert sorted(path.name for path in final.iterdir()) == ["experiment.yaml", "resolved.json", "runs"]
    manifest = json.loads((final / "runs/run/manifest.json").read_text())
    assert (manifest["status"], manifest["error"]) == ("incomplete", "the controller was killed")
    assert manifest["agents"]["r1"]["machines"] == ["r1", "r2"]
    assert not (final / "runs/run" / PARTS).exists()
    assert store.load(final / "runs/run", "segment").collect().height > 10


def test_there_is_one_heir(home: tuple[PlannedRun, Path], begin: Begin) -> None:
    run, folder = home
    with heir.will(run, folder):
        parts = begin(run, folder)
    parts.close()
    assert heir.inherit(folder, "left", ["left", "r1", "right"]) is not None
    assert heir.inherit(folder, "r1", ["left", "r1", "right"]) is None


def test_nobody_inherits_from_the_living(home: tuple[PlannedRun, Path], begin: Begin) -> None:
    run, folder = home
    with heir.will(run, folder):
        begin(run, folder).close()
        assert heir.inherit(folder, "left", ["left", "r1", "right"], patience=0.05) is None
    assert (folder / PARTS).is_dir()


def test_the_heir_waits_for_the_others_and_kills_who_hangs(home: tuple[PlannedRun, Path], begin: Begin) -> None:
    run, folder = home
    with heir.will(run, folder):
        parts = begin(run, folder)
    parts.close(["left", "r1"])
    lock = part_folder(folder, "right") / LOCK
    lock.unlink()
    with hanging(lock) as hung:
        final = heir.inherit(folder, "left", ["left", "r1", "right"], most=0.3)
        assert final is not None
        assert hung.wait(5) == -signal.SIGKILL
    manifest = json.loads((final / "runs/run/manifest.json").read_text())
    assert manifest["agents"]["right"]["error"] == "left no account"


HOLD = """
import fcntl, os, signal, sys
with open(sys.argv[1], "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print(os.getpid(), file=lock, flush=True)
    print("held", flush=True)
    signal.pause()
"""


@contextmanager
def hanging(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that keeps `lock` for ever."""
    with ExitStack() as after:
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE)
        after.enter_context(process)
        after.callback(process.kill)
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process


def test_a_run_that_is_over_is_not_begun_again(home: tuple[PlannedRun, Path]) -> None:
    """An agent that comes late, when the heir has been there, must not make the hidden folder once more."""
    run, folder = home
    folder.rmdir()
    with pytest.raises(FileNotFoundError):
        Part(part_folder(folder, "left"), run.spec, ["left"])
    assert not folder.exists()


def test_a_part_is_locked_until_it_is_closed(parts: Parts) -> None:
    with (part_folder(parts.folder, "left") / LOCK).open("rb") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        parts.close()
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
