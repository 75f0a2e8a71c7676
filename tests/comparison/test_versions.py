"""A version beside an earlier one: what is a regression, and what cannot be compared."""

from __future__ import annotations

import copy
import json

import pytest

from testbed.comparison.versions import compare_versions
from testbed.errors import ConfigError


@pytest.fixture
def before(sweep):
    goodputs = [1e6, 1.3e6, 0.8e6, 1.1e6, 0.9e6]
    return sweep("loss", {"1%": goodputs, "2%": [0.5 * value for value in goodputs]})


def later(runs, *ratios):
    """The same runs, each setting's goodput times its ratio, and a little up and down."""
    found = copy.deepcopy(runs)
    for run in found:
        ratio = dict(zip(("1%", "2%"), ratios, strict=True))[run["params"]["loss"]]
        if ratio != 1:
            run["flows"]["a"]["goodput"] *= ratio * (1 + 0.002 * ((run["seed"] ** 2) % 3 + 0.1 * run["seed"] - 1.2))
    return found


def test_nothing_has_changed(before):
    versions = compare_versions(before, later(before, 1, 1))
    assert versions.ok
    assert {change.difference.kind for change in versions.changes} == {"identical"}
    assert [change.measure.name for change in versions.changes] == [
        "goodput", "completion_time", "retransmission_share", "rtt_p50",
    ]  # fmt: skip


def test_a_regression(before):
    versions = compare_versions(before, later(before, 0.9, 0.9), ["goodput"])
    assert not versions.ok
    [change] = versions.changes
    assert change.text.startswith("the baseline beats this version by 11 %")
    assert change.text.endswith(", in both cases")
    [_, row] = versions.rows()
    assert (row["text"], row["ok"]) == ("goodput of a at most 1 % worse than the baseline", False)
    assert row["value"] == "-10 %"
    assert row["where"] == "loss=1%; loss=2%"


def test_with_one_setting_only(before):
    versions = compare_versions(before, later(before, 1, 0.9), ["goodput"])
    assert not versions.ok
    assert versions.changes[0].where() == ["loss=2%"]


def test_what_became_better_is_no_regression(before):
    versions = compare_versions(before, later(before, 1.2, 1.2), ["goodput"])
    assert versions.ok
    assert versions.changes[0].difference.kind == "shown"


def test_a_little_worse_is_tolerated(before):
    now = later(before, 0.985, 0.985)
    assert not compare_versions(before, now, ["goodput"]).ok
    assert compare_versions(before, now, ["goodput"], tolerance=0.03).ok


def test_worse_than_nothing_has_no_share(before):
    now = copy.deepcopy(before)
    for run in now:
        run["flows"]["a"]["timeouts"] = 1 + run["seed"] % 3
    versions = compare_versions(before, now, ["timeouts"])
    assert not versions.ok
    assert versions.rows()[1]["value"] is None


def test_what_does_not_end_any_more_is_a_regression(before):
    now = copy.deepcopy(before)
    now[0]["status"] = "stalled"
    now[1]["flows"]["a"]["complete"] = False
    versions = compare_versions(before, now, ["goodput"])
    assert not versions.ok
    assert versions.rows()[0]["value"] == f"{now[0]['id']}: stalled, {now[1]['id']}: a did not complete"


def test_single_runs_that_changed_are_told_and_not_judged(before):
    old = [run for run in before if run["seed"] == 1]
    versions = compare_versions(old, later(old, 0.5, 0.7), ["goodput"])
    assert versions.ok
    assert versions.changes[0].text == "-41 %, which 2 runs cannot judge"
    assert "repeat: 10" in versions.notes[0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda run: run.update(name="y"), "name: x before, y now"),
        (lambda run: run["params"].update(loss="3%"), "loss=3% is not in the baseline"),
        (lambda run: run["flows"].update(b=run["flows"]["a"]), "flows.b is only in this version"),
        (lambda run: run["spec"]["flows"]["a"].update(size=2), "flows.a.size: 1 before, 2 now"),
        (lambda run: run.update(seed=run["seed"] + 50), "no seed is in both"),
    ],
)
def test_other_experiments_are_refused(before, change, named):
    now = copy.deepcopy(before)
    for run in now:
        change(run)
    with pytest.raises(ConfigError, match=f"not runs of the same experiment:\n  (.*\n)*.*{named}"):
        compare_versions(before, now)


def test_a_setting_that_came_with_a_version_of_the_program_is_no_difference(before):
    now = copy.deepcopy(before)
    for run in now:
        run["spec"]["new_setting"] = True
        run["spec"]["trace"] = {"segment": False}
    assert compare_versions(before, now).ok


def test_runs_without_a_partner_are_left_out_and_counted(before):
    versions = compare_versions(before, before[:-2])
    assert versions.pairs == 8
    assert versions.notes[0] == "left out, for they have no partner: 0 runs of this version, 2 of the baseline"


def test_flows_are_looked_at_one_by_one(document, flow):
    runs = [document(seed, {}, flows={"a": flow(1e6), "b": flow(2e6)}) for seed in (1, 2, 3)]
    versions = compare_versions(runs, runs, ["goodput", "jain"])
    assert [change.measure.title for change in versions.changes] == ["goodput of a", "goodput of b", "jain"]


def test_as_json(before):
    document = json.loads(json.dumps(compare_versions(before, later(before, 0.9, 1)).as_dict(), allow_nan=False))
    assert document["ok"] is False
    assert {row["ok"] for row in document["expect"]} == {True, False}
