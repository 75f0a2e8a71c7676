"""The command line as a user meets it: what is on stdout, on stderr, and the exit status."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
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
