"""A spec come to life: machines, links, routes, flows and the timeline around one clock. Nothing has happened yet."""

from __future__ import annotations

from typing import Any, NamedTuple

from testbed.clock import Clock
from testbed.experiment.routes import routes_of
from testbed.experiment.spec import ChangeSpec, ExperimentSpec, FlowSpec, LinkSpec
from testbed.host.host import Host
from testbed.link.link import Link
from testbed.tcp.config import TcpConfig
from testbed.trace.tracer import Tracer
from testbed.traffic.application import End, FlowContext
from testbed.traffic.cue import Cue


class Flow:
    """A flow's two ends; an application may lack one."""

    def __init__(self, spec: FlowSpec, client: End | None, server: End | None) -> None:
        self.spec = spec
        self.client = client
        self.server = server

    @property
    def ends(self) -> list[tuple[str, End]]:
        """The ends that there are, by what they are."""
        ends = (("client", self.client), ("server", self.server))
        return [(role, end) for role, end in ends if end is not None]

    @property
    def done(self) -> bool:
        """Neither end has anything left to do."""
        return all(end.done for _, end in self.ends)

    @property
    def complete(self) -> bool:
        """Both ends have done all that they were to do."""
        return all(end.complete for _, end in self.ends)

    @property
    def error(self) -> str | None:
        """Why it failed: in the words of the end, or of both."""
        errors = [end.error for _, end in self.ends if end.error is not None]
        return "; ".join(dict.fromkeys(errors)) or None

    @property
    def waiting_for(self) -> list[str]:
        """Who waits for what, of what is not done."""
        return [f"{self.spec.name}: {end.waiting_for}" for _, end in self.ends if not end.done]


class Duplex(NamedTuple):
    """Both directions of a link."""

    spec: LinkSpec
    forward: Link
    reverse: Link


class World:
    """Everything that an experiment consists of. Nothing happens until its clock is run."""

    def __init__(self, spec: ExperimentSpec, clock: Clock, tracer: Tracer) -> None:
        self.spec = spec
        self.clock = clock
        self._tracer = tracer
        self.addresses = {machine.name: machine.address for machine in spec.topology.machines.values()}
        self.hosts = {
            name: Host(name, machine.address, clock, spec.seed, tracer, machine.tcp, machine.forwarding)
            for name, machine in spec.topology.machines.items()
        }
        self.links = {name: self._link(link) for name, link in spec.topology.links.items()}
        self._set_routes()
        self.flows = {name: self._flow(flow) for name, flow in spec.flows.items()}
        for change in spec.timeline:
            clock.at(change.at, self._change, change)

    @property
    def directions(self) -> dict[str, Link]:
        """Every link direction by name."""
        return {one.name: one for link in self.links.values() for one in (link.forward, link.reverse)}

    @property
    def done(self) -> bool:
        """All applications have ended."""
        return all(flow.done for flow in self.flows.values())

    # -- the network -------------------------------------------------------------------------------------------------

    def _link(self, link: LinkSpec) -> Duplex:
        """Both directions, and an interface of the link's name at each end."""
        directions = []
        for name, sender, receiver, spec in link.directions:
            deliver = self.hosts[receiver].incoming(link.name)
            one = Link(name, spec, self.clock, self.spec.seed, deliver, self._tracer.link(name), self.addresses)
            self.hosts[sender].attach(link.name, one)
            directions.append(one)
        return Duplex(link, *directions)

    def _set_routes(self) -> None:
        """On every machine, the way to each host that has a flow."""
        routes = routes_of(self.spec.topology)
        flows = self.spec.flows.values()
        for destination in dict.fromkeys(end for flow in flows for end in (flow.source, flow.destination) if end):
            address = self.addresses[destination]
            for machine, hop in routes.towards(destination).items():
                host = self.hosts[machine]
                host.routes[address] = host.ip.interfaces[hop.link]

    def _change(self, change: ChangeSpec, now: int) -> None:
        directions = self.directions
        for name, spec in change.directions.items():
            directions[name].change(spec, now)

    # -- flows -------------------------------------------------------------------------------------------------------

    def _flow(self, spec: FlowSpec) -> Flow:
        """The ends of a flow. The server begins with the run; the client when the flow does."""
        client_cue, server_cue = Cue.pair(self.clock)
        server = spec.application.server(
            self._context(spec, spec.destination, spec.source, spec.server_tcp, server_cue)
        )
        client = None
        if spec.source:
            client = spec.application.client(
                self._context(spec, spec.source, spec.destination, spec.client_tcp, client_cue)
            )
        flow = Flow(spec, client, server)
        self.clock.at(0, _start, server)
        self.clock.at(spec.start, _start, client)
        return flow

    def _context(self, spec: FlowSpec, here: str, there: str, tcp: TcpConfig, cue: Cue) -> FlowContext:
        return FlowContext(
            name=spec.name, host=self.hosts[here], clock=self.clock, port=spec.port, config=tcp, seed=self.spec.seed,
            peer_address=self.addresses.get(there, 0), peer_name=there, cue=cue,
        )  # fmt: skip


def _start(end: Any, now: int) -> None:
    if end is not None:
        end.start(now)
