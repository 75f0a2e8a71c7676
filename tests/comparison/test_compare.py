"""Verdicts, on runs whose truth is known."""

from __future__ import annotations

import json
from math import exp
from random import Random

import pytest

from testbed.comparison.compare import compare
from testbed.errors import ConfigError

LUCK = [Random(f"luck {n}").lognormvariate(0, 0.2) for n in range(40)]
"""What the runs of one seed have met."""


def goodputs(ratio: float, n: int, noise: float = 0.02, name: str = "") -> list[float]:
    """`ratio` beside the same of 1, in the mean exactly so; only what has a ratio or a name has noise."""
    turn = 0 if ratio == 1 and not name else 1 + len(name)
    apart = [((i + turn) * (i + turn) * 0.37) % 1 if turn else 0.0 for i in range(n)]
    middle = sum(apart) / n
    return [1e6 * ratio * LUCK[i] * exp(2 * noise * (apart[i] - middle)) for i in range(n)]


def only(comparison):
    [difference], [verdict] = comparison.differences, comparison.verdicts
    return difference, verdict


def test_the_better_one_comes_first(sweep):
    runs = sweep("tcp.rto_min", {"200ms": goodputs(1.18, 8), "1s": goodputs(1, 8)})
    for against in ("200ms", "1s"):
        difference, verdict = only(compare(runs, against=against))
        assert verdict == "200ms beats 1s by 18 % (17 to 19 %)"
        assert difference.paired
        assert difference.p_corrected < 0.001
        assert difference.sign == (1 if against == "1s" else -1)


def test_of_a_time_less_is_better(sweep):
    runs = sweep("tcp.rto_min", {"200ms": goodputs(1.25, 8), "1s": goodputs(1, 8)})
    assert only(compare(runs, metric="completion_time"))[1].startswith("200ms beats 1s: completion_time is 20 % less (")


def test_a_great_difference_is_a_factor(sweep):
    runs = sweep("x", {"fast": goodputs(4, 6), "slow": goodputs(1, 6)})
    assert only(compare(runs))[1].startswith("fast beats slow by a factor of 4")


def test_of_a_metric_that_nobody_can_judge_nobody_wins(document, flow):
    runs = [
        document(seed, {"x": x}, flows={"a": flow(1e6, segments_sent=base * 10 + seed * seed)})
        for x, base in (("few", 100), ("many", 130))
        for seed in range(1, 7)
    ]
    assert only(compare(runs, metric="segments_sent"))[1].startswith("many has 30 % more segments_sent than few (")


def test_of_such_a_metric_a_great_difference_is_so_many_times(document, flow):
    runs = [
        document(seed, {"x": x}, flows={"a": flow(1e6, segments_sent=base * 10 + seed * seed)})
        for x, base in (("few", 100), ("many", 2300))
        for seed in range(1, 7)
    ]
    assert only(compare(runs, metric="segments_sent"))[1].startswith("many has 23 times the segments_sent of few")


def test_an_interval_that_says_no_more_than_the_number_is_left_out(sweep):
    runs = sweep("x", {"a": goodputs(1.5, 8, 1e-4), "b": goodputs(1, 8)})
    assert only(compare(runs))[1] == "a beats b by 50 %"


def test_bare_values_are_called_by_their_axis(sweep):
    runs = sweep("tcp.sack", {True: goodputs(1.5, 5), False: goodputs(1, 5)})
    assert only(compare(runs))[1].startswith("sack=true beats sack=false by ")


def test_same_seeds_show_what_others_hide(sweep):
    runs = sweep("x", {"a": goodputs(1.1, 6), "b": goodputs(1, 6)})
    assert only(compare(runs))[0].kind == "shown"
    for run in runs[:6]:
        run["seed"] += 100
    comparison = compare(runs)
    difference, verdict = only(comparison)
    assert (difference.kind, difference.paired) == ("unclear", False)
    assert "no pairs: the settings were run with different seeds" in comparison.notes
    assert verdict.startswith("no difference between b and a could be shown")


def test_what_more_runs_would_show(sweep):
    runs = sweep("x", {"a": goodputs(1.02, 6, 0.1), "b": goodputs(1, 6)})
    difference, verdict = only(compare(runs, against="b"))
    missing = difference.runs_needed - 6
    assert 5 < missing < 100
    about = float(f"{missing:.2g}")
    assert verdict.endswith(
        f"if it is as large as it looks, about {about:.0f} more runs of each would (repeat: {missing + 6})"
    )


def test_identical(sweep):
    runs = sweep("x", {"a": goodputs(1, 4), "b": goodputs(1, 4)})
    difference, verdict = only(compare(runs))
    assert (difference.kind, verdict) == ("identical", "b and a are identical: every pair gave the same value")


def test_a_single_pair_is_not_every_pair(sweep):
    verdict = only(compare(sweep("x", {"a": [1e6], "b": [1e6]})))[1]
    assert verdict == "b and a are identical: the only pair gave the same value"


def test_as_good_as_the_same(sweep):
    runs = sweep("x", {"a": goodputs(1, 6, 0.002, "a"), "b": goodputs(1, 6)})
    difference, verdict = only(compare(runs))
    assert difference.kind == "same"
    assert verdict.startswith("b and a are as good as the same (-0.")


def test_two_runs_cannot_show_anything(sweep):
    verdict = only(compare(sweep("x", {"a": [1e6, 1.1e6], "b": [2e6, 2.2e6]})))[1]
    assert verdict == (
        "two runs each of b and a cannot show anything (it looks like +100 % for b);"
        " 3 might, and `repeat: 10` is a good start"
    )


def test_one_run_of_many_settings_is_said_once(sweep):
    comparison = compare(sweep("x", {"1ms": [1e6], "2ms": [2e6], "3ms": [3e6]}))
    assert len(comparison.differences) == 2
    [verdict] = comparison.verdicts
    assert verdict.startswith(
        "one run of each setting cannot show anything; `repeat: 2` tells whether chance plays a part"
    )


def test_what_chance_plays_no_part_in_is_certain(sweep):
    difference, verdict = only(compare(sweep("x", {"a": [1e6, 1e6], "b": [1.5e6, 1.5e6]})))
    assert (difference.kind, difference.p, difference.low) == ("certain", None, None)
    assert verdict == "b beats a by 50 %: no chance, for every repetition gave the same"


def test_equal_counts_are_not_taken_for_certain(document, flow):
    """Two runs may have 3 timeouts each by luck; their other numbers show that they are not the same run."""
    runs = [
        document(seed, {"x": x}, flows={"a": flow(1e6 + seed, timeouts=timeouts)})
        for x, timeouts in (("a", 3), ("b", 4))
        for seed in (1, 2)
    ]
    assert only(compare(runs, metric="timeouts"))[0].kind == "too few"


def test_counts_with_zeros_have_an_absolute_difference(document, flow):
    def run(x, seed, timeouts):
        return document(seed, {"x": x}, flows={"a": flow(1e6 + seed, timeouts=timeouts)})

    runs = [run("a", seed, 0) for seed in range(1, 10)] + [run("b", seed, 3 + seed % 3) for seed in range(1, 10)]
    difference, verdict = only(compare(runs, metric="timeouts"))
    assert (difference.relative, difference.absolute, difference.kind) == (None, pytest.approx(4), "shown")
    assert verdict.startswith("a beats b: timeouts is 4 less (3")


def test_an_absolute_difference_has_its_unit(sweep):
    """Nothing came through at all: there is no ratio of rates."""
    runs = sweep("x", {"a": [2e6 + 1e4 * seed for seed in range(8)], "b": [0.0] * 8})
    assert only(compare(runs))[1].startswith("a beats b by 2.04 Mbit/s (2.0")
    same = only(compare(sweep("x", {"a": [0.0, 8e4, 0.0, 8e4], "b": [8e4, 0.0, 0.0, 8e4]})))[1]
    assert "could be shown (-104 kbit/s to +104 kbit/s)" in same


def test_several_settings_are_corrected_for(sweep):
    runs = sweep("x", {f"{n}ms": goodputs(1 + n / 50, 8) for n in range(5)})
    comparison = compare(runs)
    assert all(one.p <= one.p_corrected for one in comparison.differences)
    least = min(comparison.differences, key=lambda one: one.p)
    assert least.p_corrected == pytest.approx(4 * least.p)
    assert "p is corrected for 4 comparisons (Holm); intervals are of each one alone" in comparison.notes


# -- circumstances ---------------------------------------------------------------------------------------------------


def over_paths(sweep, ratios: dict[str, float], n: int = 6):
    """`200ms` beside `1s` on paths of different loss, which are of different speed."""
    runs = []
    for index, (loss, ratio) in enumerate(ratios.items()):
        slow, fast = ([10**index * value for value in goodputs(r, n)] for r in (1, ratio))
        runs += sweep("tcp.rto_min", {"200ms": fast, "1s": slow}, links__path__loss=loss)
    return runs


def test_on_all_four_paths(sweep):
    runs = over_paths(sweep, {"1%": 1.1, "2%": 1.2, "3%": 1.2, "4%": 1.3})
    difference, verdict = only(compare(runs, "tcp.rto_min"))
    assert verdict.startswith("200ms beats 1s by 20 % (1")
    assert verdict.endswith("%), on all four paths")
    assert [part.where for part in difference.parts] == ["loss=1%", "loss=2%", "loss=3%", "loss=4%"]
    assert difference.n == 24


def test_all_paths_weigh_the_same_however_fast_they_are(sweep):
    runs = over_paths(sweep, {"1%": 1.5, "2%": 1.0})  # the second is ten times as fast
    difference, _ = only(compare(runs, "tcp.rto_min", against="1s"))
    assert difference.relative == pytest.approx(1.5**0.5 - 1, abs=0.03)


def test_a_path_that_goes_the_other_way_is_named(sweep):
    verdict = only(compare(over_paths(sweep, {"1%": 1.3, "2%": 1.3, "3%": 0.9}), "tcp.rto_min"))[1]
    assert ", on two of three paths; the other way at loss=3%: 1s beats 200ms by 1" in verdict


def test_paths_that_outweigh_each_other_are_not_no_difference(sweep):
    verdict = only(compare(over_paths(sweep, {"1%": 1.25, "2%": 0.8}), "tcp.rto_min"))[1]
    assert verdict.startswith("in the mean 1s and 200ms are as good as the same (")
    assert "; but at loss=1% 200ms beats 1s by 25 % (" in verdict
    assert "; at loss=2% 1s beats 200ms by 25 % (" in verdict


def test_paths_with_one_run_each_stand_for_repetitions(sweep):
    runs = over_paths(sweep, {"1%": 1.1, "2%": 1.2, "3%": 1.2, "4%": 1.3}, n=1)
    comparison = compare(runs, "tcp.rto_min")
    assert only(comparison)[1].endswith(", on all four paths")
    assert "no repetitions: combinations of links.path.loss stand for them" in comparison.notes


def test_axes_that_go_together_are_named_once(sweep):
    runs = [
        run for n in (1, 2) for run in sweep("x", {"a": goodputs(1, 3), "b": goodputs(2, 3)}, p=f"{n}%", r=f"{n}0%")
    ]
    [difference] = compare(runs, "x").differences
    assert [part.where for part in difference.parts] == ["p=1%", "p=2%"]


def test_what_would_be_shown_alone_is_said_to_be_one_of_many(sweep):
    noises = {f"{n}ms": goodputs(1, 5, 0.3, "x" * n) for n in range(1, 12)}
    runs = sweep("x", {"0ms": goodputs(1, 5), "20ms": goodputs(1.1, 5, 0.1), **noises})
    comparison = compare(runs)
    assert comparison.differences[0].p < 0.05 < comparison.differences[0].p_corrected
    told = "not shown among twelve comparisons, though it would be alone: 20ms beats 0ms by 10 % ("
    assert comparison.verdicts[0].startswith(told)
    assert comparison.differences[0].kind == "alone"
    assert any(note.startswith("* alone it would be shown") for note in comparison.notes)


def test_what_is_as_good_as_certain_needs_no_spread(sweep):
    """No path has any: the rates repeat whatever the seed, on the one because chance plays no part, on the other
    because it plays none in this metric.
    """
    runs = sweep("x", {"a": [1e6] * 3, "b": [23e6] * 3}, links__path__loss="0%")
    runs += sweep("x", {"a": [1e6] * 5, "b": [3e6] * 5}, links__path__loss="1%")
    for seed, run in enumerate(runs[6:]):
        run["links"]["path"] = run["links"]["path"] | {"drops": seed}
    difference, verdict = only(compare(runs, "x"))
    assert [(part.kind, part.p) for part in difference.parts] == [("certain", None), ("shown", 2 / 4**5)]
    assert verdict == "b beats a by a factor of 8.3 (all pairs alike, by themselves), on both paths"
    [part] = compare(runs[6:], "x").differences
    assert (part.low, part.high) == pytest.approx((2, 2))


def test_paths_are_corrected_for_among_themselves_setting_by_setting(sweep):
    runs = []
    for loss in ("1%", "2%", "3%"):
        runs += sweep("x", {f"{n}ms": goodputs(1 + n / 50, 4, name="y" * n) for n in range(5)}, links__path__loss=loss)
    for difference in compare(runs, "x").differences:
        least = min(difference.parts, key=lambda part: part.p)
        assert least.p_corrected == pytest.approx(3 * least.p)


def test_paths_on_which_nothing_could_be_shown_are_named(sweep):
    runs = over_paths(sweep, {"1%": 1.3, "2%": 1.3})
    runs += sweep("tcp.rto_min", {"200ms": goodputs(1.1, 6, 0.3), "1s": goodputs(1, 6)}, links__path__loss="3%")
    verdict = only(compare(runs, "tcp.rto_min"))[1]
    assert verdict.startswith("200ms beats 1s by 23 % (")
    assert verdict.endswith("%), on two of three paths; at loss=3% no difference could be shown")


def test_paths_that_are_alike_are_said_to_be(sweep):
    runs = over_paths(sweep, {"1%": 1.3, "2%": 1.3})
    runs += sweep("tcp.rto_min", {"200ms": goodputs(1, 6), "1s": goodputs(1, 6)}, links__path__loss="3%")
    assert only(compare(runs, "tcp.rto_min"))[1].endswith(", on two of three paths; at loss=3% they are alike")


def test_what_only_all_paths_together_show(sweep):
    runs = [
        run for loss in ("1%", "2%", "3%", "4%") for run in
        sweep("x", {"a": goodputs(1, 3), "b": goodputs(1.1, 3, 0.15)}, links__path__loss=loss)
    ]  # fmt: skip
    difference, verdict = only(compare(runs, "x"))
    assert difference.kind == "shown"
    assert not any(part.shown for part in difference.parts)
    assert verdict.endswith("%), on all four paths together, if not by itself on any of them")


def test_a_large_factor_is_written_out(sweep):
    runs = sweep("x", {"fast": goodputs(130, 6), "slow": goodputs(1, 6)})
    assert only(compare(runs))[1].startswith("fast beats slow by a factor of 130 (1")


def test_of_several_axes_only_those_that_differ_are_named(sweep):
    runs = [run for loss in ("1%", "2%") for run in
            sweep("rto_min", {"200ms": goodputs(1.2, 6), "1s": goodputs(1, 6)}, links__path__loss=loss)]  # fmt: skip
    comparison = compare(runs, ["loss", "rto_min"], against="1%, 1s")
    assert [verdict.split(" by")[0] for verdict in comparison.verdicts] == [
        "200ms beats 1s", "2%, 200ms beats 1%, 1s", "2% and 1% are identical: every pair gave the same value",
    ]  # fmt: skip
    told = "what a verdict does not name is as with the baseline: links.path.loss=1%, rto_min=1s"
    assert told in comparison.notes


# -- axes that advance together ----------------------------------------------------------------------------------------


def zipped(sweep, axes: dict[str, list[str]]):
    """Three runs for each place in the lists; the further, the faster."""
    runs = []
    for place, values in enumerate(zip(*axes.values(), strict=True)):
        where = dict(zip(axes, values, strict=True))
        for seed, goodput in enumerate(goodputs(1 + place / 5, 3), 1):
            runs += sweep("seedling", {None: [goodput]}, **where)
            runs[-1]["seed"] = seed
            del runs[-1]["params"]["seedling"]
    return runs


def test_axes_that_advance_together_are_one_factor(sweep):
    runs = zipped(sweep, {"eifel": ["off", "on", "on"], "rack": ["off", "off", "on"], "probe": ["off", "off", "on"]})
    comparison = compare(runs, "rack")
    assert (comparison.by, comparison.along, comparison.others) == (("rack",), ("probe",), ("eifel",))
    assert comparison.verdicts[0].startswith("rack=on beats rack=off by 17 % (")
    assert "probe advances together with rack" in comparison.notes
    assert compare(runs, "eifel").verdicts[0].startswith("eifel=on beats eifel=off by 20 % (")


def test_what_tells_the_axis_is_compared_with_it(sweep):
    runs = zipped(sweep, {"delay": ["1ms", "1ms", "5ms", "5ms"], "limit": ["4", "34", "22", "172"]})
    by_delay, by_limit = compare(runs, "delay", against="5ms"), compare(runs, "limit")
    assert (by_delay.by, by_delay.baseline) == (("delay", "limit"), "5ms, 22")
    assert (by_limit.by, by_limit.along, by_limit.others) == (("limit",), ("delay",), ())
    assert len(by_delay.differences) == len(by_limit.differences) == 3


def test_settings_never_run_under_the_same_circumstances(sweep):
    runs = [run for x, y in (("a", "1"), ("a", "2"), ("b", "2"), ("b", "3"), ("c", "3")) for run in
            sweep("x", {x: [1, 2]}, y=y)]  # fmt: skip
    comparison = compare(runs, "x")
    assert [one.label for one in comparison.settings] == ["a", "b"]
    assert "left out, for a was never run under the same circumstances: c" in comparison.notes
    with pytest.raises(ConfigError, match="b and a were never run under the same circumstances"):
        compare([run for run in runs if (run["params"]["x"], run["params"]["y"]) != ("b", "2")], "x")


# -- numbers, and where there are none -------------------------------------------------------------------------------


def test_settings_have_their_numbers(sweep):
    comparison = compare(sweep("x", {"a": [1e6, 2e6, 6e6], "b": [1e6, 2e6, 3e6]}))
    first = comparison.settings[0]
    assert (first.label, first.n, first.median, first.mean, first.values) == ("a", 3, 2e6, 3e6, (1e6, 2e6, 6e6))
    assert first.low < 3e6 < first.high


def test_runs_without_the_number_are_left_out_and_counted(sweep):
    comparison = compare(sweep("x", {"a": [1e6, None, 2e6], "b": [1e6, 2e6, 3e6]}), metric="completion_time")
    assert comparison.settings[0].n == 2
    assert "left out, for they have no completion_time: 1 of a" in comparison.notes


def test_a_setting_without_any_number_is_an_error(sweep):
    with pytest.raises(ConfigError, match="no run of b has a completion_time of a"):
        compare(sweep("x", {"a": [1e6, 2e6], "b": [None, None]}), metric="completion_time")


def test_an_unknown_baseline_is_refused(sweep):
    with pytest.raises(ConfigError, match="did you mean '200ms'"):
        compare(sweep("x", {"200ms": [1], "1s": [2]}), against="20ms")


def test_as_json_and_as_a_frame(sweep):
    comparison = compare(over_paths(sweep, {"1%": 1.1, "2%": 1.2}), "tcp.rto_min")
    document = json.loads(json.dumps(comparison.as_dict(), allow_nan=False))
    assert document["verdicts"] == list(comparison.verdicts)
    assert document["better"] == "higher"
    assert len(document["differences"][0]["parts"]) == 2
    frame = comparison.frame()
    assert frame["setting"].to_list() == ["200ms", "1s"]
    assert frame["relative"].to_list() == [None, pytest.approx(comparison.differences[0].relative)]


def test_too_few_runs_are_null_in_json(sweep):
    document = compare(sweep("x", {"a": [1e6], "b": [2e6]})).as_dict()
    assert document["settings"][0]["low"] is None
    assert document["differences"][0]["p"] is None
    json.dumps(document, allow_nan=False)
