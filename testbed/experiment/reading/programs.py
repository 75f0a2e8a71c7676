"""The programs that guests run: found beside the experiment's file, looked at before anything runs, never run here.

A program's text becomes part of the spec, for the machine that runs it may not have the file, and of the run folder.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path as File

from testbed.errors import ConfigProblem
from testbed.experiment.language.document import Path, dotted, nearest
from testbed.experiment.language.reader import Reader
from testbed.host.guest import Program
from testbed.traffic.application import CLIENT, SERVER
from testbed.traffic.guest import GuestSpec


@dataclass(frozen=True)
class _Source:
    """A file that was read: its text, and what it defines; or why it cannot be."""

    text: str = ""
    functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef] | None = None
    line: int = 0
    column: int = 0
    problem: str = ""


class Programs:
    """Reads programs from below `home`, each file once. `files` are those that were read, by a name of their own."""

    def __init__(self, home: File) -> None:
        self.files: dict[str, bytes] = {}
        self._home = home
        self._sources: dict[str, _Source] = {}

    def fill(self, reader: Reader, path: Path, spec: GuestSpec) -> GuestSpec:
        """`spec`, written at `path`, with the texts of its programs. What is wrong with them goes to the reader."""
        client, server = (self._find(reader, path, spec, role) for role in (CLIENT, SERVER))
        return replace(spec, client_=client, server_=server)

    def _find(self, reader: Reader, path: Path, spec: GuestSpec, role: str) -> Program | None:
        program = spec.program(role)
        if program is None:
            return None
        where = (*path, role)
        source = self._source(program.file)
        if source is None:
            near = [str(File(program.file).with_name(one.name)) for one in sorted(self._beside(program).glob("*.py"))]
            reader.problem(where, f"there is no program {program.file!r}", nearest(program.file, near))
        elif source.functions is None:
            file = str(self._home / program.file)
            found = ConfigProblem(source.problem, file=file, line=source.line, column=source.column, path=dotted(where))
            reader.problems.append(found)
        elif program.function not in source.functions:
            message = f"{program.file} has no coroutine function {program.function!r}"
            coroutines = [name for name, one in source.functions.items() if isinstance(one, ast.AsyncFunctionDef)]
            reader.problem(where, message, nearest(program.function, coroutines))
        else:
            self._check(reader, path, spec, role, source.functions[program.function])
        return program._replace(text=source.text if source is not None else "")

    def _beside(self, program: Program) -> File:
        return (self._home / program.file).parent

    def _source(self, name: str) -> _Source | None:
        if name not in self._sources:
            file = self._home / name
            if not file.is_file():
                return None
            content = file.read_bytes()
            self.files[self._own_name(file.name)] = content
            self._sources[name] = _read(content, name)
        return self._sources[name]

    def _own_name(self, name: str) -> str:
        """How the file is called in a run folder: by its name, with a number before it if there are several."""
        number, own = 1, name
        while own in self.files:
            number += 1
            own = f"{number}-{name}"
        return own

    def _check(
        self, reader: Reader, path: Path, spec: GuestSpec, role: str, function: ast.FunctionDef | ast.AsyncFunctionDef
    ) -> None:
        """Whether the function is one that can be awaited, with these arguments."""
        program, given = spec.program(role), spec.arguments(role)
        assert program is not None
        if isinstance(function, ast.FunctionDef):
            message = f"{program.file}:{function.lineno}: {function.name!r} is not a coroutine function"
            reader.problem((*path, role), message, f"write 'async def {function.name}'")
            return
        names, needed, more = _parameters(function.args)
        for name in given:
            if name not in names and not more:
                message = f"{program.function!r} takes no {name!r}"
                reader.problem((*path, f"{role}_arguments", name), message, nearest(name, names), key=True)
        for name in needed:
            if name not in given:
                message = f"{program.function!r} needs {name!r}"
                reader.problem((*path, role), message, f"{role}_arguments: {{{name}: …}}")


def _read(content: bytes, name: str) -> _Source:
    try:
        text = content.decode()
        tree = ast.parse(text, name)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return _Source(line=line, column=1, problem="is not UTF-8")
    except SyntaxError as error:
        return _Source(line=error.lineno or 1, column=error.offset or 1, problem=error.msg)
    except ValueError as error:  # a null byte
        return _Source(line=1, column=1, problem=str(error))
    functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    return _Source(text=text, functions=functions)


def _parameters(arguments: ast.arguments) -> tuple[list[str], list[str], bool]:
    """The names that may be given, those that must be, and whether there may be more."""
    positional = [one.arg for one in arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    needed += [one.arg for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value is None]
    return positional + [one.arg for one in arguments.kwonlyargs], needed, arguments.kwarg is not None
