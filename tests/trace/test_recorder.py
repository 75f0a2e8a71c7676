"""What is told to the recorder can be read again, and has one hash."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.errors import ConfigError
from testbed.trace import recorder as recording
from testbed.trace import store
from testbed.trace.recorder import Recorder
from testbed.trace.tracer import SILENT_CONNECTION, ConnectionTracer, FourTuple, LinkTracer, Tracer
from testbed.trace.vocabulary import KINDS
from testbed.wire.accurate_ecn import ORDER_1
from testbed.wire.packet import CE, ECT0, Packet
from testbed.wire.segment import ACK, AE, ECE, SYN, Segment

ENDS = (0x0A000001, 49152, 0x0A000002, 5001)


def only(folder: Path, kind: str) -> dict[str, Any]:
    (row,) = store.rows(folder, kind)
    return row


def tell(recorder: Recorder, segment: Segment, times: int = 1) -> None:
    """A little of everything, `times` over."""
    left, link = recorder.connection("left", "a", ENDS), recorder.link("l1")
    for now in range(times):
        left.segment(now, "sent", segment, "new data")
        left.cwnd(now, "ack", 14480 + now, 1 << 62, 0, 10**9, 1448, 65535)
        link.queue(now, 3, 4500, now)
        if now % 100 == 0:
            left.control(now, "alpha", 0.5)
            left.state(now, "CLOSED", "SYN-SENT", "open")
            left.app(now, "write", 5)


# -- rows ------------------------------------------------------------------------------------------------------------


def test_a_state_row(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.connection("left", "a", ENDS).state(5, "SYN-SENT", "ESTABLISHED", "receive SYN,ACK")
    recorder.close()
    assert only(tmp_path, "state") == {
        "t": 5, "host": "left", "connection": "a", "from": "SYN-SENT", "to": "ESTABLISHED", "cause": "receive SYN,ACK",
    }  # fmt: skip


def test_a_segment_row_without_options(tmp_path: Path, segment_with: Callable[..., Segment]) -> None:
    recorder = Recorder(tmp_path)
    recorder.connection("left", "a", ENDS).segment(7, "sent", segment_with(seq=2**32 - 1), "new data")
    recorder.close()
    assert only(tmp_path, "segment") == {
        "t": 7, "host": "left", "connection": "a", "direction": "sent", "flags": "ACK", "seq": 2**32 - 1, "ack": 77,
        "length": 5, "window": 512, "reason": "new data", "urgent_pointer": 0, "sack": None, "mss": None,
        "window_scale": None, "timestamp": None, "timestamp_echo": None, "ecn": "not-ECT", "accurate_ecn": None,
        "link": None,
    }  # fmt: skip


def test_a_segment_row_with_options(tmp_path: Path, segment_with: Callable[..., Segment]) -> None:
    segment = segment_with(flags=SYN | ACK, mss=1460, window_scale=7, timestamp=9, timestamp_echo=0)
    acknowledgement = segment_with(payload=b"", sack=((10, 20), (30, 40)))
    recorder = Recorder(tmp_path)
    listener = recorder.connection("right", "a", ENDS)
    listener.segment(1, "received", segment, "")
    listener.segment(2, "sent", acknowledgement, "out of order")
    recorder.close()
    first, second = store.rows(tmp_path, "segment")
    assert (first["flags"], first["mss"], first["window_scale"]) == ("SYN,ACK", 1460, 7)
    assert (first["timestamp"], first["timestamp_echo"]) == (9, 0)
    assert (second["sack"], second["length"]) == ("10-20 30-40", 0)


def test_a_segment_row_with_ecn(tmp_path: Path, segment_with: Callable[..., Segment]) -> None:
    sent = segment_with(flags=ACK | AE | ECE, ecn=ECT0, unknown=((ORDER_1, b"\0\0\1\0\1\0\0\3\351"), (99, b"")))
    recorder = Recorder(tmp_path)
    listener = recorder.connection("left", "a", ENDS)
    listener.segment(1, "sent", sent, "")
    listener.segment(2, "received", sent.with_ecn(CE), "")
    recorder.close()
    first, second = store.rows(tmp_path, "segment")
    assert (first["flags"], first["ecn"]) == ("ACK,ECE,AE", "ECT(0)")
    assert first["accurate_ecn"] == "ECT(1) 1 CE 256 ECT(0) 1001"
    assert second == first | {"t": 2, "direction": "received", "ecn": "CE"}


def test_a_drop_has_a_row_and_ends_its_segment(tmp_path: Path, packet_with: Callable[..., Packet]) -> None:
    recorder = Recorder(tmp_path)
    recorder.connection("left", "a", ENDS)
    recorder.link("l1.reverse").drop(3, packet_with(), "queue full")
    recorder.close()
    assert only(tmp_path, "drop") == {
        "t": 3, "where": "l1.reverse", "reason": "queue full", "source": "10.0.0.1", "destination": "10.0.0.2",
        "flags": "ACK", "seq": 1000, "ack": 77, "length": 5, "size": 45,
    }  # fmt: skip
    row = only(tmp_path, "segment")
    assert (row["host"], row["connection"], row["direction"]) == ("left", "a", "dropped")
    assert (row["reason"], row["link"]) == ("queue full", "l1.reverse")


def test_a_mark_has_a_row_and_its_segment_goes_on(tmp_path: Path, packet_with: Callable[..., Packet]) -> None:
    recorder = Recorder(tmp_path)
    recorder.connection("left", "a", ENDS)
    recorder.link("l1").mark(3, packet_with(), "early")
    recorder.close()
    assert only(tmp_path, "mark") == {
        "t": 3, "link": "l1", "reason": "early", "source": "10.0.0.1", "destination": "10.0.0.2",
        "flags": "ACK", "seq": 1000, "ack": 77, "length": 5, "size": 45,
    }  # fmt: skip
    assert list(store.rows(tmp_path, "segment")) == []


def test_a_drop_of_a_packet_without_a_connection(tmp_path: Path, packet_with: Callable[..., Packet]) -> None:
    recorder = Recorder(tmp_path, names={0x0A000001: "left"})
    recorder.host("r1").drop(3, packet_with(), "ttl")
    recorder.close()
    row = only(tmp_path, "segment")
    assert (row["host"], row["connection"], row["link"]) == ("left", "", "r1")


@pytest.mark.parametrize("known", [ENDS, (ENDS[2], ENDS[3], ENDS[0], ENDS[1])], ids=["its own", "the peer's"])
def test_an_answer_without_a_connection_stands_with_what_it_answers(
    tmp_path: Path, known: FourTuple, segment_with: Callable[..., Segment]
) -> None:
    recorder = Recorder(tmp_path)
    recorder.connection("left", "a", known)
    recorder.connection("right", "", ENDS).segment(1, "sent", segment_with(), "reset")
    recorder.close()
    row = only(tmp_path, "segment")
    assert (row["host"], row["connection"]) == ("right", "a")


def test_a_variable_of_a_control_is_a_number_or_a_text(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    listener = recorder.connection("left", "a", ENDS)
    listener.control(1, "pacing_gain", 1.25)
    listener.control(2, "state", "ProbeRTT")
    recorder.close()
    rows = [list(row.values()) for row in store.rows(tmp_path, "control")]
    assert rows == [[1, "left", "a", "pacing_gain", 1.25, None], [2, "left", "a", "state", None, "ProbeRTT"]]


def test_queue_and_cwnd_and_app_rows(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.link("l1").queue(1, 2, 3000, 4)
    listener = recorder.connection("left", "a", ENDS)
    listener.cwnd(1, "ack", 2, 3, 4, 5, 6, 7)
    listener.app(1, "read", 8)
    recorder.close()
    assert list(only(tmp_path, "queue").values()) == [1, "l1", 2, 3000, 4]
    assert list(only(tmp_path, "cwnd").values()) == [1, "left", "a", "ack", 2, 3, 4, 5, 6, 7]
    assert list(only(tmp_path, "app").values()) == [1, "left", "a", "read", 8]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_columns_even_without_rows(tmp_path: Path, kind: str) -> None:
    Recorder(tmp_path).close()
    frame = store.load(tmp_path, kind).collect()
    assert frame.columns == KINDS[kind].names
    assert frame.height == 0


def test_rows_can_be_filtered(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for host in ("left", "right"):
        recorder.connection(host, "a", ENDS).app(1, "read", 8)
    recorder.close()
    assert [row["host"] for row in store.rows(tmp_path, "app", {"host": "right"})] == ["right"]


# -- chunks and files ------------------------------------------------------------------------------------------------


def test_many_chunks_make_one_file_in_order(tmp_path: Path, segment_with: Callable[..., Segment]) -> None:
    times = store.CHUNK * store.CHUNKS_A_PART + store.CHUNK + 1
    recorder = Recorder(tmp_path)
    link = recorder.link("l1")
    for now in range(times):
        link.queue(now, 1, 2, 3)
    assert list((tmp_path / store.PARTS).iterdir())
    assert recorder.counts["queue"] == times
    recorder.close()
    assert store.load(tmp_path, "queue").collect()["t"].to_list() == list(range(times))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{kind}.parquet" for kind in KINDS)


def test_a_killed_run_can_be_recovered(tmp_path: Path) -> None:
    link = Recorder(tmp_path).link("l1")
    for now in range(store.CHUNK * store.CHUNKS_A_PART):
        link.queue(now, 1, 2, 3)
    assert store.kinds(tmp_path) == []
    assert store.recover(tmp_path) == ["queue"]
    assert store.load(tmp_path, "queue").collect().height == store.CHUNK * store.CHUNKS_A_PART
    assert store.kinds(tmp_path) == ["queue"]


def test_asking_for_rows_that_are_not_there(tmp_path: Path) -> None:
    Recorder(tmp_path, kinds={"segment": False}).close()
    with pytest.raises(ConfigError, match="no 'segment' rows here, but state, cwnd"):
        store.load(tmp_path, "segment")


def test_without_a_folder_nothing_is_written_and_polars_stays_away() -> None:
    code = (
        "import sys; from testbed.trace.recorder import Recorder; r = Recorder();"
        "r.connection('a', 'b', (1, 2, 3, 4)).app(1, 'read', 2); r.close(); sys.exit('polars' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- the hash ----------------------------------------------------------------------------------------------------------


def hash_of(segment: Segment, *, folder: Path | None = None, times: int = 3, flush_every: int = 0) -> str:
    recorder = Recorder(folder)
    for _ in range(times):
        tell(recorder, segment)
        if flush_every:
            for table in recorder._tables.values():
                table.flush()
    return recorder.close()


def test_the_hash_is_the_same_whatever_the_chunks_and_the_folder(
    tmp_path: Path, segment_with: Callable[..., Segment]
) -> None:
    segment = segment_with()
    assert hash_of(segment) == hash_of(segment, flush_every=1) == hash_of(segment, folder=tmp_path)


def test_the_hash_is_known() -> None:
    """It may change only with the vocabulary: two versions of the testbed can be compared by it."""
    recorder = Recorder(kinds=dict.fromkeys(KINDS, False) | {"app": True})
    recorder.connection("left", "a", ENDS).app(1, "read", 2)
    assert recorder.close() == "dabdcf13854540a976644a734532b96483f8877fc36be3772dbed9f8b5707899"


@pytest.mark.parametrize(
    "change", [{"seq": 1001}, {"flags": SYN}, {"mss": 0}, {"timestamp": 0}, {"sack": ((1, 2),)}, {"payload": b""}]
)
def test_the_hash_notices_every_change(change: dict[str, Any], segment_with: Callable[..., Segment]) -> None:
    assert hash_of(segment_with(**change)) != hash_of(segment_with())


def test_the_hash_does_not_confuse_neighbours() -> None:
    """A text's end belongs to the hash: `ab`, `c` is not `a`, `bc`."""

    def told(*labels: str) -> str:
        recorder = Recorder()
        for label in labels:
            recorder.connection("left", label, ENDS).app(1, "read", 2)
        return recorder.close()

    assert told("ab", "c") != told("a", "bc")


# -- who listens -------------------------------------------------------------------------------------------------------


def test_with_everything_off_nobody_listens() -> None:
    recorder = Recorder(kinds=dict.fromkeys(KINDS, False))
    assert recorder.connection("left", "a", ENDS) is SILENT_CONNECTION


def test_a_kind_that_is_off_has_no_rows(tmp_path: Path, segment_with: Callable[..., Segment]) -> None:
    recorder = Recorder(tmp_path, kinds={"segment": False, "queue": False})
    tell(recorder, segment_with())
    recorder.link("l1").drop(1, Packet(1, 2, segment_with()), "loss")
    recorder.close()
    assert store.kinds(tmp_path) == [kind for kind in KINDS if kind not in ("segment", "queue")]
    assert "segment" not in recorder.counts


class Ears(Tracer):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def connection(self, host: str, label: str, four_tuple: FourTuple) -> ConnectionTracer:
        return EarsOfConnection(self.heard)

    def link(self, name: str) -> LinkTracer:
        return EarsOfLink(self.heard)


class EarsOfConnection(ConnectionTracer):
    def __init__(self, heard: list[tuple[object, ...]]) -> None:
        self._heard = heard

    def rtt(self, now: int, sample: int) -> None:
        self._heard.append(("rtt", now, sample))

    def app(self, now: int, event: str, length: int) -> None:
        self._heard.append(("app", now, event, length))


class EarsOfLink(LinkTracer):
    def __init__(self, heard: list[tuple[object, ...]]) -> None:
        self._heard = heard

    def queue(self, now: int, packets: int, size: int, waited: int) -> None:
        self._heard.append(("queue", now, packets, size, waited))


@pytest.mark.parametrize("on", [True, False])
def test_others_hear_the_same_whatever_is_stored(on: bool, segment_with: Callable[..., Segment]) -> None:
    ears = Ears()
    recorder = Recorder(kinds=dict.fromkeys(KINDS, on), also=[ears, Tracer()])
    tell(recorder, segment_with())
    recorder.connection("left", "a", ENDS).rtt(1, 2)
    assert ears.heard == [("queue", 0, 3, 4500, 0), ("app", 0, "write", 5), ("rtt", 1, 2)]
    assert recorder.counts == (dict.fromkeys(KINDS, 1) | dict.fromkeys(("drop", "mark", "icmp"), 0) if on else {})


def test_the_columns_of_segments_are_those_of_the_vocabulary(segment_with: Callable[..., Segment]) -> None:
    columns = recording._segment_columns([(1, "left", "a", "sent", segment_with(), "new data", None)])
    assert len(columns) == len(KINDS["segment"].columns)
