"""Where machines stand in a picture: alike leaves together, chains in a line, all else by springs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

ALIKE: Final = 4
"""More leaves than these, on one machine and behind alike links, are drawn as one."""

ROW: Final = 46
"""Pixels from a leaf to the next above it."""

COLUMN: Final = 230
"""Pixels from a machine to the next beside it."""


ROOM: Final = (78.0, 36.0)
"""Pixels that a node has for itself, across and down."""

ROUNDS: Final = 200
"""Of pushing nodes apart, at most."""


@dataclass
class Node:
    """A machine, or several alike ones that are drawn as one."""

    names: list[str]
    router: bool
    x: float = 0.0
    y: float = 0.0


@dataclass
class Wire:
    """A link between two nodes, or several alike ones."""

    names: list[str]
    ends: tuple[str, str]
    """Keys of nodes."""
    spec: Mapping[str, Any]


@dataclass
class Map:
    """The network as it is drawn."""

    nodes: dict[str, Node] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0

    @property
    def leaves(self) -> set[str]:
        """Nodes with one wire."""
        counts = Counter(end for wire in self.wires for end in wire.ends)
        return {end for end, count in counts.items() if count == 1}


def layout(
    hosts: Sequence[str], routers: Sequence[str], links: Mapping[str, Mapping[str, Any]], column: float = COLUMN
) -> Map:
    """The network, placed; `column` is from a machine to the next beside it."""
    drawn = Map({name: Node([name], False) for name in hosts} | {name: Node([name], True) for name in routers})
    drawn.wires = [Wire([name], (link["ends"][0], link["ends"][1]), link) for name, link in links.items()]
    _gather(drawn)
    _place(drawn, column)
    _fit(drawn)
    return drawn


def _neighbours(drawn: Map) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {key: [] for key in drawn.nodes}
    for wire in drawn.wires:
        for one, other in (wire.ends, wire.ends[::-1]):
            if other not in found[one]:
                found[one].append(other)
    return found


def _gather(drawn: Map) -> None:
    """Make one node of many leaves that hang alike on one machine."""
    near = _neighbours(drawn)
    bunches: dict[str, list[Wire]] = {}
    for wire in drawn.wires:
        leaf = next(
            (end for end in wire.ends if near[end] == [_other(wire, end)] and len(near[_other(wire, end)]) > 1), None
        )
        if leaf is not None:
            first = wire.ends[0] == leaf
            key = repr((_other(wire, leaf), first, drawn.nodes[leaf].router, _character(wire.spec)))
            bunches.setdefault(key, []).append(wire)
    for wires in bunches.values():
        if len(wires) > ALIKE:
            _merge(drawn, wires, near)


def _merge(drawn: Map, wires: list[Wire], near: Mapping[str, list[str]]) -> None:
    leaves = [wire.ends[0] if len(near[wire.ends[0]]) == 1 else wire.ends[1] for wire in wires]
    first = drawn.nodes[leaves[0]]
    first.names = leaves
    wires[0].names = [name for wire in wires for name in wire.names]
    for leaf in leaves[1:]:
        del drawn.nodes[leaf]
    gone = {id(wire) for wire in wires[1:]}
    drawn.wires = [wire for wire in drawn.wires if id(wire) not in gone]


def _other(wire: Wire, end: str) -> str:
    return wire.ends[1] if wire.ends[0] == end else wire.ends[0]


def _character(spec: Mapping[str, Any]) -> str:
    return repr(sorted((key, repr(value)) for key, value in spec.items() if key != "ends"))


# -- places -----------------------------------------------------------------------------------------------------------


def _place(drawn: Map, column: float) -> None:
    near = _neighbours(drawn)
    core = [key for key, others in near.items() if len(others) > 1] or list(drawn.nodes)
    inside = {key: [other for other in near[key] if other in core] for key in core}
    chain = _chain(inside)
    if chain is not None:
        _in_line(drawn, chain, near, column)
    else:
        _by_springs(drawn, core, near)


def _chain(near: Mapping[str, list[str]]) -> list[str] | None:
    """The nodes in the order of their line; None where they are no line."""
    ends = [key for key, others in near.items() if len(others) < 2]
    if not ends or any(len(others) > 2 for others in near.values()):
        return None
    order = [ends[0]]
    while following := [key for key in near[order[-1]] if key not in order]:
        order.append(following[0])
    return order if len(order) == len(near) else None


def _in_line(drawn: Map, chain: list[str], near: Mapping[str, list[str]], column: float) -> None:
    """The chain from left to right, its leaves outside at both ends, above and below in the middle."""
    for at, key in enumerate(chain):
        drawn.nodes[key].x = at * column
        leaves = [other for other in near[key] if other not in chain]
        if len(chain) == 1:
            half = (len(leaves) + 1) // 2
            _stand(drawn, leaves[:half], -column)
            _stand(drawn, leaves[half:], column)
        elif at in (0, len(chain) - 1):
            _stand(drawn, leaves, (at - 1 if at == 0 else at + 1) * column)
        else:
            for place, leaf in enumerate(leaves):
                side = -1 if place % 2 == 0 else 1
                drawn.nodes[leaf].x = at * column + 30 * (place // 2)
                drawn.nodes[leaf].y = side * ROW * (1.6 + place // 2)


def _stand(drawn: Map, leaves: list[str], x: float) -> None:
    """Leaves above each other, around the height of the line."""
    for place, leaf in enumerate(leaves):
        drawn.nodes[leaf].x = x
        drawn.nodes[leaf].y = (place - (len(leaves) - 1) / 2) * ROW


def _by_springs(drawn: Map, core: list[str], near: Mapping[str, list[str]]) -> None:
    """The core by springs, always the same; leaves around their machine, away from the middle."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(core)
    graph.add_edges_from((key, other) for key in core for other in near[key] if other in core)
    spread = COLUMN * 0.62 * math.sqrt(len(core)) + 60
    small = len(core) <= 40 and networkx.is_connected(graph)
    places = networkx.kamada_kawai_layout(graph) if small else networkx.spring_layout(graph, seed=1, iterations=120)
    for key, (x, y) in places.items():
        drawn.nodes[key].x, drawn.nodes[key].y = float(x) * spread, float(y) * spread * 0.7
        leaves = [other for other in near[key] if other not in core]
        outwards = math.atan2(float(y), float(x) or 1e-9)
        for place, leaf in enumerate(leaves):
            angle = outwards + (place - (len(leaves) - 1) / 2) * min(0.7, 5.2 / max(1, len(leaves)))
            drawn.nodes[leaf].x = drawn.nodes[key].x + math.cos(angle) * COLUMN * 0.7
            drawn.nodes[leaf].y = drawn.nodes[key].y + math.sin(angle) * COLUMN * 0.5
    _push_apart(list(drawn.nodes.values()))


def _push_apart(nodes: list[Node]) -> None:
    """Move nodes that stand on each other apart, each by half, the shorter way."""
    import numpy as np

    places = np.array([(node.x, node.y) for node in nodes])
    for _ in range(ROUNDS):
        away = places[:, None, :] - places[None, :, :]
        overlap = np.array(ROOM) - np.abs(away)
        meet = (overlap > 0).all(axis=2)
        np.fill_diagonal(meet, False)
        if not meet.any():
            break
        across = overlap[..., 0] < overlap[..., 1]
        later = np.arange(len(nodes))[:, None] > np.arange(len(nodes))[None, :]
        sign = np.where(away == 0, np.where(later, 1.0, -1.0)[..., None], np.sign(away))
        step = np.where(meet[..., None], sign * overlap / 2, 0.0)
        step[..., 0][~across] = 0.0
        step[..., 1][across] = 0.0
        places += step.sum(axis=1).clip(-ROOM[0] / 2, ROOM[0] / 2)
    for node, (x, y) in zip(nodes, places, strict=True):
        node.x, node.y = float(x), float(y)


def _fit(drawn: Map) -> None:
    """Move all into the picture, with room for names."""
    nodes = drawn.nodes.values()
    left, top = min(node.x for node in nodes), min(node.y for node in nodes)
    for node in nodes:
        node.x += 75 - left
        node.y += 40 - top
    drawn.width = max(node.x for node in nodes) + 75
    drawn.height = max(node.y for node in nodes) + 44
