"""The numbers of a run, made of counters and meters: one dictionary a flow, one a link direction, one for the run.

Every key is documented in `metrics.table`. Inside are ns and bytes; the numbers that come out are in
seconds, bytes and bit/s, and a number that does not exist (the delay of no packet) is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from testbed.metrics.histogram import Histogram
from testbed.metrics.meters import ConnectionMeter

_SECOND: Final = 1_000_000_000

SUMMED: Final = (
    "segments_sent", "data_segments_sent", "bytes_sent", "retransmitted_segments", "timeouts", "fast_retransmits",
)  # fmt: skip
"""Counters that a flow has from both its ends together."""


class End(NamedTuple):
    """One end of one connection: its counters by name (`ConnectionStats.as_dict()`), and its meter."""

    counters: Mapping[str, int]
    meter: ConnectionMeter


def flow_summary(
    *,
    source: str,
    destination: str,
    app: str,
    start: int,
    end: int,
    complete: bool,
    client: Sequence[End],
    server: Sequence[End],
    error: str | None = None,
) -> dict[str, Any]:
    """A flow from the host `source` to `destination`, begun at `start` (ns); the run ended at `end`.

    `client` and `server` have an entry for each connection, in order. A flow that is not complete is measured
    up to `end`, so that a stall shows in its goodput.
    """
    ends = [*client, *server]
    last_read = max([one.meter.last_read for one in ends if one.meter.last_read is not None], default=None)
    finished = last_read if complete and last_read is not None else None
    delivered = sum(one.meter.bytes_read for one in ends)
    sums = {name: sum(one.counters.get(name, 0) for one in ends) for name in SUMMED}
    return {
        "from": source,
        "to": destination,
        "app": app,
        "complete": complete,
        "error": error,
        "connections": len(client or server),
        "start_time": seconds(start),
        "completion_time": None if finished is None else seconds(finished - start),
        "bytes_delivered": delivered,
        "goodput": per_second(8 * delivered, (end if finished is None else finished) - start),
        **sums,
        "retransmission_share": ratio(sums["retransmitted_segments"], sums["data_segments_sent"]),
        **_spread("rtt", _merged([one.meter.round_trips for one in ends])),
        "client": _end_summary(client),
        "server": _end_summary(server),
    }


def _end_summary(ends: Sequence[End]) -> dict[str, Any]:
    """The counters of one side added up over its connections, and the states of the first."""
    names = sorted({name for one in ends for name in one.counters})
    sums = {name: sum(one.counters.get(name, 0) for one in ends) for name in names}
    return {"states": list(ends[0].meter.states) if ends else [], **sums}


class LinkCounters(Protocol):
    """What a link direction counts: see `link.LinkStats`."""

    arrivals: int
    packets_sent: int
    bytes_sent: int
    queue_max: int
    duplicated: int
    corrupted: int
    marked: int
    drops_by_reason: dict[str, int]


def link_summary(counters: LinkCounters, waits: Histogram, *, busy: int, end: int) -> dict[str, Any]:
    """One direction of a link that has been sending for `busy` of the `end` ns that the run lasted.

    The queue delay is that of every packet sent; one that did not wait counts as 0.
    """
    delays = _merged([waits])
    delays.add_zeros(counters.packets_sent - delays.count)
    drops = sum(counters.drops_by_reason.values())
    return {
        "packets_sent": counters.packets_sent,
        "bytes_sent": counters.bytes_sent,
        "throughput": per_second(8 * counters.bytes_sent, end),
        "utilisation": ratio(busy, end),
        "drops": drops,
        "drops_by_reason": dict(sorted(counters.drops_by_reason.items())),
        "drop_share": ratio(drops, counters.arrivals),
        "marked": counters.marked,
        "duplicated": counters.duplicated,
        "corrupted": counters.corrupted,
        "queue_max": counters.queue_max,
        "queue_delay_mean": seconds(delays.mean),
        "queue_delay_p50": seconds(delays.percentile(0.50)),
        "queue_delay_p99": seconds(delays.percentile(0.99)),
        "queue_delay_max": seconds(delays.greatest),
    }


def run_summary(
    flows: Mapping[str, Mapping[str, Any]], end: int, refused: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """What is said of the whole run: of its flows' summaries, and of what each machine `refused`, by reason."""
    by_reason = {machine: dict(reasons) for machine, reasons in refused.items() if reasons}
    return {
        "jain": jain([flow["goodput"] or 0.0 for flow in flows.values()]),
        "end_time": seconds(end),
        "machine_drops": sum(sum(reasons.values()) for reasons in by_reason.values()),
        "machine_drops_by_reason": by_reason,
    }


# -- small formulas ------------------------------------------------------------------------------------------


def jain(shares: Iterable[float]) -> float | None:
    """Jain's fairness index: 1 when all have the same, 1/n when one has all; None when nobody has anything.

    R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness", DEC-TR-301, 1984.
    """
    values = list(shares)
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else None


def ratio(part: float, whole: float) -> float | None:
    """`part / whole`; None of nothing."""
    return part / whole if whole else None


def per_second(amount: float, duration: int) -> float | None:
    """`amount` in `duration` ns, by the second; None in no time."""
    return amount * _SECOND / duration if duration > 0 else None


def seconds(duration: float | None) -> float | None:
    """From ns."""
    return None if duration is None else duration / _SECOND


def _spread(name: str, values: Histogram) -> dict[str, float | None]:
    return {
        f"{name}_min": seconds(values.least),
        f"{name}_mean": seconds(values.mean),
        f"{name}_p50": seconds(values.percentile(0.50)),
        f"{name}_p90": seconds(values.percentile(0.90)),
        f"{name}_p99": seconds(values.percentile(0.99)),
        f"{name}_max": seconds(values.greatest),
    }


def _merged(histograms: Iterable[Histogram]) -> Histogram:
    together = Histogram()
    for histogram in histograms:
        together.merge(histogram)
    return together
