"""ICMP as values, and as bytes (RFC 792; RFC 1191 section 4): what a machine says of a packet that went no further.

A message quotes the head of the packet that it is about, so that whoever sent that can find the connection. What a
message means to a connection is for the transport.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from testbed.wire.checksum import checksum, verifies, word_sum

HEADER: Final = 8
"""Bytes of an ICMP header."""

UNREACHABLE: Final = 3
TIME_EXCEEDED: Final = 11

NETWORK: Final = 0
HOST: Final = 1
PROTOCOL: Final = 2
PORT: Final = 3
FRAGMENTATION_NEEDED: Final = 4
"""Codes of UNREACHABLE (RFC 792; the rest of them are in RFC 1122 section 3.2.2.1 and RFC 1812 section 5.2.7.1)."""

LONGEST: Final = 576
"""Bytes of a whole packet with a message: as much of the quoted one as fits (RFC 1812 section 4.3.2.3)."""

_UNREACHABLE_NAMES: Final = (
    "network unreachable", "host unreachable", "protocol unreachable", "port unreachable", "fragmentation needed",
    "source route failed", "network unknown", "host unknown", "source host isolated", "network prohibited",
    "host prohibited", "network unreachable for this service", "host unreachable for this service",
    "communication prohibited", "host precedence violation", "precedence cutoff",
)  # fmt: skip

_TIME_EXCEEDED_NAMES: Final = ("time to live exceeded", "reassembly time exceeded")

_HEADER: Final = Struct(">BBHI")
_QUOTED: Final = Struct(">BxHxxxxxBxxII")  # version and length, total length, protocol, addresses
_PORTS: Final = Struct(">HHI")


class Message:
    """One message. `word` is the second half of its header, which is an MTU where fragmentation was needed."""

    __slots__ = ("code", "quote", "type", "word")

    def __init__(self, kind: int, code: int, quote: bytes, word: int = 0) -> None:
        self.type = kind
        self.code = code
        self.quote = quote
        self.word = word

    @property
    def size(self) -> int:
        """Bytes, without the IP header."""
        return HEADER + len(self.quote)

    @property
    def name(self) -> str:
        """What it says: `fragmentation needed`."""
        names = {UNREACHABLE: _UNREACHABLE_NAMES, TIME_EXCEEDED: _TIME_EXCEEDED_NAMES}.get(self.type, ())
        return names[self.code] if self.code < len(names) else f"type {self.type}, code {self.code}"

    @property
    def next_mtu(self) -> int | None:
        """The largest packet that would have gone on; 0 from a router that does not say (RFC 1191 section 5); None for
        a message about something else."""
        return self.word & 0xFFFF if (self.type, self.code) == (UNREACHABLE, FRAGMENTATION_NEEDED) else None

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Quote:
    """What can be read of a TCP segment that a message quotes; eight bytes of it are enough."""

    __slots__ = ("destination", "destination_port", "seq", "size", "source", "source_port")

    def __init__(
        self, source: int, source_port: int, destination: int, destination_port: int, seq: int, size: int
    ) -> None:
        self.source = source
        self.source_port = source_port
        self.destination = destination
        self.destination_port = destination_port
        self.seq = seq
        self.size = size  # of the whole packet, as it was sent


def read_quote(data: bytes) -> Quote | None:
    """The segment that `data` begins; None when it is none of TCP's, or too short."""
    if len(data) < _QUOTED.size:
        return None
    first, size, protocol, source, destination = _QUOTED.unpack_from(data)
    start = (first & 0xF) * 4
    if first >> 4 != 4 or protocol != 6 or start < _QUOTED.size or len(data) < start + _PORTS.size:
        return None
    source_port, destination_port, seq = _PORTS.unpack_from(data, start)
    return Quote(source, source_port, destination, destination_port, seq, size)


def encode_message(message: Message) -> bytes:
    """The message as it is on the wire."""
    total = (message.type << 8 | message.code) + message.word + word_sum(message.quote)
    return _HEADER.pack(message.type, message.code, checksum(total), message.word) + message.quote


def decode_message(data: bytes) -> Message | None:
    """The message that `data`, of at least `HEADER` bytes, holds; None when its checksum is wrong."""
    if not verifies(word_sum(data)):
        return None
    kind, code, _, word = _HEADER.unpack_from(data)
    return Message(kind, code, data[HEADER:], word)
