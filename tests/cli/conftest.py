"""The command line as a user meets it: what is on stdout, on stderr, and the exit status."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from testbed.cli import console, main


class Answer(NamedTuple):
    """What came back."""

    status: int
    out: str
    err: str


@pytest.fixture
def testbed() -> Callable[..., Answer]:
    """`testbed("run", "x.yaml")` in this process."""

    def call(*arguments: object) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        console.stdout.cache_clear()
        console.stderr.cache_clear()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return Answer(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return call


class Terminal(io.StringIO):
    """A terminal's memory: what is written to it moves a cursor, and `screen` is what one would see."""

    CODE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(.)", re.DOTALL)

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> list[str]:
        """The lines, without their colours and the blanks at their ends."""
        lines: list[str] = [""]
        row = column = 0
        for argument, command, sign in self.CODE.findall(self.getvalue()):
            if command == "A":
                row = max(0, row - int(argument or 1))
            elif command == "K":
                lines[row] = ""
            elif sign == "\r":
                column = 0
            elif sign == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif sign:
                lines[row] = lines[row].ljust(column)[:column] + sign + lines[row][column + 1 :]
                column += 1
        return [line.rstrip() for line in lines]


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Runs the experiment of this text; the answer is its folder."""
    from testbed.experiment.reading.load import load
    from testbed.sweeps.run import carry_out

    def run(text: str) -> Path:
        home = tmp_path_factory.mktemp("run")
        (home / "experiment.yaml").write_text(text)
        return carry_out(load(home / "experiment.yaml"), home / "results").folder

    return run
