"""SYN cookies: an initial sequence number that says all that must be known of a SYN (RFC 4987 section 3.6).

    5 bits of a slow clock | 3 bits for the peer's MSS | 24 bits that only we can make of all that and both ends

Whoever acknowledges it has seen it, and so answers from its address; nothing need be kept until then. What does not
fit is lost: window scaling, timestamps, SACK.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from typing import Final

from testbed.clock import SECOND

TICK: Final = 64 * SECOND
AGE: Final = 2
"""Ticks that a cookie is good for, the present one included."""

SIZES: Final = (64, 512, 536, 1024, 1220, 1440, 1460, 8960)
"""The MSS that a cookie can tell: the greatest that is not above the peer's."""

_CLOCK: Final = 31


class SynCookies:
    """One host's."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def make(self, now: int, ends: tuple[int, int, int, int], peer_initial: int, mss: int) -> int:
        """The initial sequence number that answers a SYN. `ends`: local and remote address and port."""
        index = max(bisect_right(SIZES, mss) - 1, 0)
        return self._cookie(now // TICK, ends, peer_initial, index)

    def read(self, now: int, ends: tuple[int, int, int, int], peer_initial: int, cookie: int) -> int:
        """The MSS that the peer of `cookie` had offered; 0 if it is none of ours, or too old."""
        index = cookie >> 24 & 7
        for age in range(AGE):
            if self._cookie(now // TICK - age, ends, peer_initial, index) == cookie:
                return SIZES[index]
        return 0

    def _cookie(self, tick: int, ends: tuple[int, int, int, int], peer_initial: int, index: int) -> int:
        text = b"%d:%d:%d:%d:%d:%d:%d" % (*ends, peer_initial, tick, index)
        digest = hashlib.blake2b(text, digest_size=3, key=self._secret, person=b"syn cookie").digest()
        return (tick & _CLOCK) << 27 | index << 24 | int.from_bytes(digest, "big")
