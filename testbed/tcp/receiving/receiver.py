"""The receiving half: what is acceptable, what is in order, how large a window to show, when to acknowledge.

RFC 9293 sections 3.4 (acceptance), 3.8.6 (windows). Knows nothing of what is sent but the window's scale.
"""

from __future__ import annotations

from testbed.tcp.config import TcpConfig
from testbed.tcp.receiving.acks import Acks
from testbed.tcp.receiving.auto_tuning import AutoTuning
from testbed.tcp.receiving.reassembly import Reassembly


class Receiver:
    """RCV.NXT, RCV.WND and the bytes. Made when the peer's SYN gives its initial sequence number.

    The right edge of the window never moves left (RFC 9293 section 3.8.6: SHLD-14).
    """

    __slots__ = (
        "_buffer", "_most", "_scale", "_shown_edge", "_step", "acks", "consumed", "data_at", "duplicate", "edge", "fin",
        "finished", "initial", "last_ack", "mss", "next", "queued", "reassembly", "reports", "shown", "tuning",
        "urgent",
    )  # fmt: skip

    def __init__(self, initial: int, config: TcpConfig, mss: int) -> None:
        self.initial = initial  # IRS
        self.reassembly = Reassembly(initial + 1)
        self.next = initial + 1  # RCV.NXT: what to acknowledge; the FIN counts once everything before it has come
        self.acks = Acks(config.delayed_ack, config.ack_every, config.ack_any_size)
        self.mss = mss
        self.urgent = initial + 1  # RCV.UP
        self.fin: int | None = None  # where the peer's FIN stands, once it has come
        self.finished = False  # the FIN is in order: nothing more will come
        self.last_ack = initial + 1  # Last.ACK.sent
        self.duplicate: tuple[int, int] | None = None  # what came again, to be told in the next segment (RFC 2883)
        self.reports = config.dsack  # whether it is told
        self.queued = b""  # the text of a SYN, which waits for the handshake to end
        self.data_at = 0  # when data came last
        self.tuning = AutoTuning(config, mss) if config.auto_tuning else None
        self._buffer = config.first_receive_buffer
        self._scale = 0
        self.consumed = False  # the application has read since the window was shown last
        self.shown = -1  # the field that was shown last, to be shown again while nothing changes; -1: none
        self._most = 0xFFFF  # bytes that the window field can say
        self.edge = initial + 1 + min(self._buffer, 0xFFFF)  # RCV.NXT + RCV.WND: what is accepted
        self._shown_edge = self.edge  # the part of it that the field could say
        # How much the edge must move before it is worth showing (section 3.8.6.2.2, with Fr = 1/2).
        self._step = max(min(self._buffer // 2, mss), 1)

    @property
    def window(self) -> int:
        """RCV.WND in bytes: what is accepted, though the field may not be able to say it all."""
        return max(self.edge - self.next, 0)

    @property
    def buffer(self) -> int:
        """How many bytes the receive buffer holds."""
        return self._buffer

    def tune(self, now: int, tuning: AutoTuning, count: int) -> None:
        """The application has read `count` bytes: the buffer may be worth enlarging."""
        tuning.read(now, count)
        self._buffer = tuning.size

    def scale_window(self, shift: int) -> None:
        """Our windows are shifted by `shift`, 0 without scaling, once the handshake is over (RFC 7323 section 2)."""
        self._scale = shift
        self._most = 0xFFFF << shift

    def open_window(self) -> None:
        """Accept what the buffer holds, and not only what a SYN could say of it: its window is not scaled.

        The next segment shows it; it is not worth one of its own.
        """
        self.edge = max(self.edge, self.next + self._buffer - self.reassembly.unread)
        self._shown_edge = min(self.edge, self.next + self._most)
        self.shown = -1

    def acceptable(self, seq: int, length: int) -> bool:
        """The four cases of RFC 9293 section 3.4, table 6.

        But a plain acknowledgement may stand on the right edge, where a peer is that has filled our window; the table
        says so of a closed window only. Two such peers, each with a hole, would refuse each other's duplicate
        acknowledgements and answer them for ever. (Linux and FreeBSD accept it, too.)
        """
        expected, edge = self.next, self.edge
        if length == 0:
            return expected <= seq <= edge
        return expected <= seq < edge or expected < seq + length <= edge

    def accept(self, seq: int, data: bytes) -> int:
        """Take the part of `data` that lies in the window; return how many bytes came into order."""
        if seq == self.next and self.fin is None and not self.reassembly.islands and seq + len(data) <= self.edge:
            self.reassembly.append(data)  # nearly always: what was expected, and nothing has come before it
            self.next = self.reassembly.next
            self.acks.data(len(data), self.mss)
            return len(data)
        beyond = seq + len(data) - (self.edge if self.fin is None else self.fin)  # behind FIN there is nothing
        if beyond > 0:
            data = data[:-beyond]
        reassembly = self.reassembly
        had_hole = bool(reassembly.islands)
        again = None
        if had_hole or seq < reassembly.next:
            again = reassembly.held(seq, seq + len(data))
            if again and self.reports:
                self.duplicate = again
        fresh = reassembly.insert(seq, data)
        if fresh == 0:
            self.acks.at_once("duplicate acknowledgement")  # out of order, or nothing new
        elif had_hole:
            self.acks.at_once("hole filled")  # all or part of it: RFC 5681 section 4.2
        elif again:
            self.acks.at_once("duplicate acknowledgement")  # a part of it is new
        else:
            self.acks.data(fresh, self.mss)
        if fresh:
            self._advance()
        return fresh

    def accept_fin(self, position: int) -> None:
        """The peer's FIN stands at `position`. Beyond the window it is refused with what precedes it."""
        if self.fin is None and position <= self.edge:
            self.fin = position
            self._advance()

    def _advance(self) -> None:
        self.next = self.reassembly.next
        if self.fin == self.next:
            self.finished = True
            self.next += 1
            self.edge += 1  # the FIN takes a number, but no room in the buffer

    def show_window(self) -> int:
        """The window field for a segment sent now."""
        self.consumed = False
        self.shown = self._move_edge()
        return self.shown

    def _move_edge(self) -> int:
        """The window field for a segment sent now, after moving the edge as far as is worth it.

        Rounded up to the scale's unit: rounding down would take back what was shown (RFC 7323 section 2.4). But not
        for ever, or many small segments that nobody reads would move the edge beyond the buffer, unit by unit: then
        the field shows up to a unit less than what is still accepted.
        """
        reassembly = self.reassembly
        edge = self.next + self._buffer - reassembly.unread
        gained = edge - self.edge
        # A reader who has caught up is not the one that section 3.8.6.2.2 guards against.
        if gained >= self._step or (gained > 0 and not reassembly.unread):
            self.edge = edge
        window = self.edge - self.next
        if window <= 0:
            return 0
        if window > self._most:
            self._shown_edge = self.next + self._most
            return 0xFFFF
        unit = 1 << self._scale
        field = (window + unit - 1) >> self._scale
        shown = self.next + (field << self._scale)
        if shown >= edge + unit:
            return window >> self._scale
        self.edge = self._shown_edge = shown
        return field

    def worth_update(self) -> bool:
        """Whether the application has read enough for a window update of its own.

        Two segments' worth, or half of the buffer: an application that reads at once would otherwise turn every
        delayed acknowledgement into two.
        """
        if not self.consumed or self.finished:
            return False
        window = min(self._buffer - self.reassembly.unread, self._most)
        gained = self.next + window - self._shown_edge
        return gained >= 2 * self.mss or gained >= max(self._buffer // 2, 1)
