"""`testbed run` and `testbed check`, from a file to what is left of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from testbed.metrics import METRICS

NETWORK = """
name: small
seed: 1
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, there], rate: 10Mbit/s, delay: 10ms}}
"""
TRANSFER = NETWORK + "traffic: [{name: a, app: bulk, from: here, to: there, size: 100kB}]\n"
ENDLESS = NETWORK + "duration: 20h\ntraffic: [{name: a, app: bulk, from: here, to: there}]\n"
TYPOS = """
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, their], rate: 10, dealy: 10ms}}
traffic: [{name: a, app: bulk, from: here, to: there, size: 100kB}]
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(TRANSFER)
    return path


def test_a_run_ends_with_a_table_and_the_path_of_what_was_written(testbed: Any, file: Path, results: Path) -> None:
    answer = testbed("run", file, "--results", results)
    assert answer.status == 0
    assert answer.err == ""
    assert "here → there" in answer.out
    folder = Path(answer.out.splitlines()[-1])
    assert (folder / "manifest.json").is_file()
    assert folder.is_relative_to(results / "small")


def test_json_is_one_document_with_the_keys_of_the_design(testbed: Any, file: Path, results: Path) -> None:
    answer = testbed("run", file, "--results", results, "--json", "--seed", 3)
    (run,) = json.loads(answer.out)["runs"]
    assert {
        "id", "folder", "name", "clock", "seed", "params", "status", "trace_sha256", "wall_time", "flows", "links",
        "lateness", "expect",
    } <= set(run)  # fmt: skip
    assert (run["name"], run["clock"], run["seed"], run["status"]) == ("small", "virtual", 3, "complete")
    assert run["lateness"] == {"p50": 0, "p99": 0, "max": 0, "links": {}}
    assert run["flows"]["a"]["bytes_delivered"] == 100_000
    assert {"goodput", "completion_time", "retransmitted_segments", "segments_sent"} <= set(run["flows"]["a"])


def test_every_number_is_documented(testbed: Any, file: Path, results: Path) -> None:
    (run,) = json.loads(testbed("run", file, "--results", results, "--json").out)["runs"]
    link = run["links"]["wire"]
    assert set(run["flows"]["a"]) == set(METRICS["flow"])
    assert set(METRICS["link"]) <= set(link)
    assert set(link) - set(METRICS["link"]) <= {"reverse", "rate", "delay"}  # the other direction, and the settings
    assert set(METRICS["run"]) <= set(run)


def test_the_same_seed_gives_the_same_trace_and_another_another(testbed: Any, file: Path, results: Path) -> None:
    def trace(seed: int) -> str:
        answer = testbed("run", file, "--results", results, "--json", "--seed", seed, "--set", "links.wire.loss=5%")
        return str(json.loads(answer.out)["runs"][0]["trace_sha256"])

    assert trace(1) == trace(1) != trace(2)


def test_an_expectation_that_is_not_met_is_status_1(testbed: Any, file: Path, results: Path) -> None:
    file.write_text(TRANSFER + "expect: [a.goodput > 9 Gbit/s]\n")
    answer = testbed("run", file, "--results", results)
    assert answer.status == 1
    assert "✗ a.goodput > 9 Gbit/s" in answer.out


def test_a_run_that_cannot_come_to_its_end_is_status_3(testbed: Any, file: Path, results: Path) -> None:
    file.write_text(TRANSFER + "set: {links.wire.loss: 100%}\n")
    answer = testbed("run", file, "--results", results)
    assert answer.status == 3
    assert "✗ a: " in answer.out


def test_every_problem_has_a_line_with_its_place_and_nothing_is_written(
    testbed: Any, file: Path, results: Path
) -> None:
    file.write_text(TYPOS)
    for command in (["run", file, "--results", results], ["check", file]):
        answer = testbed(*command)
        assert answer.status == 2
        assert answer.out == ""
        lines = [line for line in answer.err.splitlines() if line.startswith(f"{file}:4:")]
        assert [line.split(": ")[1] for line in lines] == ["links.wire.ends.1", "links.wire.rate", "links.wire.dealy"]
        assert "'there'" in lines[0]
        assert "'delay'" in lines[2]
    assert not results.exists()


def test_problems_of_all_files_come_together(testbed: Any, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(TYPOS)
    answer = testbed("check", other, tmp_path / "missing.yaml", file)
    assert answer.status == 2
    assert "missing.yaml: no such file" in answer.err
    assert f"{other}:4:" in answer.err


@pytest.mark.parametrize(
    ("setting", "told"),
    [("seed", "has no '='"), ("seed=x", "seed"), ("links.wier.rate=1Mbit/s", "did you mean 'wire'?")],
)
def test_a_wrong_setting_is_a_wrong_input(setting: str, told: str, testbed: Any, file: Path) -> None:
    answer = testbed("run", file, "--set", setting)
    assert answer.status == 2
    assert f"--set {setting}" in answer.err
    assert told in answer.err


def test_a_sweep_is_one_table_with_a_row_a_setting(testbed: Any, file: Path, results: Path) -> None:
    file.write_text(TRANSFER + "matrix: {tcp.initial_window: [2, 10]}\nrepeat: 2\n")
    answer = testbed("run", file, "--results", results)
    assert answer.status == 0
    assert "4 runs, medians of 2 repetitions" in answer.out
    assert (Path(answer.out.splitlines()[-1]) / "resolved.json").is_file()


def test_results_that_cannot_be_written_are_told_without_a_traceback(testbed: Any, file: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    answer = testbed("run", file, "--results", tmp_path / "taken" / "deeper")
    assert answer.status == 3
    assert "taken" in answer.err


def test_check_says_what_a_file_comes_to(testbed: Any, file: Path) -> None:
    answer = testbed("check", file)
    assert answer.status == 0
    assert "all well, 1 run" in answer.out
    assert "bulk, here → there, round trip 20ms" in answer.out
    assert "queue 17 packets" in answer.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_nothing_half_written(number: int, file: Path, results: Path) -> None:
    file.write_text(ENDLESS)
    command = [sys.executable, "-m", "testbed", "run", str(file), "--results", str(results)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while not list(results.rglob("resolved.json")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert out == ""
    assert not results.exists()


def test_a_reader_that_has_gone_is_no_trouble(testbed: Any, file: Path, results: Path) -> None:
    folder = testbed("run", file, "--results", results, "--set", "traffic.a.size=2MB").out.splitlines()[-1]
    command = f"{sys.executable} -m testbed trace {folder} --kind segment --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["flags"] == "SYN"
    assert done.stderr == ""


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_an_output_that_was_closed_is_no_trouble(closed: str, file: Path, results: Path) -> None:
    command = f"{sys.executable} -m testbed run {file} --results {results} {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(results.rglob("manifest.json"))) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--secret-file", "SECRET"], "--secret-file: nobody is asked for it (it goes with --listen)"),
        (["--listen", "7000", "--secret-file", "SECRET"], "--listen: no experiment names agents that may join"),
        (["--listen", "7000", "--secret-file", "SECRET", "--set", "agents={lab: [there]}"], "add --clock real"),
    ],
)
def test_whoever_waits_for_agents_that_cannot_come_is_told(
    options: list[str], told: str, testbed: Any, file: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("nobody knows this but us two")
    secret.chmod(0o600)
    answer = testbed("run", file, *[str(secret) if option == "SECRET" else option for option in options])
    assert answer.status == 2
    assert told in answer.err


def test_how_long_an_agent_waits_has_a_unit(testbed: Any) -> None:
    answer = testbed("agent", "--join", "127.0.0.1:1", "--name", "lab2", "--wait", "5")
    assert (answer.status, answer.err) == (2, "--wait: a duration needs a unit, e.g. '20ms'\n")
