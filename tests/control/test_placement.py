"""Which agent has which machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import testbed
from testbed.control.placement import place
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


def test_tunnels_are_where_agents_meet() -> None:
    assert place(spec()).tunnels(spec())["bottleneck"] == ("router1", "router2")
