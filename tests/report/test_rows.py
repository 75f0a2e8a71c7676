"""A trace as text: for people, for jq, for spreadsheets."""

from __future__ import annotations

import json
from typing import Any

from testbed.report.rows import BATCH, as_csv, as_json, as_text
from testbed.trace.vocabulary import KINDS

QUEUE = KINDS["queue"]


def rows(count: int) -> list[dict[str, Any]]:
    return [{"t": index, "link": "l1", "packets": index, "bytes": 10 * index, "waited": 0} for index in range(count)]


def test_json_is_an_object_a_line() -> None:
    assert [json.loads(line) for line in as_json(rows(3))] == rows(3)


def test_csv_begins_with_names() -> None:
    assert list(as_csv(rows(2), QUEUE)) == ["t,link,packets,bytes,waited", "0,l1,0,0,0", "1,l1,1,10,0"]


def test_csv_of_nothing_is_its_names() -> None:
    assert list(as_csv([], QUEUE)) == ["t,link,packets,bytes,waited"]


def test_text_is_aligned_under_names_and_units() -> None:
    assert list(as_text(rows(2), QUEUE)) == [
        "t/ns  link  packets  bytes/B  waited/ns",
        "0     l1    0        0        0",
        "1     l1    1        10       0",
    ]


def test_text_names_its_columns_once() -> None:
    lines = list(as_text(rows(2 * BATCH + 1), QUEUE))
    assert len(lines) == 2 * BATCH + 2
    assert sum("link" in line for line in lines) == 1


def test_text_of_nothing_is_its_names() -> None:
    assert list(as_text([], QUEUE)) == ["t/ns  link  packets  bytes/B  waited/ns"]
