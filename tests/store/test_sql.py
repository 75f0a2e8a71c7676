"""Questions as people write them: dotted names and units, and what is said of a mistake."""

from __future__ import annotations

import polars as pl
import pytest

from testbed.errors import ConfigError
from testbed.store import sql

NAMES = ["goodput", "from", "params.tcp.rto_min", "params.tcp.rto_min#", "params.links.left-1.loss", "a.goodput"]


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("params.tcp.rto_min = '200ms'", "\"params.tcp.rto_min\" = '200ms'"),
        ("tcp.rto_min = '200ms'", "\"params.tcp.rto_min\" = '200ms'"),
        ("r.params.tcp.rto_min", 'r."params.tcp.rto_min"'),
        ("a.goodput > 3", '"a.goodput" > 3'),
        ("links.left-1.loss is null", '"params.links.left-1.loss" is null'),
        ("left-1.loss is null", '"params.links.left-1.loss" is null'),
        ('"params.tcp.rto_min"', '"params.tcp.rto_min"'),
        ("'params.tcp.rto_min'", "'params.tcp.rto_min'"),
        ("1 -- params.tcp.rto_min\n", "1 -- params.tcp.rto_min\n"),
        ("/* 20ms */ 1", "/* 20ms */ 1"),
        ("params.tcp.rto_mind", "params.tcp.rto_mind"),
        ("goodput", "goodput"),
    ],
)
def test_a_dotted_name_needs_no_quotes(question: str, plain: str) -> None:
    assert sql.plain(question, NAMES) == plain


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("goodput > 3Mbit/s", "goodput > 3000000.0"),
        ("goodput > 3 Mbit/s", "goodput > 3000000.0"),
        ("goodput > 1.5MB/s", "goodput > 12000000.0"),
        ("rtt < 20ms", "rtt < 0.02"),
        ("rtt < 2s and 1", "rtt < 2.0 and 1"),
        ("size > 64KiB", "size > 65536.0"),
        ("rtt < 1us", "rtt < 0.000001"),
        ("goodput > 3e6", "goodput > 3000000.0"),
        ("x < 2.5e-3 and e6 = 1", "x < 0.0025 and e6 = 1"),
        ("share > 2%", "share > 0.02"),
        ("share > 2% and x", "share > 0.02 and x"),
        ("t % 2 = 1", "t % 2 = 1"),
        ("10%3", "10%3"),
        ("select 1 s", "select 1 s"),
        ("'20ms'", "'20ms'"),
        ("x2s", "x2s"),
        ("params.tcp.rto_min > 500ms", '"params.tcp.rto_min#" > 0.5'),
        ("params.tcp.rto_min between 1s and 2s", '"params.tcp.rto_min#" between 1.0 and 2.0'),
    ],
)
def test_a_quantity_has_its_unit(question: str, plain: str) -> None:
    assert sql.plain(question, NAMES) == plain


def test_a_tail_that_could_be_two_is_none() -> None:
    names = ["params.hosts.left.tcp.rto_min", "params.hosts.right.tcp.rto_min"]
    assert sql.plain("tcp.rto_min = 1", names) == "tcp.rto_min = 1"
    assert sql.plain("left.tcp.rto_min = 1", names) == '"params.hosts.left.tcp.rto_min" = 1'


@pytest.mark.parametrize(
    ("value", "number"),
    [("200ms", 0.2), ("10Mbit/s", 1e7), ("64KiB", 65536.0), ("2%", 0.02), ("100 packets", 100.0), (4, 4.0),
     (True, None), ("cubic", None), (None, None), ({"model": "periodic"}, None)],
)  # fmt: skip
def test_what_is_a_quantity_can_be_measured(value: object, number: float | None) -> None:
    assert sql.measure(value) == number


def ask(question: str) -> pl.DataFrame:
    table = pl.DataFrame({"goodput": [1.0], "params.tcp.rto_min": ["200ms"], "from": ["left"]})
    return sql.ask(question, {"runs": table.lazy()}, table.columns, "query", ("runs", "flows"))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("select godput from runs", r"query: there is no column 'godput' \(did you mean 'goodput'\?\)"),
        ("select params.tcp.rto_mn from runs", "no column 'params.tcp.rto_mn'.*did you mean 'params.tcp.rto_min'"),
        ("select goodput from rnus", r"there is no table 'rnus' \(did you mean 'runs'\?\)"),
        ("select zzz from runs", "the columns are goodput, params.tcp.rto_min"),
        ("select parms.tcp.rto_min from runs", "no column 'parms.tcp.rto_min'.*did you mean 'params.tcp.rto_min'"),
        ("select goodput, from from runs", 'stand in quotes: "from"'),
        ("select goodput from runs where", "sql parser error"),
        ("select 1; select 2", r"one \(and only one\) statement can be parsed at a time"),
        ("select sum('x' from runs", "sql parser error"),
        ("drop table runs", "is no question: 'drop table runs'"),
        ("", "is no question"),
    ],
)
def test_a_mistake_is_explained(question: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        ask(question)
    assert "\n" not in str(caught.value)


def test_comparing_a_text_with_a_number_is_a_mistake_and_no_crash() -> None:
    with pytest.raises(ConfigError, match="cannot compare"):
        ask("select * from runs where goodput > 'much'")


@pytest.mark.parametrize("question", ["t > 2s", "t > 20 ms", "t between 1s and 2s", "t<5min"])
def test_a_time_with_a_unit_is_refused_of_a_trace(question: str) -> None:
    with pytest.raises(ConfigError, match="times in traces are whole ns"):
        sql.refuse_durations(question, "query")


@pytest.mark.parametrize("question", ["t > 2000000000", "cwnd > 64KiB", "cause = '20ms'", "t / 1e9 > 2"])
def test_other_numbers_are_not(question: str) -> None:
    sql.refuse_durations(question, "query")
