"""`import testbed` and what can be done with it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import testbed

Pair = Callable[..., Path]


def test_a_single_run_is_read_like_a_dictionary(pair: Pair) -> None:
    result = testbed.run(pair("expect: [a.complete]"), results=None)
    assert result["flows"]["a"]["bytes_delivered"] == 100_000
    assert result.ok
    assert len(result) == 1


def test_a_sweep_is_a_sequence_of_runs(pair: Pair) -> None:
    result = testbed.run(pair("expect: [a.goodput > 9 Gbit/s]"), set={"repeat": 2}, results=None)
    assert [run["id"] for run in result] == ["repeat=1", "repeat=2"]
    assert not result.ok
    with pytest.raises(KeyError, match="has 2 runs"):
        result["flows"]


def test_values_of_python_are_taken_as_they_are(pair: Pair) -> None:
    plan = testbed.check(pair(), set={"tcp.nagle": False, "links.link.loss": {"model": "periodic", "every": 7}}, seed=5)
    assert not plan.runs[0].spec.flows["a"].client_tcp.nagle
    assert plan.runs[0].spec.seed == 5


def test_check_raises_what_is_wrong_and_returns_the_plan(pair: Pair) -> None:
    assert testbed.check(pair()).name == "test"
    with pytest.raises(testbed.ConfigError, match="unknown key"):
        testbed.check(pair("foo: 1"))
    with pytest.raises(testbed.ConfigError, match="is a mapping of paths to values"):
        testbed.check(pair(), set=["tcp.nagle"])  # type: ignore[arg-type]


async def test_it_works_where_an_event_loop_runs(pair: Pair) -> None:
    """In a notebook, that is."""
    assert asyncio.get_running_loop().is_running()
    assert testbed.run(pair(), results=None)["status"] == "complete"


def test_importing_costs_nothing() -> None:
    program = "import sys, testbed; print(sorted({'yaml', 'pydantic', 'polars', 'networkx'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


def test_there_is_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        testbed.walk  # noqa: B018
