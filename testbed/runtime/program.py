"""A program's text called to life, and what went wrong in it, by line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from testbed.host.guest import Visit


class ProgramExit(Exception):
    """The program called `sys.exit` with something to say."""


@contextmanager
def as_a_process() -> Iterator[None]:
    """What ends a process ends only the program: `sys.exit` is a return, or an error."""
    try:
        yield
    except SystemExit as left:
        if left.code:
            raise ProgramExit(f"exit status {left.code}") from left


async def call(visit: Visit) -> None:
    """Load the program, and await its function."""
    with as_a_process():
        await getattr(_load(visit), visit.program.function)(**visit.arguments)


def unload(visit: Visit) -> None:
    """Forget the module."""
    sys.modules.pop(_module(visit), None)


def _module(visit: Visit) -> str:
    return f"guest.{visit.name}"


def _load(visit: Visit) -> ModuleType:
    program = visit.program
    module = ModuleType(_module(visit))
    module.__file__ = program.file
    module.__dict__["print"] = partial(_print, visit.name)
    sys.modules[module.__name__] = module  # where dataclasses look for the module that they are in
    exec(compile(program.text, program.file, "exec", dont_inherit=True), module.__dict__)
    return module


def _print(name: str, *values: object, file: TextIO | None = None, **options: Any) -> None:
    """`print` for a guest: the standard output is the testbed's, so what it says goes beside it, with its name."""
    if file is None:
        file = sys.stderr
        file.write(f"{name}: ")
    print(*values, file=file, **options)


def blame(error: BaseException, file: str) -> str:
    """An error and the line of `file` that it came by: `client.py:12 in main: ValueError: bad answer`."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, ModuleNotFoundError):
        what += f" (install {error.name} where the host runs)"
    origin = error.__cause__ if isinstance(error, ProgramExit) and error.__cause__ is not None else error
    frames = traceback.walk_tb(origin.__traceback__)
    ours = [(frame.f_code.co_qualname, line) for frame, line in frames if frame.f_code.co_filename == file]
    if not ours:
        return f"{Path(file).name}: {what}"
    function, line = ours[-1]
    place = f"{Path(file).name}:{line}"
    return f"{place}: {what}" if function == "<module>" else f"{place} in {function}: {what}"
