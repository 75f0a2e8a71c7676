"""What the numbers of a run mean: name, unit, scope. The summary's JSON, tables, axis labels, `expect` and the
reference pages are all made from this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

FLOW: Final = "flow"
LINK: Final = "link"
RUN: Final = "run"

TEXT: Final = "text"
FLAG: Final = "flag"
GROUP: Final = "group"


class Metric(NamedTuple):
    """One number of a run, or, by its unit, a TEXT, a FLAG (true or false) or a GROUP of others."""

    name: str
    scope: str
    """FLOW, LINK (one direction) or RUN."""
    unit: str
    """"" for a pure number."""
    doc: str
    nullable: bool = False
    """Whether it may be null: there is no such number."""


_METRICS: Final = (
    # -- flows
    Metric("from", FLOW, TEXT, "The host that began the flow: its client."),
    Metric("to", FLOW, TEXT, "The host at the other end: its server."),
    Metric("app", FLOW, TEXT, "The application."),
    Metric("complete", FLOW, FLAG, "Whether the application did all that it was to do."),
    Metric("error", FLOW, TEXT, "Why it failed, when it did.", nullable=True),
    Metric("connections", FLOW, "", "Connections that were made."),
    Metric("start_time", FLOW, "s", "When it began, counted from the start of the run."),
    Metric("completion_time", FLOW, "s", "From its start to the last byte read; null unless complete.", nullable=True),
    Metric("bytes_delivered", FLOW, "B", "Bytes that the applications read, at both ends together."),
    Metric(
        "goodput", FLOW, "bit/s",
        "Bytes delivered over the completion time; over the time to the end of the run when not complete.",
        nullable=True,
    ),
    Metric("segments_sent", FLOW, "", "Segments sent by both ends, of any kind."),
    Metric("data_segments_sent", FLOW, "", "Segments with payload sent by both ends, retransmissions included."),
    Metric("bytes_sent", FLOW, "B", "Payload sent by both ends, retransmissions included."),
    Metric("retransmitted_segments", FLOW, "", "Segments sent again by both ends: SYN, data and FIN."),
    Metric("retransmission_share", FLOW, "", "Retransmitted segments by data segments sent.", nullable=True),
    Metric("timeouts", FLOW, "", "Retransmission timeouts at both ends."),
    Metric("fast_retransmits", FLOW, "", "Losses repaired without a timeout, at both ends."),
    Metric("rtt_min", FLOW, "s", "Least round-trip sample of both ends.", nullable=True),
    Metric("rtt_mean", FLOW, "s", "Mean round-trip sample.", nullable=True),
    Metric("rtt_p50", FLOW, "s", "Median round-trip sample, to 0.4 %.", nullable=True),
    Metric("rtt_p90", FLOW, "s", "90th percentile of the round-trip samples, to 0.4 %.", nullable=True),
    Metric("rtt_p99", FLOW, "s", "99th percentile of the round-trip samples, to 0.4 %.", nullable=True),
    Metric("rtt_max", FLOW, "s", "Greatest round-trip sample.", nullable=True),
    Metric("client", FLOW, GROUP, "The client's states in order (of its first connection) and its counters."),
    Metric("server", FLOW, GROUP, "The server's states in order (of its first connection) and its counters."),
    # -- links
    Metric("packets_sent", LINK, "", "Packets whose sending began; those lost after that among them."),
    Metric("bytes_sent", LINK, "B", "Whole packets, headers included, whose sending began."),
    Metric("throughput", LINK, "bit/s", "Bytes sent over the time of the run.", nullable=True),
    Metric("utilisation", LINK, "", "Share of the run's time that was spent sending, 0 to 1.", nullable=True),
    Metric("drops", LINK, "", "Packets lost, for whatever reason."),
    Metric("drops_by_reason", LINK, GROUP,
           "Packets lost, by reason: `loss`, `drop rule`, `mtu`; by the queue: `queue full`, `early`, `forced`,"
           " `standing queue`."),
    Metric("drop_share", LINK, "", "Packets lost by packets that came, 0 to 1.", nullable=True),
    Metric("marked", LINK, "", "Packets that the queue marked instead of dropping them (ECN)."),
    Metric("duplicated", LINK, "", "Packets delivered twice."),
    Metric("corrupted", LINK, "", "Packets delivered with flipped bits."),
    Metric("queue_max", LINK, "", "Most packets that waited at once."),
    Metric("queue_delay_mean", LINK, "s", "Mean time in the queue of the packets sent; 0 for one that did not wait.",
           nullable=True),
    Metric("queue_delay_p50", LINK, "s", "Median time in the queue, to 0.4 %.", nullable=True),
    Metric("queue_delay_p99", LINK, "s", "99th percentile of the time in the queue, to 0.4 %.", nullable=True),
    Metric("queue_delay_max", LINK, "s", "Longest time in the queue.", nullable=True),
    # -- the run
    Metric("jain", RUN, "", "Jain's fairness index of the flows' goodput: 1 when all have the same, 1/n for one alone.",
           nullable=True),
    Metric("end_time", RUN, "s", "When the run ended, counted from its start."),
    Metric("machine_drops", RUN, "packets", "Packets that hosts and routers refused, such as `ttl` and `no route`."),
    Metric("machine_drops_by_reason", RUN, GROUP, "By machine, and by reason; only machines that refused any."),
    Metric("status", RUN, TEXT, "How it ended, in one of the words below."),
    Metric("stalled", RUN, GROUP, "Who waited for what when nothing could happen any more."),
)  # fmt: skip

METRICS: Final = {
    scope: {metric.name: metric for metric in _METRICS if metric.scope == scope} for scope in (FLOW, LINK, RUN)
}
"""Every metric by scope and name, in the order in which they are shown. A flow and a link both have `bytes_sent`."""

HIGHER: Final = 1
LOWER: Final = -1
NEITHER: Final = 0

BETTER: Final = {
    **dict.fromkeys(["goodput", "bytes_delivered", "throughput", "utilisation", "jain"], HIGHER),
    **dict.fromkeys(
        [
            "completion_time", "retransmitted_segments", "retransmission_share", "timeouts",
            "rtt_min", "rtt_mean", "rtt_p50", "rtt_p90", "rtt_p99", "rtt_max",
            "drops", "drop_share", "queue_delay_mean", "queue_delay_p50", "queue_delay_p99", "queue_delay_max",
            "machine_drops", "bytes_retransmitted", "spurious_recoveries", "duplicate_segments_received",
        ],
        LOWER,
    ),
}  # fmt: skip
"""Which way is better, of metrics and counters. Of the other metrics nobody can say without knowing what for."""

REAL_TIME: Final = {
    "lateness": "How late things were done, in s: `p50`, `p99` and `max` of all that was due; below `links` the same of"
                " each link direction's packets.",
    "late": "Why the run was too late to be believed; null if it was not.",
    "tunnels": "Datagrams, by link direction between processes: `sent`, `received`, `overflowed` (the receiver's buffer"
               " was full), `refused` (the system took no more), `lost` (on the way, where all was at rest at the end),"
               " `malformed`, `strangers` (not from the peer).",
    "agents": "The processes by name: their `machines`, the `host` that they ran on, `clock_offset` and "
              "`clock_offset_error` (its clock against the controller's, in s), and the `error` that ended one.",
}  # fmt: skip
"""What a run's document says besides: zeros and nothing in virtual time."""

EXPECT: Final = {
    "text": "The expectation as it is written.",
    "ok": "Whether it is met.",
    "value": "What its left side came to; null where there is no such number.",
    "unit": "The unit of the value, such as `bit/s`; empty for what has none.",
    "sign": "Only where it is not met: how the value was to be compared, such as `>` or `in`.",
    "bound": "… and with what, in the same unit: the right side, or the two ends of a range.",
    "where": "Only with `for each`: the values of the axes where it is not met, or is met most narrowly.",
    "why": "Only over several runs: why there is no value.",
}
"""What the row of an expectation has: of a run below `runs.expect`, of several below `experiments.expect`."""

COUNTERS: Final = {
    "segments_sent": "Segments sent, of any kind.",
    "data_segments_sent": "Segments with payload sent, retransmissions included.",
    "bytes_sent": "Payload sent, retransmissions included.",
    "retransmitted_segments": "Segments sent again: SYN, data and FIN.",
    "bytes_retransmitted": "Payload sent again.",
    "bytes_acked": "Payload that the peer has acknowledged.",
    "segments_received": "Segments received, of any kind, whatever became of them.",
    "data_segments_received": "Of these, those with data.",
    "segments_rejected": "Segments received and not accepted.",
    "duplicate_segments_received": "Segments received whose data was there already.",
    "out_of_order_segments_received": "Segments received ahead of data that was missing.",
    "duplicate_acks_received": "Acknowledgements received that acknowledged nothing new and hinted at a loss.",
    "bytes_received": "Payload received in order.",
    "bytes_read": "Payload that the application has read.",
    "timeouts": "Retransmission timeouts.",
    "fast_retransmits": "Losses repaired without a timeout.",
    "lost_segments": "Segments declared lost without a timeout.",
    "tail_probes_sent": "Tail loss probes (RFC 8985).",
    "duplicates_reported": "Times that the peer reported to have received something twice (DSACK).",
    "spurious_recoveries": "Reductions of the window that were undone, for nothing had been lost.",
    "rtt_samples": "Round-trip times measured.",
    "window_probes_sent": "Probes of a zero window.",
    "window_updates_sent": "Segments sent only to open the window.",
    "keepalive_probes_sent": "Probes of an idle connection.",
    "challenge_acks_sent": "Challenge acknowledgements (RFC 5961).",
    "network_errors_received": "Messages of ICMP received about segments in flight.",
    "path_mtu_reductions": "Times that packets had to become smaller to get through.",
    "mtu_probes_sent": "Segments sent to see whether larger packets get through.",
    "mtu_probes_lost": "Of these, those that did not arrive.",
    "ect_sent": "Segments sent that routers may mark.",
    "ce_received": "Segments received that a router had marked.",
    "ece_received": "Acknowledgements received that told of marks.",
    "segments_marked": "Segments that the peer has counted as marked (accurate ECN).",
    "bytes_marked": "Payload that the peer has reported as marked (accurate ECN, DCTCP's echo).",
    "ecn_reductions": "Reductions of the window for marks.",
    "resets_sent": "RST sent.",
    "resets_received": "RST received and accepted.",
}
"""What each end of a flow counts, beside its `states`: the keys of a flow's `client` and `server`."""


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """What a run's document has at `a.goodput`, `a.client.timeouts`, `links.l1.reverse.drops` or `jain`.

    None where there is nothing; 0 for a reason for which nothing was dropped.
    """
    words = path.split(".")
    absent = 0 if "drops_by_reason" in words else None
    value: Any = document if words[0] == "links" or words[0] in METRICS[RUN] else document["flows"]
    for word in words:
        value = value.get(word, absent) if isinstance(value, Mapping) else None
    return value
