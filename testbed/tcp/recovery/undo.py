"""Was the retransmission needed? If what was taken for lost had only been late, the reduction of the window is undone.

Three ways to know, each a setting: Eifel (RFC 3522: the acknowledgement echoes the timestamp of the original), DSACK
(every retransmission is reported to have come twice: RFC 3708), and F-RTO (RFC 5682: after a timeout, what was sent
once only is acknowledged). What follows is RFC 4015's.
"""

from __future__ import annotations

from typing import Final

from testbed.tcp.config import TcpConfig

EIFEL: Final = "Eifel"
DSACK: Final = "DSACK"
F_RTO: Final = "F-RTO"

_JUDGED: Final = -1


class Undo:
    """One episode: from a reduction until it is over, or known to be spurious. Absolute sequence numbers, ns."""

    __slots__ = (
        "_dsack", "_eifel", "_first_end", "_first_sent_at", "_first_seq", "_frto", "_unconfirmed",
        "after_timeout", "open", "phase", "recover",
    )  # fmt: skip

    def __init__(self, config: TcpConfig) -> None:
        self._eifel = config.eifel
        self._dsack = config.dsack_undo
        self._frto = config.frto
        self.open = False
        self.after_timeout = False
        self.recover = 0
        self.phase = 0  # of F-RTO's steps: 1 until the first acknowledgement after the timeout, 2 until the second
        self._first_sent_at = 0  # when the first retransmission left [RetransmitTS]; 0: none has
        self._first_seq = self._first_end = 0  # and what it was
        self._unconfirmed: list[int] = []  # the retransmissions that no DSACK has named yet

    def begin(self, recover: int, *, after_timeout: bool, again: bool = False) -> None:
        """The window was reduced; `recover` is what has been sent so far. `again`: by a timeout after another."""
        if not again:
            self._first_sent_at = 0
            self._unconfirmed.clear()
        self.open = True
        self.after_timeout = after_timeout
        self.recover = recover
        # RFC 5682 section 2.1, step 1: not when the timer expires again for the same segment.
        self.phase = 1 if after_timeout and self._frto and not again else 0

    def settle(self, next_seq: int) -> None:
        """The recovery is over. For one more round trip a DSACK may still tell that it was for nothing."""
        self.phase = 0
        self._first_sent_at = _JUDGED
        self.recover = next_seq

    def end(self) -> None:
        """The episode is over."""
        self.open = False
        self.phase = 0

    def retransmitted(self, now: int, seq: int, end: int) -> None:
        """A segment was sent again."""
        self._unconfirmed.append(seq)
        if self._first_sent_at == 0:
            self._first_sent_at, self._first_seq, self._first_end = now, seq, end

    def duplicate_reported(self, left: int, right: int) -> str:
        """A DSACK says that [`left`, `right`) came twice. If it names the last of the retransmissions, none was
        needed; what the network has copied is none of them."""
        unconfirmed = self._unconfirmed
        for seq in {seq for seq in unconfirmed if left <= seq < right}:
            unconfirmed.remove(seq)
            if not unconfirmed and self._dsack:
                return DSACK
        return ""

    def is_early(self, ack: int, echoed: int | None) -> bool:
        """Eifel's steps 3 and 4: whether the first acknowledgement that covers the first retransmission answers to a
        segment sent before it. `echoed`: when that was sent, if a timestamp tells."""
        if self._first_sent_at <= 0 or ack <= self._first_seq:
            return False
        early = self._eifel and echoed is not None and echoed < self._first_sent_at
        self._first_sent_at = _JUDGED
        return early

    def advanced(self, ack: int, moved: bool, original: int, selective: bool) -> str:
        """There is news: SND.UNA is `ack` now, and has `moved`, or something was selected. `original`: how far those
        segments reach that were sent once only and have now arrived; `selective`: SACK tells of what arrives. The
        answer is how it is known that nothing was lost, or ""."""
        if self.phase:
            return self._forward(ack, moved, original, selective)
        if ack > self.recover:
            self.open = False
        return ""

    def _forward(self, ack: int, moved: bool, original: int, selective: bool) -> str:
        """F-RTO's steps 2 and 3. The first advance may be the retransmission's doing, and must leave something to
        ask about; what arrives next, of what was sent before the timeout, was in the network all the time. With SACK
        it must not be together with something newer (section 3.1, step 3a)."""
        if self.phase == 2:
            self.phase = 0
            return F_RTO if original and (not selective or original <= self.recover) else ""
        if moved and ack < self._first_end:  # a part of what was sent again tells nothing of the rest
            self.phase = 1 if selective else 0  # section 3.1, step 2: wait for all of it; section 2.1, step 2a
        elif moved:
            self.phase = 0 if ack >= self.recover else 2  # conventional recovery, or step 3
        return ""

    def stopped(self, selective: bool) -> None:
        """A duplicate acknowledgement without news came: the timeout was right (step 2a, step 3a). With SACK the
        first advance is waited for nevertheless (section 3.1, step 2)."""
        if self.phase == 2 or not selective:
            self.phase = 0
