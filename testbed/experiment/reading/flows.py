"""The parts of a document that describe what happens in the network: flows, and the timeline of changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from testbed.experiment.expect.nodes import Call
from testbed.experiment.expect.words import KEYWORDS
from testbed.experiment.language.document import Path, assign, nearest
from testbed.experiment.language.reader import Reader, hints
from testbed.experiment.reading.programs import Programs
from testbed.experiment.reading.routes import Routes
from testbed.experiment.reading.topology import TcpLayer, TopologyReader, check_name, merge_tcp, read_tcp
from testbed.experiment.spec import ChangeKeys, ChangeSpec, FlowKeys, FlowSpec, TopologySpec
from testbed.link.qdisc.qdisc import bdp_limit
from testbed.link.spec import DirectionSpec
from testbed.metrics.table import METRICS, RUN
from testbed.traffic import APPS
from testbed.traffic.application import CLIENT, SERVER
from testbed.traffic.guest import GuestSpec
from testbed.units import show_duration

FIRST_PORT: Final = 5001
RESERVED: Final = frozenset({"links", *METRICS[RUN], *Call.FUNCTIONS, "count", *KEYWORDS})
"""Words of expectations, which no flow can be called by."""


class FlowReader:
    """Reads the flows of one document over a topology that has been read, and the programs of guests."""

    def __init__(
        self, reader: Reader, topology: TopologySpec, routes: Routes, layer: TcpLayer, programs: Programs
    ) -> None:
        self._reader = reader
        self._programs = programs
        self._topology = topology
        self._hosts = dict.fromkeys(topology.hosts)
        self._routes = routes
        self._layer = layer
        self._whole = len(topology.links) == len(reader.mapping(("links",)))  # or a way may be missing by mistake

    def read(self, duration: int | None) -> dict[str, FlowSpec]:
        """What could be read; `duration` is the experiment's, which ends what has no end of its own."""
        reader = self._reader
        flows = {}
        for index, name in enumerate(reader.mapping(("traffic",))):
            flow = self._flow(name, index)
            if flow is not None:
                flows[name] = flow
                self._check_end(flow, duration)
        self._check_ports(flows)
        return flows

    def _flow(self, name: str, index: int) -> FlowSpec | None:
        reader, path = self._reader, ("traffic", name)
        before = len(reader.problems)
        application, common = self._application(path)
        if reader.document.at((*path, "name")) == name:
            check_name(reader, (*path, "name"), name, "flow")
        if name in RESERVED:
            reader.problem((*path, "name"), f"{name!r} is a word of expectations", "give the flow another name")
        ends = self._ends(path, common)
        tcp = read_tcp(reader, (*path, "tcp"))
        client = self._tcp(tcp, (*path, "client_tcp"), ends[0])
        server = self._tcp(tcp, (*path, "server_tcp"), ends[1])
        lost = any(end and end not in self._topology.machines for end in ends)
        if len(reader.problems) > before or application is None or lost:
            return None
        return FlowSpec(
            name=name, app=common["app"], application=application, source=ends[0], destination=ends[1],
            port=common.get("port") or FIRST_PORT + index, start=common.get("start", 0),
            client_tcp=client, server_tcp=server,
        )  # fmt: skip

    def _application(self, path: Path) -> tuple[Any, dict[str, Any]]:
        """The application and the common keys that are right."""
        reader = self._reader
        reader.missing(path, FlowKeys)
        name = reader.document.at((*path, "app"))
        if name not in APPS:
            if name is not None:
                reader.unknown((*path, "app"), "app", name, APPS)
            known = tuple(key for key in reader.mapping(path) if key not in FLOW_KEYS)
            return None, reader.fields(path, FlowKeys, ignore=known)
        spec = APPS[name]
        found = reader.fields(path, FlowKeys, spec)
        if CLIENT in spec.ends and "from" not in reader.mapping(path):
            reader.problem(path, "needs 'from'", "the host whose end connects", key=True)
        own = {key: value for key, value in found.items() if key not in FLOW_KEYS}
        written = [key for key in reader.mapping(path) if key in hints(spec)]
        wrong = reader.missing(path, spec) or len(own) < len(written)
        made = None if wrong else reader.make(path, spec, own)
        return self._programs.fill(reader, path, made) if isinstance(made, GuestSpec) else made, found

    def _ends(self, path: Path, common: dict[str, Any]) -> tuple[str, str]:
        """The two hosts' names, which may be wrong: then there is a problem."""
        reader, machines = self._reader, self._topology.machines
        source, destination = common.get("from", ""), common.get("to", "")
        for key, name in (("from", source), ("to", destination)):
            if name and machines and name not in machines:
                reader.problem((*path, key), f"there is no host {name!r}", nearest(name, self._hosts))
            elif name in machines and machines[name].forwarding:
                reader.problem((*path, key), f"{name!r} is a router; flows run between hosts", "name a host")
        if source not in self._hosts or destination not in self._hosts:
            return source, destination
        if source == destination:
            reader.problem((*path, "to"), f"both ends are on {source!r}", "a flow runs between two hosts")
        elif self._whole and self._routes.path(source, destination) is None:
            reader.problem((*path, "to"), f"no way leads from {source!r} to {destination!r}", "join them by links")
        return source, destination

    def _tcp(self, both: TcpLayer, path: Path, host: str) -> Any:
        layers = [self._layer]
        if host in self._hosts:
            layers.append(read_tcp(self._reader, ("hosts", host, "tcp")))
        return merge_tcp(self._reader, [*layers, both, read_tcp(self._reader, path)])

    def _check_end(self, flow: FlowSpec, duration: int | None) -> None:
        path = ("traffic", flow.name)
        if duration is None and flow.application.endless:
            self._reader.problem(path, "never ends", "say how much it does, or give the experiment a duration")
        if duration is not None and flow.start >= duration:
            message = f"starts when the experiment is over, at {show_duration(duration)}"
            self._reader.problem((*path, "start"), message, "start it earlier, or lengthen the duration")

    def _check_ports(self, flows: dict[str, FlowSpec]) -> None:
        owners: dict[tuple[str, int], str] = {}
        for flow in flows.values():
            if SERVER not in flow.application.ends:
                continue  # it aims at another's
            owner = owners.setdefault((flow.destination, flow.port), flow.name)
            if owner != flow.name:
                path: Path = ("traffic", flow.name, "port")
                message = f"port {flow.port} of {flow.destination!r} belongs to flow {owner!r}"
                self._reader.problem(path, message, "give one of them another port")


FLOW_KEYS: Final = frozenset(hints(FlowKeys))
"""What every flow may say; the other keys are its application's."""


# -- queues -----------------------------------------------------------------------------------------------------------


def fill_queues(topology: TopologySpec, flows: dict[str, FlowSpec], routes: Routes) -> TopologySpec:
    """The topology with the default of every queue that has no limit: one bandwidth-delay product.

    That is the link's rate times the longest round trip, without any queueing, of the flows that cross it in that
    direction; its own round trip if none does.
    """
    round_trips: dict[str, int] = {}
    for flow in flows.values():
        if not flow.source:
            continue
        ends = (flow.source, flow.destination), (flow.destination, flow.source)
        round_trip = sum(routes.delay(*way) or 0 for way in ends)
        for way in ends:
            for hop in routes.path(*way) or ():
                round_trips[hop.direction] = max(round_trip, round_trips.get(hop.direction, 0))
    links = {}
    for name, link in topology.links.items():
        own = link.forward.delay + link.reverse.delay
        forward, reverse = (
            _with_queue(spec, round_trips.get(direction, own)) for direction, _, _, spec in link.directions
        )
        links[name] = replace(link, forward=forward, reverse=reverse)
    return replace(topology, links=links)


def _with_queue(spec: DirectionSpec, round_trip: int) -> DirectionSpec:
    if spec.queue.limit is not None or spec.rate is None:
        return spec
    return replace(spec, queue=replace(spec.queue, limit=bdp_limit(spec.rate, round_trip, spec.mtu)))


# -- timeline ---------------------------------------------------------------------------------------------------------


class TimelineReader:
    """Reads the changes of links. Each entry's `set` is put into the document as any other would be, and the
    network is read again; the directions that come out different are what changes."""

    def __init__(self, reader: Reader, topology: TopologySpec, layer: TcpLayer) -> None:
        self._reader = reader
        self._topology = topology
        self._layer = layer

    def read(self, duration: int | None) -> tuple[ChangeSpec, ...]:
        """The changes in order of time; entries of one time in the order of the file."""
        reader = self._reader
        entries = []
        for index, entry in enumerate(reader.sequence(("timeline",))):
            path: Path = ("timeline", index)
            found = reader.fields(path, ChangeKeys)
            if not isinstance(entry, dict) or reader.missing(path, ChangeKeys) or "at" not in found:
                continue
            entries.append((found["at"], path))
            if duration is not None and found["at"] >= duration:
                message = f"the experiment is over at {show_duration(duration)}"
                reader.problem((*path, "at"), message, "set it earlier, or lengthen the duration")
        return self._changes(sorted(entries, key=lambda entry: entry[0]))

    def _changes(self, entries: list[tuple[int, Path]]) -> tuple[ChangeSpec, ...]:
        changed = Reader(self._reader.document.copy(), self._reader.plugs)
        before = self._topology
        changes = []
        for at, path in entries:
            for name in self._reader.mapping((*path, "set")):
                self._set(changed, name, (*path, "set", name))
            after = _keep_queues(TopologyReader(changed, self._layer).read(), self._topology)
            changes.append(ChangeSpec(at=at, directions=_differences(before, after)))
            before = after
        for found in changed.problems:
            if str(found) not in map(str, self._reader.problems):
                self._reader.problems.append(found)
        return tuple(changes)

    def _set(self, changed: Reader, name: str, path: Path) -> None:
        reader = self._reader
        if not name.startswith("links.") or name.endswith(".ends"):
            reader.problem(path, f"{name!r} cannot change during a run", "only what links do can", key=True)
            return
        named_at = reader.document.place(path, key=True)
        reader.problems += assign(changed.document, name, reader.document.part(path), named_at)


def _differences(before: TopologySpec, after: TopologySpec) -> dict[str, DirectionSpec]:
    """The link directions that do something else in `after`."""
    old = {name: spec for link in before.links.values() for name, _, _, spec in link.directions}
    new = {name: spec for link in after.links.values() for name, _, _, spec in link.directions}
    return {name: spec for name, spec in new.items() if name in old and spec != old[name]}


def _keep_queues(topology: TopologySpec, first: TopologySpec) -> TopologySpec:
    """A queue without a limit keeps the default that it began with: memory does not grow with the rate."""
    links = {}
    for name, link in topology.links.items():
        was = first.links.get(name, link)
        links[name] = replace(
            link, forward=_keep_queue(link.forward, was.forward), reverse=_keep_queue(link.reverse, was.reverse)
        )
    return replace(topology, links=links)


def _keep_queue(spec: DirectionSpec, first: DirectionSpec) -> DirectionSpec:
    return replace(spec, queue=replace(spec.queue, limit=first.queue.limit)) if spec.queue.limit is None else spec
