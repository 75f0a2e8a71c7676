"""A part of a world is quiet when only waits are left that nobody would notice."""

from __future__ import annotations

from pathlib import Path

import pytest

import testbed
from testbed.clock import MILLISECOND, SECOND, Clock
from testbed.control.agent.quiet import is_quiet
from testbed.experiment.world.world import World
from testbed.trace.tracer import SILENT

TEXT = """
topology:
  hosts: [here, there]
  links: {{wire: {{ends: [here, there], rate: 10Mbit/s, delay: 10ms}}}}
traffic: [{{name: a, {}}}]
timeline: [{{at: 1h, set: {{links.wire.loss: 1%}}}}]
"""
BULK = "app: bulk, from: here, to: there, size: 10kB"


def world_of(folder: Path, traffic: str) -> World:
    file = folder / "file.yaml"
    file.write_text(TEXT.format(traffic))
    return World(testbed.check(file).runs[0].spec, Clock(), SILENT)


def advance(world: World, until: int) -> World:
    world.clock.run(until)
    return world


def test_not_before_it_has_begun(tmp_path: Path) -> None:
    assert not is_quiet(world_of(tmp_path, BULK))


def test_not_while_data_is_on_its_way(tmp_path: Path) -> None:
    assert not is_quiet(advance(world_of(tmp_path, BULK), 35 * MILLISECOND))


def test_time_wait_and_changes_of_idle_links_are_all_that_is_left(tmp_path: Path) -> None:
    world = advance(world_of(tmp_path, BULK), 2 * SECOND)
    assert world.done
    assert world.clock.next_due() is not None
    assert is_quiet(world)


@pytest.mark.parametrize(("tail", "quiet"), [("", True), (', "client: expect closed"', False)])
def test_not_if_the_application_waits_for_the_end_of_time_wait(tail: str, quiet: bool, tmp_path: Path) -> None:
    steps = f'["client: connect", "client: close", "server: close"{tail}]'
    world = advance(world_of(tmp_path, f"app: dialogue, from: here, to: there, steps: {steps}"), 2 * SECOND)
    assert world.done is quiet
    assert is_quiet(world) is quiet


def test_not_while_keep_alive_will_probe(tmp_path: Path) -> None:
    steps = '["client: connect", "server: read 1"]'
    traffic = f"app: dialogue, from: here, to: there, client_tcp: {{keepalive: true}}, steps: {steps}"
    assert not is_quiet(advance(world_of(tmp_path, traffic), 2 * SECOND))


def test_an_application_that_waits_in_vain_is_quiet(tmp_path: Path) -> None:
    steps = '["client: connect", "server: read 1"]'
    world = advance(world_of(tmp_path, f"app: dialogue, from: here, to: there, steps: {steps}"), 2 * SECOND)
    assert not world.done
    assert is_quiet(world)
