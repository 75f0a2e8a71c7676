"""The examples of a page, carried out in order, in one folder: what keeps the pages true.

A page marks what is to be done by a comment above a block:

    <!-- testbed run x.yaml -->    a picture: the block shows the command and what it prints, and is taken anew
    <!-- cat x.yaml -->            a picture of a file
    <!-- file: x.yaml -->          the block is a file of that name, which later examples use
    <!-- not run: reason -->       the block is only shown
    <!-- exit: 1 -->               the block's commands end with that status

Any other block of `sh` or `python` is carried out. `testbed` and `python` are this interpreter's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^>]+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```\n", re.DOTALL | re.MULTILINE
)
"""A fenced block with the comment above it, if there is one."""

WIDTH = "80"
"""Columns of a picture."""

PASSING = re.compile(
    r"(?<= time in )[0-9.]+\w+|\d{8}T\d{6}Z-\w{8}|\d{8}T\d{6}Z|(?<=testbed )\d+\.\d+\.\d+|(?<= in )[0-9.]+ ?m?s\b"
)
"""What differs from one run to the next: how long it took, when it was, and which version."""


class Wrong(Exception):
    """An example that did not do what its page says."""


class Shell(NamedTuple):
    """Where commands run: a folder, and an environment in which `testbed` is this one."""

    folder: Path
    environment: dict[str, str]

    def output(self, command: list[str] | str, status: int = 0) -> str:
        """What `command` prints on stdout. Raises Wrong when it ends with another status."""
        done = subprocess.run(
            command, shell=isinstance(command, str), executable="/bin/bash" if isinstance(command, str) else None,
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != status:
            raise Wrong(f"{command}\nended with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}")
        return done.stdout


def play(page: Path, folder: Path) -> str:
    """Carry out the examples of `page` in `folder`, which is empty; the answer is its text with pictures taken anew."""
    shell = _shell(folder)
    return BLOCK.sub(lambda found: _block(found, shell), page.read_text())


def _shell(folder: Path) -> Shell:
    """The experiments that come with the project are there, as copies; so is a command called testbed."""
    for name in ("experiments", "topologies"):
        shutil.copytree(ROOT / name, folder / name)
    programs = folder / ".bin"
    programs.mkdir()
    for name, arguments in (("testbed", "-m testbed "), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        program.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    return Shell(folder, os.environ | {"COLUMNS": WIDTH, "PYTHONPATH": str(ROOT), "PATH": path, "MPLBACKEND": "Agg"})


def _block(found: re.Match[str], shell: Shell) -> str:
    mark, language, text = found["mark"] or "", found["language"], found["text"]
    if mark.startswith(("testbed ", "cat ")):
        shown = _picture(mark, shell)
        return f"<!-- {mark} -->\n```{language}\n{shown}```\n"
    if mark.startswith("file: "):
        place = shell.folder / mark.removeprefix("file: ")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    elif not mark.startswith("not run: ") and language in ("sh", "python"):
        status = int(mark.removeprefix("exit: ")) if mark.startswith("exit: ") else 0
        shell.output(f"set -eu\n{text}" if language == "sh" else [sys.executable, "-c", text], status)
    return found[0]


def _picture(command: str, shell: Shell) -> str:
    """What goes between the lines: what a command of ours prints below the command, a file as it is.

    Of commands joined by `&&` only the last is shown; `; exit N` behind it is its status, and is not shown either.
    """
    command, _, status = command.partition(" ; exit ")
    *before, last = command.split(" && ")
    for unseen in before:
        shell.output(unseen)
    printed = shell.output(last, int(status or 0))
    shown = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines()) + "\n"
    return f"$ {last.rstrip()}\n\n{shown}" if last.startswith("testbed ") else shown
