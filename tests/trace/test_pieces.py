"""Rows of a process that has a part of the machines: on the disk as bytes, and together with the others' again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from testbed.trace import merge, pieces, store
from testbed.trace.pieces import PieceRecorder
from testbed.trace.recorder import Recorder
from testbed.trace.tracer import Tracer
from testbed.trace.vocabulary import KINDS
from testbed.wire.packet import Packet
from testbed.wire.segment import SYN, Segment

ENDS = (0x0A000001, 49152, 0x0A000002, 5001)
NAMES = {0x0A000001: "left", 0x0A000002: "right"}
MANY = 3 * pieces.CHUNK * pieces.BLOCKS + 7


@contextmanager
def recording(folder: Path) -> Iterator[PieceRecorder]:
    recorder = PieceRecorder(folder, names=NAMES)
    yield recorder
    for finish in recorder.finishers:
        finish()


def merged(folder: Path, *parts: Path, labels: dict[Any, str] | None = None) -> merge.Merged:
    return merge.merge(folder, parts, kinds=list(KINDS), labels=labels or {})


def tell(tracer: Tracer, segment: Segment, packet: Packet, times: int) -> None:
    """A little of everything, with and without what may be absent."""
    left, link = tracer.connection("left", "a", ENDS), tracer.link("l1")
    bare = Segment(1, 2, 3, 4, SYN, 5)
    for now in range(times):
        left.segment(now, "sent", segment if now % 2 else bare, "new data")
        left.cwnd(now, "ack", 14480 + now, 1 << 62, 0, 10**9, 1448, 65535)
        link.queue(now, 3, 4500, now)
        if now % 100 == 0:
            left.state(now, "CLOSED", "SYN-SENT", "open")
            left.app(now, "write", 5)
            link.drop(now, packet, "queue full")


def test_one_part_is_what_a_recorder_writes(
    tmp_path: Path, segment_with: Callable[..., Segment], packet_with: Callable[..., Packet]
) -> None:
    segment = segment_with(sack=((5, 9), (20, 30)), mss=1460, window_scale=7, timestamp=1, timestamp_echo=2)
    recorder = Recorder(tmp_path / "whole", names=NAMES)
    tell(recorder, segment, packet_with(), MANY)
    digest = recorder.close()
    with recording(tmp_path / "part") as part:
        tell(part, segment, packet_with(), MANY)
    assert merged(tmp_path, tmp_path / "part") == (digest, recorder.counts)
    for kind in KINDS:
        assert store.load(tmp_path, kind).collect().equals(store.load(tmp_path / "whole", kind).collect())


def test_rows_are_in_order_of_time_and_else_of_their_parts(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with recording(tmp_path / name) as part:
            for now in (1, 1, 3):
                part.link(name).queue(now, now, 0, 0)
    merged(tmp_path, tmp_path / "one", tmp_path / "two")
    rows = [(row["t"], row["link"]) for row in store.rows(tmp_path, "queue")]
    assert rows == [(1, "one"), (1, "one"), (1, "two"), (1, "two"), (3, "one"), (3, "two")]


def test_of_no_parts_come_empty_tables(tmp_path: Path) -> None:
    empty = Recorder().close()
    assert merged(tmp_path) == (empty, dict.fromkeys(KINDS, 0))
    assert store.kinds(tmp_path) == list(KINDS)


@pytest.mark.parametrize("way", [ENDS, (ENDS[2], ENDS[3], ENDS[0], ENDS[1])])
def test_a_connection_from_elsewhere_gets_its_label(
    tmp_path: Path, packet_with: Callable[..., Packet], way: Any
) -> None:
    """Its own, or, as for a RST from a port that is closed, what the peer calls its end."""
    with recording(tmp_path / "part") as part:
        part.link("l1").drop(1, packet_with(), "loss")
        assert part.ends == {}
    merged(tmp_path, tmp_path / "part", labels={way: "a/2"})
    assert [(row["host"], row["connection"]) for row in store.rows(tmp_path, "segment")] == [("left", "a/2")]


def test_one_that_nobody_knows_has_none(tmp_path: Path, packet_with: Callable[..., Packet]) -> None:
    with recording(tmp_path / "part") as part:
        part.link("l1").drop(1, packet_with(), "loss")
    merged(tmp_path, tmp_path / "part")
    assert [row["connection"] for row in store.rows(tmp_path, "segment")] == [""]


def test_what_was_saved_is_there_without_an_end(tmp_path: Path) -> None:
    with recording(tmp_path / "part") as part:
        part.link("l1").queue(1, 2, 3, 4)
        part.save()
        part.link("l1").queue(5, 6, 7, 8)
        assert merged(tmp_path, tmp_path / "part").counts["queue"] == 1
        assert merge.last_time([tmp_path / "part"]) == 1


@pytest.mark.parametrize("missing", [1, 9, 30])
def test_a_block_that_is_cut_off_is_left_out(tmp_path: Path, missing: int) -> None:
    with recording(tmp_path / "part") as part:
        for now in range(2):
            part.link("l1").queue(now, 2, 3, 4)
            part.save()
    path = pieces.path_of(tmp_path / "part", KINDS["queue"])
    path.write_bytes(path.read_bytes()[:-missing])
    assert merged(tmp_path, tmp_path / "part").counts["queue"] == 1


def test_writing_needs_no_library(tmp_path: Path) -> None:
    """An agent starts quickly, and is small: polars would take a quarter of a second and 20 MB."""
    code = (
        "import sys; from pathlib import Path; from testbed.trace.pieces import PieceRecorder;"
        "r = PieceRecorder(Path(sys.argv[1])); r.link('l').queue(1, 2, 3, 4); r.save();"
        "sys.exit('polars' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
