"""Stories of loss recovery with SACK: segments of 1000 bytes at 1, 1001, 2001, …, over a round trip of 100 ms."""

from __future__ import annotations

from typing import Any

from testbed.tcp.congestion.reno import RenoSpec
from testbed.tcp.sequence import MASK

TRIP = "100ms"
OPTIONS = 12  # bytes that timestamps take


def in_flight(story: Any, segments: int = 10, *, unsent: int = 0, trip: str = TRIP, **settings: Any) -> Any:
    """So many segments have just been sent, and `unsent` more would follow if the window let them.

    Reno, so that half of ten is five; no probes for lost tails unless the test is about them.
    """
    chosen = {"sack": True, "congestion": RenoSpec(), "tail_loss_probe": False, "initial_window": segments, **settings}
    mss = 1000 + (OPTIONS if chosen.get("timestamps") else 0)
    s = story(mss=mss, **chosen)
    stamp = {"timestamp": 77} if chosen.get("timestamps") else {}
    s.established(trip=trip, mss=mss, sack_permitted=True, **stamp)
    s.write(segments * 1000 + unsent)
    assert sent(s) == [1 + 1000 * number for number in range(segments)]
    return s


def acknowledge(s: Any, ack: int, *blocks: tuple[int, int], **fields: Any) -> list[int]:
    """The peer acknowledges up to `ack`, and selects `blocks`; where what was sent in answer begins."""
    wire = tuple((left + s.isn & MASK, right + s.isn & MASK) for left, right in blocks)
    s.receive("ACK", ack=ack, sack=wire, **fields)
    return sent(s)


def sent(s: Any) -> list[int]:
    """Where the segments begin that were sent since somebody looked."""
    return [s.ours(segment.seq) for segment in s.take()]


def reasons(s: Any) -> list[str]:
    """Why they were sent."""
    return [segment.reason for segment in s.take()]


def pipe(s: Any) -> int:
    """The sender's estimate of what is in the network, which is always the sum over its records."""
    board = s.connection.sender.board
    summed = sum(record.end - record.seq for record in board.records if not record.sacked and not record.lost)
    assert board.pipe == summed
    return summed
