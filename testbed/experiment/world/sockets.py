"""The sockets of a world, as `ss` lists them: what a run's `sockets.json` holds, when it is over and meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from testbed.trace.files import whole
from testbed.wire.packet import show_address

if TYPE_CHECKING:
    from testbed.experiment.world.world import World
    from testbed.host.host import Host
    from testbed.host.listener import Listener
    from testbed.host.socket import Endpoint, Socket

FILE: Final = "sockets.json"

MOST: Final = 1000
"""How many are kept of connections that are over; all others are."""

MOST_SHOWN: Final = 200
"""How many a run in progress shows of each machine: more would take milliseconds."""

SHOW_EVERY: Final = 1.0
"""Seconds of wall time, about, between two showings of a run in progress."""

CLOSED: Final = "CLOSED"

Names = Mapping[int, str]
"""Machines by their addresses."""


def sockets_of(world: World) -> list[dict[str, Any]]:
    """Listeners and connections, by host: those that live, and those that the applications had."""
    held = [socket for flow in world.flows.values() for _, end in flow.ends for socket in end.sockets]
    over = [socket for socket in held if socket.state == CLOSED]
    names = {address: name for name, address in world.addresses.items()}
    rows = [row for host in world.hosts.values() for row in _living(host, names)]
    rows += [_connection(socket, names) for socket in over[-MOST:]]
    return sorted(rows, key=lambda row: str(row["host"]))


def show_sockets(world: World, folder: Path) -> None:
    """While the run goes on: what there is now, in a file that is always whole. If the disk refuses, there is none."""
    names = {address: name for name, address in world.addresses.items()}
    rows = [row for host in world.hosts.values() for row in islice(_living(host, names), MOST_SHOWN)]
    with suppress(OSError), whole(folder / FILE) as unfinished:
        unfinished.write_text(json.dumps({"now": world.clock.now, "sockets": rows}))


def _living(host: Host, names: Names) -> Iterator[dict[str, Any]]:
    for listener in host.listeners.values():
        yield _listening(listener)
    for socket in host.sockets:
        yield _connection(socket, names)


def _listening(listener: Listener) -> dict[str, Any]:
    return {
        "host": listener.host.name, "connection": listener.label, "state": "LISTEN",
        "recv_q": listener.waiting, "send_q": listener.backlog,
        "local": _shown((listener.host.address, listener.port)), "peer": "*", "peer_host": None, "info": None,
    }  # fmt: skip


def _connection(socket: Socket, names: Names) -> dict[str, Any]:
    sender = socket.connection.sender
    return {
        "host": socket.host.name, "connection": socket.label, "state": socket.state,
        "recv_q": socket.available, "send_q": sender.buffer.end - sender.buffer.start,
        "local": _shown(socket.local), "peer": _shown(socket.remote), "peer_host": names.get(socket.remote[0]),
        "info": socket.info(),
    }  # fmt: skip


def _shown(end: Endpoint) -> str:
    return f"{show_address(end[0])}:{end[1]}"
