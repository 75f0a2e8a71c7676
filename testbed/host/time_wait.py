"""TIME-WAIT cut short: when a new connection may take the place of one that waits there (RFC 6191).

Old segments of the former must not be taken for the new one's. Timestamps tell, or the sequence numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.tcp.lifetime import closing
from testbed.tcp.sequence import MASK
from testbed.tcp.state import Event, State
from testbed.wire.segment import ACK, RST, SYN, Segment

if TYPE_CHECKING:
    from testbed.host.socket import Socket
    from testbed.tcp.connection import Connection

_HALF = 0x80000000
_BEYOND = 0x20000
"""How far beyond the former connection's numbers the new one's begin, if they would not anyway (RFC 9293 MAY-2)."""


def may_follow(connection: Connection, syn: Segment) -> bool:
    """Whether `syn` may begin a new connection where `connection` waits (section 2)."""
    if not _waits(connection) or syn.flags & (SYN | ACK | RST) != SYN:
        return False
    assert connection.receiver is not None
    timestamps = connection.output.timestamps
    later = 0 < (syn.seq - connection.receiver.next + 1 & MASK) < _HALF
    if not timestamps.on or syn.timestamp is None:
        return later or (not timestamps.on and syn.timestamp is not None)
    if syn.timestamp == timestamps.recent:
        return later
    return (syn.timestamp - timestamps.recent & MASK) < _HALF


def may_be_followed(connection: Connection) -> bool:
    """Whether we may begin a new connection where `connection` waits: our timestamps will be later ones."""
    return _waits(connection) and connection.output.timestamps.on


def follow(former: Socket, now: int, initial: int) -> int:
    """End `former`. The answer is the initial sequence number of the one that follows: `initial`, or, if the former's
    numbers went further, one beyond them."""
    closing.finish(former.connection, now, Event.REPLACED)
    former.service()
    last = former.connection.sender.highest
    return initial if 0 < (initial - last & MASK) < _HALF else last + _BEYOND & MASK


def _waits(connection: Connection) -> bool:
    return connection.config.time_wait_reuse and connection.machine.state is State.TIME_WAIT
