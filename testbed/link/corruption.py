"""Corruption: bits that really flip, for checksums to find.

A burst of at most 15 bits is hit, as by a crackle on the line. The Internet checksum finds every such burst
(wherever it lies, its weight is no multiple of 2¹⁶-1), so that corruption is a loss that the receiver
notices, and never changes what an application reads. Two bits far apart would slip through once in 32 times.
"""

from __future__ import annotations

from random import Random
from typing import Final

from testbed.wire.codec import encode
from testbed.wire.packet import Packet

LONGEST_BURST: Final = 15
"""Bits. The longest burst that a 16-bit ones' complement sum always finds (Stone and others 1998)."""


class Corruption:
    """Chooses a `share` of the packets, and the bits of each."""

    __slots__ = ("_share", "_stream")

    def __init__(self, share: float, stream: Random) -> None:
        self._share = share
        self._stream = stream

    def draw(self, size: int) -> int:
        """The bits to flip in a packet of `size` bytes, as one big number; 0: it stays as it is."""
        if self._stream.random() >= self._share:
            return 0
        burst = self._stream.getrandbits(LONGEST_BURST) | 1
        return burst << self._stream.randrange(8 * size - LONGEST_BURST + 1)


def corrupt(packet: Packet, flipped: int) -> None:
    """Turn the packet into its bytes, with the bits of `flipped` the other way round."""
    data = encode(packet)
    packet.raw = (int.from_bytes(data, "big") ^ flipped).to_bytes(len(data), "big")
