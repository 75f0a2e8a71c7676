"""Challenge acknowledgements and their limit (RFC 5961 section 7).

Only answers to suspicious segments are counted: a limit shared with honest duplicates and probes would let
an attacker, or a loss, silence them.
"""

from __future__ import annotations

from testbed.tcp.config import TcpConfig


class Challenges:
    """Counts what was sent in the current interval."""

    __slots__ = ("_began", "_interval", "_limit", "_sent")

    def __init__(self, config: TcpConfig) -> None:
        self._limit = config.challenge_ack_limit
        self._interval = config.challenge_ack_interval
        self._began = -config.challenge_ack_interval
        self._sent = 0

    def allowed(self, now: int) -> bool:
        """Whether one more may be sent now; counts it if so."""
        if now - self._began >= self._interval:
            self._began = now
            self._sent = 0
        self._sent += 1
        return self._sent <= self._limit
