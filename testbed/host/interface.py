"""Where a machine meets a link."""

from __future__ import annotations

from collections.abc import Callable

from testbed.link.link import Link
from testbed.trace.tracer import HostTracer
from testbed.wire.packet import Packet


class Interface:
    """The outgoing direction of a link, and the name under which the machine knows both directions."""

    __slots__ = ("_too_large", "_tracer", "link", "name", "push")

    def __init__(
        self, name: str, link: Link, tracer: HostTracer, too_large: Callable[[Packet, int, int], None]
    ) -> None:
        """`too_large(packet, mtu, now)` hears of what the link has refused for its size."""
        self.name = name
        self.link = link
        self._tracer = tracer
        self._too_large = too_large
        link.too_large = self._refused
        self.push: Callable[[Packet, int], None] = self._tell_and_push if tracer.hears("frame") else link.push
        """`push(packet, now)` sends `packet` onto the link."""

    @property
    def mtu(self) -> int:
        """The largest packet that the link takes, in bytes."""
        return self.link.mtu

    def _tell_and_push(self, packet: Packet, now: int) -> None:
        self._tracer.frame(now, self.name, "out", packet)
        self.link.push(packet, now)

    def _refused(self, packet: Packet, now: int) -> None:
        self._too_large(packet, self.link.mtu, now)


class Incoming:
    """The other direction: what its link delivers to."""

    __slots__ = ("_name", "_onward", "_tracer")

    def __init__(self, name: str, onward: Callable[[Packet, int], None], tracer: HostTracer) -> None:
        self._name = name
        self._onward = onward
        self._tracer = tracer

    def receive(self, packet: Packet, now: int) -> None:
        """Tell that `packet` comes in by this interface, and hand it on."""
        self._tracer.frame(now, self._name, "in", packet)
        self._onward(packet, now)
