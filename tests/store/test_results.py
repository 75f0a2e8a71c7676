"""All runs of a folder, asked: which, how fast, and what their traces say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from testbed.errors import ConfigError
from testbed.store.frames import TABLES, frame, table
from testbed.store.results import Store

Archive = Callable[..., Path]
STATE = [(5, "left", "a", "CLOSED", "SYN-SENT", "active OPEN"), (9, "left", "a", "SYN-SENT", "ESTABLISHED", "SYN,ACK")]


@pytest.fixture
def store(archive: Archive, tmp_path: Path) -> Store:
    """Three runs of one experiment, and one of another that had no parameters."""
    archive("rto", "1", params={"tcp.rto_min": "200ms", "tcp.sack": True}, goodput={"a": 3e6, "b": 1e6},
            rows={"state": STATE})  # fmt: skip
    archive("rto", "2", params={"tcp.rto_min": "1s", "tcp.sack": False}, goodput={"a": 2e6, "b": 1e6}, seed=7)
    archive("rto", "3", params={"tcp.rto_min": "50ms", "tcp.sack": True}, goodput={"a": 5e6, "b": None})
    archive("other", when="20261123T100000Z-22222222", rows={"state": STATE[:1]})
    return Store(tmp_path / "results")


def chosen(store: Store, where: str | None = None, sort: str = "run") -> list[str]:
    return store.select(where, sort)["run"].to_list()


@pytest.mark.parametrize(
    ("where", "runs"),
    [
        ("params.tcp.rto_min = '200ms'", ["1"]),
        ("tcp.rto_min >= 200ms", ["1", "2"]),
        ("rto_min < 100ms", None),
        ("goodput > 3.5Mbit/s", ["1", "3"]),
        ("a.goodput between 2e6 and 3e6", ["1", "2"]),
        ("params.tcp.sack", ["1", "3"]),
        ("not params.tcp.sack and seed = 7", ["2"]),
        ("b.goodput is null and experiment = 'rto'", ["3"]),
        ("links.path.drops = 7 and run != 'run'", ["1", "2", "3"]),
        ("experiment like 'oth%'", ["run"]),
        ("started > '2026-11-23'", ["run"]),
        ("goodput > 1 -- and more", ["1", "2", "3", "run"]),
    ],
)
def test_runs_are_chosen_by_what_was_set_and_what_came_out(store: Store, where: str, runs: list[str] | None) -> None:
    if runs is None:
        with pytest.raises(ConfigError, match="no column 'rto_min'"):
            chosen(store, where)
    else:
        assert chosen(store, where) == runs


@pytest.mark.parametrize(
    ("sort", "runs"),
    [
        ("goodput", ["run", "2", "1", "3"]),
        ("-goodput", ["3", "1", "2", "run"]),
        ("params.tcp.rto_min", ["3", "1", "2", "run"]),
        ("-rto_min", ["2", "1", "3", "run"]),
        ("params.tcp.sack,-a.goodput", ["2", "3", "1", "run"]),
        ("-started,run", ["run", "1", "2", "3"]),
    ],
)
def test_runs_are_sorted_by_quantity_and_not_by_spelling(store: Store, sort: str, runs: list[str]) -> None:
    assert chosen(store, sort=sort) == runs


def test_the_newest_come_first(store: Store) -> None:
    assert store.select()["run"].to_list() == ["run", "1", "2", "3"]


@pytest.mark.parametrize(("where", "sort"), [("godput > 1", None), (None, "godput"), (None, "-godput")])
def test_a_column_that_there_is_not(store: Store, where: str | None, sort: str | None) -> None:
    with pytest.raises(ConfigError, match="did you mean 'goodput'"):
        store.select(where, sort)


def test_a_run_is_the_sum_of_its_flows(store: Store) -> None:
    assert dict(store.select().select("run", "goodput").iter_rows()) == {"run": 1e6, "1": 4e6, "2": 3e6, "3": 5e6}


def test_what_no_unit_belongs_to_is_hidden(store: Store) -> None:
    assert not [name for name in store.select("tcp.rto_min > 1ms").columns if "#" in name]
    assert not [name for name in store.query("select * from flows").columns if "#" in name]


@pytest.mark.parametrize("name", TABLES)
def test_each_table_begins_alike_and_can_be_asked(store: Store, name: str) -> None:
    found = store.query(f"select * from {name}")
    assert found.columns[:4] == ["run", "experiment", "params.tcp.rto_min", "params.tcp.sack"]
    assert len(found) == {"runs": 4, "flows": 7, "ends": 14, "links": 8}[name]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_runs_has_its_columns(name: str) -> None:
    empty = table(name, [])
    assert empty.is_empty()
    assert {"run", "experiment", "folder"} < set(empty.columns)


def test_tables_are_joined_by_their_folders(store: Store) -> None:
    question = """
        select r.params.tcp.rto_min as rto_min, max(f.goodput) as best, count(*) as n
        from runs r join flows f on r.folder = f.folder where r.experiment = 'rto'
        group by r.params.tcp.rto_min order by best
    """
    assert store.query(question).rows() == [("1s", 2e6, 2), ("200ms", 3e6, 2), ("50ms", 5e6, 2)]


def test_traces_of_all_runs_are_one_table(store: Store) -> None:
    found = store.query("select run, count(*) as n, max(t) as last from state group by run order by run")
    assert found.rows() == [("1", 2, 9), ("run", 1, 5)]
    joined = store.query('select s."to", r.experiment from state s join runs r on s.folder = r.folder where t = 9')
    assert joined.rows() == [("ESTABLISHED", "rto")]


def test_a_kind_that_nobody_recorded_is_empty_and_has_its_columns(store: Store) -> None:
    assert store.query("select cwnd, run from cwnd").rows() == []
    assert store.trace("cwnd").collect_schema().names()[:3] == ["run", "folder", "t"]


def test_a_trace_of_an_earlier_version_lacks_a_column(archive: Archive, tmp_path: Path) -> None:
    run = archive(rows={"state": STATE})
    old = pl.read_parquet(run / "state.parquet").drop("cause").with_columns(pl.lit("x").alias("forgotten"))
    old.write_parquet(run / "state.parquet")
    assert Store(tmp_path / "results").query("select t, cause from state").rows() == [(5, None), (9, None)]


def test_an_unknown_kind_is_a_mistake(store: Store) -> None:
    with pytest.raises(ConfigError, match="no kind of rows 'cwmd'"):
        store.trace("cwmd")


def test_a_part_can_be_asked_alone(store: Store) -> None:
    part = store.where("tcp.rto_min >= 200ms")
    assert len(part.documents) == 2
    assert part.query("select count(*) from state").rows() == [(2,)]
    assert len(store.documents) == 4


def test_a_run_that_was_taken_over_counts_once(archive: Archive, tmp_path: Path) -> None:
    archive("x", "1", key="abc")
    later = archive("x", "1", when="20261122T120000Z-33333333", key="abc", started="2026-11-22T10:00:00+00:00")
    archive("x", "2", key="def")
    found = Store(tmp_path / "results").documents
    assert [document["id"] for document in found] == ["1", "2"]
    assert found[0]["folder"] == str(later)


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        Store(tmp_path / "nothing")
    assert Store(tmp_path).select().is_empty()
    assert Store(tmp_path).query("select count(*) from flows").rows() == [(0,)]
    assert Store(tmp_path).query("select * from segment").rows() == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1, None, 2], pl.Int64), ([1, 2.5], pl.Float64), ([True, None], pl.Boolean), (["1s", 3], pl.String),
     ([None], pl.String), ([{"a": 1}], pl.String), ([True, 2], pl.String), ([2**70], pl.Float64)],
)  # fmt: skip
def test_a_column_is_of_one_type(values: list[object], kind: type[pl.DataType]) -> None:
    assert frame(["x"], [{"x": value} for value in values]).schema == {"x": kind}
