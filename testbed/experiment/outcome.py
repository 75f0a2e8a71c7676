"""What came of a run, out of its world's counters, its meters and its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from testbed.experiment.expect import Selection
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.world import Duplex, Flow, World
from testbed.host.socket import Socket
from testbed.metrics.meters import ConnectionMeter, Meters
from testbed.metrics.summary import End, flow_summary, link_summary, run_summary
from testbed.trace import store
from testbed.wire.segment import FLAG_NAMES


def summarise(world: World, meters: Meters, end: int) -> dict[str, Any]:
    """The numbers of every flow, every link and the whole run, which ended at `end` (ns)."""
    known = _Known(world, meters)
    flows = {name: _flow(flow, known, end) for name, flow in world.flows.items()}
    links = {name: _link(link, meters, end) for name, link in world.links.items()}
    refused = {name: host.ip.drops for name, host in world.hosts.items()}
    return {"flows": flows, "links": links, **run_summary(flows, end, refused)}


class _Known:
    """What is known of connections, by machine and flow: a thousand flows must not search through each other's."""

    def __init__(self, world: World, meters: Meters) -> None:
        self._meters: dict[tuple[str, str], dict[str, ConnectionMeter]] = {}
        self._sockets: dict[tuple[str, str], dict[str, Socket]] = {}
        for (host, label), meter in meters.connections.items():
            self._meters.setdefault((host, _flow_of(label)), {})[label] = meter
        unaccepted = [socket for host in world.hosts.values() for socket in host.sockets]
        known = [socket for flow in world.flows.values() for _, end in flow.ends for socket in end.sockets]
        for socket in [*unaccepted, *known]:
            self._sockets.setdefault((socket.host.name, _flow_of(socket.label)), {})[socket.label] = socket

    def ends(self, host: str, flow: str) -> list[End]:
        """The connections of one end. One that was never accepted, and is over, has no counters; a meter it has."""
        sockets = self._sockets.get((host, flow), {})
        return [
            End(sockets[label].stats.as_dict() if label in sockets else {}, meter)
            for label, meter in self._meters.get((host, flow), {}).items()
        ]


def _flow_of(label: str) -> str:
    """`a` for the connections `a`, `a/2`, `a/3`, …"""
    return label.partition("/")[0]


def _flow(flow: Flow, known: _Known, end: int) -> dict[str, Any]:
    spec = flow.spec
    return flow_summary(
        source=spec.source, destination=spec.destination, app=spec.app, start=spec.start, end=end,
        complete=flow.complete, error=flow.error, client=known.ends(spec.source, spec.name),
        server=known.ends(spec.destination, spec.name),
    )  # fmt: skip


def _link(link: Duplex, meters: Meters, end: int) -> dict[str, Any]:
    forward, reverse = (
        link_summary(one.stats, meters.link(one.name), busy=one.busy(end), end=end)
        for one in (link.forward, link.reverse)
    )
    return {**forward, "reverse": reverse}


def count_segments(folder: Path, spec: ExperimentSpec, chosen: Selection) -> int:
    """How many segments in the run's rows are those that an expectation's `count(…)` means."""
    import polars as pl

    flow = spec.flows[chosen.flow]
    host = flow.source if chosen.end == "client" else flow.destination
    column = pl.col
    wanted = (
        (column("host") == host)
        & ((column("connection") == flow.name) | column("connection").str.starts_with(f"{flow.name}/"))
        & (column("direction") == chosen.direction)
        & column("reason").str.contains(chosen.reason, literal=True)
    )
    for bit, name in FLAG_NAMES:
        if chosen.flags & bit:
            wanted &= column("flags").str.split(",").list.contains(name)
    return int(store.load(folder, "segment").filter(wanted).select(pl.len()).collect().item())
