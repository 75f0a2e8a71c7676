"""The search for the largest packet that gets through, by trying: packetisation-layer path-MTU discovery (RFC 4821; RFC
8899, whose names stand in brackets).

A probe is a segment of new data that is larger than the others; see `tcp.mtu_probe` for when it is sent and what its
fate is. Here is only what is known, and what to try next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from testbed.tcp.recovery.scoreboard import Sent

MAX_PROBES: Final = 3
"""Probes of one size that must be lost before it counts as too large [MAX_PROBES, RFC 8899 section 5.1.2]."""

GRAIN: Final = 8
"""Bytes: a gain that is not worth another probe (Linux's tcp_probe_threshold)."""


class MtuSearch:
    """`floor` gets through [PLPMTU], nothing above `ceiling` does, and `size` is to be tried next. Whole packets."""

    __slots__ = ("_failures", "_tried", "ceiling", "floor", "probe", "size")

    def __init__(self, floor: int, ceiling: int, *, hopeful: bool) -> None:
        """`hopeful`: begin at the ceiling, which is what most paths take."""
        self.floor = floor
        self.ceiling = ceiling
        self.probe: Sent | None = None  # the one that is out
        self.size = ceiling
        self._tried = 0  # the size of the probe that is out
        self._failures = 0
        if not hopeful:
            self._choose()

    @property
    def complete(self) -> bool:
        """Whether there is nothing left that is worth trying [SEARCH_COMPLETE]."""
        return self.ceiling - self.floor < GRAIN

    def sent(self, probe: Sent) -> None:
        """A probe of `size` has left."""
        self.probe = probe
        self._tried = self.size

    def succeeded(self) -> None:
        """The probe has arrived."""
        self.probe = None
        self._failures = 0
        self.floor = self._tried
        self.ceiling = max(self.ceiling, self.floor)
        self._choose()

    def failed(self) -> None:
        """The probe is lost, or taken for it."""
        self.probe = None
        if self._tried != self.size:
            return  # somebody has told of a better size meanwhile
        self._failures += 1
        if self._failures == MAX_PROBES:
            self._failures = 0
            self.ceiling = self.size - 1
            self._choose()

    def told(self, mtu: int) -> bool:
        """A router says that `mtu` is the most; whether that is about the probe, for it is more than gets through
        anyway (RFC 8899 section 4.6.2)."""
        self.ceiling = min(self.ceiling, mtu)
        if not self.floor < mtu < self.size:
            return False
        self.size = mtu
        self._failures = 0
        return self.probe is not None

    def _choose(self) -> None:
        """Halve what is unknown, in words of four bytes."""
        self.size = max((self.floor + self.ceiling + 1) // 2 & ~3, self.floor)
