"""Explicit congestion notification: routers mark packets instead of dropping them (RFC 3168).

Data that is sent for the first time leaves *ECN-capable* (ECT), and a router whose queue grows may change that to
*congestion experienced* (CE). The receiver tells the sender by the flag ECE, and goes on until the sender answers by
CWR that its window is smaller now. Nothing is lost, and nothing is sent again.

Here is what a connection does on its segments' way once both ends have agreed, which is `tcp.ecn_setup`'s affair:
classic ECN, the exact echo that DCTCP needs (RFC 8257 section 3.2), and what they have in common with accurate ECN
(`tcp.accurate_ecn`). How much smaller the window becomes is for the congestion control (RFC 8511 among others).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from testbed.tcp.timers import RETRANSMIT
from testbed.wire.packet import CE, ECT0
from testbed.wire.segment import CWR, ECE, Segment

if TYPE_CHECKING:
    from testbed.tcp.connection import Connection
    from testbed.tcp.recovery.scoreboard import Arrivals
    from testbed.tcp.sending.sender import Sender
    from testbed.tcp.stats import ConnectionStats


class Ecn(ABC):
    """One end's part, as a sender and as a receiver. Absolute sequence numbers.

    `capable` says whether our data leaves with ECT: it does not when the handshake was ambiguous, or the network
    mangles codepoints. `answered_upto` is what had been sent when the last mark was answered: marks on that are
    answered too.
    """

    __slots__ = ("_new_from", "answered_upto", "capable", "stats")

    def __init__(self, stats: ConnectionStats, capable: bool, initial: int) -> None:
        self.stats = stats
        self.capable = capable
        self.answered_upto = initial
        self._new_from = initial  # data from here on was never sent

    # -- what leaves ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def leave(self, segment: Segment, seq: int, room: int) -> None:
        """Complete a segment that leaves: its codepoint, its flags, and an option if `room` (bytes) has place for
        it."""

    def _make_capable(self, segment: Segment, seq: int) -> bool:
        """Whether the segment carries data for the first time: then it leaves ECN-capable. What is sent again does not,
        nor what carries no data (RFC 3168 sections 6.1.4 and 6.1.5)."""
        size = len(segment.payload)
        if size == 0:
            return False
        new = seq >= self._new_from
        if seq + size > self._new_from:
            self._new_from = seq + size
        if new and self.capable:
            segment.ecn = ECT0
            self.stats.ect_sent += 1
        return new

    def spent(self, upto: int) -> None:
        """What is below `upto` counts as sent: the octet of a window probe is not ECN-capable (section 6.1.6)."""
        self._new_from = max(self._new_from, upto)

    def overhead(self, data: bool) -> int:
        """Bytes of options that the next segment is to carry, with data or without."""
        return 0

    def reduced(self) -> None:
        """Our window has become smaller, for whatever reason."""

    # -- what comes ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def arrived(self, connection: Connection, now: int, segment: Segment) -> None:
        """An acceptable segment of a synchronised connection has come, and its text is not processed yet."""

    @abstractmethod
    def hear(self, sender: Sender, segment: Segment, arrivals: Arrivals) -> None:
        """An acknowledgement says that something has arrived: what it says of marks goes into `sender.sample`, whose
        `acked` is known."""


class ClassicEcn(Ecn):
    """RFC 3168: at most one congestion signal in a round trip."""

    __slots__ = ("_answer", "echo")

    def __init__(self, stats: ConnectionStats, capable: bool, initial: int) -> None:
        super().__init__(stats, capable, initial)
        self.echo = False  # ECE on whatever we send
        self._answer = False  # CWR on the next new data

    def leave(self, segment: Segment, seq: int, room: int) -> None:
        if self._make_capable(segment, seq) and self._answer:
            self._answer = False
            segment.flags |= CWR
        if self.echo:
            segment.flags |= ECE

    def reduced(self) -> None:
        self._answer = True  # section 6.1.2

    def arrived(self, connection: Connection, now: int, segment: Segment) -> None:
        if segment.flags & CWR:
            self.echo = False
        if segment.ecn == CE:  # after CWR (erratum 3639)
            self.stats.ce_received += 1
            if segment.payload:
                self.echo = True  # section 6.1.3

    def hear(self, sender: Sender, segment: Segment, arrivals: Arrivals) -> None:
        sender.sample.ece = segment.flags & ECE != 0
        self.stats.ece_received += sender.sample.ece


class ExactEcho(ClassicEcn):
    """DCTCP's receiver (RFC 8257 section 3.2): ECE says whether what is acknowledged was marked, and no more.

    `echo` is DCTCP.CE. Where it changes, what has come before is acknowledged at once and apart.
    """

    __slots__ = ()

    def arrived(self, connection: Connection, now: int, segment: Segment) -> None:
        marked = segment.ecn == CE
        self.stats.ce_received += marked
        receiver = connection.receiver
        assert receiver is not None
        if not segment.payload or marked == self.echo:
            return
        if receiver.acks.due:
            connection.output.emit(now, 0, connection.sender.next, b"", "marks begin" if marked else "marks end")
        self.echo = marked
        receiver.acks.at_once("marks begin" if marked else "marks end")

    def hear(self, sender: Sender, segment: Segment, arrivals: Arrivals) -> None:
        super().hear(sender, segment, arrivals)
        sample = sender.sample
        sample.marked = sample.acked if sample.ece else 0  # section 3.3, step 4
        self.stats.bytes_marked += sample.marked


def answer(sender: Sender, now: int) -> str:
    """The peer tells of marks: reduce the window, but once only for all that was in flight together, marked or lost
    (RFC 3168 section 6.1.2). Returns the cause, "" if nothing changed."""
    ecn, recovery = sender.ecn, sender.recovery
    assert ecn is not None
    if recovery.active or recovery.repairing or sender.una <= recovery.recover or sender.una <= ecn.answered_upto:
        return ""
    ecn.answered_upto = sender.next
    ecn.reduced()
    sender.undo.end()  # what would be undone now is more than a loss's
    sender.stats.ecn_reductions += 1
    control = sender.control
    if control.cwnd <= sender.mss and not (control.counts_marks or control.steers_recovery):
        _hold(sender, now)
    return control.marked(now, sender.next - sender.una + sender.sample.acked)


def _hold(sender: Sender, now: int) -> None:
    """A mark on a window of one segment, which cannot become less: what is new waits for a retransmission timeout."""
    sender.held_until = now + sender.rtt.rto
    sender.timers.set(RETRANSMIT, sender.held_until)


def has_answered(sender: Sender) -> bool:
    """Whether the window has been reduced for a mark on what was in flight together with what is lost now. A control
    that counts marks reduces it by less than a loss deserves, and one that steers recovery knows what it does."""
    ecn, control = sender.ecn, sender.control
    if ecn is None or control.counts_marks or control.steers_recovery:
        return False
    return sender.una < ecn.answered_upto
