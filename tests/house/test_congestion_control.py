"""docs/congestion-control.md: it names all of the interface, and its worked example works."""

from __future__ import annotations

import re
import subprocess
import sys
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


def test_the_worked_example_works(tmp_path: Path) -> None:
    """In a process of its own: it adds to the table of controls."""
    files = re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert [name for name, _ in files] == ["aimd.py", "aimd.yaml", "try.py"]
    for name, text in files:
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "try.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3
