"""Finding out what is lost from what has arrived: the plug point, and the way of RFC 6675.

Which one a connection has is settled in the handshake: with SACK it is RACK (`tcp.rack`) or the counting of RFC 6675;
without, only duplicate acknowledgements tell, and they are counted in `tcp.recovery`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from testbed.tcp.recovery.scoreboard import Arrivals, Scoreboard, Sent


class LossDetection(ABC):
    """Told what arrives, marks what is lost on the scoreboard. Times in ns, absolute sequence numbers."""

    __slots__ = ("board",)

    def __init__(self, board: Scoreboard) -> None:
        self.board = board

    @abstractmethod
    def arrived(self, now: int, arrivals: Arrivals, echoed: int | None) -> None:
        """An acknowledgement has brought news. `echoed` is when the segment that is acknowledged was sent, if a
        timestamp tells."""

    @abstractmethod
    def detect(self, now: int, una: int, recovering: bool, srtt: int) -> str:
        """Mark on the scoreboard what is lost, as far as is known now; a word for the cause, "" for nothing."""

    def timed_out(self, now: int, srtt: int, reason: str) -> None:
        """The retransmission timer has expired: mark what is not believed to be in the network any more."""
        self.board.declare_all_lost(reason)

    def spare(self, una: int) -> Sent | None:
        """What may be sent again in recovery although it is not known to be lost, when there is room for it and
        nothing new to send."""
        return None

    def duplicate_reported(self, una: int, next_seq: int) -> None:
        """The peer says that it has received something twice (RFC 2883)."""

    def recovery_over(self) -> None:
        """A recovery has come to its end."""

    def recovery_undone(self) -> None:
        """A recovery was for nothing: what was taken for lost had only been overtaken."""

    def resized(self, mss: int) -> None:
        """Full segments have `mss` bytes from now on."""


class SackCount(LossDetection):
    """IsLost of RFC 6675 section 4: enough was selectively acknowledged above it. Its names stand in brackets.

    Each segment is judged once. What was sent again, and lost again, is for the timer: section 4 does not look at it.
    """

    __slots__ = ("_duplicates", "_judged", "_mss", "_rescued", "_threshold")

    def __init__(self, board: Scoreboard, mss: int, threshold: int) -> None:
        super().__init__(board)
        self._mss = mss
        self._threshold = threshold
        self._duplicates = 0  # acknowledgements that have selected something since the last advance [DupAcks]
        self._judged = 0  # below this everything has been judged
        self._rescued = 0  # no rescue before more than this is acknowledged [RescueRxt]

    def arrived(self, now: int, arrivals: Arrivals, echoed: int | None) -> None:
        if arrivals.first is not None:
            self._duplicates = 0
        if arrivals.selected:
            self._duplicates += 1

    def resized(self, mss: int) -> None:
        self._mss = mss

    def detect(self, now: int, una: int, recovering: bool, srtt: int) -> str:
        board = self.board
        below = board.sacked.below_which_lost(self._threshold, self._mss) if board.sacked else 0
        if not recovering and self._duplicates >= self._threshold:
            below = max(below, una + 1)  # section 5, step 1: so many tell of the oldest, however small they are
        if below <= self._judged:
            return ""
        found = ""
        for index in range(board.index_of(max(una, self._judged)), len(board.records)):
            record = board.records[index]
            if record.seq >= below:
                break
            if not record.sacked and not record.lost and record.retransmissions == 0:
                board.declare_lost(record, "SACK")
                found = "SACK"
        if found and not recovering:
            self._rescued = board.records[0].end  # step 4.3
        self._judged = below
        return found

    def spare(self, una: int) -> Sent | None:
        """NextSeg, rules 3 and 4: a hole below what was selected, else, once, the last segment of all."""
        last = None
        for record in self.board.records:
            if record.sacked or record.lost:
                continue
            if record.retransmissions == 0 and record.end <= self.board.forward:
                record.reason = "perhaps lost"
                return record
            last = record
        if last is None or una <= self._rescued:
            return None
        self._rescued = last.end
        last.reason = "rescue"
        return last
