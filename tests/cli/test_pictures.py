"""`plot`, `ladder` and `states` as a user meets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILE = """
name: pair
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, there], rate: 10Mbit/s, delay: 10ms}}
traffic:
  - {name: a, app: bulk, from: here, to: there, size: 20kB}
"""


@pytest.fixture(scope="module")
def run(folder_of: Callable[[str], Path]) -> Path:
    return folder_of(FILE)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures land in the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_plot_is_called_as_it_is(testbed: Any, run: Path, elsewhere: Path) -> None:
    answer = testbed("plot", run, "cwnd")
    assert (answer.status, answer.out) == (0, "cwnd.svg\n")
    assert (elsewhere / "cwnd.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "file", "magic"),
    [
        (["--format", "png"], "cwnd.png", b"\x89PNG"),
        (["-o", "deep/down/x.pdf", "--width", "86mm"], "deep/down/x.pdf", b"%PDF"),
        (["--output", "x.PNG", "--from", "10ms", "--to", "50ms", "--flow", "a"], "x.PNG", b"\x89PNG"),
    ],
)
def test_the_file_is_of_the_format_that_is_asked_for(
    arguments: list[str], file: str, magic: bytes, testbed: Any, run: Path, elsewhere: Path
) -> None:
    answer = testbed("plot", run, "cwnd", *arguments)
    assert (answer.status, answer.out) == (0, f"{file}\n")
    assert (elsewhere / file).read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cwdn"], "did you mean 'cwnd'?"),
        (["cwnd", "-o", "x.jpg"], "svg, pdf, png"),
        (["cwnd", "--width", "wide"], "a number and in, mm or cm"),
        (["cwnd", "--from", "3"], "Invalid value for '--from'"),
        (["ladder", "--format", "pdf"], "it can be as: svg"),
        (["cwnd", "--flow", "b"], "no flow 'b'"),
    ],
)
def test_a_wrong_wish_is_a_wrong_input(
    arguments: list[str], message: str, testbed: Any, run: Path, elsewhere: Path
) -> None:
    answer = testbed("plot", run, *arguments)
    assert answer.status == 2
    assert message in answer.err
    assert list(elsewhere.iterdir()) == []


def test_the_plot_comes_last(testbed: Any, run: Path) -> None:
    answer = testbed("plot", "cwnd", run)
    assert answer.status == 2
    assert f"testbed plot {run} cwnd" in answer.err


@pytest.mark.parametrize(("command", "usual"), [("ladder", "ladder.svg"), ("states", "states.svg")])
def test_a_drawing_goes_to_a_file(command: str, usual: str, testbed: Any, run: Path, elsewhere: Path) -> None:
    assert testbed(command, run, "--svg").out == f"{usual}\n"
    assert (elsewhere / usual).read_text().startswith("<svg ")
    assert testbed(command, run, "-o", "other.svg").out == "other.svg\n"
    assert (elsewhere / "other.svg").read_text() == (elsewhere / usual).read_text()


def test_states_in_the_terminal_are_a_line_a_step(testbed: Any, run: Path) -> None:
    answer = testbed("states", run)
    assert answer.status == 0
    assert "here · a" in answer.out
    assert "there · a" in answer.out
    assert "active OPEN" in answer.out


def test_states_of_a_flow_that_is_not_there(testbed: Any, run: Path) -> None:
    answer = testbed("states", run, "--flow", "b")
    assert answer.status == 2
    assert "no connection 'b'" in answer.err
