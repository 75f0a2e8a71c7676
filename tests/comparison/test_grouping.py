"""Runs by setting and circumstances: which axis, which order, who is left out."""

from __future__ import annotations

import json

import pytest

from testbed.comparison.grouping import NOT_SET, group, pairs, without_chance
from testbed.errors import ConfigError


def test_the_only_axis_that_varies_is_compared(sweep):
    grouped = group(sweep("tcp.rto_min", {"200ms": [1, 2], "1s": [3, 4]}, links__path__loss="1%"))
    assert (grouped.by, grouped.others) == (("tcp.rto_min",), ())
    assert grouped.settings == [("200ms",), ("1s",)]


def test_of_several_one_must_be_named(sweep):
    runs = [run for loss in ("1%", "2%") for run in sweep("tcp.rto_min", {"200ms": [1], "1s": [3]}, loss=loss)]
    with pytest.raises(ConfigError, match=r"several things were varied.*one of: tcp.rto_min, loss"):
        group(runs)
    assert group(runs, "rto_min").others == ("loss",)
    assert group(runs, ["loss", "tcp.rto_min"]).by == ("loss", "tcp.rto_min")


def test_a_misspelt_axis_is_refused(sweep):
    with pytest.raises(ConfigError, match=r"did you mean 'tcp\.rto_min'"):
        group(sweep("tcp.rto_min", {"200ms": [1], "1s": [3]}), "tcp.rto_mi")


def test_where_nothing_varies_one_is_told_how_to_vary_it(document):
    with pytest.raises(ConfigError, match=r"--set tcp\.sack=VALUE,VALUE"):
        group([document(1, {}, 1e6)], "tcp.sack")


def test_an_axis_that_does_not_vary_is_refused(sweep):
    runs = sweep("tcp.rto_min", {"200ms": [1], "1s": [3]}, loss="1%")
    with pytest.raises(ConfigError, match="all runs have the same loss"):
        group(runs, "loss")


def test_an_ambiguous_end_of_a_path_is_refused(sweep):
    runs = [
        run
        for rate in ("1Mbit/s", "2Mbit/s")
        for run in sweep("links.a.rate", {"1Mbit/s": [1], "2Mbit/s": [2]}, links__b__rate=rate)
    ]
    with pytest.raises(ConfigError, match=r"'rate' may be links\.a\.rate or links\.b\.rate"):
        group(runs, "rate")


def test_settings_stand_in_the_order_in_which_they_came(document):
    runs = [document(1, {"x": x, "y": y}, 1.0) for x, y in (("9ms", "b"), ("1ms", "b"), ("9ms", "a"), ("1ms", "a"))]
    assert group(runs, ["x", "y"]).settings == [("9ms", "b"), ("9ms", "a"), ("1ms", "b"), ("1ms", "a")]
    assert group(runs, "x").circumstances == [("b",), ("a",)]


def test_runs_that_did_not_complete_are_left_out_and_counted(sweep):
    runs = sweep("x", {"a": [1, 2, 3], "b": [4, 5, 6]})
    runs[0]["status"], runs[4]["status"], runs[5]["status"] = "stalled", "invalid", "invalid"
    grouped = group(runs)
    assert [len(cell[()]) for cell in grouped.cells.values()] == [2, 1]
    assert grouped.notes == ["left out: 1 stalled, 2 invalid of 6 runs"]


def test_nothing_is_left_to_compare(sweep):
    runs = sweep("x", {"a": [1, 2], "b": [4, 5]})
    for run in runs[2:]:
        run["status"] = "failed"
    with pytest.raises(ConfigError, match=r"all runs that count have x=a.*2 failed of 4 runs"):
        group(runs)


def test_in_virtual_time_a_run_made_again_counts_once(sweep):
    runs = [*sweep("x", {"a": [1, 2], "b": [4, 5]}), *sweep("x", {"a": [7, 8]})]
    for number, run in enumerate(runs):
        run["started"] = f"2026-01-0{number + 1}"
    grouped = group(runs)
    assert [run["flows"]["a"]["goodput"] for run in grouped.cells["a",][()]] == [7, 8]
    assert grouped.notes == ["left out: 2 runs that were made again later with the same seed"]


def test_in_real_time_it_counts_again(sweep):
    runs = [run | {"clock": "real"} for run in [*sweep("x", {"a": [1, 2], "b": [4, 5]}), *sweep("x", {"a": [7, 8]})]]
    assert len(group(runs).cells["a",][()]) == 4


def test_runs_pair_by_their_seed(sweep):
    grouped = group(sweep("x", {"a": [1, 2, 3], "b": [4, 5]}))
    found = pairs(grouped.cells["a",][()], grouped.cells["b",][()])
    assert [(mine["seed"], other["seed"]) for mine, other in found] == [(1, 1), (2, 2)]


def test_a_seed_is_no_circumstance(document):
    runs = [document(seed, {"x": x, "seed": seed}, 1e6) for x in "ab" for seed in (5, 6)]
    assert group(runs).by == ("x",)


def test_what_was_set_for_whole_experiments_is_an_axis(document, tmp_path):
    runs = []
    for value in ("true", "false"):
        experiment = tmp_path / value
        experiment.mkdir()
        (experiment / "resolved.json").write_text(json.dumps({"set": {"tcp.sack": value, "repeat": "2"}}))
        runs += [document(seed, {}, 1e6, folder=str(experiment / "runs" / str(seed))) for seed in (1, 2)]
    assert group(runs).settings == [("true",), ("false",)]


def test_settings_of_a_folder_stand_in_the_order_of_the_file(document, tmp_path):
    (tmp_path / "resolved.json").write_text(json.dumps({"runs": [{"id": "reno"}, {"id": "bbr"}, {"id": "cubic"}]}))
    found = [document(1, {"x": x}, 1e6, id=x, folder=str(tmp_path / "runs" / x)) for x in ("bbr", "cubic", "reno")]
    assert group(found).settings == [("reno",), ("bbr",), ("cubic",)]


def test_an_axis_that_some_runs_do_not_have(document):
    runs = [document(1, {"x": "1ms"}, 1e6), document(1, {}, 1e6)]
    assert group(runs, "x").settings == [("1ms",), (NOT_SET,)]


def test_experiments_can_be_compared_by_name(sweep):
    runs = sweep("x", {"a": [1, 2]}) + [run | {"name": "y"} for run in sweep("x", {"a": [3, 4]})]
    assert group(runs).by == ("name",)


def test_without_chance_only_where_every_repetition_is_alike(sweep):
    assert without_chance(sweep("x", {"a": [1, 1]}))
    assert not without_chance(sweep("x", {"a": [2, 2.1]}))
    assert not without_chance(sweep("x", {"a": [1]}))
