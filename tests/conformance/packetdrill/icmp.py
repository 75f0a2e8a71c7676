"""ICMP in scripts: `icmp unreachable frag_needed mtu 1200 [1:1461(1460)]`, a message about the stack's own segment."""

from __future__ import annotations

import re
import struct

from packetdrill.kernel import LOCAL_ADDRESS, REMOTE_ADDRESS
from packetdrill.numbers import Numbers
from packetdrill.script import Unsupported

from testbed.wire import codec
from testbed.wire.packet import Packet

TYPES = {
    "echo_reply": 0, "unreachable": 3, "source_quench": 4, "redirect": 5, "echo_request": 8, "time_exceeded": 11,
    "parameter_problem": 12,
}  # fmt: skip

CODES = {
    "net_unreachable": 0, "host_unreachable": 1, "protocol_unreachable": 2, "port_unreachable": 3, "frag_needed": 4,
    "source_route_failed": 5, "net_unknown": 6, "host_unknown": 7, "source_host_isolated": 8, "net_prohibited": 9,
    "host_prohibited": 10, "net_unreachable_for_tos": 11, "host_unreachable_for_tos": 12, "packet_filtered": 13,
    "precedence_violation": 14, "precedence_cutoff": 15, "exceed_ttl": 0, "exceed_fragtime": 1,
}  # fmt: skip

_MESSAGE = re.compile(
    r"icmp (?P<type>\w+)(?: (?P<code>(?!mtu)\w+))?(?: mtu (?P<mtu>\d+))?"
    r" ?\[\s*(?P<seq>\d+):(?P<end>\d+)\s*\((?P<length>\d+)\)\s*\]\s*"
)


def build(text: str, ports: tuple[int, int], numbers: Numbers) -> Packet:
    """The packet that the script injects. `ports`: the script's, the stack's. The quote is a header and eight bytes."""
    match = _MESSAGE.fullmatch(text)
    if match is None:
        raise Unsupported(text)
    theirs, ours = ports
    seq = numbers.inbound_ack(int(match["seq"]))  # the stack's own number
    size = 40 + int(match["length"])
    quote = struct.pack(">HHHHHHII", 0x4500, size, 0, 0x4000, 64 << 8 | 6, 0, LOCAL_ADDRESS, REMOTE_ADDRESS)
    quote += struct.pack(">HHI", ours, theirs, seq)
    kind, code = _number(match["type"], TYPES, "type_"), _number(match["code"] or "0", CODES, "code_")
    body = struct.pack(">BBHI", kind, code, 0, int(match["mtu"] or 0)) + quote
    body = body[:2] + _checksum(body).to_bytes(2, "big") + body[4:]
    ip = struct.pack(">HHHHHHII", 0x4500, 20 + len(body), 0, 0, 64 << 8 | 1, 0, REMOTE_ADDRESS, LOCAL_ADDRESS)
    packet = codec.decode(ip[:10] + _checksum(ip).to_bytes(2, "big") + ip[12:] + body)
    if not isinstance(packet, Packet):
        raise Unsupported(f"the wire refuses the packet: {packet}")
    return packet


def _number(word: str, names: dict[str, int], prefix: str) -> int:
    if word in names:
        return names[word]
    number = word.removeprefix(prefix)
    if not number.isdigit():
        raise Unsupported(f"icmp {word}")
    return int(number)


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes, written out."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
