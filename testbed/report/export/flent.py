"""A run as a data file of flent, so that it can be looked at beside measurements of real networks.

Each end that sent data is a stream: `TCP upload::N` where the flow's client sent, `TCP download::N` where its server
did; which is which stands in the metadata. The values are goodput in Mbit/s; the raw values have each change of the
sender's window and smoothed round trip too, as flent has them of `ss`. There is no ping, for nobody has sent one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from testbed.errors import ConfigError
from testbed.report.series import Series, bin_width, flow_series, thin
from testbed.report.series.rows import BETWEEN
from testbed.store.folder import read_run

if TYPE_CHECKING:
    Document = Mapping[str, Any]
    Point = dict[str, float]

VERSION: Final = 4
"""Of flent's file format."""

POINTS: Final = 4000
"""Changes of a sender's window that are kept, at most about."""

USUAL_MSS: Final = 1448


def flent(run: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The one file. Raises ConfigError for a run in which nobody read anything, or where that was not recorded."""
    document = read_run(run)
    text = json.dumps(data(run, document), indent=2, sort_keys=True, allow_nan=False)
    yield f"{document['name']}-{document['id']}.flent.gz", iter([text.encode()])


def data(run: Path, document: Document) -> dict[str, Any]:
    """What the file says."""
    width = bin_width(document["end_time"] or 0.0)
    streams = _streams(document, flow_series(run, width))
    if not streams:
        remedy = "goodput is made of `app` rows: see `trace` in docs/language.md"
        raise ConfigError.of("nobody is known to have read anything", file=str(run), suggestion=remedy)
    count = max(1, math.ceil(document["end_time"] / width))
    began = datetime.fromisoformat(document["started"])
    return {
        "version": VERSION,
        "metadata": _metadata(document, streams, began, width, count),
        "x_values": [round((index + 1) * width, 9) for index in range(count)],
        "results": {name: _binned(series["goodput"], width, count) for name, (_, series) in streams.items()},
        "raw_values": {
            name: _raw(series, began.timestamp(), width, _mss(document, end)) for name, (end, series) in streams.items()
        },
    }


def _streams(document: Document, found: Mapping[str, dict[str, Series]]) -> dict[str, tuple[str, dict[str, Series]]]:
    """The ends whose data was read, by their names as streams."""
    streams: dict[str, tuple[str, dict[str, Series]]] = {}
    counts = {"upload": 0, "download": 0}
    for end, series in found.items():
        if "goodput" in series:
            way = "upload" if _is_client(document, end) else "download"
            counts[way] += 1
            streams[f"TCP {way}::{counts[way]}"] = (end, series)
    return streams


def _is_client(document: Document, end: str) -> bool:
    connection, _, host = end.partition(BETWEEN)
    flow = document["flows"].get(connection.partition("/")[0])
    return flow is None or flow["from"] == host


def _metadata(
    document: Document, streams: Mapping[str, tuple[str, dict[str, Series]]], began: datetime, width: float, count: int
) -> dict[str, Any]:
    flows = document["flows"].values()
    first = next(iter(flows))
    when = began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    settings = ", ".join(f"{path}={value}" for path, value in document["params"].items())
    up, down = (sum(name.startswith(f"TCP {way}") for name in streams) for way in ("upload", "download"))
    return {
        "NAME": "tcp_nup" if up else "tcp_ndown",
        "TITLE": " ".join(part for part in (document["name"], settings) if part),
        "NOTE": f"{document['clock']} clock, seed {document['seed']}",
        "TIME": when,
        "T0": when,
        "HOST": first["to"],
        "HOSTS": list(dict.fromkeys(flow["to"] for flow in flows)),
        "LOCAL_HOST": first["from"],
        "LENGTH": round(document["end_time"], 3),
        "TOTAL_LENGTH": round(count * width, 9),
        "STEP_SIZE": width,
        "IP_VERSION": 4,
        "TEST_PARAMETERS": {"upload_streams": str(up), "download_streams": str(down)},
        "FLENT_VERSION": f"testbed {document.get('versions', {}).get('testbed', '')}".strip(),
        "DATA_FILENAME": f"{document['name']}-{document['id']}.flent.gz",
        "SERIES_META": {
            name: {"UNITS": "Mbits/s", "CONNECTION": end, "MEAN_VALUE": _mean(series["goodput"])}
            for name, (end, series) in streams.items()
        },
    }


def _mean(goodput: Series) -> float:
    """In Mbit/s, from the first bin to the last; the last point only ends the last step."""
    return float(goodput.y[:-1].mean()) / 1e6


def _binned(goodput: Series, width: float, count: int) -> list[float | None]:
    """Mbit/s in each bin of the run; None before the first and after the last in which anything was read."""
    rates = {
        round(at / width): rate / 1e6 for at, rate in zip(goodput.t[:-1].tolist(), goodput.y.tolist(), strict=False)
    }
    return [rates.get(index) for index in range(count)]


def _raw(series: Mapping[str, Series], began: float, width: float, mss: int) -> list[Point]:
    """Points as flent keeps them of `netperf` and `ss`: goodput in Mbit/s, cwnd in segments, RTT in ms."""
    goodput = series["goodput"]
    points = [
        {"t": began + at + width, "val": rate / 1e6}
        for at, rate in zip(goodput.t[:-1].tolist(), goodput.y.tolist(), strict=False)
    ]
    for name, key, scale in (("cwnd", "tcp_cwnd", 1 / mss), ("rtt", "tcp_rtt", 1e3)):
        if name in series:
            times, values = thin(series[name], POINTS).lists()
            points += [{"t": began + at, key: y * scale} for at, y in zip(times, values, strict=True) if y is not None]
    return sorted(points, key=lambda point: point["t"])


def _mss(document: Document, end: str) -> int:
    flow = document["flows"].get(end.partition(BETWEEN)[0].partition("/")[0], {})
    sender = flow.get("client" if _is_client(document, end) else "server") or {}
    segments, sent = sender.get("data_segments_sent", 0), sender.get("bytes_sent", 0)
    return min(USUAL_MSS, math.ceil(sent / segments)) if segments else USUAL_MSS
