"""Sequence numbers (RFC 9293 section 3.4, RFC 6528).

Inside a connection they are absolute integers that never wrap, so that `<` means what it says; only the wire has
32 bits. The first absolute number is the initial sequence number itself.
"""

from __future__ import annotations

import hashlib
from typing import Final

MASK: Final = 0xFFFFFFFF
_HALF: Final = 0x80000000

_ISN_TICK: Final = 4_000
"""Period of RFC 6528's timer M: 4 µs, so that 32 bits last 4.77 hours."""


def unwrap(wire: int, near: int) -> int:
    """The absolute number whose low 32 bits are `wire` and that lies nearest to the absolute number `near`.

    Less than 2^31 either way; may be negative for a number before the first, which compares as it should.
    """
    return near + ((wire - near + _HALF) & MASK) - _HALF


def timestamp_offset(local: tuple[int, int], remote: tuple[int, int], secret: bytes) -> int:
    """Where a connection's timestamp clock begins (RFC 7323 section 7.1), unrelated to its sequence numbers."""
    return _hash(local, remote, secret, b"timestamp")


def _hash(local: tuple[int, int], remote: tuple[int, int], secret: bytes, use: bytes) -> int:
    quadruple = b"%d:%d:%d:%d" % (*local, *remote)
    digest = hashlib.blake2b(quadruple, digest_size=4, key=secret, person=use).digest()
    return int.from_bytes(digest, "big")


def initial_sequence(now: int, local: tuple[int, int], remote: tuple[int, int], secret: bytes) -> int:
    """ISN = M + F(localip, localport, remoteip, remoteport, secretkey) (RFC 6528 section 3).

    `local` and `remote` are (address, port); the secret comes from the run's seed, so a run can be repeated.
    """
    return (now // _ISN_TICK + _hash(local, remote, secret, b"sequence")) & MASK
