"""Segments and packets for the tests of the trace."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from testbed.wire.options import options_size
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, HEADER, Segment

LEFT, RIGHT = 0x0A000001, 0x0A000002


@pytest.fixture
def segment_with() -> Callable[..., Segment]:
    """A data segment from port 49152 to 5001; keywords set its other fields."""

    def build(seq: int = 1000, payload: bytes = b"hello", flags: int = ACK, **fields: object) -> Segment:
        segment = Segment(49152, 5001, seq, 77, flags, 512, payload)
        for name, value in fields.items():
            setattr(segment, name, value)
        segment.header_size = HEADER + options_size(segment)
        return segment

    return build


@pytest.fixture
def packet_with(segment_with: Callable[..., Segment]) -> Callable[..., Packet]:
    """The same in a packet from 10.0.0.1 to 10.0.0.2."""
    return lambda **fields: Packet(LEFT, RIGHT, segment_with(**fields))
