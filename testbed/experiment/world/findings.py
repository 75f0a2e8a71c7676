"""What a world, or the part of one that a process had, has counted when it is over: what a summary is made of.

In real time each process finds its part, and the parts are put together: hence the way to JSON and back. Times in
ns, sizes in bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from testbed.experiment.world.sockets import sockets_of
from testbed.link.link import Link, LinkStats
from testbed.metrics.histogram import Histogram
from testbed.metrics.meters import ConnectionMeter, Meters
from testbed.metrics.summary import End
from testbed.traffic.application import CLIENT, SERVER

if TYPE_CHECKING:
    from testbed.experiment.world.world import World
    from testbed.host.socket import Socket


class EndFindings(NamedTuple):
    """One end of one flow. Where the application has no such end, it is complete and waits for nothing."""

    complete: bool
    done: bool
    error: str | None
    waiting_for: str
    connections: list[End]
    """In the order in which they were made."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        connections = [{"counters": dict(one.counters), "meter": one.meter.as_dict()} for one in self.connections]
        return {**self._asdict(), "connections": connections}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EndFindings:
        """What `as_dict` gave."""
        ends = [End(one["counters"], ConnectionMeter.from_dict(one["meter"])) for one in data["connections"]]
        return cls(**{**data, "connections": ends})


class DirectionFindings(NamedTuple):
    """One direction of a link."""

    stats: LinkStats
    free_at: int
    """When the packet that was sent last has left, or had."""
    waits: Histogram
    """How long each packet that had to queue was in it."""

    def busy(self, now: int) -> int:
        """For how long (ns) the serialiser has been sending, up to `now`."""
        return self.stats.busy_time - max(0, self.free_at - now)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"stats": self.stats.as_dict(), "free_at": self.free_at, "waits": self.waits.as_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DirectionFindings:
        """What `as_dict` gave."""
        return cls(LinkStats.from_dict(data["stats"]), data["free_at"], Histogram.from_dict(data["waits"]))


class Findings(NamedTuple):
    """Of a whole world, or of a part."""

    ends: dict[str, EndFindings]
    """By flow and role: `a.client`."""
    directions: dict[str, DirectionFindings]
    """By the link direction's name."""
    machine_drops: dict[str, dict[str, int]]
    """By machine and reason."""
    last_act: int
    """When an application did something, or a connection changed its state, for the last time."""
    sockets: list[dict[str, Any]]
    """How each stood: see `experiment.sockets`."""

    def end(self, flow: str, role: str) -> EndFindings:
        """That end of `flow`; of one whose process has found nothing, that it is not complete."""
        return self.ends.get(f"{flow}.{role}", EndFindings(False, False, None, f"{role}: nothing was heard of it", []))

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "ends": {name: one.as_dict() for name, one in self.ends.items()},
            "directions": {name: one.as_dict() for name, one in self.directions.items()},
            "machine_drops": self.machine_drops,
            "last_act": self.last_act,
            "sockets": self.sockets,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Findings:
        """What `as_dict` gave."""
        return cls(
            {name: EndFindings.from_dict(one) for name, one in data["ends"].items()},
            {name: DirectionFindings.from_dict(one) for name, one in data["directions"].items()},
            {machine: dict(reasons) for machine, reasons in data["machine_drops"].items()},
            data["last_act"],
            data["sockets"],
        )

    @classmethod
    def together(cls, parts: Iterable[Findings]) -> Findings:
        """Of the parts of one world: no two have the same end, direction or machine."""
        whole = cls({}, {}, {}, 0, [])
        for part in parts:
            whole.ends.update(part.ends)
            whole.directions.update(part.directions)
            whole.machine_drops.update(part.machine_drops)
            whole.sockets.extend(part.sockets)
            whole = whole._replace(last_act=max(whole.last_act, part.last_act))
        return whole


def find(world: World, meters: Meters) -> Findings:
    """What `world` has counted so far, and `meters`, which listened to it."""
    known = _Known(world, meters)
    ends = {}
    for name, flow in world.flows.items():
        for role, host, end in ((CLIENT, flow.spec.source, flow.client), (SERVER, flow.spec.destination, flow.server)):
            if host not in world.hosts:
                continue
            complete, done, error = (True, True, None) if end is None else (end.complete, end.done, end.error)
            waiting = "" if end is None or done else end.waiting_for
            ends[f"{name}.{role}"] = EndFindings(complete, done, error, waiting, known.connections(host, name))
    return Findings(
        ends,
        {name: _direction(one, meters) for name, one in world.directions.items()},
        {name: dict(host.ip.drops) for name, host in world.hosts.items()},
        max((meter.last_act for meter in meters.connections.values()), default=0),
        sockets_of(world),
    )


def _direction(link: Link, meters: Meters) -> DirectionFindings:
    return DirectionFindings(link.stats, link.free_at, meters.link(link.name).waits)


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

    def connections(self, host: str, flow: str) -> list[End]:
        """The connections of one end. One that was never accepted, and is over, has no counters; a meter it has."""
        sockets = self._sockets.get((host, flow), {})
        return [
            End(sockets[label].stats.as_dict() if label in sockets else {}, meter)
            for label, meter in self._meters.get((host, flow), {}).items()
        ]


def _flow_of(label: str) -> str:
    """`a` for the connections `a`, `a/2`, `a/3`, …"""
    return label.partition("/")[0]
