"""What a machine remembers of paths: how large a packet may be on the way to an address (RFC 1191 section 6.3).

Only what routers said, and a connection believed, gets here. Every new connection begins with it.
"""

from __future__ import annotations


class PathMtus:
    """The path MTU by destination, and when (ns) it was learnt."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}

    def learn(self, address: int, mtu: int, now: int) -> None:
        """No packet larger than `mtu` gets to `address`."""
        self._known[address] = mtu, now

    def of(self, address: int, now: int, lifetime: int) -> int:
        """The path MTU, if it was learnt less than `lifetime` (ns; 0: ever) ago; 0: it is not known."""
        mtu, at = self._known.get(address, (0, 0))
        return mtu if lifetime == 0 or now - at < lifetime else 0
