"""An attack: SYNs from addresses that nobody has (RFC 4987)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from testbed.clock import MILLISECOND
from testbed.errors import UnitError
from testbed.traffic.application import CLIENT, Application, End, FlowContext
from testbed.units import Count, Duration
from testbed.wire.packet import Packet
from testbed.wire.segment import SYN, Segment

FIRST_ADDRESS: Final = 0xC6120000
"""198.18.0.0/15: kept for measurements (RFC 2544 appendix C.2.2), so that no host of ours has one of them."""

ADDRESSES: Final = 1 << 17

_MSS: Final = 1460
_WINDOW: Final = 0xFFFF


@dataclass(frozen=True, kw_only=True)
class SynFloodSpec(Application):
    """Send SYNs to a `port` of another flow's server from addresses that nobody has: no handshake is ever finished."""

    ends: ClassVar[tuple[str, ...]] = (CLIENT,)

    interval: Duration = MILLISECOND
    """Time between two SYNs."""

    addresses: Count = ADDRESSES
    """How many addresses they pretend to come from, of 198.18.0.0/15."""

    count: Count | None = None
    """How many SYNs. Left out: until `duration` is over, or the run."""

    duration: Duration | None = None
    """How long to go on, from the flow's start. Left out: until `count` is reached, or the run is over."""

    def __post_init__(self) -> None:
        if self.interval < 1:
            raise UnitError("interval must be at least 1ns")
        if not 1 <= self.addresses <= ADDRESSES:
            raise UnitError(f"addresses must lie between 1 and {ADDRESSES}")

    @property
    def endless(self) -> bool:
        return self.count is None and self.duration is None

    def client(self, context: FlowContext) -> SynFlood:
        return SynFlood(context, self)

    def server(self, context: FlowContext) -> None:
        return None


class SynFlood(End):
    """Draws each SYN's address, port and sequence number from the flow's `syn-flood` stream."""

    def __init__(self, context: FlowContext, spec: SynFloodSpec) -> None:
        super().__init__(context)
        self.sent = 0
        self._spec = spec
        self._stream = context.stream("syn-flood")

    def start(self, now: int) -> None:
        self.started_at = now
        self._send(now, now)

    def stop(self, now: int) -> None:
        self.complete = True

    @property
    def waiting_for(self) -> str:
        return f"{self.context.host.name} floods {self.context.server_address}, {self.sent} SYNs so far"

    def _send(self, began: int, now: int) -> None:
        """The next SYN: its time is reckoned from the beginning, so as not to drift."""
        spec, context = self._spec, self.context
        if self.complete or self.sent == spec.count or (spec.duration is not None and now >= began + spec.duration):
            self.complete = True
            return
        context.host.ip.send_packet(self._packet(), now)
        self.sent += 1
        self.finished_at = now
        context.clock.at(began + self.sent * spec.interval, self._send, began)

    def _packet(self) -> Packet:
        draw = self._stream.randrange
        source = FIRST_ADDRESS + draw(self._spec.addresses)
        syn = Segment(draw(1024, 1 << 16), self.context.port, draw(1 << 32), 0, SYN, _WINDOW, b"", "SYN flood")
        syn.mss = _MSS
        syn.header_size += 4
        return Packet(source, self.context.peer_address, syn)
