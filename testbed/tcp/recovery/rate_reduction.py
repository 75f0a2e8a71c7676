"""Proportional rate reduction: how much may leave for each acknowledgement in fast recovery (RFC 9937; RFC 6937 for
comparison).

The window shrinks in proportion to what arrives, so that it reaches ssthresh when recovery ends: neither a silence of
half a round trip nor a burst.
"""

from __future__ import annotations

from typing import Final

RFC_9937: Final = "rfc9937"
RFC_6937: Final = "rfc6937"


class RateReduction:
    """The state of one recovery; names of the RFC in brackets. Bytes."""

    __slots__ = ("_delivered", "_flight", "_mss", "_out", "_slow_start", "_target", "window")

    def __init__(self, flight: int, target: int, mss: int, pipe: int, version: str) -> None:
        """`flight`: what was outstanding and not known to have arrived before the acknowledgement that began recovery
        [RecoverFS]; `target`: ssthresh."""
        self._flight = max(flight, 1)
        self._target = target
        self._mss = mss
        self._slow_start = version == RFC_6937  # RFC 6937's slow-start bound asks no further
        self._delivered = 0  # [prr_delivered]
        self._out = 0  # [prr_out]
        self.window = pipe + mss

    def sent(self, size: int) -> None:
        """`size` bytes have left."""
        self._out += size

    def delivered(self, size: int, pipe: int, safe: bool) -> None:
        """An acknowledgement has delivered `size` bytes, and `pipe` is in flight [DeliveredData, inflight].

        `safe`: it advanced SND.UNA and showed no further loss [SafeACK].
        """
        self._delivered += size
        if pipe > self._target:
            allowed = -(-self._delivered * self._target // self._flight) - self._out
        else:
            limit = max(self._delivered - self._out, size)  # packet conservation
            if safe or self._slow_start:
                limit += self._mss  # one more for each acknowledgement
            allowed = min(self._target - pipe, limit)
        if self._out == 0:
            allowed = max(allowed, self._mss)  # the first retransmission goes whatever the sum says
        self.window = pipe + max(allowed, 0)
