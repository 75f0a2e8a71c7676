"""A sweep taken apart: every combination of the axes is a document of its own, and has a name and a seed.

The n-th repetition of every combination has the same seed (common random numbers), so that what differs between
two combinations is what was set, and not luck. The first repetition has the experiment's seed itself.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from testbed import seeds
from testbed.errors import ConfigProblem, UnitError
from testbed.experiment.language.document import Document, Path, assign, problem
from testbed.experiment.language.reader import shown
from testbed.units import count

MAX_RUNS: Final = 100_000
MAX_ID: Final = 150
"""Characters of a folder's name; file systems allow 255 bytes."""


@dataclass(frozen=True, kw_only=True)
class Combination:
    """One choice of a value for each axis, put into the document."""

    params: dict[str, Any]
    document: Document


def combinations(document: Document, fixed: tuple[str, ...] = ()) -> tuple[list[Combination], list[ConfigProblem]]:
    """Every combination in the order of the file, the last axis fastest, and what is wrong with the axes.

    An axis whose path is `fixed` is none: its value has been put in already. There is always one combination at
    least, so that the rest of the document can be read.
    """
    axes, problems = _axes(document, fixed)
    made: list[Combination] = []
    for choice in itertools.product(*(range(len(values)) for values in axes.values())):
        copy = document.copy()
        params = {}
        for (axis, values), index in zip(axes.items(), choice, strict=True):
            path: Path = ("matrix", axis)
            params[axis] = values[index]
            problems += assign(copy, axis, document.part((*path, index)), document.place(path, key=True))
        made.append(Combination(params=params, document=copy))
    return made, problems


def _axes(document: Document, fixed: tuple[str, ...]) -> tuple[dict[str, list[Any]], list[ConfigProblem]]:
    matrix = document.at(("matrix",))
    if matrix is None:
        return {}, []
    if not isinstance(matrix, dict):
        return {}, [problem(document, ("matrix",), f"is a mapping of paths to lists, not {shown(matrix)}")]
    axes: dict[str, list[Any]] = {}
    problems = []
    for axis, values in matrix.items():
        path: Path = ("matrix", axis)
        wrong = _wrong_axis(axis, values)
        if wrong:
            problems.append(problem(document, path, *wrong))
        elif axis not in fixed:
            axes[axis] = values
    runs = 1
    for values in axes.values():
        runs *= len(values)
    if runs > MAX_RUNS:
        problems.append(problem(document, ("matrix",), f"makes {runs} combinations", f"at most {MAX_RUNS}"))
        return {}, problems
    return axes, problems


def _wrong_axis(axis: str, values: Any) -> tuple[str, str] | None:
    if axis.split(".")[0] in ("repeat", "expect", "name"):
        return f"{axis!r} cannot be an axis", "sweep what is simulated"
    if values == []:
        return "an axis needs a value at least", f"{axis}: [a, b]"
    if not isinstance(values, list):
        return f"an axis is a list of values, not {shown(values)}", f"{axis}: [{label(values)}, …]"
    labels = [label(value) for value in values]
    twice = next((text for index, text in enumerate(labels) if text in labels[:index]), None)
    return (f"the value {twice} stands twice", "remove one; 'repeat' runs it again") if twice else None


def repetitions(document: Document) -> tuple[int, list[ConfigProblem]]:
    """How often each combination runs, and what is wrong with that."""
    value = document.at(("repeat",))
    try:
        number = 1 if value is None else count(value)
    except UnitError:
        return 1, []  # the reader of the whole document says so
    if not 1 <= number <= MAX_RUNS:
        return 1, [problem(document, ("repeat",), f"lies between 1 and {MAX_RUNS}, not {number}")]
    return number, []


def seed_of(seed: int, repeat: int) -> int:
    """The seed of a repetition, counted from 1."""
    return seed if repeat == 1 else seeds.derive(seed, f"repeat={repeat}")


# -- names ------------------------------------------------------------------------------------------------------------


def run_id(params: dict[str, Any], repeat: int, repeats: int) -> str:
    """The name of a run's folder: `tcp.rto_min=200ms,repeat=3`; `run` when there is only one."""
    parts = [f"{axis}={label(value)}" for axis, value in params.items()]
    if repeats > 1:
        parts.append(f"repeat={repeat:0{len(str(repeats))}}")
    text = ",".join(parts) or "run"
    safe = re.sub(r"[^A-Za-z0-9._=,%+-]", "_", text)
    if len(safe) > MAX_ID or "{" in text or "[" in text:
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{safe[: MAX_ID - 9]}-{digest}"
    return safe


def label(value: Any) -> str:
    """A value of an axis, short: as it is written in YAML."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
