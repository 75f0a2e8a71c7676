"""The time-sequence graph of the connections that moved the most, in the manner of tcptrace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from testbed.report.page.markup.html import NOTHING, Html, join, note, section, tag
from testbed.report.page.time.packing import Numbers, Words, distances, steps
from testbed.report.series import SequenceGraph, Series, sequence_graph, thin
from testbed.trace import store

GRAPHS: Final = 4
"""Connections that have a graph."""

STROKES: Final = 9000
"""Segments of all graphs; beyond, neighbours are drawn as one stroke."""

EVENTS: Final = 1500
"""Retransmissions, losses and SACK blocks of a graph, of each kind."""

LINE: Final = 2000
"""Points of the line of acknowledgements, and of the window's."""

LOOK: Final = (
    "Each segment is a stroke from its first byte to its last, at the moment at which it was sent; steeper is faster."
    " Retransmissions stand out below the front. The line below is what was acknowledged, the line above what the"
    " receiver's window allowed, if it is not far above; between an ACK that stands still and the front lie the SACK"
    " blocks. Zoom in to see single segments."
)


class SequenceGraphs:
    """The graphs of a run, and what holds them. `connections` are in order of their weight: "a · left1"."""

    def __init__(self, run: Path, connections: Sequence[str], tick: float, words: Words) -> None:
        self.recorded = "segment" in store.kinds(run)
        self._tick, self._words = tick, words
        self.graphs = [sequence_graph(run, name) for name in connections[:GRAPHS]] if self.recorded else []
        self.graphs = [graph for graph in self.graphs if len(graph.sent)]
        self.others = len(connections) - len(self.graphs)

    def section(self) -> Html:
        if not self.recorded:
            keys = tag("code", "trace: {segment: true}")
            missing = note("Segments were not recorded. To have this graph, write ", keys, " and run again.")
            return section("segments", "Time and sequence", missing)
        if not self.graphs:
            return section("segments", "Time and sequence", note("No connection sent anything."))
        place = tag(
            "div", class_="chart", id="sequence-graph", tabindex=0, role="group", aria_roledescription="chart",
            aria_label=f"Time-sequence graph. {LOOK}",
        )  # fmt: skip
        return section(
            "segments", "Time and sequence", self._chooser(), tag("figure", place), *self._remarks(), look=LOOK
        )

    def data(self) -> list[dict[str, Any]]:
        return [self._graph(graph) for graph in self.graphs]

    def _chooser(self) -> Html:
        if len(self.graphs) < 2:
            return NOTHING
        options = [tag("option", _name(graph), value=at) for at, graph in enumerate(self.graphs)]
        return tag("div", tag("label", "Connection ", tag("select", *options, id="sequence-of")), class_="tools")

    def _remarks(self) -> list[Html]:
        told = []
        strokes = self._strokes
        if any(len(graph.sent) > strokes for graph in self.graphs):
            told.append(f"Where more than {strokes:,} segments were sent, neighbours are drawn as one slanting stroke.")
        if any(
            max(len(graph.lost), int(graph.sent.again.sum()), len(graph.sacks[0])) > EVENTS for graph in self.graphs
        ):
            told.append(f"Of retransmissions, losses and SACK blocks, {EVENTS:,} of each are drawn, evenly spread.")
        if self.others > 0:
            told.append(
                f"The {len(self.graphs)} connections that moved the most are here; {self.others} others are not."
            )
        return [note(join(told, " "))] if told else []

    @property
    def _strokes(self) -> int:
        """Segments that each graph may draw."""
        return STROKES // max(1, len(self.graphs))

    def _graph(self, graph: SequenceGraph) -> dict[str, Any]:
        sent = graph.sent
        fresh, again = np.flatnonzero(~sent.again), np.flatnonzero(sent.again)
        again, lost = _spread(again), _spread(np.arange(len(graph.lost)))
        sacks = _spread(_new_blocks(*graph.sacks[1:]))
        return {
            "name": _name(graph),
            "sent": self._merged(sent.t[fresh], sent.left[fresh], sent.right[fresh]),
            "again": self._edges(sent.t[again], sent.left[again], sent.right[again])
            | {"why": [self._words.number(sent.reason[at] or "sent again") for at in again]},
            "lost": self._edges(graph.lost.t[lost], graph.lost.left[lost], graph.lost.right[lost])
            | {"why": [self._words.number(graph.lost.reason[at] or "lost") for at in lost]},
            "sacks": self._edges(graph.sacks[0][sacks], graph.sacks[1][sacks], graph.sacks[2][sacks]),
            "acks": self._line(*graph.acks),
            "windows": self._line(*graph.windows),
        }

    def _merged(self, t: Numbers, left: Numbers, right: Numbers) -> dict[str, Any]:
        """As few strokes as may be: each from its first segment to its last."""
        a_stroke = -(-len(t) // self._strokes) if len(t) else 1
        firsts = np.arange(0, len(t), a_stroke)
        lasts = np.minimum(firsts + a_stroke - 1, len(t) - 1)
        told = self._edges(t[firsts], left[firsts], right[lasts])
        if a_stroke > 1:
            told["long"] = [round(float(one) / self._tick) for one in t[lasts] - t[firsts]]
        return told

    def _edges(self, t: Numbers, left: Numbers, right: Numbers) -> dict[str, Any]:
        return {
            "t": steps(t, self._tick),
            "left": distances(left),
            "size": [int(one) for one in np.asarray(right) - np.asarray(left)],
        }

    def _line(self, t: Numbers, y: Numbers) -> dict[str, Any]:
        kept = thin(Series("", "", "B", t, y.astype(np.float64), step=True), LINE)
        return {"t": steps(kept.t, self._tick), "y": distances(kept.y)}


def _name(graph: SequenceGraph) -> str:
    return f"{graph.connection} · {graph.host}"


def _spread(indices: Numbers) -> Numbers:
    """At most `EVENTS` of these, evenly."""
    if len(indices) <= EVENTS:
        return indices
    return indices[np.linspace(0, len(indices) - 1, EVENTS).astype(np.int64)]


def _new_blocks(left: Numbers, right: Numbers) -> Numbers:
    """The blocks that say what none before has said: acknowledgements repeat theirs."""
    known: set[tuple[int, int]] = set()
    found = []
    for at, block in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        if block not in known:
            known.add(block)
            found.append(at)
    return np.array(found, dtype=np.int64)
