"""docs/congestion-control.md: it names all of the interface."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from testbed.tcp.congestion import CONTROLS, Control, Sample, Start

PAGE = (Path(__file__).parents[2] / "docs" / "congestion-control.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(\w+)", PAGE))


def test_every_verb_and_attribute_of_a_control_is_on_the_page() -> None:
    assert {name for name in vars(Control) if not name.startswith("_")} <= NAMED


def test_everything_that_a_sample_says_is_on_the_page() -> None:
    assert set(Sample.__slots__) <= NAMED


@pytest.mark.parametrize("name", CONTROLS)
def test_what_a_control_keeps_inside_is_on_the_page(name: str) -> None:
    control = CONTROLS[name]().build(Start(mss=1448, window=14480))
    assert {name, *(variable for variable, _ in control.variables)} <= NAMED
