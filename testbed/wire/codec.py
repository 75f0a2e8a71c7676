"""Packets to bytes and back: IPv4 (RFC 791) around TCP (RFC 9293 section 3.1), or around ICMP (`wire.icmp`).

Whatever the bytes are, `decode` answers: with a packet, or with the reason why there is none. It knows no
connection; what an option means is for the transport.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from testbed.wire import icmp
from testbed.wire.checksum import checksum, verifies, word_sum
from testbed.wire.icmp import Message
from testbed.wire.options import decode_options, encode_options
from testbed.wire.packet import IPV4_HEADER, Packet, icmp_packet
from testbed.wire.segment import HEADER, Segment

PROTOCOL_ICMP: Final = 1
PROTOCOL_TCP: Final = 6

TRUNCATED: Final = "truncated"
IP_VERSION: Final = "ip version"
IP_HEADER_LENGTH: Final = "ip header length"
IP_CHECKSUM: Final = "ip checksum"
FRAGMENT: Final = "fragment"
PROTOCOL: Final = "protocol"
ICMP_CHECKSUM: Final = "icmp checksum"
TCP_CHECKSUM: Final = "tcp checksum"
DATA_OFFSET: Final = "data offset"
BAD_OPTION: Final = "bad option"

REASONS: Final = (
    TRUNCATED, IP_VERSION, IP_HEADER_LENGTH, IP_CHECKSUM, FRAGMENT, PROTOCOL, ICMP_CHECKSUM,
    TCP_CHECKSUM, DATA_OFFSET, BAD_OPTION,
)  # fmt: skip
"""Every reason why bytes are no packet, in the order in which they are looked for."""

_DONT_FRAGMENT: Final = 0x4000  # we never fragment, and need no identification then (RFC 6864 section 4.1)
_FRAGMENT: Final = 0x3FFF  # "more fragments", or an offset
_FLAGS: Final = 0x1FF
_VERSION: Final = 0x4500  # IPv4, five words of header, no service class

_HEADERS: Final = Struct(">HHHHHHII HHIIHHHH")  # both, as words and addresses
_IPV4: Final = Struct(">HHHHHHII")
_TCP: Final = Struct(">HHIIHHHH")


class Malformed:
    """Bytes that are no packet of ours, and why: one of `REASONS`."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Malformed) and other.reason == self.reason

    def __hash__(self) -> int:
        return hash(self.reason)

    def __repr__(self) -> str:
        return f"Malformed({self.reason!r})"


# -- to bytes ----------------------------------------------------------------------------------------------


def encode(packet: Packet) -> bytes:
    """The packet as it is on the wire; a corrupted one as it has become.

    Raises ValueError for options beyond the segment's `header_size`, and struct.error for a field out of
    range: both are mistakes of whoever made the segment.
    """
    if packet.raw is not None:
        return packet.raw
    if packet.message is not None:
        return _encode_message(packet, packet.message)
    segment = packet.segment
    payload = segment.payload
    header_size = segment.header_size
    options = encode_options(segment, header_size - HEADER) if header_size > HEADER else b""
    length = header_size + len(payload)
    first = _VERSION | packet.ecn
    life = packet.ttl << 8 | PROTOCOL_TCP
    addresses = packet.source + packet.destination
    offset = header_size << 10 | segment.flags  # four bits of words, three reserved ones, the flags
    # Checksums from the fields themselves: a 32-bit one may be added whole (see `checksum`).
    ipv4 = first + IPV4_HEADER + length + packet.identification + _DONT_FRAGMENT + life + addresses
    tcp = addresses + PROTOCOL_TCP + length + segment.source_port + segment.destination_port
    tcp += segment.seq + segment.ack + offset + segment.window + segment.urgent_pointer
    tcp += word_sum(options) + word_sum(payload)
    headers = _HEADERS.pack(
        first, IPV4_HEADER + length, packet.identification, _DONT_FRAGMENT, life, checksum(ipv4),
        packet.source, packet.destination,
        segment.source_port, segment.destination_port, segment.seq, segment.ack, offset, segment.window,
        checksum(tcp), segment.urgent_pointer,
    )  # fmt: skip
    return b"".join((headers, options, payload))


def _encode_message(packet: Packet, message: Message) -> bytes:
    body = icmp.encode_message(message)
    first = _VERSION | packet.ecn
    length = IPV4_HEADER + len(body)
    life = packet.ttl << 8 | PROTOCOL_ICMP
    total = first + length + packet.identification + _DONT_FRAGMENT + life + packet.source + packet.destination
    header = _IPV4.pack(
        first, length, packet.identification, _DONT_FRAGMENT, life, checksum(total), packet.source, packet.destination
    )
    return header + body


# -- from bytes --------------------------------------------------------------------------------------------


def decode(data: bytes) -> Packet | Malformed:
    """The packet that `data` holds, or why there is none. Bytes after the packet's end (padding) are ignored.

    IPv4 options and the service class are skipped and not kept.
    """
    wrong = _check_header(data)
    if wrong:
        return Malformed(wrong)
    first, total, identification, fragment, life, _, source, destination = _IPV4.unpack_from(data)
    start = (first >> 8 & 0xF) * 4
    if total > len(data) or total < start:
        return Malformed(TRUNCATED)
    if fragment & _FRAGMENT:
        return Malformed(FRAGMENT)
    if total < len(data):
        data = data[:total]
    if life & 0xFF == PROTOCOL_TCP:
        segment = _decode_segment(data, start, source + destination)
        if isinstance(segment, Malformed):
            return segment
        segment.ecn = first & 0b11
        packet = Packet(source, destination, segment, life >> 8)
    elif life & 0xFF == PROTOCOL_ICMP:
        message = _decode_message(data[start:])
        if isinstance(message, Malformed):
            return message
        packet = icmp_packet(source, destination, message, life >> 8)
    else:
        return Malformed(PROTOCOL)
    packet.ecn = first & 0b11
    packet.identification = identification
    packet.size = total
    return packet


def _check_header(data: bytes) -> str:
    """What is wrong with the IPv4 header; "" when nothing is."""
    if len(data) < IPV4_HEADER:
        return TRUNCATED
    if data[0] >> 4 != 4:
        return IP_VERSION
    length = (data[0] & 0xF) * 4
    if length < IPV4_HEADER:
        return IP_HEADER_LENGTH
    if length > len(data):
        return TRUNCATED
    return "" if verifies(word_sum(data[:length])) else IP_CHECKSUM


def _decode_message(data: bytes) -> Message | Malformed:
    if len(data) < icmp.HEADER:
        return Malformed(TRUNCATED)
    return icmp.decode_message(data) or Malformed(ICMP_CHECKSUM)


def _decode_segment(data: bytes, start: int, addresses: int) -> Segment | Malformed:
    """The TCP part, from `start` on; `addresses` is the sum of both, for the pseudo-header."""
    length = len(data) - start
    if length < HEADER:
        return Malformed(TRUNCATED)
    # The IPv4 header may be summed too: with its checksum, which is right, it adds nothing.
    if not verifies(addresses + PROTOCOL_TCP + length + word_sum(data)):
        return Malformed(TCP_CHECKSUM)
    source_port, destination_port, seq, ack, offset, window, _, urgent_pointer = _TCP.unpack_from(data, start)
    header_size = (offset >> 12) * 4
    if header_size < HEADER or header_size > length:
        return Malformed(DATA_OFFSET)
    options, payload = start + HEADER, start + header_size
    segment = Segment(source_port, destination_port, seq, ack, offset & _FLAGS, window, data[payload:])
    segment.urgent_pointer = urgent_pointer
    segment.header_size = header_size
    if options < payload and not decode_options(data[options:payload], segment):
        return Malformed(BAD_OPTION)
    return segment


# -- corrupted packets on their way ------------------------------------------------------------------------


def damaged(raw: bytes) -> Packet | None:
    """A packet for bytes that `decode` refuses, to be carried on as they are; None when they are too few for one.

    Its fields are what stands where they should, right or wrong: for traces, and for a router that finds the header ok.
    """
    if len(raw) < IPV4_HEADER + HEADER:
        return None
    first, _, identification, _, life, _, source, destination = _IPV4.unpack_from(raw)
    start = max(IPV4_HEADER, min((first >> 8 & 0xF) * 4, len(raw) - HEADER))
    source_port, destination_port, seq, ack, offset, window, _, urgent_pointer = _TCP.unpack_from(raw, start)
    header_size = max(HEADER, min((offset >> 12) * 4, len(raw) - start))
    payload = raw[start + header_size :]
    segment = Segment(source_port, destination_port, seq, ack, offset & _FLAGS, window, payload)
    segment.urgent_pointer = urgent_pointer
    segment.header_size = header_size
    segment.ecn = first & 0b11
    packet = Packet(source, destination, segment, life >> 8)
    packet.identification = identification
    packet.size = len(raw)
    packet.raw = raw
    return packet


def header_ok(raw: bytes) -> bool:
    """Whether a router would forward these bytes: a whole IPv4 header whose checksum holds."""
    return not _check_header(raw)


def forwarded(raw: bytes) -> bytes:
    """The same bytes one hop further: TTL less one, header checksum renewed, all else, right or wrong, kept.

    For a packet whose header is ok and whose TTL is above 0.
    """
    length = (raw[0] & 0xF) * 4
    header = raw[:8] + bytes((raw[8] - 1, raw[9], 0, 0)) + raw[12:length]
    return header[:10] + checksum(word_sum(header)).to_bytes(2, "big") + header[12:] + raw[length:]
