"""RACK: a segment is lost when one that was sent later has arrived, and a reordering window has passed (RFC 8985,
sections 6 and 7.1 to 7.3; its steps and names stand in brackets)."""

from __future__ import annotations

from typing import Final

from testbed.clock import SECOND
from testbed.tcp.recovery.detection import LossDetection
from testbed.tcp.recovery.scoreboard import Arrivals, Scoreboard, Sent
from testbed.tcp.timers import REORDERING, Timers

PERSISTENCE: Final = 16
"""Recoveries for which a widened reordering window is kept [RACK.reo_wnd_persist]."""

WINDOW: Final = 300 * SECOND
"""Over which the least round trip is remembered (RFC 8985 section 6.2, step 1, leaves it open; Linux: 5 minutes)."""


class Rack(LossDetection):
    """The state of section 5.2."""

    __slots__ = (
        "_half_over", "_least_of_half", "_multiplier", "_order", "_persist", "_round", "_rtt", "_threshold",
        "_timers", "least_rtt", "reordering",
    )  # fmt: skip

    def __init__(self, board: Scoreboard, timers: Timers, threshold: int, rtt: int) -> None:
        """`rtt` is the handshake's (ns), 0 if that could not be measured."""
        super().__init__(board)
        self._timers = timers
        self._threshold = threshold
        # Of the segment that was sent last among those that have arrived: its place among all sendings, which stands
        # for both RACK.xmit_ts and RACK.end_seq.
        self._order = 0
        self._rtt = rtt  # its round trip [RACK.rtt]
        self.least_rtt = rtt  # of the last `WINDOW` [RACK.min_RTT]
        self._least_of_half = 0  # of what has passed of this half of it; 0: nothing was measured
        self._half_over = 0  # when the next half begins
        self.reordering = False  # whether any was ever seen [RACK.reordering_seen]
        self._multiplier = 1  # [RACK.reo_wnd_mult]
        self._persist = PERSISTENCE
        self._round = 0  # no second widening before this is acknowledged [RACK.dsack_round]

    def arrived(self, now: int, arrivals: Arrivals, echoed: int | None) -> None:
        """Steps 1 to 3. `echoed` is when the segment that is acknowledged was sent, if a timestamp tells."""
        newest, original = arrivals.newest, arrivals.original
        if original is not None:
            rtt = now - original.sent_at or 1
            if rtt < self.least_rtt or not self.least_rtt:
                self.least_rtt = rtt  # Step 1
            if rtt < self._least_of_half or now >= self._half_over:
                self._remember(now, rtt)
        if newest is not None and newest is not original:
            rtt = now - newest.sent_at
            # Step 2: it may be the original that has arrived. Beyond a hole no timestamp tells: what is echoed is that
            # of the last segment in order (RFC 7323 section 4.3), as old as the hole.
            if rtt < self.least_rtt or (echoed is not None and not newest.sacked and echoed < newest.sent_at):
                newest = original
        if newest is not None:
            self._rtt = now - newest.sent_at
            if newest.order > self._order:
                self._order = newest.order
        if arrivals.reordered:
            self.reordering = True  # Step 3

    def _remember(self, now: int, rtt: int) -> None:
        """Step 1 as well: what is old shall not count for ever, for the path may have become a longer one. The least
        of the half before this one and of this one is that of the last half to whole `WINDOW`."""
        if now >= self._half_over:
            self._half_over = now + WINDOW // 2
            self.least_rtt = min(self._least_of_half or self.least_rtt or rtt, rtt)
            self._least_of_half = rtt
        self._least_of_half = min(self._least_of_half, rtt)

    def duplicate_reported(self, una: int, next_seq: int) -> None:
        """Step 4: the peer has received something twice, so that the window was too narrow; once a round trip."""
        if una >= self._round:
            self._round = next_seq
            self._multiplier += 1
            self._persist = PERSISTENCE

    def recovery_over(self) -> None:
        """Step 4, the other half: what was widened is narrowed again after enough recoveries."""
        self._persist -= 1
        if self._persist <= 0:
            self._persist = PERSISTENCE
            self._multiplier = 1

    def recovery_undone(self) -> None:
        """Reordering was seen. Step 3 looks for it only in what was never sent again; but where three overtake at a
        time, all that is late is sent again, and the window would never open. Linux has it so, too."""
        self.reordering = True

    def window(self, recovering: bool, srtt: int) -> int:
        """The reordering window (ns) [RACK_update_reo_wnd]."""
        if not self.reordering and (recovering or self.board.sacked_segments >= self._threshold):
            return 0
        return min(self._multiplier * self.least_rtt // 4, srtt)

    def timed_out(self, now: int, srtt: int, reason: str) -> None:
        """The oldest is lost, and what was sent as long ago as a round trip and the window; what was sent since is
        judged when more is heard [RACK_mark_losses_on_RTO]."""
        board = self.board
        board.watch()
        patience = self._rtt + self.window(True, srtt)
        oldest = board.records[0]
        for record in board.records:
            if not record.sacked and not record.lost and (record is oldest or record.sent_at + patience <= now):
                board.declare_lost(record, reason)

    def detect(self, now: int, una: int, recovering: bool, srtt: int) -> str:
        """Step 5: mark what is lost, and set the timer for what may be [RACK_detect_loss]."""
        board = self.board
        if not board.watched:
            if not board.sacked.total:
                return ""  # what is not acknowledged was sent later than all that is
            board.watch()
        elif not board.sacked.total and not recovering:
            board.unwatch()
            self._timers.stop(REORDERING)
            return ""
        by_time = board.by_time
        patience = self._rtt + self.window(recovering, srtt)
        found, wait = "", 0
        live: list[tuple[int, Sent]] = []
        while by_time:
            order, record = by_time[0]
            if record.order != order or record.sacked or record.lost or record.end <= una:
                by_time.popleft()  # sent again since, or of no interest any more
                continue
            if order >= self._order:
                break  # not [RACK_sent_after]
            by_time.popleft()
            remaining = record.sent_at + patience - now
            if remaining <= 0:
                board.declare_lost(record, "RACK")
                found = "RACK"
            else:
                live.append((order, record))
                wait = max(wait, remaining)
        by_time.extendleft(reversed(live))
        if wait:
            self._timers.set(REORDERING, now + wait)
        else:
            self._timers.stop(REORDERING)
        return found
