"""The house keeps its shape: small folders, modules, functions and classes, and each import goes downstairs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "testbed").rglob("*.py"))

MODULE_LINES = 400
FUNCTION_LINES = 40
CLASS_METHODS = 15
FOLDER_MODULES = 12

EXCEPTIONS: dict[str, str] = {}
"""What may be larger, and why: "testbed/room/file.py" or "testbed/room/file.py:Name"."""

AMBIENT = {"asyncio", "datetime", "secrets", "select", "socket", "threading", "time", "uuid", "uvloop"}
"""What reads a clock, opens a socket or draws from the machine's chance."""

NEAR_THE_WORLD = (
    "testbed/runtime/", "testbed/control/", "testbed/experiment/", "testbed/sweeps/", "testbed/store/",
    "testbed/report/", "testbed/cli/",
)  # fmt: skip
"""The rooms that may: real time and sockets; the date and wall time of a run; lanes and their threads; the terminal."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def length_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    size = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        size -= (function.body[0].end_lineno or 0) - function.body[0].lineno + 1
    return size


def oversized(path: Path) -> Iterator[tuple[str, str]]:
    """(what, how large) for everything in a module that is over its limit."""
    text = path.read_text()
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield name_of(path), f"{lines} lines, at most {MODULE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = length_without_docstring(node)
            if size > FUNCTION_LINES:
                yield f"{name_of(path)}:{node.name}", f"{size} lines, at most {FUNCTION_LINES}"
        elif isinstance(node, ast.ClassDef):
            methods = sum(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body)
            if methods > CLASS_METHODS:
                yield f"{name_of(path)}:{node.name}", f"{methods} methods, at most {CLASS_METHODS}"


def imported(path: Path) -> set[str]:
    """The top-level names of the modules that this one imports, wherever it does."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_is_too_large_to_read(path: Path) -> None:
    too_large = {what: size for what, size in oversized(path) if what not in EXCEPTIONS}
    assert not too_large


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=name_of)
def test_no_folder_is_too_full_to_know(folder: Path) -> None:
    modules = [path.stem for path in folder.glob("*.py") if not path.stem.startswith("__")]
    assert len(modules) <= FOLDER_MODULES


def test_every_exception_is_still_needed_and_has_its_reason() -> None:
    found = {what for path in MODULES for what, _ in oversized(path)}
    assert set(EXCEPTIONS) <= found
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "a module docstring: its purpose"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if not name_of(path).startswith(NEAR_THE_WORLD)], ids=name_of
)
def test_time_and_chance_are_parameters(path: Path) -> None:
    assert not imported(path) & AMBIENT


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_chance_comes_from_a_named_stream(path: Path) -> None:
    """Only `seeds` makes a generator; others may name its type."""
    if path.name == "seeds.py":
        return
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("random.", "Random"))
    ]
    assert not calls


def test_each_import_goes_downstairs() -> None:
    """The floors of `pyproject.toml`, kept by import-linter."""
    linter = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", linter], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
