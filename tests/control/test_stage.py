"""An agent's part of a run, as it is built and given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import testbed
from testbed.control.agent.stage import Stage
from testbed.control.messages import Prepare
from testbed.control.orders import preparations
from testbed.experiment.reading.placement import place

FILE = """
clock: real
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, there], rate: 10Mbit/s, delay: 10ms}}
traffic: [{name: a, app: bulk, from: here, to: there, size: 10kB}]
"""


@pytest.fixture
def orders(tmp_path: Path) -> Prepare:
    """For `here`."""
    (tmp_path / "stage.yaml").write_text(FILE)
    spec = testbed.check(tmp_path / "stage.yaml").runs[0].spec
    return preparations(spec, place(spec), tmp_path, {})["here"]


@pytest.fixture
def build(orders: Prepare) -> Callable[[Path], Stage]:
    """Builds it in a folder."""
    return lambda folder: Stage(orders, folder, lambda told: None, lambda error: None)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_what_cannot_be_built_is_given_back(build: Callable[[Path], Stage], tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    with build(tmp_path / "part"):
        pass  # the first loads libraries, which keep what they open
    before = open_files()
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="file"):
        build(tmp_path / "file" / "part")
    assert open_files() == before


async def test_what_breaks_in_the_background_is_the_parts_error(build: Callable[[Path], Stage], tmp_path: Path) -> None:
    async def breaks() -> None:
        raise KeyError("a")

    with build(tmp_path / "part") as stage:
        task = asyncio.create_task(breaks())
        task.add_done_callback(stage.failed)
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert stage.error == "KeyError: 'a'"


async def test_nothing_is_saved_once_it_is_being_written(build: Callable[[Path], Stage], tmp_path: Path) -> None:
    with build(tmp_path / "part") as stage:
        stage.stop(run_on=False)
        stage.write()
        stage.save()
        assert stage.error is None
