"""What a run depends on, as one number: runs of one key give the same rows, so that none is done twice.

The key covers the run's spec, with its seed and the texts of its guests' programs, and our own source: what is
changed in the engine is a change of every run. What only judges, shows, compares or hands out runs does not count;
what is expected of a run can be looked up in what it left.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.spec_json import to_json

ENGINE: Final = (
    "clock.py", "seeds.py", "units.py", "wire", "trace", "tcp", "link", "metrics", "host", "traffic", "runtime",
    "experiment/world", "experiment/run.py", "experiment/trial.py", "experiment/spec.py",
)  # fmt: skip
"""What of the testbed decides what comes of a spec."""

CODE: Final = (".py", ".so")


def key_of(spec: ExperimentSpec) -> str:
    """The key of the run that `spec` describes."""
    written = json.dumps(to_json(replace(spec, expect=())), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{fingerprint()}\n{written}".encode()).hexdigest()


@cache
def fingerprint() -> str:
    """Of the engine's source, as it is on this computer."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for name in ENGINE:
        place = root / name
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.suffix in CODE:
                digest.update(f"{file.relative_to(root).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()
