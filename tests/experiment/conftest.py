"""Experiment files, written for one test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]

PAIR = """
topology:
  hosts: [left, right]
  links:
    link: {ends: [left, right], rate: 10Mbit/s, delay: 10ms}
traffic:
  - {name: a, app: bulk, from: left, to: right, size: 100kB}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and says where: `write(text)`, `write(text, "topology.yaml")`."""

    def written(text: str, name: str = "test.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def pair(write: Write) -> Callable[[str], Path]:
    """Two hosts, a link, and 100 kB from left to right; what is given comes after it."""

    def written(more: str = "") -> Path:
        return write(PAIR + more)

    return written
