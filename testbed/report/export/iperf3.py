"""A flow as `iperf3 -J` would have told of it, for scripts that read its JSON.

A stream is one end of a connection: those at the side of the flow that sent more. As with iperf3, the sender's bytes
are what its application has written, and the receiver's what was read. Times are s, rates bit/s, round trips µs.
What the testbed does not know of is left out (`rttvar`, `pmtu`), and no processor was used: its shares are 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from testbed.report.series import Series, flow_series, sequence_graph
from testbed.report.series.rows import BETWEEN
from testbed.store.folder import read_run
from testbed.trace import store

if TYPE_CHECKING:
    import polars as pl

Document = Mapping[str, Any]
Group = dict[str, Any]

Events = tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]
"""When (s), and how much so far, with a 0 in front."""

VERSION: Final = "3.12"
"""Of the iperf3 whose keys these are."""

FIRST_SOCKET: Final = 5
IDLE: Final = {f"{whose}_{kind}": 0.0 for whose in ("host", "remote") for kind in ("total", "user", "system")}


def iperf3(run: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """`a.json` for each flow that made a connection."""
    document = read_run(run)
    series = flow_series(run)
    for name, flow in document["flows"].items():
        streams = _streams(run, name, flow, series)
        if streams:
            text = json.dumps(_document(document, name, flow, streams), indent=2, allow_nan=False)
            yield re.sub(r"[^\w.-]", "_", name) + ".json", iter([text.encode() + b"\n"])


class Stream:
    """One sender: what it wrote and when, what its peer read, what it sent again, and how its window went."""

    __slots__ = ("again", "read", "series", "socket", "written")

    def __init__(
        self, socket: int, series: Mapping[str, Series], rows: Mapping[str, pl.DataFrame], again: Events
    ) -> None:
        self.socket = socket
        self.series = series
        self.written = _times(rows["written"])
        self.read = _times(rows["read"])
        self.again = again

    def sums(self, begin: float, end: float) -> Group:
        """Bytes written and segments sent again from `begin` until before `end` (s)."""
        size = _between(self.written, begin, end)
        return _span(begin, end, size) | {"retransmits": int(_between(self.again, begin, end))}

    def state(self, at: float) -> Group:
        """Its window and round trip at a time."""
        found = {"snd_cwnd": _held(self.series.get("cwnd"), at, 1), "rtt": _held(self.series.get("rtt"), at, 1e6)}
        return {name: value for name, value in found.items() if value is not None}

    def extremes(self) -> Group:
        """The largest window, and the least, greatest and mean of the smoothed round trip."""
        cwnd, rtt = self.series.get("cwnd"), self.series.get("rtt")
        found: Group = {"max_snd_cwnd": int(cwnd.y.max())} if cwnd is not None and len(cwnd) else {}
        known = rtt.y[~np.isnan(rtt.y)] * 1e6 if rtt is not None else np.empty(0)
        if len(known):
            found |= {"max_rtt": int(known.max()), "min_rtt": int(known.min()), "mean_rtt": int(known.mean())}
        return found


def _streams(run: Path, name: str, flow: Document, series: Mapping[str, Mapping[str, Series]]) -> list[Stream]:
    """The senders of a flow: at its client, or at its server if that sent more."""
    reverse = _reverse(flow)
    host, peer = (flow["to"], flow["from"]) if reverse else (flow["from"], flow["to"])
    labels = [end.partition(BETWEEN) for end in series]
    mine = [label for label, _, at in labels if at == host and label.partition("/")[0] == name]
    return [
        Stream(
            FIRST_SOCKET + 2 * index, series[f"{label}{BETWEEN}{host}"], _rows(run, label, host, peer),
            _sent_again(run, f"{label}{BETWEEN}{host}"),
        )
        for index, label in enumerate(mine)
    ]  # fmt: skip


def _reverse(flow: Document) -> bool:
    sent = [(flow[end] or {}).get("bytes_sent", 0) for end in ("client", "server")]
    return bool(sent[1] > sent[0])


def _rows(run: Path, label: str, host: str, peer: str) -> dict[str, pl.DataFrame]:
    """When how much was written, and read."""
    import polars as pl

    nothing = pl.DataFrame({"t": [], "length": []}, schema={"t": pl.Int64, "length": pl.Int64})
    found = dict.fromkeys(("written", "read"), nothing)
    if "app" in store.kinds(run):
        rows = store.load(run, "app").filter(pl.col("connection") == label).collect()
        found["written"] = rows.filter((rows["host"] == host) & (rows["event"] == "write")).select("t", "length")
        found["read"] = rows.filter((rows["host"] == peer) & (rows["event"] == "read")).select("t", "length")
    return found


def _sent_again(run: Path, end: str) -> Events:
    """When segments were sent again; nothing where segments were not recorded."""
    if "segment" not in store.kinds(run):
        return np.empty(0), np.zeros(1)
    sent = sequence_graph(run, end).sent
    times = sent.t[sent.again]
    return times, np.arange(len(times) + 1)


def _document(document: Document, name: str, flow: Document, streams: Sequence[Stream]) -> Group:
    begin = flow["start_time"]
    took = flow["completion_time"] if flow["completion_time"] is not None else document["end_time"] - begin
    return {
        "start": _start(document, name, flow, streams, took),
        "intervals": [_interval(streams, begin, *ends) for ends in _ends(took)],
        "end": _end(document, name, flow, streams, took),
    }


def _start(document: Document, name: str, flow: Document, streams: Sequence[Stream], took: float) -> Group:
    spec, began = document["spec"], datetime.fromisoformat(document["started"]).astimezone(UTC)
    address = {host: machine["address"] for host, machine in spec["hosts"].items()}
    port = spec["traffic"][name]["port"]
    local, remote = address[flow["from"]], address[flow["to"]]
    return {
        "connected": [
            {"socket": one.socket, "local_host": local, "local_port": 0, "remote_host": remote, "remote_port": port}
            for one in streams
        ],
        "version": f"iperf {VERSION}",
        "system_info": f"testbed {document.get('versions', {}).get('testbed', '')}, {document['clock']} clock",
        "timestamp": {"time": began.strftime("%a, %d %b %Y %H:%M:%S GMT"), "timesecs": int(began.timestamp())},
        "connecting_to": {"host": remote, "port": port},
        "cookie": f"{document['name']}/{document['id']}/{name}",
        "tcp_mss_default": 1448,
        "test_start": {
            "protocol": "TCP", "num_streams": len(streams), "blksize": 0, "omit": 0, "duration": round(took, 6),
            "bytes": flow["bytes_delivered"], "blocks": 0, "reverse": int(_reverse(flow)), "tos": 0,
        },
    }  # fmt: skip


def _ends(took: float) -> Iterator[tuple[float, float]]:
    """Intervals of 1 s, or of 0.1 s if there were less than two; the last may be shorter."""
    step = 1.0 if took >= 2 else 0.1
    count = max(1, int(np.ceil(took / step - 1e-9)))
    for index in range(count):
        yield index * step, took if index == count - 1 else (index + 1) * step


def _interval(streams: Sequence[Stream], origin: float, begin: float, end: float) -> Group:
    told = [(one, one.sums(origin + begin, origin + end)) for one in streams]
    each = [
        {
            "socket": one.socket,
            **_from_origin(sums, begin, end),
            **one.state(origin + end),
            "omitted": False,
            "sender": True,
        }
        for one, sums in told
    ]
    total = _span(begin, end, sum(sums["bytes"] for _, sums in told))
    again = {"retransmits": sum(sums["retransmits"] for _, sums in told)}
    return {"streams": each, "sum": {**total, **again, "omitted": False, "sender": True}}


def _end(document: Document, name: str, flow: Document, streams: Sequence[Stream], took: float) -> Group:
    begin, until = flow["start_time"], np.inf
    each, sent, read, again = [], 0.0, 0.0, 0
    for one in streams:
        written, received = _between(one.written, begin, until), _between(one.read, begin, until)
        repeated = int(_between(one.again, begin, until))
        sender = {"socket": one.socket, **_span(0.0, took, written), "retransmits": repeated, **one.extremes()}
        receiver = {"socket": one.socket, **_span(0.0, took, received), "sender": True}
        each.append({"sender": {**sender, "sender": True}, "receiver": receiver})
        sent, read, again = sent + written, read + received, again + repeated
    control = document["spec"]["traffic"][name]["server_tcp" if _reverse(flow) else "client_tcp"]["congestion"][
        "control"
    ]
    return {
        "streams": each,
        "sum_sent": {**_span(0.0, took, sent), "retransmits": again, "sender": True},
        "sum_received": {**_span(0.0, took, read), "sender": True},
        "cpu_utilization_percent": IDLE,
        "sender_tcp_congestion": control,
        "receiver_tcp_congestion": control,
    }


# -- numbers -----------------------------------------------------------------------------------------------------------


def _times(rows: pl.DataFrame) -> Events:
    return rows["t"].to_numpy() / 1e9, np.append(0, np.cumsum(rows["length"].to_numpy()))


def _between(events: Events, begin: float, end: float) -> float:
    """How much came from `begin` until before `end`."""
    times, so_far = events
    return float(so_far[np.searchsorted(times, end, "left")] - so_far[np.searchsorted(times, begin, "left")])


def _span(begin: float, end: float, size: float) -> Group:
    seconds = end - begin
    rate = size * 8 / seconds if seconds > 0 else 0.0
    return {"start": begin, "end": end, "seconds": seconds, "bytes": int(size), "bits_per_second": rate}


def _from_origin(sums: Group, begin: float, end: float) -> Group:
    return {**sums, "start": begin, "end": end}


def _held(series: Series | None, at: float, scale: float) -> int | None:
    """What a series of steps held at a time."""
    if series is None:
        return None
    index = int(np.searchsorted(series.t, at, "right")) - 1
    return None if index < 0 or np.isnan(series.y[index]) else int(series.y[index] * scale)
