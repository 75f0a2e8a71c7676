"""Keep-alive (RFC 9293 section 3.8.4): off unless asked for, and only while nothing else tells that the peer lives."""

from __future__ import annotations

from testbed.tcp.config import TcpConfig

PROBE = "keep-alive probe"


class KeepAlive:
    """When the peer was heard last, and how many probes it has left unanswered since."""

    __slots__ = ("_config", "heard_at", "unanswered")

    def __init__(self, config: TcpConfig) -> None:
        self._config = config
        self.heard_at = 0
        self.unanswered = 0

    def wait(self, now: int, outstanding: bool) -> int:
        """How long (ns) to wait before anything need be done; 0: probe, or give up, now.

        While data is outstanding the retransmission timer finds out what there is to find.
        """
        idle = self._config.keepalive_idle
        if outstanding:
            self.unanswered = 0
            return idle
        if self.unanswered:
            return 0
        return max(self.heard_at + idle - now, 0)

    @property
    def exhausted(self) -> bool:
        """Whether as many probes as are allowed went unanswered."""
        return self.unanswered >= self._config.keepalive_probes
