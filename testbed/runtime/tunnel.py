"""A link whose ends are in different processes: a UDP socket on each side, an IPv4 packet in each datagram.

Only the peer is listened to: the socket is connected, and whatever else comes to its port goes to the doorman, who
counts it. What the tunnel loses itself is counted apart from what the link loses on purpose.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Final

from testbed.metrics.histogram import Histogram
from testbed.runtime.gso import LARGEST, Receiver, Sender
from testbed.runtime.real import RealTime
from testbed.wire.codec import Malformed, damaged, decode, encode
from testbed.wire.packet import Packet

Deliver = Callable[[Packet, int], None]

MOST: Final = 64
"""Datagrams that are read, roughly, before others have their turn."""

BUFFER: Final = 8 * 2**20
"""Bytes that we ask the kernel to keep for us. Unless we may force it, it gives what the system allows."""

_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_SO_MEMINFO: Final = 55
_DROPS: Final = 8  # of the nine words of SO_MEMINFO


class TunnelStats:
    """What one end of a tunnel has seen, in datagrams."""

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.overflowed = 0  # came while our buffer was full; a run of them, sent as one, may count once
        self.refused = 0  # the system did not take
        self.malformed = 0  # too short to be a packet
        self.strangers = 0  # not from the peer

    def as_dict(self) -> dict[str, int]:
        """Every counter by name."""
        return dict(vars(self))


class Tunnel:
    """This process's end of the tunnel of `link`."""

    def __init__(self, time: RealTime, link: str, address: str, *, offload: bool = True, buffer: int = BUFFER) -> None:
        """Bind to `address`; the system chooses the port. Without `offload`, every datagram goes by itself."""
        self.link = link
        self._time = time
        self._clock = time.clock
        self._stats = TunnelStats()
        self._socket = _bound(address, 0)
        self._doorman: socket.socket | None = None
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self.receive_buffer = _enlarge(self._socket, buffer)
        """Bytes that the kernel keeps for us at most, by its own reckoning, which counts its overhead."""
        self._sender = Sender(self._socket, offload)
        self._receiver = Receiver(self._socket, offload)
        self._deliver: Deliver = _nowhere
        self._waiting: list[tuple[Packet, int]] = []  # packets to be sent, and when they should have been
        self._size = 0
        self._late = Histogram()

    def connect(self, peer: tuple[str, int]) -> None:
        """Listen to `peer` only, and speak to it. What came before was not from it: nobody sends before the start."""
        self._socket.connect(peer)
        self._doorman = _bound(*self.address)
        while early := self._receiver.receive():
            self._stats.strangers += len(early)
        self._time.add_reader(self._socket, self._readable)
        self._time.add_reader(self._doorman, self._turn_away)

    def outlet(self, direction: str) -> Deliver:
        """What the link direction delivers to whose sender is here."""
        self._late = self._time.lateness.of(direction)
        return self._push

    def inlet(self, direction: str, deliver: Deliver) -> None:
        """Deliver the packets of the other direction to `deliver`."""
        self._deliver = deliver

    @property
    def stats(self) -> TunnelStats:
        """All counters, as they are now."""
        self._stats.overflowed = _drops(self._socket, self._stats.overflowed)
        return self._stats

    @property
    def offload(self) -> tuple[bool, bool]:
        """Whether runs of datagrams are sent, and received, in one call."""
        return self._sender.offload, self._receiver.offload

    def close(self) -> None:
        """Give the port back. The counters stay."""
        self._stats.overflowed = _drops(self._socket, self._stats.overflowed)
        for one in (self._socket, self._doorman):
            if one is not None:
                self._time.remove_reader(one)
                one.close()

    # -- out ---------------------------------------------------------------------------------------------------------

    def _push(self, packet: Packet, due: int) -> None:
        if not self._waiting:
            self._time.at_settle(self._flush)
        self._waiting.append((packet, due))
        self._size += packet.size
        if self._size >= LARGEST:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        if self._time.frozen:
            return
        taken = self._sender.send([encode(packet) for packet, _ in waiting])
        self._stats.sent += taken
        self._stats.refused += len(waiting) - taken
        now, late = self._time.now(), self._late
        for _, due in waiting:
            late.add(now - due)

    # -- in ----------------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        left = MOST
        while left > 0 and (datagrams := self._receiver.receive()):
            left -= len(datagrams)
            self._receive(datagrams)
            if self._time.behind:
                break
        self._time.settle()

    def _receive(self, datagrams: list[bytes]) -> None:
        self._stats.received += len(datagrams)
        deliver, queue = self._deliver, self._clock.at
        now = self._time.arrive()
        if self._time.frozen:
            return
        behind = self._time.behind
        for data in datagrams:
            decoded = decode(data)
            packet = damaged(data) if isinstance(decoded, Malformed) else decoded
            if packet is None:
                self._stats.malformed += 1
            elif behind:
                queue(now, deliver, packet)
            else:
                deliver(packet, now)

    def _turn_away(self) -> None:
        assert self._doorman is not None
        for _ in range(MOST):
            try:
                self._doorman.recv(1)
            except OSError:  # nobody is left
                return
            self._stats.strangers += 1


def _nowhere(packet: Packet, now: int) -> None:
    """No inlet has been made."""


def _bound(address: str, port: int) -> socket.socket:
    """A socket that does not block, at a port that it may share with another of ours."""
    one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    one.setblocking(False)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind((address, port))
    return one


def _enlarge(one: socket.socket, size: int) -> int:
    """Ask for large buffers, and say how much was given for receiving."""
    for force, ask in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            one.setsockopt(socket.SOL_SOCKET, force, size)
        except OSError:  # not permitted, or not Linux
            one.setsockopt(socket.SOL_SOCKET, ask, size)
    return one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def _drops(one: socket.socket, otherwise: int) -> int:
    """Datagrams that found the buffer full, if the kernel tells."""
    try:
        words = struct.unpack("=9I", one.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36))
    except (OSError, struct.error):
        return otherwise
    return int(words[_DROPS])
