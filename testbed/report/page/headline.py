"""The first numbers of a run: its flows and its links, a row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from testbed import units
from testbed.report.page.markup.html import NOTHING, Html, details, note, section, table
from testbed.report.tables import Run, counted, loss, rate, seconds, share

Row = Sequence[object]

SHOWN: Final = 16
"""Rows that are shown at once; the others are there when asked for."""

FLOW: Final = (
    "flow", "from → to", "app", "delivered", "goodput", "time", "retransmitted", "timeouts", "RTT median", "RTT p99"
)  # fmt: skip
LINK: Final = ("link", "rate", "delay", "loss", "used", "mean wait", "longest wait", "dropped", "marked")


def headline(run: Run) -> Html:
    """The section."""
    flows = [_flow(name, flow) for name, flow in (run.get("flows") or {}).items()]
    links = sorted(_links(run), key=lambda pair: pair[0], reverse=True)
    fairness = NOTHING
    if len(flows) > 1 and run.get("jain") is not None:
        fairness = note(
            f"Fairness among the flows (Jain's index): {run['jain']:.3f}; 1 when all have the same goodput."
        )
    return section(
        "numbers", "In numbers",
        _rows("Flows", FLOW, flows, 3) if flows else note("No flow is known of this run."),
        fairness,
        _rows("Links, the busiest first", LINK, [row for _, row in links], 1) if links else NOTHING,
    )  # fmt: skip


def _rows(caption: str, headings: Sequence[str], rows: list[Row], words: int) -> Html:
    first = table(caption, headings, rows[:SHOWN], words=words)
    if len(rows) <= SHOWN:
        return first
    more = table(f"{caption}, the others", headings, rows[SHOWN:], words=words)
    return Html(first + details(f"{len(rows) - SHOWN} more", more))


def _flow(name: str, flow: Mapping[str, Any]) -> Row:
    return (
        name,
        f"{flow['from']} → {flow['to']}" if flow.get("from") else f"→ {flow['to']}",
        flow["app"],
        units.show_size(flow["bytes_delivered"]),
        rate(flow["goodput"]),
        seconds(flow["completion_time"]),
        counted(flow["retransmitted_segments"], flow.get("retransmission_share")),
        f"{flow['timeouts']:,}",
        seconds(flow.get("rtt_p50")),
        seconds(flow.get("rtt_p99")),
    )


def _links(run: Run) -> Iterator[tuple[float, Row]]:
    """How busy each direction was, and its row."""
    specs = run["spec"]["links"]
    for name, link in (run.get("links") or {}).items():
        for label, direction, spec in (
            (name, link, specs[name]),
            (f"{name}, back", link["reverse"], specs[name]["reverse"]),
        ):
            if direction is not None:
                yield direction["utilisation"] or 0.0, _direction(label, direction, spec)


def _direction(label: str, link: Mapping[str, Any], spec: Mapping[str, Any]) -> Row:
    return (
        label,
        rate(spec["rate"], absent="∞"),
        seconds(spec["delay"] / 1e9),
        loss(spec["loss"]),
        share(link["utilisation"]),
        seconds(link["queue_delay_mean"]),
        seconds(link["queue_delay_max"]),
        counted(link["drops"], link.get("drop_share")),
        f"{link.get('marked', 0):,}",
    )
