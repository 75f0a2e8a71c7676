"""Runs in other people's formats, judged by what these formats' own programs write and read."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.errors import ConfigError
from testbed.report.export.formats import FORMATS, export
from testbed.store.folder import read_run
from testbed.trace import store

FILE = """
name: sample
seed: 3
topology:
  hosts: [left, right]
  links:
    path: {ends: [left, right], rate: 10Mbit/s, delay: 10ms, loss: 3%}
traffic:
  - {name: a, app: bulk, from: left, to: right, size: 200kB}
  - {name: b, app: request-response, from: right, to: left, count: 3, request: 100B, response: 20kB, start: 50ms}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with losses: one flow that sends, and one that asks."""
    home = tmp_path_factory.mktemp("export")
    (home / "sample.yaml").write_text(FILE)
    return testbed.run(home / "sample.yaml", results=home / "results").runs[0].folder


# -- flent ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flent(run: Path) -> dict[str, Any]:
    (path,) = export(run, "flent", run.parent / "x.flent.gz")
    with gzip.open(path, "rt") as file:
        found: dict[str, Any] = json.load(file)
    return found


def test_a_flent_file_has_what_flent_reads(flent: dict[str, Any]) -> None:
    """As `flent.resultset.ResultSet.unserialise` takes it apart, which has read such files."""
    assert flent["version"] == 4
    assert {"NAME", "TITLE", "TIME", "T0", "DATA_FILENAME", "TOTAL_LENGTH", "SERIES_META"} <= set(flent["metadata"])
    assert flent["metadata"]["NAME"] == "tcp_nup"
    for when in ("TIME", "T0"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", flent["metadata"][when])
    assert flent["metadata"]["DATA_FILENAME"].endswith(".flent.gz")
    assert all(len(values) == len(flent["x_values"]) for values in flent["results"].values())
    assert set(flent["results"]) == set(flent["raw_values"]) == set(flent["metadata"]["SERIES_META"])


def test_a_stream_is_named_after_the_end_that_sent(flent: dict[str, Any]) -> None:
    meta = flent["metadata"]["SERIES_META"]
    assert {name: one["CONNECTION"] for name, one in meta.items()} == {
        "TCP upload::1": "a · left", "TCP upload::2": "b · right", "TCP download::1": "b · left",
    }  # fmt: skip
    assert flent["metadata"]["TEST_PARAMETERS"] == {"upload_streams": "2", "download_streams": "1"}


def test_goodput_adds_up_to_what_was_delivered(flent: dict[str, Any], run: Path) -> None:
    step = flent["metadata"]["STEP_SIZE"]
    megabits = sum(value for value in flent["results"]["TCP upload::1"] if value is not None)
    assert megabits * step * 1e6 / 8 == pytest.approx(200_000)
    assert flent["x_values"][0] == pytest.approx(step)
    assert flent["x_values"][-1] == pytest.approx(read_run(run)["end_time"], abs=2 * step)


def test_raw_values_are_dated_and_have_the_senders_window(flent: dict[str, Any], run: Path) -> None:
    points = flent["raw_values"]["TCP upload::1"]
    times = [point["t"] for point in points]
    assert times == sorted(times)
    assert 1.7e9 < times[0] < times[-1] < times[0] + read_run(run)["end_time"] + 1
    windows = [point["tcp_cwnd"] for point in points if "tcp_cwnd" in point]
    assert windows[0] == pytest.approx(10, abs=0.5)  # segments
    assert all(20 <= point["tcp_rtt"] < 1000 for point in points if "tcp_rtt" in point)  # ms


# -- iperf3 --------------------------------------------------------------------------------------------------------

REAL = """
end.cpu_utilization_percent.host_total end.cpu_utilization_percent.remote_system end.sender_tcp_congestion
end.streams[].receiver.bits_per_second end.streams[].receiver.bytes end.streams[].sender.bits_per_second
end.streams[].sender.max_rtt end.streams[].sender.max_snd_cwnd end.streams[].sender.mean_rtt
end.streams[].sender.min_rtt end.streams[].sender.retransmits end.streams[].sender.seconds
end.sum_received.bits_per_second end.sum_received.bytes end.sum_sent.bits_per_second end.sum_sent.retransmits
intervals[].streams[].bits_per_second intervals[].streams[].bytes intervals[].streams[].end
intervals[].streams[].omitted intervals[].streams[].retransmits intervals[].streams[].rtt
intervals[].streams[].snd_cwnd intervals[].streams[].socket intervals[].streams[].start intervals[].sum.bytes
intervals[].sum.bits_per_second intervals[].sum.retransmits start.connected[].local_host
start.connected[].remote_port start.connecting_to.host start.cookie start.system_info start.tcp_mss_default
start.test_start.duration start.test_start.num_streams start.test_start.protocol start.test_start.reverse
start.timestamp.time start.timestamp.timesecs start.version
"""
"""Of the keys that `iperf3 -c … -J` (3.12) printed, those that scripts read."""


def keys(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from keys(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item, path + "[]")
    else:
        yield path


@pytest.fixture(scope="module")
def iperf3(run: Path) -> dict[str, dict[str, Any]]:
    paths = export(run, "iperf3", run.parent / "iperf3")
    return {path.stem: json.loads(path.read_text()) for path in paths}


def test_a_flow_has_the_keys_of_iperf3(iperf3: dict[str, dict[str, Any]]) -> None:
    assert set(iperf3) == {"a", "b"}
    for document in iperf3.values():
        assert set(REAL.split()) <= set(keys(document))


def test_intervals_follow_each_other_and_add_up(iperf3: dict[str, dict[str, Any]], run: Path) -> None:
    found, flow = iperf3["a"], read_run(run)["flows"]["a"]
    spans = [(one["sum"]["start"], one["sum"]["end"]) for one in found["intervals"]]
    assert spans[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert spans[-1][1] == pytest.approx(flow["completion_time"])
    assert sum(one["sum"]["bytes"] for one in found["intervals"]) == found["end"]["sum_sent"]["bytes"] == 200_000
    assert sum(one["sum"]["retransmits"] for one in found["intervals"]) == flow["retransmitted_segments"] > 0


def test_the_receivers_rate_is_the_goodput(iperf3: dict[str, dict[str, Any]], run: Path) -> None:
    end, flow = iperf3["a"]["end"], read_run(run)["flows"]["a"]
    assert end["sum_received"]["bits_per_second"] == pytest.approx(flow["goodput"])
    assert end["streams"][0]["sender"]["min_rtt"] >= 20_000  # µs
    assert end["sender_tcp_congestion"] == "cubic"


def test_of_a_flow_whose_server_sent_more_the_server_is_the_sender(iperf3: dict[str, dict[str, Any]]) -> None:
    assert iperf3["a"]["start"]["test_start"]["reverse"] == 0
    assert iperf3["b"]["start"]["test_start"]["reverse"] == 1
    assert iperf3["b"]["end"]["sum_received"]["bytes"] == 60_000


# -- xplot ---------------------------------------------------------------------------------------------------------

POINTS = {
    "x": 1, "dot": 1, "plus": 1, "box": 1, "diamond": 1, "utick": 1, "dtick": 1, "ltick": 1, "rtick": 1, "htick": 1,
    "vtick": 1, "uarrow": 1, "darrow": 1, "larrow": 1, "rarrow": 1, "line": 2, "dline": 2, "invisible": 1,
}  # fmt: skip
"""Commands, and how many points each takes: the first and last of xplot's own demonstration file."""
TEXTS = {"atext", "btext", "ltext", "rtext", "ctext"}
LABELS = {"title", "xlabel", "ylabel"}
COLORS = {"white", "green", "red", "blue", "yellow", "purple", "orange", "magenta", "pink"}
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def read_xplot(text: str) -> Counter[str]:
    """How often each command stands in a plot. Fails where xplot would."""
    lines = iter(text.splitlines())
    kinds = next(lines).split()
    assert len(kinds) == 2
    assert set(kinds) <= {"double", "signed", "unsigned", "timeval", "dtime"}
    seen: Counter[str] = Counter()
    for line in lines:
        assert not seen["go"], "nothing follows `go`"
        command, *numbers = line.split()
        seen[command] += 1
        if command in LABELS | TEXTS:
            next(lines)
        if command in POINTS or command in TEXTS:
            assert len(numbers) == 2 * POINTS.get(command, 1), line
            assert all(NUMBER.fullmatch(number) for number in numbers), line
        else:
            assert command in COLORS | LABELS | {"go"}, line
            assert not numbers
    assert seen["go"] == 1
    return seen


@pytest.fixture(scope="module")
def xplot(run: Path) -> dict[str, Counter[str]]:
    return {path.stem: read_xplot(path.read_text()) for path in export(run, "xplot", run.parent / "xplot")}


def test_each_end_of_a_connection_has_a_graph(xplot: dict[str, Counter[str]]) -> None:
    assert {"a-left", "a-right"} <= set(xplot)
    assert len([name for name in xplot if name.startswith("b")]) == 2


def test_a_graph_has_what_was_sent_lost_and_acknowledged(xplot: dict[str, Counter[str]], run: Path) -> None:
    seen = xplot["a-left"]
    segments = list(store.rows(run, "segment", {"connection": "a", "host": "left"}))
    sent = [row for row in segments if row["direction"] == "sent" and (row["length"] or row["flags"] != "ACK")]
    again = read_run(run)["flows"]["a"]["client"]["retransmitted_segments"]
    assert seen["uarrow"] == seen["darrow"] == len(sent)
    assert 0 < seen["red"] == again
    assert 0 < seen["x"] == sum(row["direction"] == "dropped" for row in segments)
    assert seen["green"] == seen["yellow"] == sum(row["direction"] == "received" for row in segments)
    assert seen["purple"] > 0


@pytest.mark.parametrize(
    "text", ["timeval\ngo", "double double\nline 1 2 3\ngo", "double double\nfoo\ngo", "double double"]
)
def test_the_judge_sees_what_is_wrong(text: str) -> None:
    with pytest.raises(AssertionError):
        read_xplot(text)


# -- CSV, and files ------------------------------------------------------------------------------------------------


def test_csv_has_every_row(run: Path) -> None:
    written = {path.stem: path for path in export(run, "csv", run.parent / "csv")}
    assert {"runs", "flows", "ends", "links", *store.kinds(run)} == set(written)
    with written["flows"].open(newline="") as file:
        assert [row["flow"] for row in csv.DictReader(file)] == ["a", "b"]
    with written["segment"].open(newline="") as file:
        assert len(list(csv.DictReader(file))) == read_run(run)["rows"]["segment"]


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_there_is_not_lost_by_mistake(name: str, run: Path, tmp_path: Path) -> None:
    written = export(run, name, tmp_path / "out")
    before = {path: path.read_bytes() for path in written}
    with pytest.raises(ConfigError, match=r"is there already.*--force"):
        export(run, name, tmp_path / "out")
    written[0].write_text("mine")
    assert export(run, name, tmp_path / "out", force=True) == written
    assert {path: path.read_bytes() for path in written} == before
    assert not list(tmp_path.rglob(".*"))


def test_force_leaves_other_files_alone(run: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    export(run, "csv", tmp_path / "out", force=True)
    assert (tmp_path / "out" / "mine.txt").read_text() == "precious"


def test_a_single_file_for_a_folder_goes_into_it(run: Path, tmp_path: Path) -> None:
    (path,) = export(run, "flent", tmp_path)
    assert path == tmp_path / "sample-run.flent.gz"


def test_without_a_name_it_is_written_here(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (path,) = export(run, "flent")
    assert re.fullmatch(r"sample-\d{8}T\d{6}Z-[0-9a-f]{8}\.flent\.gz", str(path))
    assert all(re.match(r"sample-.*-csv/", str(path)) for path in export(run, "csv"))


def test_a_file_is_compressed_if_its_name_says_so(run: Path, tmp_path: Path) -> None:
    """flent goes by the name."""
    (plain,) = export(run, "flent", tmp_path / "x.flent")
    (packed,) = export(run, "flent", tmp_path / "x.flent.gz")
    assert json.loads(plain.read_text())["version"] == 4
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()


def test_a_file_in_the_way_of_a_folder(run: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ConfigError, match="is a file"):
        export(run, "csv", tmp_path / "out", force=True)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_run_that_recorded_nothing_cannot_be_drawn(tmp_path: Path) -> None:
    text = FILE + "trace: {state: false, segment: false, cwnd: false, app: false}\n"
    (tmp_path / "x.yaml").write_text(text)
    run = testbed.run(tmp_path / "x.yaml", results=tmp_path / "results").runs[0].folder
    for name in ("flent", "xplot"):
        with pytest.raises(ConfigError):
            export(run, name, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_an_unknown_format(run: Path) -> None:
    with pytest.raises(ConfigError, match=r"no format 'pdf'.*flent, iperf3"):
        export(run, "pdf")
