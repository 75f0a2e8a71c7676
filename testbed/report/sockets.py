"""The sockets of a finished run, as a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from testbed import units
from testbed.errors import ConfigError, ConfigProblem
from testbed.experiment.world.sockets import FILE
from testbed.report.tables import NOTHING, table_of
from testbed.store.folder import read_document


def read_sockets(run: Path, states: Collection[str] = ()) -> list[dict[str, Any]]:
    """The sockets of the run in that folder; only those in `states`, if any are named."""
    sockets = read_document(run, FILE).get("sockets")
    if not isinstance(sockets, list):
        raise ConfigError([ConfigProblem("is damaged: no list of sockets", file=str(run / FILE))])
    return [socket for socket in sockets if not states or socket["state"] in states]


def socket_table(sockets: list[dict[str, Any]]) -> Table:
    """A line each: where, between whom, how far, and how the path looked."""
    table = table_of("flow", "state", "local", "peer", numbers=("recv-q", "send-q", "cwnd", "RTT"))
    for socket in sockets:
        local, peer = _named(socket["local"], socket["host"]), _named(socket["peer"], socket["peer_host"])
        queues = str(socket["recv_q"]), str(socket["send_q"])
        table.add_row(socket["connection"], socket["state"], local, peer, *queues, *_path(socket["info"]))
    return table


def _named(end: str, host: str | None) -> str:
    """`10.0.0.1:80` -> `server:80`, if the machine is one of ours."""
    return end if host is None else f"{host}:{end.rpartition(':')[2]}"


def _path(info: Mapping[str, int] | None) -> tuple[str, str]:
    """The congestion window in segments, and the round trip."""
    if info is None:
        return NOTHING, NOTHING
    return str(info["snd_cwnd"]), units.show_duration(float(f"{info['rtt'] * 1000:.3g}")) if info["rtt"] else NOTHING
