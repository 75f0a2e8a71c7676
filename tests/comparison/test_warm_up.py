"""Numbers without the beginning of a run: those of rows that are written here, and of a real run."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.comparison.measure import measure
from testbed.comparison.warm_up import without_warm_up
from testbed.errors import ConfigError

SECOND = 1_000_000_000
COLUMNS = ("t", "host", "connection", "direction", "flags", "seq", "length", "reason")


@pytest.fixture
def run(document, flow, tmp_path):
    import polars as pl

    app = {"t": [1, 2, 3, 4], "event": ["read", "read", "write", "read"], "connection": ["a", "a", "a", "a/2"]}
    app["length"] = [1000, 500, 800, 250]
    pl.DataFrame(app).with_columns(pl.col("t") * SECOND).write_parquet(tmp_path / "app.parquet")
    segments = [
        (1, "left", "a", "sent", "SYN", 99, 0, "open"),
        (2, "left", "a", "sent", "ACK", 100, 10, "new data"),
        (2, "right", "a", "received", "ACK", 100, 10, ""),
        (3, "left", "a", "sent", "ACK", 100, 10, "retransmission timeout"),
        (3, "left", "a", "sent", "ACK", 110, 10, "new data"),
        (4, "left", "b", "sent", "ACK", 5, 10, "new data"),
        (5, "left", "a", "sent", "ACK", 120, 0, "acknowledgement"),
    ]
    rows = pl.DataFrame(segments, schema=list(COLUMNS), orient="row").with_columns(pl.col("t") * SECOND)
    rows.write_parquet(tmp_path / "segment.parquet")
    drops = {"t": [SECOND, 3 * SECOND, 3 * SECOND], "where": ["path", "path", "path.reverse"], "reason": ["loss"] * 3}
    pl.DataFrame(drops).write_parquet(tmp_path / "drop.parquet")
    times = {"start_time": 0.5, "completion_time": 3.5}
    return document(1, {}, flows={"a": flow(1.0) | times}, folder=str(tmp_path))


@pytest.mark.parametrize(
    ("metric", "start", "value"),
    [
        ("goodput", 2, 8 * 750 / 2),
        ("goodput", 0.1, 8 * 1750 / 3.5),
        ("bytes_delivered", 2, 750),
        ("segments_sent", 3, 3),
        ("data_segments_sent", 3, 2),
        ("bytes_sent", 2, 30),
        ("retransmitted_segments", 3, 1),
        ("retransmitted_segments", 4, 0),
        ("retransmission_share", 3, 0.5),
        ("links.path.drops", 2, 1),
        ("links.path.reverse.drops", 2, 1),
        ("links.path.drops_by_reason.mtu", 2, 0),
    ],
)
def test_numbers_from_then_on(run, metric, start, value):
    assert without_warm_up(measure(metric, [run]), round(start * SECOND))(run) == pytest.approx(value)


def test_a_flow_that_had_ended_has_no_goodput(run):
    assert without_warm_up(measure("goodput", [run]), 5 * SECOND)(run) is None


def test_what_no_rows_tell_of_is_refused(run):
    with pytest.raises(ConfigError, match=r"rtt_p50 of a cannot be reckoned.*these can: goodput"):
        without_warm_up(measure("rtt_p50", [run]), SECOND)


def test_rows_that_were_not_recorded_are_missed_by_name(run):
    (Path(run["folder"]) / "segment.parquet").unlink()
    with pytest.raises(ConfigError, match=r"needs the 'segment' rows.*--set trace\.segment=true"):
        without_warm_up(measure("segments_sent", [run]), SECOND)(run)
