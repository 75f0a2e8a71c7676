"""How a run stands while it goes on: what a live table shows. Times in ns, sizes in bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from testbed.experiment.world.world import World
    from testbed.host.socket import Socket
    from testbed.traffic.application import End


class EndView(NamedTuple):
    """One end of one flow; the window and the times are those of its latest connection."""

    bytes_read: int
    cwnd: int
    srtt: int
    """0 before the first sample."""
    retransmitted_segments: int
    state: str
    """Of the latest connection; "" before there is one."""
    done: bool


class DirectionView(NamedTuple):
    """One direction of a link."""

    bytes_sent: int
    queued: int
    """Packets that wait now."""
    drops: int


class Snapshot(NamedTuple):
    """A moment of a run, or of the part that one process has."""

    ends: dict[str, EndView]
    """By flow and role: `a.client`."""
    directions: dict[str, DirectionView]

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "ends": {name: list(one) for name, one in self.ends.items()},
            "directions": {name: list(one) for name, one in self.directions.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Snapshot:
        """What `as_dict` gave."""
        return cls(
            {name: EndView(*one) for name, one in data["ends"].items()},
            {name: DirectionView(*one) for name, one in data["directions"].items()},
        )

    @classmethod
    def together(cls, parts: Iterable[Snapshot]) -> Snapshot:
        """Of the parts of one world."""
        whole = cls({}, {})
        for part in parts:
            whole.ends.update(part.ends)
            whole.directions.update(part.directions)
        return whole


Tidings = Callable[[int, "Snapshot | None"], None]
"""Told now and then how far a run has come: its time (ns), and how it stands."""


def snapshot(world: World) -> Snapshot:
    """How `world` stands now."""
    ends = {f"{name}.{role}": _end(end) for name, flow in world.flows.items() for role, end in flow.ends}
    directions = {
        name: DirectionView(link.stats.bytes_sent, link.queued, link.stats.drops)
        for name, link in world.directions.items()
    }
    return Snapshot(ends, directions)


def _end(end: End) -> EndView:
    again = sum(socket.stats.retransmitted_segments for socket in end.sockets)
    if not end.sockets:
        return EndView(end.bytes_read, 0, 0, again, "", end.done)
    return _with_socket(end, end.sockets[-1], again)


def _with_socket(end: End, socket: Socket, again: int) -> EndView:
    sender = socket.connection.sender
    return EndView(end.bytes_read, sender.control.cwnd, sender.rtt.srtt or 0, again, socket.state, end.done)
