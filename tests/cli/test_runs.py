"""`testbed runs`, `query` and `export`, as they are typed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Testbed = Callable[..., Any]

FILE = """
name: small
topology: {hosts: [left, right], links: {path: {ends: [left, right], rate: 10Mbit/s, delay: 5ms}}}
traffic: [{name: a, app: bulk, from: left, to: right, size: 20kB}]
matrix: {tcp.rto_min: [200ms, 1s]}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs."""
    import testbed as package

    home = tmp_path_factory.mktemp("runs")
    (home / "small.yaml").write_text(FILE)
    package.run(home / "small.yaml", results=home / "results", jobs=1)
    return home / "results"


def test_runs_are_listed_with_what_varied(testbed: Testbed, results: Path) -> None:
    answer = testbed("runs", results)
    assert answer.status == 0
    head, *lines = answer.out.splitlines()
    assert head.split() == [
        "when",
        "experiment",
        "rto_min",
        "seed",
        "status",
        "goodput",
        "time",
        "retransmitted",
        "folder",
    ]
    assert len(lines) == 2
    assert all((Path(line.split()[-1]) / "manifest.json").is_file() for line in lines)


def test_the_condition_of_the_manual_works_as_it_is_written(testbed: Testbed, results: Path) -> None:
    answer = testbed("runs", results, "--where", "params.tcp.rto_min = '200ms'", "--json")
    (row,) = map(json.loads, answer.out.splitlines())
    assert row["params.tcp.rto_min"] == "200ms"
    assert row["goodput"] > 1e6


def test_a_metric_that_is_asked_for_is_shown(testbed: Testbed, results: Path) -> None:
    answer = testbed("runs", results, "--where", "a.goodput > 1Mbit/s", "--sort", "-rto_min")
    head, first, second = answer.out.splitlines()
    assert "a.goodput" in head.split()
    assert "1s" in first.split()
    assert "200ms" in second.split()


def test_runs_as_csv(testbed: Testbed, results: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(testbed("runs", results, "--csv").out)))
    assert [row["ok"] for row in rows] == ["true", "true"]
    assert {"params.tcp.rto_min", "goodput", "folder"} < set(rows[0])


def test_few_rows_are_shown_and_the_others_counted(testbed: Testbed, results: Path) -> None:
    assert "… 1 more runs" in testbed("runs", results, "--limit", 1).out
    answer = testbed("query", "select * from segment", "--results", results, "--limit", 3).out.splitlines()
    assert len(answer) == 5
    assert "more rows" in answer[-1]
    everything = testbed("query", "select * from segment", "--results", results, "--limit", 0).out.splitlines()
    assert len(everything) > 50
    assert len(testbed("query", "select * from segment", "--results", results, "--csv").out.splitlines()) == len(
        everything
    )


def test_a_query_in_three_forms(testbed: Testbed, results: Path) -> None:
    question = "select params.tcp.rto_min, count(*) as n from flows group by params.tcp.rto_min order by n, 1"
    forms = [testbed("query", question, "--results", results, *form).out for form in ([], ["--json"], ["--csv"])]
    assert forms[0].split() == ["params.tcp.rto_min", "n", "1s", "1", "200ms", "1"]
    assert json.loads(forms[1].splitlines()[0]) == {"params.tcp.rto_min": "1s", "n": 1}
    assert forms[2].splitlines() == ["params.tcp.rto_min,n", "1s,1", "200ms,1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("runs", "RESULTS", "--where", "godput > 1"),
            "--where: there is no column 'godput' (did you mean 'goodput'?)",
        ),
        (("runs", "RESULTS", "--sort", "godput"), "--sort: there is no column 'godput' (did you mean 'goodput'?)"),
        (("runs", "nowhere"), "nowhere: no such folder"),
        (("query", "select goodput from flow", "--results", "RESULTS"), "no table 'flow' (did you mean 'flows'?)"),
        (("query", "delete from runs", "--results", "RESULTS"), "is no question"),
        (("export", "nowhere", "--format", "csv"), "nowhere: no such run folder"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    testbed: Testbed, results: Path, arguments: tuple[str, ...], said: str
) -> None:
    answer = testbed(*(results if one == "RESULTS" else one for one in arguments))
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


def test_nothing_found_says_so(testbed: Testbed, results: Path, tmp_path: Path) -> None:
    assert "none of the 2 runs" in testbed("runs", results, "--where", "goodput < 1").out
    assert "testbed run" in testbed("runs", tmp_path).out
    assert testbed("runs", tmp_path, "--csv").out.startswith("run,experiment,")


def test_export_says_what_it_wrote(testbed: Testbed, results: Path, tmp_path: Path) -> None:
    run = next(results.glob("small/*/runs/*"))
    answer = testbed("export", run, "--format", "iperf3", "--output", tmp_path / "out")
    assert answer.out.split() == [str(tmp_path / "out" / "a.json")]
    again = testbed("export", run, "--format", "iperf3", "--output", tmp_path / "out")
    assert again.status == 2
    assert "--force" in again.err
    assert testbed("export", run, "--format", "iperf3", "--output", tmp_path / "out", "--force").status == 0


def test_every_format_can_be_named(testbed: Testbed) -> None:
    from testbed.cli import export
    from testbed.report.export.formats import FORMATS

    (choice,) = (option.type for option in export.params if option.name == "form")
    assert set(choice.choices) == set(FORMATS)


def test_every_table_is_there_as_csv_too(testbed: Testbed, results: Path) -> None:
    run = next(results.glob("small/*/runs/*"))
    for command in (("show", run), ("ss", run), ("trace", run, "--kind", "state"), ("runs", results)):
        head, *rows = csv.reader(io.StringIO(testbed(*command, "--csv").out))
        assert rows, command
        assert all(len(row) == len(head) for row in rows)


def test_a_run_is_shown_as_json(testbed: Testbed, results: Path) -> None:
    shown = json.loads(testbed("show", next(results.glob("small/*/runs/*")), "--json").out)
    assert shown["spec"]["name"] == "small"
    assert shown["flows"]["a"]["bytes_delivered"] == 20_000
