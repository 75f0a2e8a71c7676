"""What is in flight, what has arrived and what is lost: a record of each segment that is not acknowledged.

Nothing here decides what is lost; it is told. `pipe` is the number of bytes believed to be in the network: everything
outstanding, less what SACK says has arrived, less what was declared lost and not sent again (RFC 6675 section 3).
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from operator import attrgetter, itemgetter
from typing import Final

from testbed.tcp.recovery.ranges import Ranges
from testbed.tcp.sending.delivery import Mark

_BY_SEQ: Final = attrgetter("seq")
_ORDER: Final = itemgetter(0)


class Sent:
    """A segment in flight: sequence space [seq, end), SYN and FIN counted."""

    __slots__ = ("end", "flags", "lost", "mark", "order", "reason", "retransmissions", "sacked", "sent_at", "seq")

    def __init__(self, seq: int, end: int, flags: int, sent_at: int, order: int) -> None:
        self.seq = seq
        self.end = end
        self.flags = flags
        self.sent_at = sent_at  # the last time
        self.order = order  # the how manieth sending that was: many leave at one instant
        self.retransmissions = 0
        self.sacked = False
        self.lost = False
        self.reason = ""  # why it was declared lost
        self.mark: Mark | None = None  # how things stood when it was sent, for delivery rates


class Arrivals:
    """What one acknowledgement says has arrived that was not known to have."""

    __slots__ = ("first", "newest", "original", "reordered", "selected", "size")

    def __init__(self) -> None:
        self.size = 0  # bytes
        self.first: Sent | None = None  # the oldest that is acknowledged cumulatively
        self.newest: Sent | None = None  # the one that was sent last
        self.original: Sent | None = None  # the last of those that were sent once only
        self.reordered = False  # one that was sent once only has arrived after a later one
        self.selected = False  # something was selected


class Scoreboard:
    """The records, oldest first; those to be sent again; and what the peer has selectively acknowledged."""

    __slots__ = (
        "_sendings", "by_time", "declared", "forward", "lost", "lost_bytes", "pipe", "records", "sacked",
        "sacked_segments", "watched",
    )  # fmt: skip

    def __init__(self) -> None:
        self.records: deque[Sent] = deque()
        self.lost: deque[Sent] = deque()  # to be sent again, in their order; some may have arrived by now
        self.pipe = 0
        self.sacked = Ranges()
        self.sacked_segments = 0
        self.forward = 0  # the highest number known to have arrived [RACK.fack]
        self.lost_bytes = 0  # declared lost since the beginning
        self.declared: list[Sent] = []  # declared lost, and not yet told of
        self.watched = False  # whether `by_time` is kept: while nothing is out of order, `records` are in that order
        self.by_time: deque[tuple[int, Sent]] = deque()  # every sending, by its order; some are outdated
        self._sendings = 0

    # -- sending -----------------------------------------------------------------------------------------------------

    def sent(self, seq: int, end: int, flags: int, now: int) -> Sent:
        """Note a segment that was sent for the first time."""
        self._sendings = order = self._sendings + 1
        record = Sent(seq, end, flags, now, order)
        self.records.append(record)
        self.pipe += end - seq
        if self.watched:
            self.by_time.append((order, record))
        return record

    def retransmitted(self, record: Sent, now: int) -> None:
        """`record` was sent again, and counts as in flight."""
        if record.lost:
            record.lost = False
            self.pipe += record.end - record.seq
        record.retransmissions += 1
        record.sent_at = now
        self._sendings = record.order = self._sendings + 1
        if self.watched:
            self.by_time.append((record.order, record))

    # -- what has arrived --------------------------------------------------------------------------------------------

    def acknowledge(self, ack: int) -> Arrivals:
        """Forget what ends at or before `ack`, and cut what it splits."""
        arrivals = Arrivals()
        records = self.records
        if not records or records[0].seq >= ack:
            return arrivals
        arrivals.first = record = records[0]
        if not (self.sacked.total or self.lost):
            start = record.seq
            while record.end <= ack and not record.retransmissions:  # nearly always: `_arrived`, for many, in order
                arrivals.newest = arrivals.original = records.popleft()
                if not records:
                    break
                record = records[0]
            newest = arrivals.newest
            if newest is not None:
                arrivals.size = newest.end - start
                self.pipe -= arrivals.size
        while records and records[0].end <= ack:
            record = records.popleft()
            if record.sacked:
                self.sacked_segments -= 1
            else:
                self._arrived(record, record.end - record.seq, arrivals)
                record.lost = False  # `lost` may hold it still
        if records and records[0].seq < ack:
            record = records[0]
            if not record.sacked:
                self._arrived(record, ack - record.seq, arrivals)
                record.lost = record.lost and record.end > ack
            record.seq = ack
        if self.sacked.total:
            self.sacked.cut(ack)
        if ack > self.forward:
            self.forward = ack
        return arrivals

    def select(self, left: int, right: int, arrivals: Arrivals) -> None:
        """A SACK block [`left`, `right`), which lies beyond what is acknowledged. Only whole segments count."""
        fresh = self.sacked.add(left, right)
        if fresh is None:
            return
        arrivals.selected = True
        start, whole_left, whole_right = fresh
        index = self.index_of(start)
        records = self.records
        while index < len(records):
            record = records[index]
            if record.end > whole_right:
                break
            if record.seq >= whole_left and not record.sacked:
                self._arrived(record, record.end - record.seq, arrivals)
                record.sacked = True
                record.lost = False
                self.sacked_segments += 1
            index += 1
        if whole_right > self.forward:
            self.forward = whole_right

    def _arrived(self, record: Sent, size: int, arrivals: Arrivals) -> None:
        arrivals.size += size
        if not record.lost:
            self.pipe -= size
        newest = arrivals.newest
        if newest is None or record.order > newest.order:
            arrivals.newest = record
        if record.retransmissions == 0:
            original = arrivals.original
            if original is None or record.order > original.order:
                arrivals.original = record
            if record.end < self.forward:
                arrivals.reordered = True

    def delivered(self, retransmitted: int) -> int:
        """How many segments have arrived, in order or not, of all that were sent; `retransmitted` of these sendings
        were repetitions."""
        return max(self._sendings - retransmitted - len(self.records) + self.sacked_segments, 0)

    def index_of(self, seq: int) -> int:
        """The index of the first record that ends after `seq`."""
        records = self.records
        low, high = 0, len(records)
        while low < high:
            middle = (low + high) // 2
            if records[middle].end <= seq:
                low = middle + 1
            else:
                high = middle
        return low

    def watch(self) -> None:
        """Keep `by_time` from now on, or make it anew."""
        self.watched = True
        self.by_time = deque(sorted([(record.order, record) for record in self.records], key=_ORDER))

    def unwatch(self) -> None:
        """Nothing is out of order any more."""
        self.watched = False
        self.by_time.clear()

    # -- what is lost ------------------------------------------------------------------------------------------------

    def declare_lost(self, record: Sent, reason: str) -> None:
        """`record` is not believed to be in the network any more, and is to be sent again."""
        size = record.end - record.seq
        record.lost = True
        record.reason = reason
        self.pipe -= size
        self.lost_bytes += size
        self.declared.append(record)
        if not self.lost or record.seq > self.lost[-1].seq:
            self.lost.append(record)
        else:
            insort(self.lost, record, key=_BY_SEQ)

    def declare_all_lost(self, reason: str) -> None:
        """The timer has expired: nothing that was not selectively acknowledged is believed to be in the network."""
        self.lost.clear()
        for record in self.records:
            if not record.sacked:
                if not record.lost:
                    self.lost_bytes += record.end - record.seq
                    self.declared.append(record)
                record.lost = True
                record.reason = reason
                self.lost.append(record)
        self.pipe = 0

    def believe_found(self) -> None:
        """Nothing was lost after all: what has not been sent again is on its way."""
        for record in self.lost:
            if record.lost:
                record.lost = False
                self.pipe += record.end - record.seq
        self.lost.clear()
        if self.watched:
            self.watch()  # what was lost had no place in it

    def forget_selected(self) -> None:
        """The peer has thrown away what it had acknowledged selectively (RFC 2018 section 8)."""
        for record in self.records:
            if record.sacked:
                record.sacked = False
                self.pipe += record.end - record.seq
        self.sacked.clear()
        self.sacked_segments = 0

    def next_lost(self, una: int) -> Sent | None:
        """The oldest lost record that has not arrived meanwhile, or None."""
        while self.lost:
            record = self.lost[0]
            if record.lost and record.end > una:
                return record
            self.lost.popleft()
        return None
