"""What is in flight and what is lost: a record of each segment that was sent and is not acknowledged.

Nothing here decides; the sender asks. `pipe` is the number of bytes believed to be in the network: everything
outstanding, less what was declared lost and not sent again.
"""

from __future__ import annotations

from collections import deque


class Sent:
    """A segment in flight: sequence space [seq, end), SYN and FIN counted."""

    __slots__ = ("end", "flags", "lost", "reason", "retransmissions", "sent_at", "seq")

    def __init__(self, seq: int, end: int, flags: int, sent_at: int) -> None:
        self.seq = seq
        self.end = end
        self.flags = flags
        self.sent_at = sent_at
        self.retransmissions = 0
        self.lost = False
        self.reason = ""


class Scoreboard:
    """The records, oldest first."""

    __slots__ = ("lost", "pipe", "records")

    def __init__(self) -> None:
        self.records: deque[Sent] = deque()
        self.lost: deque[Sent] = deque()  # to be sent again; some may be acknowledged by now
        self.pipe = 0

    def sent(self, seq: int, end: int, flags: int, now: int) -> None:
        """Note a segment that was sent for the first time."""
        self.records.append(Sent(seq, end, flags, now))
        self.pipe += end - seq

    def acknowledge(self, ack: int) -> Sent | None:
        """Forget what ends at or before `ack`, cut what it splits; return the oldest record, if any was touched."""
        records = self.records
        if not records or records[0].seq >= ack:
            return None
        first = records[0]
        while records and records[0].end <= ack:
            record = records.popleft()
            if not record.lost:
                self.pipe -= record.end - record.seq
        if records and records[0].seq < ack:
            record = records[0]
            if not record.lost:
                self.pipe -= ack - record.seq
            record.seq = ack
        return first

    def declare_all_lost(self, reason: str) -> None:
        """The timer has expired: nothing is believed to be in the network."""
        self.lost.clear()
        for record in self.records:
            record.lost = True
            record.reason = reason
        self.lost.extend(self.records)
        self.pipe = 0

    def next_lost(self, una: int) -> Sent | None:
        """The oldest lost record that nobody acknowledged meanwhile, or None."""
        while self.lost:
            record = self.lost[0]
            if record.lost and record.end > una:
                return record
            self.lost.popleft()
        return None

    def retransmitted(self, record: Sent, now: int) -> None:
        """`record` was sent again, and counts as in flight."""
        if record.lost:
            record.lost = False
            self.pipe += record.end - record.seq
        record.retransmissions += 1
        record.sent_at = now
