"""A comparison in Python and in a notebook: what it says, its table, its plot."""

from __future__ import annotations

from typing import Any

import pytest

import testbed


def document(seed: int, rto_min: str, goodput: float) -> dict[str, Any]:
    flow = {"complete": True, "goodput": goodput, "from": "left", "to": "right"}
    plain = {"id": f"{rto_min},{seed}", "name": "x<i>", "clock": "virtual", "status": "complete", "links": {}}
    plain["folder"] = f"runs/{rto_min},{seed}"
    return {**plain, "seed": seed, "params": {"tcp.rto_min": rto_min}, "flows": {"a": flow}, "expect": []}


@pytest.fixture
def compared() -> Any:
    runs = [document(seed, "1s", 1e6 * (1 + seed * seed / 90)) for seed in range(6)]
    runs += [document(seed, "200ms", 1.3e6 * (1 + seed * seed / 100)) for seed in range(6)]
    return testbed.compare(runs, against="1s")


def test_it_prints_its_verdicts(compared: Any) -> None:
    assert str(compared).startswith("200ms beats 1s by 29 % (2")
    assert repr(compared) == "<Comparison of goodput of a by tcp.rto_min: 1s, 200ms>"


def test_a_notebook_shows_verdicts_and_numbers(compared: Any) -> None:
    shown = compared._repr_html_()
    assert "→ 200ms beats 1s by 29 % (" in shown
    assert shown.count("<tr") == 3
    assert "(baseline)" in shown


def test_its_table_in_either_library(compared: Any) -> None:
    pytest.importorskip("pandas")
    assert compared.frame()["setting"].to_list() == ["1s", "200ms"]
    assert list(compared.frame("pandas")["n"]) == [6, 6]


def test_its_plot_has_a_box_for_each_setting(compared: Any) -> None:
    [axes] = compared.plot().axes
    assert [label.get_text().rpartition("=")[2] for label in axes.get_yticklabels()] == ["200ms", "1s"]
    assert "goodput" in axes.get_xlabel()
