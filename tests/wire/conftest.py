"""Packets for the tests of the wire: one of each kind, and any."""

from __future__ import annotations

import pytest

from testbed.wire.options import options_size
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, HEADER, PSH, SYN, Segment

LEFT, RIGHT = 0x0A000001, 0x0A000002


def sized(segment: Segment) -> Segment:
    segment.header_size = HEADER + options_size(segment)
    return segment


def carried(segment: Segment) -> Packet:
    return Packet(LEFT, RIGHT, sized(segment))


@pytest.fixture
def syn_packet() -> Packet:
    segment = Segment(49152, 5001, 0xFFFFFFFF, 0, SYN, 65535)
    segment.mss, segment.window_scale, segment.sack_permitted = 1460, 7, True
    segment.timestamp = 1000
    return carried(segment)


@pytest.fixture
def data_packet() -> Packet:
    segment = Segment(49152, 5001, 0, 1, ACK | PSH, 512, b"a stitch in time")
    segment.timestamp, segment.timestamp_echo = 1001, 2002
    return carried(segment)


@pytest.fixture
def sack_packet() -> Packet:
    segment = Segment(5001, 49152, 1, 17, ACK, 512)
    segment.timestamp, segment.timestamp_echo = 2003, 1001
    segment.sack = ((33, 49), (4294967290, 4), (65, 81))
    return carried(segment)
