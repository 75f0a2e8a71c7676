"""What a connection tells its application: bits, for several may happen at once. They are told in this order."""

from __future__ import annotations

from typing import Final

CONNECTED: Final = 1
"""The handshake is over."""
READABLE: Final = 2
"""Bytes came into order."""
WRITABLE: Final = 4
"""There is room again, after a write that was not taken whole."""
PEER_CLOSED: Final = 8
"""The peer's FIN is in order: nothing more will come."""
FAILED: Final = 16
"""The connection ended against the application's will: `Connection.error` says how."""
CLOSED: Final = 32
"""The connection is over; it is the last that is told."""
