"""Listeners that keep what a summary needs and no rows: they hear the same events as the trace, whatever it stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from testbed.metrics.histogram import Histogram
from testbed.trace.tracer import ConnectionTracer, FourTuple, LinkTracer, Tracer

STATES_KEPT: Final = 64
"""States of one end that are remembered: enough for any sequence that is worth asserting."""


class ConnectionMeter(ConnectionTracer):
    """One end of the connections that have one label. Times in ns, None before the first read."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.round_trips = Histogram()
        self.bytes_read = 0
        self.bytes_written = 0
        self.first_read: int | None = None
        self.last_read: int | None = None
        self.last_act = 0  # the application's last act, or change of state but for the end of TIME-WAIT

    def state(self, now: int, old: str, new: str, cause: str) -> None:
        if old != "TIME-WAIT":
            self.last_act = now
        if not self.states:
            self.states.append(old)
        if len(self.states) < STATES_KEPT:
            self.states.append(new)

    def rtt(self, now: int, sample: int) -> None:
        self.round_trips.add(sample)

    def app(self, now: int, event: str, length: int) -> None:
        self.last_act = now
        if event == "read":
            self.bytes_read += length
            self.last_read = now
            if self.first_read is None:
                self.first_read = now
        elif event == "write":
            self.bytes_written += length

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**vars(self), "round_trips": self.round_trips.as_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ConnectionMeter:
        """What `as_dict` gave."""
        meter = cls()
        vars(meter).update(data, round_trips=Histogram.from_dict(data["round_trips"]))
        return meter


class LinkMeter(LinkTracer):
    """One direction of a link. `waits` counts only packets that had to queue: see `link_summary`."""

    def __init__(self) -> None:
        self.waits = Histogram()

    def queue(self, now: int, packets: int, size: int, waited: int) -> None:
        self.waits.add(waited)


class Meters(Tracer):
    """A meter for each end of each connection, by host and label, and for each link direction, by name."""

    def __init__(self) -> None:
        self.connections: dict[tuple[str, str], ConnectionMeter] = {}
        self.links: dict[str, LinkMeter] = {}

    def connection(self, host: str, label: str, four_tuple: FourTuple) -> ConnectionMeter:
        """The meter of `label` at `host`; a second connection with that label goes on with the first's."""
        return self.connections.setdefault((host, label), ConnectionMeter())

    def link(self, name: str) -> LinkMeter:
        return self.links.setdefault(name, LinkMeter())
