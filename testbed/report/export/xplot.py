"""Time-sequence graphs for xplot, drawn as tcptrace draws them.

White: segments, from their first byte (down) to their last (up). Red: sent again, with an R. Green: what had been
acknowledged. Yellow: how far the window reached. Purple: SACK blocks, with an S. Ours besides: an orange cross for
what a link lost. Times are seconds of the run; sequence numbers count from the SYN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from testbed.report.connection.choice import connections
from testbed.report.series import SequenceGraph, sequence_graph
from testbed.report.series.rows import BETWEEN
from testbed.trace.store import rows


def xplot(run: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """`a-left1.xpl` for each end of each connection that sent something. Raises ConfigError without segments."""
    for connection in connections(run):
        sent = rows(run, "segment", {"connection": connection, "direction": "sent"})
        for host in dict.fromkeys(row["host"] for row in sent):
            graph = sequence_graph(run, f"{connection}{BETWEEN}{host}")
            name = re.sub(r"[^\w.-]", "_", f"{connection}-{host}")
            yield f"{name}.xpl", (f"{line}\n".encode() for line in lines(graph))


def lines(graph: SequenceGraph) -> Iterator[str]:
    """The graph in xplot's language: a command a line, and a text in the line after its command."""
    yield "timeval double"
    yield from ("title", f"{graph.connection}: {graph.host} (time sequence graph)")
    yield from ("xlabel", "time", "ylabel", "sequence number")
    for _, commands in sorted(_events(graph), key=lambda event: event[0]):
        yield from commands
    yield "go"


def _events(graph: SequenceGraph) -> Iterator[tuple[float, list[str]]]:
    """When, and what is drawn of it."""
    yield from _segments(graph)
    yield from _edge("green", *graph.acks, tick="dtick")
    yield from _edge("yellow", *graph.windows, tick="utick")
    for t, left, right in zip(*(part.tolist() for part in graph.sacks), strict=True):
        at = f"{t:.6f}"
        yield t, ["purple", f"line {at} {left} {at} {right}", f"htick {at} {left}", f"htick {at} {right}",
                  f"atext {at} {right}", "S"]  # fmt: skip
    for t, left in zip(graph.lost.t.tolist(), graph.lost.left.tolist(), strict=True):
        yield t, ["orange", f"x {t:.6f} {left}"]


def _segments(graph: SequenceGraph) -> Iterator[tuple[float, list[str]]]:
    sent = graph.sent
    parts: Iterable[tuple[float, int, int, bool]]
    parts = zip(sent.t.tolist(), sent.left.tolist(), sent.right.tolist(), sent.again.tolist(), strict=True)
    for t, left, right, again in parts:
        at = f"{t:.6f}"
        drawn = ["red", f"atext {at} {right}", "R"] if again else ["white"]
        yield t, [*drawn, f"darrow {at} {left}", f"uarrow {at} {right}", f"line {at} {left} {at} {right}"]


def _edge(
    color: str, t: np.ndarray[Any, Any], y: np.ndarray[Any, Any], *, tick: str
) -> Iterator[tuple[float, list[str]]]:
    """Steps: along to each point, then up to its value; a tick where it stays."""
    before: tuple[float, int] | None = None
    for now, value in zip(t.tolist(), y.tolist(), strict=True):
        drawn = [color]
        if before is None or value == before[1]:
            drawn.append(f"{tick} {now:.6f} {value}")
        if before is not None:
            drawn.append(f"line {before[0]:.6f} {before[1]} {now:.6f} {before[1]}")
            if value != before[1]:
                drawn.append(f"line {now:.6f} {before[1]} {now:.6f} {value}")
        before = (now, value)
        yield now, drawn
