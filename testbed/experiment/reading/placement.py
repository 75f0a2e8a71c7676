"""Which agent has which machines."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from testbed.experiment.spec import ExperimentSpec, LinkSpec, TopologySpec


class Placement(NamedTuple):
    """Of one run."""

    machines: dict[str, tuple[str, ...]]
    """By agent."""
    joined: frozenset[str]
    """The agents that join from elsewhere; we start the others."""

    @property
    def local(self) -> list[str]:
        """The agents that we start."""
        return [name for name in self.machines if name not in self.joined]

    def agents_of(self, link: LinkSpec) -> tuple[str, str]:
        """Who has each end of `link`."""
        first, second = (self._agent_of(machine) for machine in link.ends)
        return first, second

    def agent_of_end(self, spec: ExperimentSpec, flow: str, role: str) -> str:
        """Who has that end of a flow."""
        one = spec.flows[flow]
        return self._agent_of(one.source if role == "client" else one.destination)

    def tunnels(self, spec: ExperimentSpec) -> dict[str, tuple[str, str]]:
        """The links whose ends are with different agents, and these."""
        pairs = {link.name: self.agents_of(link) for link in spec.topology.links.values()}
        return {name: (first, second) for name, (first, second) in pairs.items() if first != second}

    def _agent_of(self, machine: str) -> str:
        return next(agent for agent, machines in self.machines.items() if machine in machines)


def place(spec: ExperimentSpec) -> Placement:
    """The machines that the file gives to others go there; those that are left share `processes`, or have one each.

    An agent of ours is called after its first machine.
    """
    elsewhere = {machine for machines in spec.agents.values() for machine in machines}
    here = [machine for machine in _walk(spec.topology) if machine not in elsewhere]
    groups = _split(here, min(spec.processes or len(here), len(here)))
    local = {_free_name(group[0], spec.agents): tuple(group) for group in groups}
    joined = {name: machines for name, machines in spec.agents.items() if machines}
    return Placement({**local, **joined}, frozenset(joined))


def _free_name(name: str, taken: dict[str, tuple[str, ...]]) -> str:
    return _free_name(f"{name}-here", taken) if name in taken else name


def _walk(topology: TopologySpec) -> list[str]:
    """All machines, depth first, so that neighbours stand together; first those who have nobody else."""
    beside: dict[str, list[str]] = {name: [] for name in topology.machines}
    for link in topology.links.values():
        first, second = link.ends
        beside[first].append(second)
        beside[second].append(first)
    order: dict[str, None] = {}
    ahead = list(reversed(beside))
    while ahead:
        machine = ahead.pop()
        if machine not in order:
            order[machine] = None
            ahead += sorted(beside[machine], key=lambda other: -len(beside[other]))
    return list(order)


def _split(machines: list[str], count: int) -> list[list[str]]:
    """`count` groups of nearly equal size."""
    bounds = [len(machines) * number // count for number in range(count + 1)] if count else []
    return [machines[first:last] for first, last in pairwise(bounds)]
