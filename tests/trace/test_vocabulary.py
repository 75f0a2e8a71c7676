"""The vocabulary is complete and speaks with one voice."""

from __future__ import annotations

import pytest

from testbed.trace.vocabulary import INTEGER, KINDS, NUMBER, TEXT, Column, Kind


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_and_its_columns_are_documented(kind: Kind) -> None:
    assert kind.doc.endswith(".")
    assert kind.names[0] == "t"
    assert len(set(kind.names)) == len(kind.names)
    for column in kind.columns:
        assert column.doc.endswith("."), column
        assert column.type in (INTEGER, NUMBER, TEXT)
        assert column.type != TEXT or not column.unit


def test_one_word_means_one_thing() -> None:
    """A column that two kinds share has the same type and unit in both."""
    known: dict[str, Column] = {}
    for kind in KINDS.values():
        for column in kind.columns:
            first = known.setdefault(column.name, column)
            assert (first.type, first.unit) == (column.type, column.unit), f"{kind.name}.{column.name}"
