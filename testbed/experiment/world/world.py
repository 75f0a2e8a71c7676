"""A spec come to life: machines, links, routes, flows and the timeline around one clock. Nothing has happened yet."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from testbed.clock import Clock
from testbed.experiment.reading.routes import routes_of
from testbed.experiment.spec import ChangeSpec, ExperimentSpec, FlowSpec, LinkSpec
from testbed.experiment.world.outside import Deliver, Outside
from testbed.host.guest import Launcher
from testbed.host.host import Host
from testbed.link.link import Link
from testbed.runtime.guests import Guests
from testbed.tcp.config import TcpConfig
from testbed.trace.tracer import Tracer
from testbed.traffic.application import CLIENT, SERVER, End, FlowContext
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


class World:
    """Everything that an experiment consists of. Nothing happens until its clock is run.

    With `machines`, only what belongs to these: link directions belong to the machine that sends, and an end of a
    flow to its host. `outside` then leads to the rest. `launcher` runs the programs of guests, and is closed with the
    world; left out, they live in virtual time.
    """

    def __init__(
        self,
        spec: ExperimentSpec,
        clock: Clock,
        tracer: Tracer,
        machines: Collection[str] | None = None,
        outside: Outside | None = None,
        launcher: Launcher | None = None,
    ) -> None:
        self.spec = spec
        self.clock = clock
        self._tracer = tracer
        self._outside = outside
        self.launcher = launcher or Guests(clock)
        self.addresses = {machine.name: machine.address for machine in spec.topology.machines.values()}
        self.hosts = {
            name: Host(name, machine.address, clock, spec.seed, tracer, machine.tcp, machine.forwarding)
            for name, machine in spec.topology.machines.items()
            if machines is None or name in machines
        }
        self.directions: dict[str, Link] = {}
        """Every link direction by name."""
        for link in spec.topology.links.values():
            self._join(link)
        self._set_routes()
        self.flows = {name: self._flow(flow) for name, flow in spec.flows.items() if self._has_part_in(flow)}
        for change in spec.timeline:
            clock.at(change.at, self._change, change)

    @property
    def done(self) -> bool:
        """All applications have ended."""
        return all(flow.done for flow in self.flows.values())

    def close(self) -> None:
        """The run is over: end the programs of guests. What they were waiting for can still be asked."""
        self.launcher.close()

    # -- the network -------------------------------------------------------------------------------------------------

    def _join(self, link: LinkSpec) -> None:
        """Both directions, and an interface of the link's name at each end: as far as they belong here."""
        for name, sender, receiver, spec in link.directions:
            if sender in self.hosts:
                deliver = self._deliver(name, receiver, link)
                tracer = self._tracer.link(name)
                one = Link(name, spec, self.clock, self.spec.seed, deliver, tracer, self.addresses)
                self.hosts[sender].attach(link.name, one)
                self.directions[name] = one
            elif receiver in self.hosts and self._outside is not None:
                self._outside.inlet(name, self.hosts[receiver].incoming(link.name))

    def _deliver(self, direction: str, receiver: str, link: LinkSpec) -> Deliver:
        """Where the packets of a link direction go that begins here."""
        if receiver in self.hosts:
            deliver = self.hosts[receiver].incoming(link.name)
            return deliver if self._outside is None else self._outside.watch(direction, deliver)
        assert self._outside is not None
        return self._outside.outlet(direction)

    def _set_routes(self) -> None:
        """On every machine, the way to each host that has a flow; to every host, if somebody may look around."""
        routes = routes_of(self.spec.topology)
        flows = self.spec.flows.values()
        ends = [end for flow in flows for end in (flow.source, flow.destination) if end]
        roaming = any(flow.application.roams for flow in flows)
        for destination in self.spec.topology.hosts if roaming else dict.fromkeys(ends):
            address = self.addresses[destination]
            for machine, hop in routes.towards(destination).items():
                if machine in self.hosts:
                    host = self.hosts[machine]
                    host.routes[address] = host.ip.interfaces[hop.link]

    def _change(self, change: ChangeSpec, now: int) -> None:
        for name, spec in change.directions.items():
            if name in self.directions:
                self.directions[name].change(spec, now)

    # -- flows -------------------------------------------------------------------------------------------------------

    def _has_part_in(self, spec: FlowSpec) -> bool:
        return spec.source in self.hosts or spec.destination in self.hosts

    def _flow(self, spec: FlowSpec) -> Flow:
        """The ends of a flow that belong here. The server begins with the run; the client when the flow does."""
        client, server = None, None
        client_cue, server_cue = self._cues(spec)
        if spec.destination in self.hosts:
            server = spec.application.server(
                self._context(spec, spec.destination, spec.source, spec.server_tcp, server_cue)
            )
        if spec.source in self.hosts:
            client = spec.application.client(
                self._context(spec, spec.source, spec.destination, spec.client_tcp, client_cue)
            )
        self.clock.at(0, _start, server)
        self.clock.at(spec.start, _start, client)
        return Flow(spec, client, server)

    def _cues(self, spec: FlowSpec) -> tuple[Cue, Cue]:
        """The lines between both ends: the client's, and the server's."""
        here = [role for role, host in ((CLIENT, spec.source), (SERVER, spec.destination)) if host in self.hosts]
        if len(here) == 2 or self._outside is None:
            return Cue.pair(self.clock)
        cue = self._outside.cue(spec.name, here[0])
        return cue, cue

    def _context(self, spec: FlowSpec, here: str, there: str, tcp: TcpConfig, cue: Cue) -> FlowContext:
        return FlowContext(
            name=spec.name, host=self.hosts[here], clock=self.clock, port=spec.port, config=tcp, seed=self.spec.seed,
            peer_address=self.addresses.get(there, 0), peer_name=there, cue=cue, addresses=self.addresses,
            launcher=self.launcher,
        )  # fmt: skip


def _start(end: Any, now: int) -> None:
    if end is not None:
        end.start(now)
