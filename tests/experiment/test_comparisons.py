"""Expectations over several runs: what they mean, and where they are not met."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.experiment.expect import (
    ExpectationError,
    check_comparison,
    is_comparison,
    judge_comparison,
    settings_of,
)
from testbed.experiment.reading.load import load

Row = dict[str, Any]


def run(goodput: float, repeat: int = 1, *, status: str = "complete", **params: Any) -> Row:
    """A document; `goodput` in Mbit/s."""
    flow = {"goodput": goodput * 1e6, "complete": goodput > 1, "completion_time": None if goodput < 1 else 8 / goodput}
    done = {"flows": {"a": flow}, "links": {"l": {"drops": 3}}, "jain": None, "end_time": 1.0}
    return {
        "status": status, "params": {name.replace("__", "."): value for name, value in params.items()},
        "repeat": repeat, **(done if status == "complete" else {"flows": {}, "links": {}}),
    }  # fmt: skip


SWEEP = [
    run(goodput + number, number, tcp__sack=sack, links__l__loss=loss)
    for goodput, sack, loss in ((10, True, "0%"), (8, True, "1%"), (9, False, "0%"), (4, False, "1%"))
    for number in (1, 2, 3)
]
"""Goodput by setting: with SACK 11 12 13 and 9 10 11, without it 10 11 12 and 5 6 7 Mbit/s."""


def judged(text: str, runs: list[Row] | None = None) -> Row:
    runs = SWEEP if runs is None else runs
    settings = [settings_of(one["params"], one["repeat"]) for one in runs]
    check_comparison(text, flows=["a"], links=["l"], settings=settings)
    return judge_comparison(text, runs)


TRUE = [
    "median(a.goodput[tcp.sack=on, links.l.loss=0%]) == 12 Mbit/s",
    "mean(a.goodput[sack=true,loss=0%]) == 12 Mbit/s",
    "min(a.goodput[tcp.sack = off]) == 5 Mbit/s",
    "max(a.goodput) == 13 Mbit/s",
    "p50(a.goodput[sack=on, loss=1%]) == 10 Mbit/s",
    "p25(a.goodput[sack=on, loss=1%]) == 9.5 Mbit/s",
    "count(a.goodput > 10 Mbit/s) == 6",
    "share(a.complete) == 100%",
    "share(a.goodput > 10 Mbit/s [sack=on]) == 4 / 6",
    "median(a.goodput[sack=on]) > 1.2 * median(a.goodput[sack=off])",
    "median(a.goodput / a.completion_time[repeat=1]) > 0 bit/s / 1s",
    "mean(a.goodput[loss=0%]) - mean(a.goodput[loss=1%]) in [3 Mbit/s, 4 Mbit/s]",
    "median(a.goodput[sack=on]) == 11 Mbit/s within 1%",
    "median(links.l.drops) == 3 and not max(a.goodput) > 13 Mbit/s",
    "min(median(a.goodput), 1 Mbit/s) == 1 Mbit/s",
    "median(a.goodput[sack=on]) > median(a.goodput[sack=off]) for each loss",
    "median(a.goodput[sack=on]) > median(a.goodput[sack=off]) for each links.l.loss, repeat",
]


@pytest.mark.parametrize("text", TRUE)
def test_what_is_true_is_found_true(text: str) -> None:
    assert judged(text)["ok"]


@pytest.mark.parametrize("text", TRUE)
def test_its_opposite_is_found_false(text: str) -> None:
    body, each, axes = text.partition(" for each ")
    assert not judged(f"not ({body}){each}{axes}")["ok"]


def test_a_row_has_both_sides_when_it_is_not_met() -> None:
    text = "median(a.goodput[sack=off]) > 1.2 * median(a.goodput[sack=on])"
    assert judged(text) == {
        "text": text, "ok": False, "value": 8.5e6, "unit": "bit/s", "sign": ">", "bound": pytest.approx(13.2e6),
    }  # fmt: skip
    assert judged("max(a.goodput) in [1 Mbit/s, 2 Mbit/s]")["bound"] == [1e6, 2e6]
    assert judged("max(a.goodput) == 10 Mbit/s within 10%")["bound"] == [9e6, 11e6]


def test_a_row_that_is_met_has_its_value_and_no_more() -> None:
    text = "max(a.goodput) > 3 Mbit/s"
    assert judged(text) == {"text": text, "ok": True, "value": 13e6, "unit": "bit/s"}


def test_a_comparison_for_each_value_names_where_it_fails() -> None:
    row = judged("median(a.goodput[sack=on]) > 1.5 * median(a.goodput[sack=off]) for each loss")
    assert (row["ok"], row["where"], row["value"], row["bound"]) == (False, "links.l.loss=0%", 12e6, 16.5e6)


def test_and_where_it_is_met_most_narrowly() -> None:
    row = judged("median(a.goodput[sack=on]) > median(a.goodput[sack=off]) for each loss")
    assert (row["ok"], row["where"], row["value"]) == (True, "links.l.loss=0%", 12e6)


def test_many_places_are_counted() -> None:
    runs = [run(number, tcp__r1=number) for number in range(2, 9)]
    row = judged("median(a.goodput) > 20 Mbit/s for each r1", runs)
    assert row["where"] == "tcp.r1=2; tcp.r1=3; tcp.r1=4; and 4 more"


def test_only_complete_runs_count() -> None:
    runs = [run(4, 1, tcp__r1=3), run(0, 2, tcp__r1=3, status="failed"), run(6, 3, tcp__r1=3)]
    assert judged("mean(a.goodput) == 5 Mbit/s", runs)["ok"]


@pytest.mark.parametrize("text", ["max(a.goodput[r1=4]) > 0 bit/s", "max(a.goodput[r1=4]) < 9 Mbit/s"])
def test_where_no_run_was_completed_nothing_holds(text: str) -> None:
    runs = [run(4, tcp__r1=3), run(0, tcp__r1=4, status="failed"), run(0, 2, tcp__r1=4, status="stalled")]
    row = judged(text, runs)
    assert (row["ok"], row["value"]) == (False, None)
    assert row["why"] == "none of 2 runs with tcp.r1=4 was completed"


def test_when_all_runs_broke_nothing_holds() -> None:
    row = judge_comparison("max(a.goodput) > 0 bit/s", [run(0, status="failed")])
    assert (row["ok"], row["why"]) == (False, "the run was not completed")


def test_a_value_that_some_runs_do_not_have_is_not_left_out() -> None:
    row = judged("median(a.completion_time) < 9s", [run(4, 1), run(0.5, 2), run(6, 3)])
    assert (row["ok"], row["why"]) == (False, "no value in 1 of 3 runs")


def test_a_combination_that_is_not_run_is_not_compared() -> None:
    left_out = [one for one in SWEEP if one["params"] != {"tcp.sack": False, "links.l.loss": "0%"}]
    row = judged("median(a.goodput[sack=on]) > 1.5 * median(a.goodput[sack=off]) for each loss", left_out)
    assert (row["ok"], row["where"]) == (True, "links.l.loss=1%")


def test_when_nothing_can_be_compared_that_is_said() -> None:
    runs = [run(4, tcp__r1=3, tcp__sack=True), run(4, tcp__r1=4, tcp__sack=False)]
    row = judged("median(a.goodput[sack=on]) > median(a.goodput[sack=off]) for each r1", runs)
    assert (row["ok"], row["why"]) == (False, "there is no run that it speaks of")


@pytest.mark.parametrize(
    ("chosen", "value"),
    [
        ("links.l.queue=100 packets", "100 packets"),
        ("queue=10 packets", "10 packets"),
        ("loss={model: periodic, every: 3}", {"model": "periodic", "every": 3}),
        ("queue='100 packets'", "100 packets"),
        ("drop=[3, 4]", [3, 4]),
        ("r1=3", 3),
        ("nagle=off", False),
        ("who=off", "off"),
    ],
)
def test_values_are_chosen_as_they_are_written(chosen: str, value: Any) -> None:
    path = {"loss": "links.l.loss", "drop": "links.l.drop", "r1": "tcp.r1", "nagle": "tcp.nagle", "who": "x.who"}
    axis = path.get(chosen.partition("=")[0], "links.l.queue")
    runs = [run(4, **{axis: value}), run(9, **{axis: "another"})]
    assert judged(f"max(a.goodput[{chosen}]) == 4 Mbit/s", runs)["ok"]


def test_one_run_and_several_are_told_apart() -> None:
    single = ["a.goodput > 3 Mbit/s", "min(a.goodput, b.goodput) > 3 Mbit/s", "count(a.client sent RST) == 0"]
    several = [
        "min(a.goodput) > 3 Mbit/s",
        "1 < share(a.complete)",
        "jain > 0 or p90(jain) > 1",
        "count(a.complete) > 3",
    ]
    assert [is_comparison(text) for text in single + several] == [False] * 3 + [True] * 4


def test_a_plan_keeps_them_apart(pair: Callable[..., Path]) -> None:
    plan = load(pair("matrix: {tcp.sack: [true, false]}\n" + EXPECT))
    assert plan.comparisons == ("median(a.goodput[sack=on]) > median(a.goodput[sack=off])",)
    assert plan.runs[0].spec.expect == ("a.goodput > 3 Mbit/s", "a.complete")


EXPECT = """
expect:
  - a.goodput > 3 Mbit/s
  - median(a.goodput[sack=on]) > median(a.goodput[sack=off])
  - a.complete
"""


@given(st.text(alphabet="median(goput)[r1=34,]{}:'\"<>. foreachsw%M/b", max_size=50))
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    try:
        check_comparison(text, flows=["a"], links=["l"], settings=[{"tcp.r1": 3}, {"tcp.r1": 4}])
    except ExpectationError as error:
        assert str(error)


@pytest.mark.parametrize(
    "text",
    [f"median({'(' * 90}a.goodput{')' * 90}) > 0 bit/s", f"max(a.goodput[{'tcp.r1=3,' * 5}tcp.r1=3]) > 0 bit/s"],
)
def test_the_longest_is_read_or_refused(text: str) -> None:
    with suppress(ExpectationError):
        check_comparison(text, flows=["a"], links=[], settings=[{"tcp.r1": 3}])


@pytest.mark.parametrize(
    ("overrides", "judged_at_all"),
    [({}, True), ({"tcp.sack": "true"}, False), ({"tcp.sack": "true,false"}, True), ({"tcp.r1": "4,5"}, True)],
)
def test_a_comparison_with_what_the_command_line_leaves_out_is_not_judged(
    pair: Callable[..., Path], overrides: dict[str, str], judged_at_all: bool
) -> None:
    plan = load(pair("matrix: {tcp.sack: [true, false], tcp.r1: [3, 4]}\n" + EXPECT), overrides)
    assert (len(plan.comparisons), len(plan.left_out)) == ((1, 0) if judged_at_all else (0, 1))
