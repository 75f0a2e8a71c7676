"""Whole experiments, from their text to a world whose clock has not been run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from testbed.clock import Clock
from testbed.experiment.reading.load import load
from testbed.experiment.world.world import World
from testbed.trace.tracer import SILENT, Tracer

Build = Callable[..., World]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`build(text, tracer)`: the world that an experiment's text describes."""
    file = tmp_path_factory.mktemp("proof") / "proof.yaml"

    def built(text: str, tracer: Tracer = SILENT) -> World:
        file.write_text(text, encoding="utf-8")
        return World(load(file).runs[0].spec, Clock(), tracer)

    return built
