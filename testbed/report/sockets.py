"""The sockets of a run, finished or in progress, as a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from testbed import units
from testbed.errors import ConfigError
from testbed.experiment.world.sockets import FILE
from testbed.report.tables import NOTHING, table_of
from testbed.store import running
from testbed.store.folder import find_run, read_document
from testbed.store.frames import frame

if TYPE_CHECKING:
    import polars as pl


def find_sockets(name: str, states: Collection[str] = ()) -> tuple[list[dict[str, Any]], str]:
    """The sockets of the run that is meant, and, for one that goes on, a remark of how old they are."""
    if name != running.RUNNING:
        try:
            return read_sockets(find_run(name), states), ""
        except ConfigError:
            if not running.running_below(Path(name)):
                raise
    run = running.find_running(name)
    seen = running.glimpse(run)
    remark = f"{run} goes on: {units.show_duration(seen.now)} of it, as of {seen.age:.1f} s ago"
    return [socket for socket in seen.sockets if not states or socket["state"] in states], remark


def read_sockets(run: Path, states: Collection[str] = ()) -> list[dict[str, Any]]:
    """The sockets of the run in that folder; only those in `states`, if any are named."""
    sockets = read_document(run, FILE).get("sockets")
    if not isinstance(sockets, list):
        raise ConfigError.of("is damaged: no list of sockets", file=str(run / FILE))
    return [socket for socket in sockets if not states or socket["state"] in states]


def socket_table(sockets: list[dict[str, Any]]) -> Table:
    """A line each: where, between whom, how far, and how the path looked."""
    table = table_of("flow", "state", "local", "peer", numbers=("recv-q", "send-q", "cwnd", "RTT"))
    for socket in sockets:
        local, peer = _named(socket["local"], socket["host"]), _named(socket["peer"], socket["peer_host"])
        queues = str(socket["recv_q"]), str(socket["send_q"])
        table.add_row(socket["connection"], socket["state"], local, peer, *queues, *_path(socket["info"]))
    return table


def socket_frame(sockets: list[dict[str, Any]]) -> pl.DataFrame:
    """The same, and all of `info`: a row each."""
    rows = [
        {name: value for name, value in socket.items() if name != "info"}
        | {f"info.{name}": value for name, value in (socket["info"] or {}).items()}
        for socket in sockets
    ]
    return frame(dict.fromkeys(name for row in rows for name in row), rows)


def _named(end: str, host: str | None) -> str:
    """`10.0.0.1:80` -> `server:80`, if the machine is one of ours."""
    return end if host is None else f"{host}:{end.rpartition(':')[2]}"


def _path(info: Mapping[str, int] | None) -> tuple[str, str]:
    """The congestion window in segments, and the round trip."""
    if info is None:
        return NOTHING, NOTHING
    return str(info["snd_cwnd"]), units.show_duration(float(f"{info['rtt'] * 1000:.3g}")) if info["rtt"] else NOTHING
