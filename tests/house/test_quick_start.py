"""The command line answers at once: what is heavy is imported by those who need it, when they need it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = {
    "dask", "distributed", "matplotlib", "networkx", "numpy", "pandas", "polars", "pydantic", "rich", "scipy", "uvloop",
    "yaml",
}  # fmt: skip

LOADED = """
import json, sys
{statement}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def loaded_by(statement: str) -> set[str]:
    """The top-level modules in a fresh process after `statement`."""
    done = subprocess.run([sys.executable, "-c", LOADED.format(statement=statement)], capture_output=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", ["import testbed", "import testbed.cli"])
def test_importing_is_light(statement: str) -> None:
    assert not loaded_by(statement) & HEAVY


def test_help_takes_less_than_150_ms_of_a_processor() -> None:
    def processor_time() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-m", "testbed", "--help"], stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(processor_time() for _ in range(3)) < 0.150
