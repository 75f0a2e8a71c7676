"""`testbed compare`, on real runs: one with a planted difference, and one without."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pytest

from testbed.comparison.measure import measure
from testbed.comparison.warm_up import KINDS, without_warm_up
from testbed.store.folder import find_runs, read_runs

LOSSY = """
name: lossy
seed: 1
topology:
  hosts: [left1, left2, right]
  routers: [middle]
  links:
    one: {ends: [left1, middle], rate: 100Mbit/s, delay: 1ms}
    two: {ends: [left2, middle], rate: 100Mbit/s, delay: 1ms}
    path: {ends: [middle, right], rate: 10Mbit/s, delay: 10ms, loss: 0.3%}
traffic: [{name: a, app: bulk, from: left1, to: right, size: 400kB}]
repeat: 6
"""
RATES = LOSSY + "matrix: {links.path.rate: [5Mbit/s, 10Mbit/s]}\n"
HOSTS = LOSSY + "matrix: {traffic.a.from: [left1, left2]}\n"
PATHS = LOSSY.replace("repeat: 6", "repeat: 3") + (
    "matrix: {tcp.receive_buffer: [8KiB, 64KiB], links.path.delay: [10ms, 40ms]}\n"
)


@pytest.fixture(scope="module")
def rates(folder_of):
    return folder_of(RATES)


@pytest.fixture(scope="module")
def hosts(folder_of):
    return folder_of(HOSTS)


def test_a_planted_difference_is_found(testbed, rates):
    answer = testbed("compare", rates, "--by", "links.path.rate", "--json")
    assert answer.status == 0
    [comparison] = json.loads(answer.out)["comparisons"]
    [difference] = comparison["differences"]
    assert (difference["verdict"], difference["paired"], difference["n"]) == ("shown", True, 6)
    assert difference["low"] > 0.1
    assert comparison["verdicts"][0].startswith("10Mbit/s beats 5Mbit/s by ")


def test_where_there_is_none_none_is_found(testbed, hosts):
    """The name of the sender is all that differs; the losses are the same."""
    answer = testbed("compare", hosts)
    assert "left2 and left1 are identical: every pair gave the same value" in answer.out


@pytest.mark.slow
def test_nor_with_other_losses(testbed, folder_of, hosts):
    """Other seeds on one side: nothing but chance differs."""
    others = folder_of(HOSTS.replace("seed: 1", "seed: 77").replace("name: lossy", "name: other"))
    answer = testbed("compare", hosts, others, "--by", "name", "--json")
    [comparison] = json.loads(answer.out)["comparisons"]
    [difference] = comparison["differences"]
    assert difference["verdict"] in ("unclear", "same")
    assert (difference["paired"], difference["n"]) == (False, 12)
    assert difference["p"] > 0.05


@pytest.mark.slow
def test_circumstances_stand_apart(testbed, folder_of):
    answer = testbed("compare", folder_of(PATHS), "--by", "receive_buffer")
    assert "64KiB beats 8KiB by a factor of " in answer.out
    assert ", on both paths" in " ".join(answer.out.split())
    assert "delay=40ms" in answer.out


def test_a_narrow_terminal_has_two_tables_and_a_wide_one_a_single(testbed, rates, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    narrow = testbed("compare", rates).out
    monkeypatch.setenv("COLUMNS", "140")
    wide = testbed("compare", rates).out
    assert all(len(line) <= 70 for line in narrow.splitlines())
    assert narrow.count("\nrate ") == 2
    assert wide.count("\nrate ") == 1


def test_as_csv(testbed, rates):
    answer = testbed("compare", rates, "--csv", "--metric", "goodput", "--metric", "a.timeouts")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [(row["metric"], row["setting"]) for row in rows] == [
        ("goodput of a", "5Mbit/s"), ("goodput of a", "10Mbit/s"),
        ("timeouts of a", "5Mbit/s"), ("timeouts of a", "10Mbit/s"),
    ]  # fmt: skip


def test_as_markdown(testbed, rates):
    lines = testbed("compare", rates, "--markdown").out.splitlines()
    assert lines[0] == "### goodput of a by links.path.rate"
    assert lines[2].startswith("- 10Mbit/s beats 5Mbit/s by ")
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 4
    assert len({line.count("|") for line in table}) == 1


def test_against_another_setting(testbed, rates):
    assert "beside 10Mbit/s" in testbed("compare", rates, "--against", "10Mbit/s").out


@pytest.mark.parametrize(("scope", "name"), [key for key in KINDS if KINDS[key] != "queue"])
def test_without_a_warm_up_the_rows_say_what_the_summary_says(rates, scope, name):
    """From 1 ns on: all but the SYN, which is sent at 0."""
    for run in read_runs(find_runs([rates])):
        chosen = measure(f"links.path.{name}" if scope == "link" else name, [run])
        sent_at_once = 1 if name == "segments_sent" else 0
        assert without_warm_up(chosen, 1)(run) == pytest.approx(chosen.value(run) - sent_at_once)


def test_a_warm_up_leaves_the_beginning_out(testbed, rates):
    answer = testbed("compare", rates, "--warm-up", "100ms", "--json")
    [comparison] = json.loads(answer.out)["comparisons"]
    whole = json.loads(testbed("compare", rates, "--json").out)["comparisons"][0]
    assert comparison["warm_up"] == 0.1
    assert comparison["settings"][1]["mean"] > whole["settings"][1]["mean"]


# -- versions --------------------------------------------------------------------------------------------------------


def test_the_same_runs_are_no_regression(testbed, rates):
    answer = testbed("compare", rates, "--baseline", rates)
    assert (answer.status, answer.err) == (0, "")
    assert "✓ nothing became worse by more than 1 %" in answer.out


def test_a_regression_ends_with_1_and_says_what_came(testbed, rates, tmp_path):
    """The baseline is of a version that was faster, by 9 to 11 %."""
    before = tmp_path / "before"
    shutil.copytree(rates, before)
    for number, summary in enumerate(sorted(before.glob("runs/*/summary.json"))):
        document = json.loads(summary.read_text())
        document["flows"]["a"]["goodput"] *= 1.09 + number / 600
        summary.write_text(json.dumps(document))
    files = ("--junit", tmp_path / "x.xml", "--summary", tmp_path / "x.md")
    answer = testbed("compare", rates, "--baseline", before, "--metric", "goodput", *files)
    assert answer.status == 1, answer.err
    assert "✗ goodput of a at most 1 % worse than the baseline: the baseline beats this version by " in " ".join(
        answer.out.split()
    )
    assert 'failures="1"' in (tmp_path / "x.xml").read_text()
    assert "❌ `goodput of a at most 1 % worse than the baseline`" in (tmp_path / "x.md").read_text()


def test_another_experiment_is_no_baseline(testbed, rates, hosts):
    answer = testbed("compare", rates, "--baseline", hosts)
    assert (answer.status, answer.out) == (2, "")
    assert "not runs of the same experiment:\n  links.path.rate=" in answer.err


# -- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--by", "links.path.rat"], "did you mean 'links.path.rate'?"),
        (["--metric", "goodputt"], "did you mean 'goodput'?"),
        (["--flow", "b"], "there is no flow 'b'"),
        (["--against", "5Mbit"], "did you mean '5Mbit/s'?"),
        (["--warm-up", "2"], "needs a unit"),
        (["--warm-up", "1s", "--metric", "rtt_p50"], "no rows tell of it"),
        (["--warm-up", "1h"], "no run of 5Mbit/s has a goodput of a"),
        (["--confidence", "10%"], "--confidence: lies between 50% and 100%"),
        (["--baseline", "nowhere"], "nowhere: no such"),
        (["--baseline", ".", "--by", "x"], "--by: does not go with --baseline"),
    ],
)
def test_mistakes_are_told(testbed, rates, options, said):
    answer = testbed("compare", rates, *options)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err


def test_no_runs(testbed, tmp_path):
    assert testbed("compare", tmp_path).status == 2
