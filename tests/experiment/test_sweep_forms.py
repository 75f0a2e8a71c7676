"""What a sweep can be written as: helpers, zip, include, exclude, `--set`, and repetitions until enough is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.errors import ConfigError
from testbed.experiment.language.pieces import pieces
from testbed.experiment.language.repeat import Precision
from testbed.experiment.reading.load import Plan, load, repetition
from testbed.report.plan import plan_lines

Pair = Callable[..., Path]


def ids(plan: Plan) -> list[str]:
    return [run.id for run in plan.runs]


def read(pair: Pair, text: str, **overrides: Any) -> list[str]:
    return ids(load(pair(text), {path.replace("__", "."): value for path, value in overrides.items()}))


def refusal(pair: Pair, text: str, overrides: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(pair(text), overrides)
    return str(caught.value)


# -- in a file --------------------------------------------------------------------------------------------------------


def test_a_range_and_points_at_equal_ratios_are_axes_like_others(pair: Pair) -> None:
    rates = "links.link.rate: {logspace: [1Mbit/s, 1Gbit/s], points: 2}"
    plan = load(pair(f"matrix: {{links.link.loss: {{range: [0%, 2%], step: 1%}}, {rates}}}"))
    assert [run.params["links.link.loss"] for run in plan.runs[::2]] == ["0%", "1%", "2%"]
    assert [run.spec.topology.links["link"].forward.rate for run in plan.runs[:2]] == [10**6, 10**9]


def test_a_value_between_two_ends_that_cannot_be_read_is_a_problem_of_the_range(pair: Pair) -> None:
    assert "links.link.loss: a share lies between 0% and 100%, not '150%'" in refusal(
        pair, "matrix: {links.link.loss: {range: [50%, 150%], step: 50%}}"
    )


def test_the_axes_of_a_zip_go_on_together(pair: Pair) -> None:
    assert read(pair, "zip: {tcp.rto_min: [1ms, 2ms], tcp.msl: [1s, 2s]}\nmatrix: {tcp.r1: [3, 4]}") == [
        "tcp.r1=3,tcp.rto_min=1ms,tcp.msl=1s", "tcp.r1=3,tcp.rto_min=2ms,tcp.msl=2s",
        "tcp.r1=4,tcp.rto_min=1ms,tcp.msl=1s", "tcp.r1=4,tcp.rto_min=2ms,tcp.msl=2s",
    ]  # fmt: skip


def test_an_axis_of_a_zip_may_have_a_value_twice(pair: Pair) -> None:
    assert len(read(pair, "zip: {tcp.rto_min: [1ms, 1ms], tcp.msl: [1s, 2s]}")) == 2


def test_several_groups_are_combined(pair: Pair) -> None:
    text = "zip:\n  - {tcp.rto_min: [1ms, 2ms], tcp.msl: [1s, 2s]}\n  - {tcp.r1: [3, 4, 5]}"
    assert len(read(pair, text)) == 6


def test_exclude_takes_away_what_has_all_its_values(pair: Pair) -> None:
    text = "matrix: {tcp.r1: [3, 4], tcp.msl: [1s, 2s]}\nexclude: [{tcp.r1: 3, tcp.msl: 2s}]"
    assert read(pair, text) == ["tcp.r1=3,tcp.msl=1s", "tcp.r1=4,tcp.msl=1s", "tcp.r1=4,tcp.msl=2s"]


def test_include_adds_combinations_also_of_what_is_no_axis(pair: Pair) -> None:
    text = "matrix: {tcp.r1: [3, 4]}\ninclude: [{tcp.msl: 2s, tcp.r1: 9}, {tcp.rto_min: 1ms}]\n"
    plan = load(pair(text))
    assert ids(plan) == ["tcp.r1=3", "tcp.r1=4", "tcp.r1=9,tcp.msl=2s", "tcp.rto_min=1ms"]
    assert plan.runs[3].spec.flows["a"].client_tcp.r1 == 3, "what is not named is as the file has it"


def test_include_alone_is_a_list_of_runs(pair: Pair) -> None:
    assert read(pair, "include: [{tcp.r1: 3}, {tcp.msl: 9s}]") == ["tcp.r1=3", "tcp.msl=9s"]


def test_what_is_included_is_not_excluded(pair: Pair) -> None:
    text = "matrix: {tcp.r1: [3, 4]}\nexclude: [{tcp.r1: 3}]\ninclude: [{tcp.r1: 3}]"
    assert read(pair, text) == ["tcp.r1=4", "tcp.r1=3"]


def test_all_settings_of_all_forms_have_the_same_seeds(pair: Pair) -> None:
    text = "matrix: {tcp.r1: [3, 4]}\nzip: {tcp.msl: [1s, 2s]}\ninclude: [{tcp.r1: 9}]\nrepeat: 3\nseed: 7"
    runs = load(pair(text)).runs
    assert len(runs) == 15
    by_repeat = [{run.spec.seed for run in runs if run.repeat == number} for number in (1, 2, 3)]
    assert [len(seeds) for seeds in by_repeat] == [1, 1, 1]
    assert by_repeat[0] == {7} and len(set.union(*by_repeat)) == 3


# -- from outside -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["200ms,1s", "200ms, 1s", "[200ms, 1s]", ["200ms", "1s"], ("200ms", "1s")])
def test_several_values_make_an_axis(pair: Pair, given: Any) -> None:
    assert ids(load(pair(), {"tcp.rto_min": given})) == ["tcp.rto_min=200ms", "tcp.rto_min=1s"]


def test_several_values_replace_the_files_axis_where_it_stands(pair: Pair) -> None:
    text = "matrix: {tcp.r1: [3, 4], tcp.msl: [1s, 2s]}\n"
    assert read(pair, text, tcp__r1="7,8", tcp__rto_min="1ms,2ms")[:3] == [
        "tcp.r1=7,tcp.msl=1s,tcp.rto_min=1ms", "tcp.r1=7,tcp.msl=1s,tcp.rto_min=2ms",
        "tcp.r1=7,tcp.msl=2s,tcp.rto_min=1ms",
    ]  # fmt: skip


def test_what_is_set_holds_for_what_is_included_too(pair: Pair) -> None:
    text = "matrix: {tcp.r1: [3, 4]}\ninclude: [{tcp.r1: 9, tcp.msl: 5s}]\n"
    assert read(pair, text, tcp__msl="1s,2s") == [
        "tcp.r1=3,tcp.msl=1s", "tcp.r1=3,tcp.msl=2s", "tcp.r1=4,tcp.msl=1s", "tcp.r1=4,tcp.msl=2s",
        "tcp.r1=9,tcp.msl=1s", "tcp.r1=9,tcp.msl=2s",
    ]  # fmt: skip
    assert read(pair, text, tcp__r1="9") == ["run", "tcp.msl=5s"]
    assert read(pair, text, tcp__r1="9,10") == ["tcp.r1=9", "tcp.r1=10", "tcp.r1=9,tcp.msl=5s", "tcp.r1=10,tcp.msl=5s"]


def test_an_axis_of_a_zip_can_be_fixed_or_replaced(pair: Pair) -> None:
    text = "zip: {tcp.r1: [3, 4, 5], tcp.msl: [1s, 2s, 2s]}\n"
    assert read(pair, text, tcp__r1="7") == ["tcp.msl=1s", "tcp.msl=2s"]
    assert len(read(pair, text, tcp__r1="7,8")) == 4


def test_an_entry_of_exclude_about_what_is_set_may_match_nothing(pair: Pair) -> None:
    text = "matrix: {tcp.r1: [3, 4], tcp.msl: [1s, 2s]}\nexclude: [{tcp.r1: 3, tcp.msl: 2s}]"
    assert read(pair, text, tcp__r1="3") == ["tcp.msl=1s"]
    assert read(pair, text, tcp__r1="5") == ["tcp.msl=1s", "tcp.msl=2s"]
    assert read(pair, text, tcp__r1="3,5") == ["tcp.r1=3,tcp.msl=1s", "tcp.r1=5,tcp.msl=1s", "tcp.r1=5,tcp.msl=2s"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("links.link.drop", "[3, the first FIN]"),
        ("links.link.drop", [3, "the first FIN"]),
        ("links.link.loss", "{model: gilbert-elliott, p: 1%, r: 20%}"),
        ("links.link.loss", {"model": "gilbert-elliott", "p": "1%"}),
        ("expect", "[a.goodput > 1 bit/s, a.complete]"),
        ("expect", ["a.goodput > 1 bit/s", "a.complete"]),
        ("capture", "{format: pcap, machines: [left, right]}"),
        ("capture.machines", "[left, right]"),
        ("agents", "{lab: [left, right]}"),
        ("agents.lab", ["left", "right"]),
        ("tcp", "{r1: 3, msl: 1s}"),
    ],
)
def test_one_value_with_commas_is_one_value(pair: Pair, path: str, value: Any) -> None:
    (run,) = load(pair(), {path: value}).runs
    assert run.params == {}


@pytest.mark.parametrize("value", ["[3], [the first FIN, 4]", [[3], ["the first FIN", 4]]])
def test_a_setting_that_is_a_list_is_varied_by_lists(pair: Pair, value: Any) -> None:
    plan = load(pair(), {"links.link.drop": value})
    assert [len(run.spec.topology.links["link"].forward.drop) for run in plan.runs] == [1, 2]
    assert plan.runs[0].params == {"links.link.drop": [3]}


def test_mappings_can_be_values_of_an_axis(pair: Pair) -> None:
    plan = load(pair(), {"links.link.loss": "1%, {model: periodic, every: 9}"})
    assert [run.params["links.link.loss"] for run in plan.runs] == ["1%", {"model": "periodic", "every": 9}]


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("tcp.rto_min", "1s,", "an axis has a value before and after each comma (tcp.rto_min=a,b)"),
        ("tcp.rto_min", [], "an axis has a value before and after each comma (tcp.rto_min=a,b)"),
        ("tcp.rto_min", "1s,2s,1s", "the value 1s stands twice (remove one; 'repeat' runs it again)"),
        ("tcp.rto_mim", "1s,2s", "unknown key 'rto_mim' (did you mean 'rto_min'?)"),
        ("tcp.rto_min", "1s,2", "a duration needs a unit, e.g. '20ms', not 2"),
        ("repeat", "3,5", "'repeat' cannot be an axis (sweep what is simulated)"),
        ("zip.a", "1", "'zip.a' cannot be set (but what stands below hosts.NAME, links.NAME or traffic.NAME can)"),
    ],
)  # fmt: skip
def test_a_wrong_axis_from_outside_is_refused(pair: Pair, path: str, value: Any, problem: str) -> None:
    assert refusal(pair, "", {path: value}) == f"--set {path}={value}: {path}: {problem}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        ("[a,b],{c: [d,e]}", ["[a,b]", "{c: [d,e]}"]),
        ("'a,b',\"c,d\"", ["'a,b'", '"c,d"']),
        ("{a: 'x,}', b: 1},2", ["{a: 'x,}', b: 1}", "2"]),
        ("it's,so", ["it's", "so"]),
        ("", [""]),
        ("a,", ["a", ""]),
    ],
)
def test_a_text_at_its_commas(text: str, parts: list[str]) -> None:
    assert pieces(text) == parts


# -- repetitions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["until ±2% at 95%", "until +-2% at 95%", "until 2%", "{until: ±2%, at: 95%}", "{until: 2%, least: 5, most: 100}"],
)
def test_repetitions_until_enough_is_known(pair: Pair, written: str) -> None:
    plan = load(pair(f"matrix: {{tcp.r1: [3, 4]}}\nrepeat: {written}"))
    assert plan.precision == Precision(share=0.02, confidence=0.95, metric=None, least=5, most=100)
    assert len(plan.runs) == 10
    assert ids(plan)[1] == "tcp.r1=3,repeat=002"


def test_one_repetition_more_is_what_it_would_have_been(pair: Pair) -> None:
    planned = load(pair("repeat: 100\nmatrix: {tcp.r1: [3]}\nseed: 5"))
    grown = load(pair("repeat: until ±2%\nmatrix: {tcp.r1: [3]}\nseed: 5"))
    assert repetition(grown.runs[0], 77) == planned.runs[76]
    assert repetition(grown.runs[0], 5) == grown.runs[4]


def test_repetitions_can_be_asked_for_on_the_command_line(pair: Pair) -> None:
    plan = load(pair("repeat: 3"), {"repeat": "{until: ±5%, metric: a.completion_time, least: 2, most: 9}"})
    assert plan.precision == Precision(share=0.05, confidence=0.95, metric="a.completion_time", least=2, most=9)
    assert ids(plan) == ["repeat=1", "repeat=2"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "1 run"),
        ("repeat: 4", "4 runs"),
        ("matrix: {tcp.r1: [3, 4]}", "2 runs"),
        ("matrix: {tcp.r1: [3, 4]}\nrepeat: 4", "8 runs: 2 settings, 4 repetitions of each"),
        ("matrix: {tcp.r1: [3, 4]}\nrepeat: until ±2%",
         "10 to 200 runs: 2 settings, 5 to 100 repetitions of each, until goodput is known to ±2% at 95%"),
    ],
)  # fmt: skip
def test_what_a_sweep_comes_to_is_told_before_it_runs(pair: Pair, text: str, line: str) -> None:
    file = pair(text)
    assert next(iter(plan_lines(load(file)))) == f"{file}: all well, {line}"


def test_an_axis_that_cannot_be_read_is_one_problem_and_not_two(pair: Pair) -> None:
    text = (
        "matrix: {tcp.r1: 3, tcp.msl: [1s, 2s]}\nexclude: [{tcp.r1: 3}]\nexpect: ['median(a.goodput[r1=3]) > 1 bit/s']"
    )
    assert "matrix.tcp.r1: an axis is a list of values, not 3" in refusal(pair, text)
    assert "\n" not in refusal(pair, text)


def test_python_may_count_through_a_range(pair: Pair) -> None:
    plan = load(pair(), {"tcp.r1": range(3, 6)})
    assert [run.params for run in plan.runs] == [{"tcp.r1": 3}, {"tcp.r1": 4}, {"tcp.r1": 5}]
    assert plan.overrides == {"tcp.r1": [3, 4, 5]}, "which can be written as JSON"
