"""What came of a run, out of what its world has found, and of its rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

from testbed.experiment.expect import Selection, judge
from testbed.experiment.spec import ExperimentSpec, FlowSpec, LinkSpec
from testbed.experiment.world.findings import DirectionFindings, EndFindings, Findings
from testbed.link.link import LinkStats
from testbed.metrics.histogram import Histogram
from testbed.metrics.summary import flow_summary, link_summary, run_summary
from testbed.trace import store
from testbed.traffic.application import CLIENT, SERVER
from testbed.wire.segment import FLAG_NAMES

_NO_END: Final = EndFindings(True, True, None, "", [])


def summarise(spec: ExperimentSpec, findings: Findings, end: int) -> dict[str, Any]:
    """The numbers of every flow, every link and the whole run, which ended at `end` (ns)."""
    flows = {name: _flow(flow, findings, end) for name, flow in spec.flows.items()}
    links = {name: _link(link, findings, end) for name, link in spec.topology.links.items()}
    return {"flows": flows, "links": links, **run_summary(flows, end, findings.machine_drops)}


def outcome(spec: ExperimentSpec, folder: Path, status: str, findings: Findings, end: int) -> dict[str, Any]:
    """What a run's document says of a run that has come to its end, at `end` (ns); its rows are in `folder`."""
    summary = {"status": status, **summarise(spec, findings, end)}
    return {**summary, "expect": judge_all(spec, folder, summary)}


def judge_all(spec: ExperimentSpec, folder: Path, summary: dict[str, Any]) -> list[dict[str, Any]]:
    """What was expected of the run and what came; its numbers are in `summary`, its rows in `folder`."""
    return [judge(text, summary, partial(count_segments, folder, spec)) for text in spec.expect]


def end_of_run(spec: ExperimentSpec, findings: Findings, now: int, *, more: bool) -> int:
    """Up to when the numbers count (ns). The clock went as far as `now`; `more` was to come."""
    if all(findings.end(flow.name, role).done for flow in spec.flows.values() for role in flow.roles):
        return findings.last_act
    if spec.duration is not None and more:
        return spec.duration
    return max(findings.last_act, min(now, spec.duration or now))


def waiting(spec: ExperimentSpec, findings: Findings) -> list[str]:
    """Who waits for what, of the flows that have an end and have not come to it."""
    ends = [(flow, findings.end(flow.name, role)) for flow in spec.flows.values() for role in flow.roles]
    return [f"{flow.name}: {end.waiting_for}" for flow, end in ends if not end.done and not flow.application.endless]


def _flow(spec: FlowSpec, findings: Findings, end: int) -> dict[str, Any]:
    client, server = (findings.end(spec.name, role) if role in spec.roles else _NO_END for role in (CLIENT, SERVER))
    errors = [one.error for one in (client, server) if one.error is not None]
    return flow_summary(
        source=spec.source, destination=spec.destination, app=spec.app, start=spec.start, end=end,
        complete=client.complete and server.complete, error="; ".join(dict.fromkeys(errors)) or None,
        client=client.connections, server=server.connections,
    )  # fmt: skip


def _link(link: LinkSpec, findings: Findings, end: int) -> dict[str, Any]:
    forward, reverse = (_direction(findings.directions.get(name), end) for name, _, _, _ in link.directions)
    return {**forward, "reverse": reverse}


def _direction(found: DirectionFindings | None, end: int) -> dict[str, Any]:
    """One direction; where nothing was found, as if nothing had happened."""
    stats, free_at, waits = found or (LinkStats(), 0, Histogram())
    busy = DirectionFindings(stats, free_at, waits).busy(end)
    return link_summary(stats, waits, busy=busy, end=end)


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
