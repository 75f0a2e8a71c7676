"""What came of a run, out of its world's counters, its meters and its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from testbed.experiment.expect import Selection
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.world import Duplex, Flow, World
from testbed.metrics.meters import ConnectionMeter, Meters
from testbed.metrics.summary import End, flow_summary, link_summary, run_summary
from testbed.trace import store
from testbed.wire.segment import FLAG_NAMES


def summarise(world: World, meters: Meters, end: int) -> dict[str, Any]:
    """The numbers of every flow, every link and the whole run, which ended at `end` (ns)."""
    flows = {name: _flow(flow, meters, end) for name, flow in world.flows.items()}
    links = {name: _link(link, meters, end) for name, link in world.links.items()}
    return {"flows": flows, "links": links, **run_summary(flows, end)}


def _flow(flow: Flow, meters: Meters, end: int) -> dict[str, Any]:
    spec = flow.spec
    return flow_summary(
        source=spec.source, destination=spec.destination, app=spec.app, start=spec.start, end=end,
        complete=flow.complete, error=flow.error, client=_ends(flow, "client", spec.source, meters),
        server=_ends(flow, "server", spec.destination, meters),
    )  # fmt: skip


def _ends(flow: Flow, role: str, host: str, meters: Meters) -> list[End]:
    """The connections of one end. One that was never accepted has no counters; a meter it has."""
    sockets = flow.sockets(role)
    found: dict[str, ConnectionMeter] = {}
    for (where, label), meter in meters.connections.items():
        if where == host and label.partition("/")[0] == flow.spec.name:
            found[label] = meter
    return [End(sockets[label].stats.as_dict() if label in sockets else {}, meter) for label, meter in found.items()]


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
