"""A packet that a link has corrupted fares on the other side of a tunnel as it does without one."""

from __future__ import annotations

from random import Random
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from testbed.clock import Clock
from testbed.host.icmp import Icmp
from testbed.host.interface import Interface
from testbed.host.ip import IpLayer
from testbed.link.corruption import Corruption, corrupt
from testbed.trace.tracer import SILENT
from testbed.wire.codec import damaged, decode, encode
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, Segment

HERE, ELSEWHERE = 0x0A000001, 0x0A000002


class Way:
    """An interface that keeps what it is to send."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def push(self, packet: Packet, now: int) -> None:
        self.sent.append(encode(packet))


def fate(packet: Packet) -> tuple[dict[str, int], list[bytes], list[bytes]]:
    """What a router at HERE makes of it: its drops, what it forwards, and what it takes for itself."""
    way, taken = Way(), list[bytes]()
    tracer = SILENT.host("r1")
    machine = IpLayer(HERE, True, lambda packet, now: taken.append(encode(packet)), tracer, Icmp(Clock(), {}, tracer))
    machine.routes[ELSEWHERE] = cast(Interface, way)
    machine.receive(packet, 0)
    return machine.drops, way.sent, taken


def carried(packet: Packet) -> Packet:
    """The packet after it has gone through a tunnel."""
    data = encode(packet)
    decoded = decode(data)
    carried = decoded if isinstance(decoded, Packet) else damaged(data)
    assert carried is not None
    return carried


def any_packet(size: int, destination: int, ttl: int) -> Packet:
    segment = Segment(49152, 80, 7, 8, ACK, 9, bytes(range(size)))
    segment.timestamp, segment.header_size = 5, 32
    return Packet(0x0A000003, destination, segment, ttl)


@given(st.integers(0, 100), st.sampled_from([HERE, ELSEWHERE]), st.sampled_from([1, 2, 64]), st.integers(0, 1 << 32))
def test_corruption_means_the_same_with_and_without_a_tunnel(size: int, to: int, ttl: int, seed: int) -> None:
    packet = any_packet(size, to, ttl)
    corrupt(packet, Corruption(1, Random(seed)).draw(packet.size))
    through = carried(packet)
    assert through.raw == packet.raw
    assert fate(through) == fate(packet)


@given(st.binary(min_size=40, max_size=100))
def test_whatever_arrives_has_a_fate(data: bytes) -> None:
    packet = damaged(data)
    assert packet is not None
    assert encode(packet) == data
    fate(packet)


@given(st.binary(max_size=39))
def test_less_than_two_headers_is_no_packet(data: bytes) -> None:
    assert damaged(data) is None


def test_a_damaged_packet_shows_what_can_still_be_read() -> None:
    packet = any_packet(10, ELSEWHERE, 64)
    data = bytearray(encode(packet))
    data[-1] ^= 1
    found = damaged(bytes(data))
    assert found is not None
    assert (found.source, found.destination, found.ttl) == (packet.source, packet.destination, packet.ttl)
    assert (found.segment.source_port, found.segment.seq, found.segment.flags) == (49152, 7, ACK)
    assert (found.segment.header_size, len(found.segment.payload), found.size) == (32, 10, len(data))
