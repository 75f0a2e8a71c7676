"""Which agent has which machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import testbed
from testbed.experiment.reading.placement import place
from testbed.experiment.spec import ExperimentSpec

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"


def spec(processes: int | None = None, agents: dict[str, tuple[str, ...]] | None = None) -> ExperimentSpec:
    """Two hosts, a router, a router, two hosts."""
    one = testbed.check(QUICKSTART).runs[0].spec
    return replace(one, processes=processes, agents=agents or {})


def test_every_machine_has_its_own_process_and_gives_it_its_name() -> None:
    placement = place(spec())
    assert placement.machines == {name: (name,) for name in spec().topology.machines}
    assert placement.local == list(placement.machines)


def test_fewer_processes_have_neighbours_together() -> None:
    placement = place(spec(processes=2))
    assert [len(group) for group in placement.machines.values()] == [3, 3]
    assert list(placement.tunnels(spec())) == ["bottleneck"]


def test_one_process_needs_no_tunnel_and_more_than_machines_are_as_many() -> None:
    assert place(spec(processes=1)).tunnels(spec()) == {}
    assert len(place(spec(processes=50)).machines) == 6


def test_machines_that_are_elsewhere_are_not_ours() -> None:
    placement = place(spec(processes=2, agents={"lab2": ("right1", "router2")}))
    assert placement.machines["lab2"] == ("right1", "router2")
    assert placement.joined == {"lab2"}
    assert len(placement.local) == 2
    assert sorted(name for group in placement.machines.values() for name in group) == sorted(spec().topology.machines)
    assert placement.agent_of_end(spec(), "a", "server") == "lab2"


def test_an_agent_elsewhere_may_be_called_like_a_machine_here() -> None:
    placement = place(spec(agents={"left1": ("right1",)}))
    assert placement.machines["left1"] == ("right1",)
    assert placement.machines["left1-here"] == ("left1",)


def wrong(**settings: object) -> str:
    """What is said of the quickstart with these settings."""
    with pytest.raises(testbed.ConfigError) as told:
        testbed.check(QUICKSTART, set={name.replace("__", "."): value for name, value in settings.items()})
    return str(told.value)


def test_somebody_must_run_the_machines() -> None:
    assert "processes: somebody must run the machines" in wrong(processes=0)


def test_a_packet_must_fit_into_a_datagram_where_it_crosses_between_processes() -> None:
    large = {"clock": "real", "links__bottleneck__mtu": "65508B"}
    assert "links.bottleneck.mtu: is 65508B, and a datagram between processes carries 65507B" in wrong(**large)
    change = [{"at": "1s", "set": {"links.bottleneck.mtu": "65535B"}}]
    assert "65535B" in wrong(clock="real", timeline=change)
    fits = {"clock": "real", "links.bottleneck.mtu": "65507B"}
    assert testbed.check(QUICKSTART, set=fits).runs
    assert testbed.check(QUICKSTART, set=fits | {"links.bottleneck.mtu": "65508B", "processes": 1}).runs
    assert testbed.check(QUICKSTART, set={"links.bottleneck.mtu": "65508B"}).runs  # nothing crosses in virtual time


def test_tunnels_are_where_agents_meet() -> None:
    assert place(spec()).tunnels(spec())["bottleneck"] == ("router1", "router2")
