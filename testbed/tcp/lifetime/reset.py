"""The answer to a segment for which there is no connection (RFC 9293 section 3.10.7.1)."""

from __future__ import annotations

from testbed.tcp.sequence import MASK
from testbed.wire.segment import ACK, RST, Segment


def reset_for(segment: Segment) -> Segment | None:
    """RST for `segment`, believable for its sender; None for a RST, which is never answered."""
    if segment.flags & RST:
        return None
    ports = segment.destination_port, segment.source_port
    if segment.flags & ACK:
        return Segment(*ports, segment.ack, 0, RST, 0, b"", "no connection")
    return Segment(*ports, 0, (segment.seq + segment.length) & MASK, RST | ACK, 0, b"", "no connection")
