"""What can be told of a run, one method an event, `now` (ns) first. The classes here are silent: a part that
is given none still has someone to tell, and a listener overrides what it wants to hear.

A `Tracer` hands out a listener for each thing that is watched, so that an event does not carry its subject's
name each time. What the columns mean, and their units, stands in `trace.vocabulary`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from testbed.wire.packet import Packet
    from testbed.wire.segment import Segment

FourTuple = tuple[int, int, int, int]
"""Local address, local port, remote address, remote port."""


class Listener:
    """Whoever tells often may ask once whether anybody listens."""

    def hears(self, event: str) -> bool:
        """Whether the method `event` does anything."""
        return getattr(type(self), event) not in _SILENCE


class ConnectionTracer(Listener):
    """Hears of one end of one connection."""

    def state(self, now: int, old: str, new: str, cause: str) -> None:
        """The connection moved from state `old` to `new`; `cause` names the event, e.g. "receive SYN-ACK"."""

    def segment(self, now: int, direction: str, segment: Segment, reason: str) -> None:
        """A segment was "sent" (`reason`: why) or "received" (`reason`: what became of it, if not accepted)."""

    def cwnd(
        self, now: int, cause: str, cwnd: int, ssthresh: int, srtt: int, rto: int, in_flight: int, peer_window: int
    ) -> None:
        """The sender's view after a change of any of these, with its cause. Bytes and ns; `srtt` 0: no sample yet."""

    def control(self, now: int, variable: str, value: float | str) -> None:
        """The congestion control changed a variable of its own: see `Control.variables`."""

    def rtt(self, now: int, sample: int) -> None:
        """A round-trip sample (ns)."""

    def app(self, now: int, event: str, length: int) -> None:
        """The application did `event`: "connect", "write", "read", "close", "abort", … `length` in bytes."""


class LinkTracer(Listener):
    """Hears of one direction of one link."""

    def queue(self, now: int, packets: int, size: int, waited: int) -> None:
        """A packet left the queue after `waited` ns; `packets` and `size` (bytes) remain."""

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        """The link lost `packet`: "loss", "drop rule", "mtu", or its queue dropped it: "queue full", "early", …"""

    def mark(self, now: int, packet: Packet, reason: str) -> None:
        """The queue marked `packet` (ECN) instead of dropping it: "above threshold", "early", "standing queue"."""

    def sent(self, now: int, packet: Packet, duration: int) -> None:
        """The serialiser begins to send `packet`, which takes `duration` ns."""


class HostTracer(Listener):
    """Hears of one host's or router's IP layer."""

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        """The machine refused `packet`: "checksum", "ttl", "no route", "malformed", "protocol"."""

    def frame(self, now: int, interface: str, direction: str, packet: Packet) -> None:
        """`packet` passes `interface`: "in" or "out"."""

    def icmp(self, now: int, direction: str, packet: Packet, outcome: str) -> None:
        """`packet`, which carries a message of ICMP, was "sent", "received", or "withheld"; `outcome`: why it was not
        believed, or not sent."""


class Tracer:
    """Hands out the listeners. This one's are silent."""

    def connection(self, host: str, label: str, four_tuple: FourTuple) -> ConnectionTracer:
        """The listener for the end called `label` on `host`."""
        return SILENT_CONNECTION

    def link(self, name: str) -> LinkTracer:
        """The listener for the link direction called `name`."""
        return SILENT_LINK

    def host(self, name: str) -> HostTracer:
        """The listener for the machine called `name`."""
        return SILENT_HOST


_SILENCE: Final = {
    method for kind in (ConnectionTracer, LinkTracer, HostTracer) for method in vars(kind).values() if callable(method)
}
SILENT_CONNECTION: Final = ConnectionTracer()
SILENT_LINK: Final = LinkTracer()
SILENT_HOST: Final = HostTracer()
SILENT: Final = Tracer()
