"""Whether a run in real time was punctual enough for its figures to mean what the experiment says.

Inside a process everything sees the time that it asked for, however late it is; what lateness does to TCP, it does
where a packet goes from one process to another. So only link directions between processes are judged, and against
what TCP lives by: the round trip of each flow on an empty path, which sets a window's rate, the pace of slow start
and the retransmission timeout.

    tunnels    Not one packet may be lost between processes: no link has dropped it.
    timeouts   Nothing may be later than half of the flow's least retransmission timeout, which might go off for it.
    typical    The medians of a flow's directions, there and back, add up to what its round trip is too long. That may
               be a tenth of it, or 1 ms if that is more.
    tail       The 99th percentile of each direction may be a quarter of the round trip, or 5 ms. Beyond that it is
               jitter, which nobody has configured. One packet alone may be later.
    rate       What was late comes together. By the 99th percentile of its lateness, a direction may let half of the
               queue at its end fill up, or two packets.

Reasons have their numbers, so that whoever reads one knows what it takes: longer delays, lower rates, fewer hosts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final

from testbed.clock import MILLISECOND, SECOND
from testbed.experiment.reading.routes import routes_of
from testbed.experiment.spec import ExperimentSpec, FlowSpec
from testbed.metrics.histogram import Histogram
from testbed.runtime.lateness import Lateness
from testbed.units import show_duration, show_size

TYPICAL: Final = 0.1
TYPICAL_LEAST: Final = 1 * MILLISECOND
TAIL: Final = 0.25
TAIL_LEAST: Final = 5 * MILLISECOND
BACKLOG: Final = 0.5
BACKLOG_LEAST: Final = 2
"""Packets."""
TIMEOUT: Final = 0.5

LOST: Final = ("overflowed", "refused", "lost")
"""What a tunnel counts of the packets that it loses."""


def why_late(
    spec: ExperimentSpec, lateness: Lateness, tunnels: Mapping[str, Mapping[str, int]], crossing: Collection[str]
) -> str | None:
    """The first reason why the figures of a run cannot be trusted; None: they can. Its link directions between
    processes are `crossing`."""
    return next(_reasons(spec, lateness, tunnels, crossing), None)


def _reasons(
    spec: ExperimentSpec, lateness: Lateness, tunnels: Mapping[str, Mapping[str, int]], crossing: Collection[str]
) -> Iterator[str]:
    for direction, counters in tunnels.items():
        for what in LOST:
            if counters.get(what):
                yield f"{direction}: packets lost between processes: {counters[what]:,} {what}"
    judge = _Judge(spec, lateness, crossing)
    for flow in spec.flows.values():
        if flow.source:
            yield from judge.reasons(flow)


class _Judge:
    """What may be late by how much, in one experiment."""

    def __init__(self, spec: ExperimentSpec, lateness: Lateness, crossing: Collection[str]) -> None:
        self._routes = routes_of(spec.topology)
        self._lateness = lateness
        self._crossing = crossing
        self._directions = {name: one for link in spec.topology.links.values() for name, _, _, one in link.directions}
        self._delays = {name: one.delay for name, one in self._directions.items()}
        for change in spec.timeline:
            for name, one in change.directions.items():
                self._delays[name] = min(self._delays[name], one.delay)

    def reasons(self, flow: FlowSpec) -> Iterator[str]:
        there, back = (self._way(*ends) for ends in ((flow.source, flow.destination), (flow.destination, flow.source)))
        hops = [*there, *back]
        round_trip = sum(self._delays[name] for name in hops) + sum(self._sending(name) for name in there)
        trip = f"flow {flow.name}, whose round trip is {show_duration(round_trip)}"
        yield from self._timeouts(flow, hops)
        late = sum(self._of(name).percentile(0.5) or 0 for name in hops)
        if late > (most := max(TYPICAL * round_trip, TYPICAL_LEAST)):
            yield f"{trip}: packets are {_show(late)} late there and back (median), at most {_show(most)} will do"
        for name in hops:
            if (tail := _tail(self._of(name))) > (most := max(TAIL * round_trip, TAIL_LEAST)):
                yield f"{trip}: {name} is {_show(tail)} late (p99), at most {_show(most)} will do"
        for name, following in (*pairwise(there), *pairwise(back)):
            yield from self._backlog(name, following)

    def _timeouts(self, flow: FlowSpec, hops: Iterable[str]) -> Iterator[str]:
        least = min(flow.client_tcp.rto_min, flow.server_tcp.rto_min)
        latest = max([self._lateness.work.greatest or 0, *(self._of(name).greatest or 0 for name in hops)])
        if latest > TIMEOUT * least:
            yield f"flow {flow.name}, whose timeout may be {show_duration(least)}: something was {_show(latest)} late"

    def _backlog(self, name: str, following: str) -> Iterator[str]:
        """What comes late by the direction `name` waits for the direction `following`."""
        after = self._directions[following]
        if after.rate is None or after.queue.limit is None:
            return
        number, unit = after.queue.limit
        room = max(BACKLOG * number * (1 if unit == "bytes" else after.mtu), BACKLOG_LEAST * after.mtu)
        late = _tail(self._of(name))
        backlog = late * after.rate / (8 * SECOND)
        if backlog > room:
            yield (
                f"{name} is {_show(late)} late (p99): {show_size(round(backlog))} come together to {following}, "
                f"whose queue bears {show_size(round(room))}"
            )

    def _way(self, source: str, destination: str) -> list[str]:
        return [hop.direction for hop in self._routes.path(source, destination) or ()]

    def _sending(self, name: str) -> int:
        """How long (ns) a full packet takes to be sent."""
        one = self._directions[name]
        return 0 if one.rate is None else 8 * one.mtu * SECOND // one.rate

    def _of(self, name: str) -> Histogram:
        return self._lateness.of(name) if name in self._crossing else Histogram()


def _tail(late: Histogram) -> int:
    """The 99th percentile, or, of less than a hundred, what only one exceeds."""
    count = late.count
    return late.percentile(min(0.99, (count - 1.5) / count)) or 0 if count > 1 else 0


def _show(late: float) -> str:
    return show_duration(float(f"{late:.2g}"))
