"""The round-trip estimator and the retransmission timeout (RFC 6298)."""

from __future__ import annotations

from typing import Final

from testbed.tcp.config import TcpConfig

GRANULARITY: Final = 1_000_000
"""G: 1 ms, the least that four times the variation may add (RFC 6298 section 2.3)."""

HANDSHAKE_RTO: Final = 3_000_000_000
"""The RTO that data starts with when the SYN had to be repeated (RFC 6298 section 5.7)."""


class RoundTrip:
    """SRTT, RTTVAR and RTO in ns. `srtt` is 0 until there is a sample."""

    __slots__ = ("_backoff", "_base", "_maximum", "_minimum", "rto", "rttvar", "srtt")

    def __init__(self, config: TcpConfig) -> None:
        self.srtt = 0
        self.rttvar = 0
        self._minimum = config.rto_min
        self._maximum = config.rto_max
        self._base = min(config.rto_initial, config.rto_max)
        self._backoff = 0
        self.rto = self._base

    @property
    def backed_off(self) -> bool:
        """Whether the RTO stands doubled, as it does until a new sample comes (section 5, note to step 5.7)."""
        return self._backoff > 0

    def sample(self, measured: int) -> None:
        """Take a measured round trip (sections 2.2 and 2.3); undoes the back-off."""
        if self.srtt == 0:
            self.srtt = measured
            self.rttvar = measured // 2
        else:
            self.rttvar += (abs(self.srtt - measured) - self.rttvar) // 4
            self.srtt += (measured - self.srtt) // 8
        self._set()

    def _set(self) -> None:
        self._backoff = 0
        self._base = max(self.srtt + max(GRANULARITY, 4 * self.rttvar), self._minimum)
        self.rto = min(self._base, self._maximum)

    def back_off(self) -> None:
        """Double the RTO, up to the maximum (section 5.5)."""
        self._backoff += 1
        self.rto = min(self.rto * 2, self._maximum)

    def handshake_repeated(self) -> None:
        """The SYN timed out: data begins with 3 s, whatever little is known (section 5.7)."""
        self._backoff = 0
        self._base = self.rto = min(max(self._base, HANDSHAKE_RTO), self._maximum)

    def adopt(self, measured: int) -> None:
        """A timeout was spurious, and `measured` is what the round trip has become (RFC 4015 section 3, step 9)."""
        self.srtt = max(self.srtt, measured)
        self.rttvar = max(self.rttvar, measured // 2)
        self._set()
