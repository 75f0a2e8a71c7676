"""What a connection tells its application: bits, for several may happen at once. They are told in this order."""

from __future__ import annotations

from typing import Final

CONNECTED: Final = 1
"""The handshake is over."""
URGENT: Final = 2
"""The urgent pointer has moved on (RFC 9293 section 3.8.5, MUST-32)."""
READABLE: Final = 4
"""Bytes came into order."""
WRITABLE: Final = 8
"""There is room again, after a write that was not taken whole."""
PEER_CLOSED: Final = 16
"""The peer's FIN is in order: nothing more will come."""
FAILED: Final = 32
"""The connection ended against the application's will: `Connection.error` says how."""
CLOSED: Final = 64
"""The connection is over; it is the last that is told."""
