"""What ICMP tells a connection (RFC 9293 section 3.9.2.2), after the checks of RFC 5927: anybody can send a message.

A hard error ends a connection that is not established yet. Any other is advice: it is remembered, and is the reason
that the application hears if the connection has to be given up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.tcp.lifetime import closing
from testbed.tcp.path import path_mtu
from testbed.tcp.sequence import unwrap
from testbed.tcp.state import Event, State
from testbed.wire.icmp import PORT, PROTOCOL, TIME_EXCEEDED, UNREACHABLE, Message, Quote

if TYPE_CHECKING:
    from testbed.tcp.connection import Connection

HARD: Final = frozenset({PROTOCOL, PORT, 9, 10, 13})
"""Codes of UNREACHABLE that trying again will not change: SHLD-26 has 2 and 3 (4 is path-MTU discovery's), to which RFC
1812 section 5.2.7.1 has added what somebody prohibits."""

_PARAMETER_PROBLEM: Final = 12
_SOFT: Final = (UNREACHABLE, TIME_EXCEEDED, _PARAMETER_PROBLEM)  # MUST-56
# All others are ignored, among them source quench (MUST-55, RFC 6633).


def hear(connection: Connection, now: int, message: Message, quote: Quote) -> str:
    """A message came that quotes one of our segments; why it is not believed, "" when it is."""
    sender = connection.sender
    if not sender.una <= unwrap(quote.seq, sender.una) < sender.highest:
        return "not in flight"  # RFC 5927 section 4.1
    if message.type not in _SOFT:
        return "ignored"
    connection.stats.network_errors_received += 1
    if message.next_mtu is not None:
        return path_mtu.packet_too_large(sender, now, quote.size, message.next_mtu)
    connection.tracer.app(now, message.name, 0)
    connection.advice = message.name, sender.una
    hard = message.type == UNREACHABLE and message.code in HARD
    if hard and connection.machine.state < State.ESTABLISHED:  # later it is soft, too: RFC 5927 section 5.2
        closing.finish(connection, now, Event.UNREACHABLE, message.name if connection.active else "")
    return ""


def path_has_shrunk(connection: Connection, now: int, mtu: int) -> None:
    """Another connection on the same path has learnt that no more than `mtu` gets through."""
    path = connection.sender.path
    if path.listens and (mtu < path.mtu or path.mtu == 0):
        path_mtu.lower(connection.sender, now, mtu, path_mtu.PATH_MTU)


def blame(connection: Connection) -> str:
    """Why a connection is given up: what the network has said since its last progress, if anything (SHLD-25)."""
    name, una = connection.advice
    return name if name and una == connection.sender.una else "connection timed out"
