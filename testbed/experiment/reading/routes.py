"""Which way packets go: the path of least delay, and of fewest links among those of equal delay.

All machines agree on the way to a destination, so no packet goes in a circle: the ways to one destination are a
tree. Only routers pass packets on. Where two ways are equally good, the link that stands first in the file is taken.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from testbed.experiment.spec import TopologySpec

_HOP: Final = 1 << 22
"""A delay of 1 ns outweighs any number of links that a path could have."""


class Hop(NamedTuple):
    """Out of a machine by `link`, in the direction called `direction`, to the machine `to`."""

    link: str
    direction: str
    to: str


def routes_of(topology: TopologySpec) -> Routes:
    """The ways through `topology`: the same object as before for a network of the same shape and delays."""
    shape = (
        tuple((machine.name, machine.forwarding) for machine in topology.machines.values()),
        tuple((link.name, link.ends, link.forward.delay, link.reverse.delay) for link in topology.links.values()),
    )
    if shape not in _KNOWN:
        if len(_KNOWN) >= _KNOWN_MOST:
            _KNOWN.clear()
        _KNOWN[shape] = Routes(topology)
    return _KNOWN[shape]


_KNOWN: Final[dict[object, Routes]] = {}
_KNOWN_MOST: Final = 16
"""A sweep has many specs, and mostly one network."""


class Routes:
    """The ways through one topology; a destination's are worked out when they are first asked for."""

    def __init__(self, topology: TopologySpec) -> None:
        self._topology = topology
        self._graph = _graph(topology)
        self._delays = {name: spec.delay for link in topology.links.values() for name, _, _, spec in link.directions}
        self._towards: dict[str, dict[str, Hop]] = {}

    def towards(self, destination: str) -> dict[str, Hop]:
        """The next hop to `destination`, by machine; those that cannot reach it are absent."""
        if destination not in self._towards:
            self._towards[destination] = self._tree(destination)
        return self._towards[destination]

    def path(self, source: str, destination: str) -> list[Hop] | None:
        """The hops from one machine to another, or None when there is no way."""
        towards = self.towards(destination)
        hops = []
        while source != destination:
            if source not in towards:
                return None
            hops.append(towards[source])
            source = hops[-1].to
        return hops

    def delay(self, source: str, destination: str) -> int | None:
        """The sum (ns) of the one-way delays from one machine to another, or None when there is no way."""
        hops = self.path(source, destination)
        return None if hops is None else sum(self._delays[hop.direction] for hop in hops)

    def _tree(self, destination: str) -> dict[str, Hop]:
        """Dijkstra from the destination, against the direction of travel."""
        import networkx

        machines = self._topology.machines

        def weight(here: str, before: str, edge: dict[str, Any]) -> int | None:
            passes = here == destination or machines[here].forwarding
            return edge["weight"] if passes else None

        found, _ = networkx.dijkstra_predecessor_and_distance(self._graph, destination, weight=weight)
        return {machine: self._graph.edges[after[0], machine]["hop"] for machine, after in found.items() if after}


def _graph(topology: TopologySpec) -> Any:
    """An edge for the best link from one machine to the next, drawn from the receiving to the sending one."""
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(topology.machines)
    for link in topology.links.values():
        for name, sender, receiver, spec in link.directions:
            weight = spec.delay * _HOP + 1
            if not graph.has_edge(receiver, sender) or weight < graph.edges[receiver, sender]["weight"]:
                graph.add_edge(receiver, sender, weight=weight, hop=Hop(link.name, name, receiver))
    return graph
