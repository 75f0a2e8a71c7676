"""An IPv4 packet as a value (RFC 791). Bytes are made on demand: see `wire.codec`."""

from __future__ import annotations

from typing import Final

from testbed.wire.icmp import Message
from testbed.wire.segment import Segment

IPV4_HEADER: Final = 20
DEFAULT_TTL: Final = 64

NOT_ECT: Final = 0b00
ECT1: Final = 0b01
ECT0: Final = 0b10
CE: Final = 0b11

CODEPOINTS: Final = ("not-ECT", "ECT(1)", "ECT(0)", "CE")
"""What the two bits of the IP header's ECN field are called (RFC 3168 section 5)."""


NO_SEGMENT: Final = Segment(0, 0, 0, 0, 0, 0)
"""What a packet carries that carries no TCP: who looks at segments finds one, of no kind and no connection."""


class Packet:
    """One IPv4 packet carrying one TCP segment, or a `message` of ICMP: then `segment` is `NO_SEGMENT`. A router lowers
    `ttl` in place; a link that duplicates, copies.

    `size` is the total length on the wire in bytes. `raw` is None but for a corrupted packet: then it holds the
    bytes as they arrive, and they, not `segment`, are what the receiver must decode.
    """

    __slots__ = ("destination", "ecn", "identification", "message", "raw", "segment", "size", "source", "ttl")

    def __init__(self, source: int, destination: int, segment: Segment, ttl: int = DEFAULT_TTL) -> None:
        self.source = source
        self.destination = destination
        self.segment = segment
        self.ttl = ttl
        self.ecn = segment.ecn
        self.identification = 0
        self.size = IPV4_HEADER + segment.header_size + len(segment.payload)
        self.raw: bytes | None = None
        self.message: Message | None = None

    def copy(self) -> Packet:
        """The same packet again, sharing what it carries."""
        twin = Packet(self.source, self.destination, self.segment, self.ttl)
        twin.ecn = self.ecn
        twin.identification = self.identification
        twin.raw = self.raw
        twin.message = self.message
        twin.size = self.size
        return twin

    def __repr__(self) -> str:
        carried = self.message or self.segment
        return f"Packet({show_address(self.source)} > {show_address(self.destination)}, {carried})"


def icmp_packet(source: int, destination: int, message: Message, ttl: int = DEFAULT_TTL) -> Packet:
    """A packet carrying `message`."""
    packet = Packet(source, destination, NO_SEGMENT, ttl)
    packet.message = message
    packet.size = IPV4_HEADER + message.size
    return packet


def show_address(address: int) -> str:
    """0x0A000001 -> `10.0.0.1`."""
    return ".".join(str(address >> shift & 0xFF) for shift in (24, 16, 8, 0))


def read_address(text: str) -> int:
    """`10.0.0.1` -> 0x0A000001. Raises ValueError for anything else."""
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        raise ValueError(f"an IPv4 address is four numbers below 256, e.g. '10.0.0.1', not {text!r}")
    return int.from_bytes(bytes(int(part) for part in parts), "big")
