"""One event, several listeners: each is called for the events that it overrides, and for no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from testbed.trace.tracer import (
    SILENT_CONNECTION,
    SILENT_HOST,
    SILENT_LINK,
    ConnectionTracer,
    HostTracer,
    LinkTracer,
)

if TYPE_CHECKING:
    from testbed.wire.packet import Packet
    from testbed.wire.segment import Segment

Hearers = tuple[Callable[..., None], ...]


def connections(listeners: Iterable[ConnectionTracer]) -> ConnectionTracer:
    """One listener for all of these."""
    awake = [listener for listener in listeners if listener is not SILENT_CONNECTION]
    return _Connections(awake) if len(awake) > 1 else (awake or [SILENT_CONNECTION])[0]


def links(listeners: Iterable[LinkTracer]) -> LinkTracer:
    """One listener for all of these."""
    awake = [listener for listener in listeners if listener is not SILENT_LINK]
    return _Links(awake) if len(awake) > 1 else (awake or [SILENT_LINK])[0]


def hosts(listeners: Iterable[HostTracer]) -> HostTracer:
    """One listener for all of these."""
    awake = [listener for listener in listeners if listener is not SILENT_HOST]
    return _Hosts(awake) if len(awake) > 1 else (awake or [SILENT_HOST])[0]


def _hearers(listeners: Sequence[object], base: type, event: str) -> Hearers:
    silent = getattr(base, event)
    return tuple([getattr(one, event) for one in listeners if getattr(type(one), event) is not silent])


class _Connections(ConnectionTracer):
    def hears(self, event: str) -> bool:
        return bool(getattr(self, f"_{event}"))

    def __init__(self, listeners: Sequence[ConnectionTracer]) -> None:
        self._state = _hearers(listeners, ConnectionTracer, "state")
        self._segment = _hearers(listeners, ConnectionTracer, "segment")
        self._cwnd = _hearers(listeners, ConnectionTracer, "cwnd")
        self._control = _hearers(listeners, ConnectionTracer, "control")
        self._rtt = _hearers(listeners, ConnectionTracer, "rtt")
        self._app = _hearers(listeners, ConnectionTracer, "app")

    def state(self, now: int, old: str, new: str, cause: str) -> None:
        for hear in self._state:
            hear(now, old, new, cause)

    def segment(self, now: int, direction: str, segment: Segment, reason: str) -> None:
        for hear in self._segment:
            hear(now, direction, segment, reason)

    def cwnd(
        self, now: int, cause: str, cwnd: int, ssthresh: int, srtt: int, rto: int, in_flight: int, peer_window: int
    ) -> None:  # fmt: skip
        for hear in self._cwnd:
            hear(now, cause, cwnd, ssthresh, srtt, rto, in_flight, peer_window)

    def control(self, now: int, variable: str, value: float | str) -> None:
        for hear in self._control:
            hear(now, variable, value)

    def rtt(self, now: int, sample: int) -> None:
        for hear in self._rtt:
            hear(now, sample)

    def app(self, now: int, event: str, length: int) -> None:
        for hear in self._app:
            hear(now, event, length)


class _Links(LinkTracer):
    def hears(self, event: str) -> bool:
        return bool(getattr(self, f"_{event}"))

    def __init__(self, listeners: Sequence[LinkTracer]) -> None:
        self._queue = _hearers(listeners, LinkTracer, "queue")
        self._drop = _hearers(listeners, LinkTracer, "drop")
        self._mark = _hearers(listeners, LinkTracer, "mark")
        self._sent = _hearers(listeners, LinkTracer, "sent")

    def queue(self, now: int, packets: int, size: int, waited: int) -> None:
        for hear in self._queue:
            hear(now, packets, size, waited)

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        for hear in self._drop:
            hear(now, packet, reason)

    def mark(self, now: int, packet: Packet, reason: str) -> None:
        for hear in self._mark:
            hear(now, packet, reason)

    def sent(self, now: int, packet: Packet, duration: int) -> None:
        for hear in self._sent:
            hear(now, packet, duration)


class _Hosts(HostTracer):
    def hears(self, event: str) -> bool:
        return bool(getattr(self, f"_{event}"))

    def __init__(self, listeners: Sequence[HostTracer]) -> None:
        self._drop = _hearers(listeners, HostTracer, "drop")
        self._frame = _hearers(listeners, HostTracer, "frame")
        self._icmp = _hearers(listeners, HostTracer, "icmp")

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        for hear in self._drop:
            hear(now, packet, reason)

    def frame(self, now: int, interface: str, direction: str, packet: Packet) -> None:
        for hear in self._frame:
            hear(now, interface, direction, packet)

    def icmp(self, now: int, direction: str, packet: Packet, outcome: str) -> None:
        for hear in self._icmp:
            hear(now, direction, packet, outcome)
