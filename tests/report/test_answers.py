"""Tables as lines: for people, for `jq`, for spreadsheets."""

from __future__ import annotations

import csv
import io
import json

import polars as pl
import pytest

from testbed.report.answers import as_columns, as_csv, as_json, short_names

AWKWARD = pl.DataFrame(
    {
        "name": ["a,b", None],
        "ok": [True, None],
        "rate": [float("nan"), 1234567.891],
        "many": [[1, 2], None],
        "n": [1, 22],
    }
)


def test_json_is_json_whatever_the_numbers_are() -> None:
    first, second = (json.loads(line, parse_constant=pytest.fail) for line in as_json(AWKWARD))
    assert first == {"name": "a,b", "ok": True, "rate": None, "many": [1, 2], "n": 1}
    assert second == {"name": None, "ok": None, "rate": 1234567.891, "many": None, "n": 22}


def test_csv_can_be_read_back() -> None:
    first, second = csv.DictReader(io.StringIO("\n".join(as_csv(AWKWARD))))
    assert first["name"] == "a,b"
    assert (first["ok"], first["many"]) == ("true", "[1,2]")
    assert second["name"] == second["ok"] == second["many"] == ""
    assert float(second["rate"]) == 1234567.891


def test_columns_are_aligned_and_numbers_end_below_each_other() -> None:
    head, first, second = as_columns(AWKWARD.select("name", "rate", "n"), None)
    assert head == "name         rate   n"
    assert first == "a,b           nan   1"
    assert second == "-     1.23457e+06  22"


def test_what_is_not_shown_is_counted() -> None:
    *_, last = as_columns(pl.DataFrame({"x": range(5000)}), 10)
    assert last.startswith("… 4,990 more rows")


def test_a_parameter_is_called_by_its_last_words() -> None:
    assert short_names(["params.tcp.rto_min", "params.links.path.loss"]) == ["rto_min", "loss"]
    names = ["params.links.a.loss", "params.links.b.loss", "params.seed"]
    assert short_names(names) == ["a.loss", "b.loss", "seed"]
