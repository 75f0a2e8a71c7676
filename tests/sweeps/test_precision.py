"""Repeated until it is known well enough."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.experiment.language.repeat import Precision
from testbed.sweeps.precision import is_enough, more
from testbed.sweeps.run import carry_out

from .conftest import Write, runs_in

WANTED = Precision(share=0.02, confidence=0.95, metric=None, least=5, most=100)


def done(*goodputs: float, status: str = "complete") -> list[dict[str, Any]]:
    return [{"status": status, "jain": 0.9, "flows": {"a": {"goodput": one}}} for one in goodputs]


def test_what_never_differs_is_known() -> None:
    assert is_enough(WANTED, done(5.0, 5.0))
    assert more(WANTED, done(5.0, 5.0)) == 0


def test_what_differs_needs_more_but_no_more_at_once_than_there_are() -> None:
    spread = done(90.0, 100.0, 110.0, 95.0, 105.0)
    assert not is_enough(WANTED, spread)
    assert more(WANTED, spread) == 5
    nearly = done(97.0, 98.5, 100.0, 101.5, 103.0)
    assert 1 <= more(WANTED, nearly) <= 5


def test_there_is_a_bound() -> None:
    few = Precision(share=0.001, confidence=0.95, metric=None, least=2, most=6)
    assert more(few, done(1.0, 2.0, 3.0, 4.0)) == 2
    assert more(few, done(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)) == 0


def test_all_flows_must_be_known_unless_one_is_named() -> None:
    runs = [{"status": "complete", "flows": {"a": {"goodput": 5.0}, "b": {"goodput": one}}} for one in (1.0, 9.0)]
    assert not is_enough(WANTED, runs)
    assert is_enough(Precision(share=0.02, confidence=0.95, metric="a.goodput", least=2, most=9), runs)


@pytest.mark.parametrize("metric", ["jain", "links.l.utilisation"])
def test_any_number_of_a_run_can_be_what_is_wanted(metric: str) -> None:
    runs = [one | {"links": {"l": {"utilisation": 0.5}}} for one in done(1.0, 9.0)]
    assert is_enough(Precision(share=0.02, confidence=0.95, metric=metric, least=2, most=9), runs)


def test_what_failed_is_not_counted_but_takes_its_place() -> None:
    assert more(WANTED, done(5.0, status="failed")) == 0, "it would fail again"
    half = done(5.0, 5.5) + done(0.0, 0.0, status="failed")
    assert 1 <= more(WANTED, half) <= 4


def test_it_reaches_what_it_wants_in_a_few_rounds() -> None:
    draw = random.Random(3)
    runs = done(*(draw.gauss(100, 5) for _ in range(5)))
    rounds = 0
    while following := more(WANTED, runs):
        runs += done(*(draw.gauss(100, 5) for _ in range(following)))
        rounds += 1
    assert is_enough(WANTED, runs)
    assert 10 < len(runs) < 60
    assert rounds < 8


def test_settings_have_as_many_repetitions_as_each_needs(small: Write, results: Path) -> None:
    """Without loss all repetitions are the same; with it, no two are."""
    file = small(
        "set: {traffic.a.size: 200kB}\nmatrix: {links.wire.loss: [0%, 3%]}\nrepeat: {until: ±1%, least: 2, most: 6}"
    )
    said: list[str] = []
    swept = carry_out(testbed.check(file), results, say=said.append, jobs=2)
    assert [run["id"] for run in swept.runs] == [
        *(f"links.wire.loss=0%,repeat={one}" for one in (1, 2)),
        *(f"links.wire.loss=3%,repeat={one}" for one in range(1, 7)),
    ]
    assert said == ["not known as well as wanted after 6 repetitions: links.wire.loss=3%"]
    assert len(json.loads((swept.folder / "resolved.json").read_text())["runs"]) == 8
    assert json.loads((swept.folder / "experiment.json").read_text())["imprecise"] == ["links.wire.loss=3%"]


def test_it_goes_on_where_it_stopped(small: Write, results: Path) -> None:
    def tell(standing: Any) -> None:
        if standing.done == 4:
            raise KeyboardInterrupt

    file = small("set: {links.wire.loss: 3%, traffic.a.size: 200kB}\nrepeat: {until: ±1%, least: 2, most: 6}")
    with pytest.raises(KeyboardInterrupt):
        carry_out(testbed.check(file), results, tell, jobs=1)
    assert len(runs_in(results)) == 4
    said: list[str] = []
    swept = carry_out(testbed.check(file), results, say=said.append)
    assert said[0].startswith(f"continuing {swept.folder}: ")
    assert (len(swept.runs), swept.reused, len(runs_in(results))) == (6, 4, 6)
    assert len({run["trace_sha256"] for run in swept.runs}) == 6
