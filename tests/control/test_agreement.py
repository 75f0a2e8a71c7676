"""The two clocks agree: what a file gives in virtual time, it gives by the wall, to 3 % of its goodput.

A machine that has other work hands packets on late, so that round trips are longer than they should be: what a run
gives is then the machine's figure and not the experiment's. Nothing here can keep the machine idle. So each comparison
has a few attempts. If none agrees, but every one says itself that it was late, the test is skipped with that reason; if
one was in time, it fails. The states that the ends pass through must always be the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import testbed

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
AGREEMENT = EXPERIMENTS / "agreement"
ATTEMPTS = 3
TOLERANCE = 0.03

LATE = 0.0005
"""Seconds of lateness at the 99th percentile that an idle machine stays below, whose round trips are what files say."""

Document = dict[str, Any]


def real(path: Path, results: Path, settings: dict[str, str]) -> Document:
    """A run by the wall, as a user would do it."""
    command = [sys.executable, "-m", "testbed", "run", str(path), "--clock", "real", "--results", str(results)]
    command += [f"--set={name}={value}" for name, value in settings.items()]
    done = subprocess.run([*command, "--allow-late", "--quiet", "--json"], capture_output=True, text=True, timeout=120)
    [run] = json.loads(done.stdout or '{"runs": [{}]}')["runs"]
    assert run.get("status") == "complete", done.stdout + done.stderr
    return dict(run)


def states(run: Document) -> dict[str, list[str]]:
    """What each end of each flow passed through."""
    return {f"{name}.{end}": flow[end]["states"] for name, flow in run["flows"].items() for end in ("client", "server")}


def goodputs(run: Document) -> list[float]:
    return [flow["goodput"] for flow in run["flows"].values()]


def summed(run: Document) -> list[float]:
    return [sum(goodputs(run))]


def together(run: Document) -> list[float]:
    """What all flows have got through."""
    return [8 * sum(flow["bytes_delivered"] for flow in run["flows"].values()) / run["end_time"]]


def compare(path: Path, results: Path, settings: dict[str, str], measure: Callable[[Document], list[float]]) -> None:
    """The clocks give the same `measure`, in at least one of a few attempts."""
    expected = testbed.run(path, clock="virtual", set=settings, results=None).runs[0]
    told = []
    for seen in attempts(path, results, settings):
        assert states(seen) == states(expected)
        if measure(seen) == pytest.approx(measure(expected), rel=TOLERANCE):
            return
        told.append((measure(seen), {name: seen["lateness"][name] for name in ("p50", "p99", "max")}))
    text = f"virtual {measure(expected)}, real {told}"
    if all(late["p99"] > LATE for _, late in told):
        pytest.skip(f"this machine has other work: {text}")
    pytest.fail(text)


def attempts(path: Path, results: Path, settings: dict[str, str]) -> Iterator[Document]:
    for _ in range(ATTEMPTS):
        yield real(path, results, settings)


@pytest.mark.parametrize("rate", ["10Mbit/s", "50Mbit/s"])
def test_slow_start_takes_as_long(tmp_path: Path, rate: str) -> None:
    compare(AGREEMENT / "slow-start-limited.yaml", tmp_path, {"links.path.rate": rate}, goodputs)


@pytest.mark.slow
@pytest.mark.parametrize("window", ["132kB", "264kB", "660kB"])
def test_a_window_carries_as_much(tmp_path: Path, window: str) -> None:
    compare(AGREEMENT / "window-limited.yaml", tmp_path, {"tcp.receive_buffer": window}, goodputs)


@pytest.mark.slow
def test_the_same_packets_are_lost_and_cost_as_much(tmp_path: Path) -> None:
    compare(AGREEMENT / "quickstart.yaml", tmp_path, {}, goodputs)


@pytest.mark.slow
def test_two_flows_fill_a_link_as_well(tmp_path: Path) -> None:
    """The quickstart without losses. Which flow is ahead hangs on microseconds: both are taken together."""
    compare(EXPERIMENTS / "quickstart.yaml", tmp_path, {"links.bottleneck.loss": "0%"}, together)


@pytest.mark.slow
def test_the_quickstart_carries_as_much(tmp_path: Path) -> None:
    """As it is. Which flow meets a loss hangs on microseconds, in virtual time too; what both carry does not."""
    compare(EXPERIMENTS / "quickstart.yaml", tmp_path, {}, summed)


def test_the_quickstart_of_the_comparison_is_on_the_quickstart_s_network() -> None:
    plain, compared = (testbed.check(path / "quickstart.yaml").runs[0].spec for path in (EXPERIMENTS, AGREEMENT))
    assert (compared.topology, compared.seed) == (plain.topology, plain.seed)
