"""The user timeout option (RFC 5482): both ends tell how long they wait for an acknowledgement before they give up."""

from __future__ import annotations

from typing import Final

from testbed.clock import SECOND
from testbed.tcp.config import TcpConfig
from testbed.wire.segment import Segment

KIND: Final = 28

_SIZE: Final = 4

_MINUTES: Final = 0x8000
"""The granularity bit: the other fifteen count minutes, not seconds (section 3)."""


def advertise(segment: Segment, timeout: int, room: int) -> None:
    """Put the option on `segment` if it has `room` (bytes) for it; `timeout` in ns, rounded up to what the field can
    say."""
    if room < _SIZE:
        return
    seconds = -(-timeout // SECOND)
    field = seconds if seconds < _MINUTES else min(-(-seconds // 60), _MINUTES - 1) | _MINUTES
    segment.unknown += ((KIND, field.to_bytes(2, "big")),)


def advertised(segment: Segment) -> int:
    """What the peer tells, in ns; 0 for nothing (a timeout of 0 is to be ignored: section 3.2)."""
    for kind, body in segment.unknown:
        if kind == KIND and len(body) == 2:
            field = int.from_bytes(body, "big")
            return (field & ~_MINUTES) * (60 if field & _MINUTES else 1) * SECOND
    return 0


def agreed(config: TcpConfig, remote: int) -> int:
    """USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)) (section 3.1), in ns."""
    return min(config.user_timeout_max, max(config.user_timeout, remote, config.user_timeout_min))
