"""TCP Fast Open (RFC 7413): who has a cookie of the server's sends data with its SYN.

A cookie proves that its owner has once answered from its address. A host keeps those that others gave it in a `Jar`,
and makes its own out of a secret; each connection that may use them has its `FastOpen`.
"""

from __future__ import annotations

import hashlib
from typing import Final

from testbed.clock import SECOND
from testbed.wire.segment import Segment

KIND: Final = 34
"""Section 4.1.1. (The experimental one, 254, is not ours.)"""

COOKIE: Final = 8
"""Bytes of a cookie that we make (section 4.1.1: 4 to 16, even)."""

DISTRUST: Final = 3600 * SECOND
"""How long no more data is sent with the SYN to who did not answer one (section 4.1.3.1 leaves it to us)."""


def put(segment: Segment, cookie: bytes) -> None:
    """The option with `cookie`; empty: one is asked for."""
    segment.unknown += ((KIND, cookie),)


def taken(segment: Segment) -> bytes | None:
    """The cookie on `segment`, empty where one is asked for; None without the option, or with one that cannot be."""
    for kind, body in segment.unknown:
        if kind == KIND and (not body or (4 <= len(body) <= 16 and len(body) % 2 == 0)):
            return body
    return None


class Jar:
    """One host's cookies: others', by their address, each with the MSS that came with it; and how its own are made."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.known: dict[int, tuple[bytes, int]] = {}
        self.distrusted: dict[int, int] = {}  # until when, by address

    def cookie(self, address: int) -> bytes:
        """Ours for `address` (section 4.1.2)."""
        return hashlib.blake2b(b"%d" % address, digest_size=COOKIE, key=self._secret, person=b"fast open").digest()


class FastOpen:
    """One connection's part. `address` is the peer's."""

    __slots__ = ("_address", "_admitted", "_jar", "accepted", "cookie", "mss")

    def __init__(self, jar: Jar, address: int, admitted: bool = True) -> None:
        """`admitted`: for a server, whether it may take data before the handshake is over (section 5.1)."""
        self._jar = jar
        self._address = address
        self.cookie: bytes | None = None  # what our SYN, or SYN,ACK, carries
        self.accepted = False  # the SYN's data was taken
        self._admitted = admitted
        self.mss = 0  # what the server took the last time

    # -- the client --------------------------------------------------------------------------------------------------

    def begin(self, now: int) -> bool:
        """Choose what the SYN carries: the server's cookie, and data; the wish for one; or nothing. The answer is
        whether there may be data."""
        if now < self._jar.distrusted.get(self._address, 0):
            return False
        self.cookie, self.mss = self._jar.known.get(self._address, (b"", 0))
        return self.cookie != b""

    def answered(self, now: int, answer: Segment, sent: int, acknowledged: int) -> None:
        """The SYN,ACK acknowledges so many of the bytes that the SYN brought; take the cookie that it has."""
        cookie = taken(answer)
        self.accepted = acknowledged > 0
        if cookie:
            self._jar.known[self._address] = (cookie, answer.mss or 0)
        elif sent and not acknowledged:
            self._distrust(now)

    def unanswered(self, now: int) -> None:
        """The SYN was not answered in time: it is sent again without a cookie, in case that was the reason."""
        if self.cookie:
            self._distrust(now)
        self.cookie = None

    def _distrust(self, now: int) -> None:
        self._jar.known.pop(self._address, None)
        self._jar.distrusted[self._address] = now + DISTRUST

    # -- the server --------------------------------------------------------------------------------------------------

    def judge(self, syn: Segment) -> bool:
        """Whether the data of `syn` may be taken; our SYN,ACK says what its sender needs to know."""
        cookie = taken(syn)
        if cookie is None:
            return False
        ours = self._jar.cookie(self._address)
        if cookie != ours:
            self.cookie = ours  # asked for, or no longer right (section 4.2.2)
            return False
        self.accepted = self._admitted
        return self._admitted
