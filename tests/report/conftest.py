"""Rows of a trace, made by hand: two hosts 20 ms apart, who tell what they send, receive and become."""

from __future__ import annotations

from typing import Any

import pytest

MS = 1_000_000
JOURNEY = 20 * MS


class Story:
    """Collects the rows that `client` and `server` would have left, in order of time. Times in ms."""

    def __init__(self) -> None:
        self._segments: list[dict[str, Any]] = []
        self._states: list[dict[str, Any]] = []

    @property
    def segments(self) -> list[dict[str, Any]]:
        return sorted(self._segments, key=lambda row: row["t"])

    @property
    def states(self) -> list[dict[str, Any]]:
        return sorted(self._states, key=lambda row: row["t"])

    def send(
        self,
        at: float,
        host: str,
        flags: str,
        seq: int,
        ack: int = 0,
        length: int = 0,
        *,
        reason: str = "",
        lost: str = "",
    ) -> None:
        """A segment that arrives, or is lost on its first link for the reason given."""
        told = {"flags": flags, "seq": seq, "ack": ack, "length": length, "window": 65535, "connection": "a"}
        sent = int(at * MS)
        self._segments.append({"t": sent, "host": host, "direction": "sent", "reason": reason, "link": None, **told})
        if lost:
            end = {"t": sent, "host": host, "direction": "dropped", "reason": lost, "link": "l1"}
        else:
            end = {
                "t": sent + JOURNEY,
                "host": other(host),
                "direction": "received",
                "reason": "",
                "link": None,
            }
        self._segments.append({**end, **told})

    def receive(self, at: float, host: str, flags: str, seq: int, ack: int = 0, length: int = 0) -> None:
        """A segment that arrives although nobody sent it: a link copied it."""
        told = {"flags": flags, "seq": seq, "ack": ack, "length": length, "window": 65535, "connection": "a"}
        row = {"t": int(at * MS), "host": host, "direction": "received", "reason": "", "link": None, **told}
        self._segments.append(row)

    def become(self, at: float, host: str, old: str, new: str, cause: str) -> None:
        self._states.append(
            {"t": int(at * MS), "host": host, "from": old, "to": new, "cause": cause, "connection": "a"}
        )


def other(host: str) -> str:
    return "server" if host == "client" else "client"


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def handshake() -> Story:
    """The three ways, with initial sequence numbers just below 2**32 (client) and 77 (server)."""
    told = Story()
    told.become(0, "client", "CLOSED", "SYN-SENT", "active OPEN")
    told.send(0, "client", "SYN", 2**32 - 2)
    told.become(20, "server", "LISTEN", "SYN-RECEIVED", "receive SYN")
    told.send(20, "server", "SYN,ACK", 77, 2**32 - 1)
    told.become(40, "client", "SYN-SENT", "ESTABLISHED", "receive SYN,ACK")
    told.send(40, "client", "ACK", 2**32 - 1, 78)
    told.become(60, "server", "SYN-RECEIVED", "ESTABLISHED", "receive ACK of SYN")
    return told
