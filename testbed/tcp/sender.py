"""The sending half: SND.UNA, SND.NXT, SND.WND, and the parts that decide what leaves when.

Buffer, scoreboard, round-trip estimator, congestion control and recovery meet here. What an acknowledgement does to
them is in `tcp.acknowledgement`, what a timer does in `tcp.timeouts`.
"""

from __future__ import annotations

from testbed.tcp.config import TcpConfig
from testbed.tcp.congestion import CONTROLS, Control, initial_window
from testbed.tcp.output import Output
from testbed.tcp.peer_window import PeerWindow
from testbed.tcp.recovery import Recovery
from testbed.tcp.rtt import RoundTrip
from testbed.tcp.scoreboard import Scoreboard, Sent
from testbed.tcp.segmentizer import Segmentizer
from testbed.tcp.send_buffer import SendBuffer
from testbed.tcp.timers import NEVER, OVERRIDE, PERSIST, RETRANSMIT, USER_TIMEOUT, Timers
from testbed.trace.tracer import ConnectionTracer
from testbed.wire.segment import FIN, PSH, SYN, URG

DEFAULT_MSS = 536
"""What a peer without the MSS option accepts (RFC 9293 section 3.7.1, MUST-15)."""


class Sender:
    """One end's outgoing stream. Absolute sequence numbers; times in ns, sizes in bytes.

    `highest` is where anything was ever sent: it lies beyond SND.NXT after a probe of a closed window, whose octet
    is sent again with the rest. `expiries` counts the retransmission timer's since the last progress, `probes` those
    of the closed window since it closed, `unanswered` those of them that nobody has answered.
    """

    __slots__ = (
        "_segmentizer", "board", "buffer", "closing", "config", "control", "expiries", "highest", "initial",
        "last_sent_at", "mss", "next", "output", "peer", "probes", "recovery", "rtt", "rtt_mark", "stats", "timers",
        "tracer", "una", "unanswered", "urgent",
    )  # fmt: skip

    def __init__(
        self, initial: int, config: TcpConfig, output: Output, timers: Timers, tracer: ConnectionTracer
    ) -> None:
        self.config = config
        self.output = output
        self.stats = output.stats
        self.timers = timers
        self.tracer = tracer
        self.initial = initial  # ISS
        self.una = initial
        self.next = initial
        self.highest = initial
        self.urgent = initial  # SND.UP
        self.mss = DEFAULT_MSS
        self.closing = False  # the application has closed: FIN follows the last byte
        self.peer = PeerWindow()
        self.buffer = SendBuffer(initial + 1, config.send_buffer)
        self.board = Scoreboard()
        self.rtt = RoundTrip(config)
        self.rtt_mark = initial  # the estimate waits for an acknowledgement beyond this
        self.control: Control = CONTROLS[config.congestion]().build(self.mss, self.mss)
        self.recovery = Recovery(self.mss, config, initial)
        self._segmentizer = Segmentizer(config.nagle)
        self.expiries = 0
        self.probes = 0
        self.unanswered = 0
        self.last_sent_at = 0

    # -- opening -----------------------------------------------------------------------------------------------------

    def send_syn(self, now: int, reason: str) -> None:
        """Send our SYN for the first time."""
        self.next = self.highest = self.initial + 1
        self.board.sent(self.initial, self.next, SYN, now)
        self.output.emit_syn(now, self.initial, reason)
        self.timers.set(RETRANSMIT, now + self.rtt.rto)
        if self.config.user_timeout:  # "for any state": RFC 9293 section 3.10.8
            self.timers.set(USER_TIMEOUT, now + self.config.user_timeout)

    def start(self, now: int) -> None:
        """Both ends have synchronised, and `mss` is known: the window is the initial one.

        RFC 6928 section 2; one segment when the SYN was lost more than once (section 2, last paragraph).
        """
        window = self.mss if self.expiries > 1 else initial_window(self.config.initial_window, self.mss)
        if self.expiries:
            self.rtt.handshake_repeated()
        self.expiries = 0
        self.last_sent_at = now
        self.output.payload_limit = self.mss
        self.control = CONTROLS[self.config.congestion]().build(self.mss, window)
        self.recovery = Recovery(self.mss, self.config, self.initial)
        self.tell(now, "connection established")

    # -- what the application does -----------------------------------------------------------------------------------

    def write(self, data: bytes, urgent: bool = False, whole: bool = False) -> int:
        """Take what fits into the buffer; urgent data ends where the pointer will point (RFC 6093 section 6)."""
        taken = self.buffer.write(data, whole)
        if urgent and taken:
            self.urgent = self.buffer.end
        return taken

    @property
    def fin_acknowledged(self) -> bool:
        """Whether the peer has our FIN, and so everything."""
        return self.closing and self.una > self.buffer.end

    @property
    def unsent(self) -> bool:
        """Whether anything, FIN included, was never sent."""
        return self.buffer.end + self.closing > self.next

    # -- what leaves -------------------------------------------------------------------------------------------------

    def transmit(self, now: int) -> None:
        """Send whatever the windows and the rules allow now: first what is lost, then what is new."""
        board = self.board
        record = board.next_lost(self.una) if board.lost else None
        if record is not None:
            limit = self.window
            while record is not None and (board.pipe == 0 or board.pipe + record.end - record.seq <= limit):
                self.resend(now, record, record.reason)
                record = board.next_lost(self.una)
        if record is None and self.buffer.end + self.closing > self.next:
            self._send_new(now)
        self._arm(now)

    @property
    def window(self) -> int:
        """The congestion window in bytes, as recovery has inflated it, and never less than one segment."""
        return max(self.control.cwnd + self.recovery.inflation, self.mss)

    def _send_new(self, now: int) -> None:
        board, buffer = self.board, self.buffer
        if not board.records and self.config.idle_restart and now - self.last_sent_at > self.rtt.rto:
            self._restart(now)
        limit = self.window
        most = self.mss - self.output.overhead()
        edge = self.una + self.peer.size
        while True:
            unsent = buffer.end - self.next
            room = min(limit - board.pipe, edge - self.next)
            if unsent > most <= room:  # a full segment, and not the last: nothing to think about
                self.send(now, most, False, "new data")
                continue
            size = self._segmentizer.size(unsent, room, most, self.next > self.una, self.closing, self.peer.largest)
            last = self.closing and size == unsent and edge - self.next > size and room >= size
            if size <= 0 and not last:
                return
            self.send(now, size, last, "new data" if size else "close")
            if last:
                return

    def send(self, now: int, size: int, last: bool, reason: str) -> None:
        """Send `size` bytes from SND.NXT, with FIN if it is the `last`."""
        seq = self.next
        end = seq + size + last
        self.board.sent(seq, end, FIN if last else 0, now)
        self.next = end
        if seq < self.highest:
            self.board.records[-1].retransmissions = 1  # a probe's octet is in it: Karn's rule holds for it
        if end > self.highest:
            self.highest = end
        self.last_sent_at = now
        self.emit(now, seq, size, last, reason)

    def emit(self, now: int, seq: int, size: int, fin: bool, reason: str) -> None:
        """Cut a segment out of the buffer and hand it to the output."""
        flags = FIN if fin else 0
        payload = b""
        if size:
            payload, ends_write = self.buffer.cut(seq, size)
            if ends_write:
                flags |= PSH
            self.stats.data_segments_sent += 1
            self.stats.bytes_sent += size
        if self.urgent <= seq:
            self.output.emit(now, flags, seq, payload, reason)
        else:
            self.output.emit(now, flags | URG, seq, payload, reason)
            self.output.segments[-1].urgent_pointer = min(self.urgent - seq, 0xFFFF)

    def resend(self, now: int, record: Sent, reason: str) -> None:
        """Send a segment again, as it was cut, with the latest acknowledgement and options."""
        self.board.retransmitted(record, now)
        self.stats.retransmitted_segments += 1
        if record.flags & SYN:
            self.output.emit_syn(now, record.seq, reason)
            return
        fin = record.flags & FIN != 0
        size = record.end - record.seq - fin
        self.stats.bytes_retransmitted += size
        self.last_sent_at = now
        self.emit(now, record.seq, size, fin, reason)

    def _restart(self, now: int) -> None:
        """Slow start again after being idle (RFC 5681 section 4.1)."""
        before = self.control.cwnd
        self.control.idle(now, initial_window(self.config.initial_window, self.mss))
        if self.control.cwnd != before:
            self.tell(now, "idle restart")

    def _arm(self, now: int) -> None:
        """Every byte that waits for something has a timer that waits for it too."""
        timers = self.timers
        if self.board.records:
            due = timers.due
            if due[RETRANSMIT] == NEVER:
                timers.set(RETRANSMIT, now + self.rtt.rto)  # RFC 6298 section 5.1
                if self.config.user_timeout:
                    timers.set(USER_TIMEOUT, now + self.config.user_timeout)
            due[PERSIST] = due[OVERRIDE] = NEVER
        elif self.buffer.end + self.closing <= self.next:
            timers.stop(PERSIST)
            timers.stop(OVERRIDE)
        elif self.peer.size == 0:
            if not timers.runs(PERSIST):
                self.probes = 0
                timers.set(PERSIST, now + self.rtt.rto)
        else:
            timers.stop(PERSIST)
            if not timers.runs(OVERRIDE):
                timers.set(OVERRIDE, now + self.config.sws_override)

    def tell(self, now: int, cause: str) -> None:
        """Trace the sender's view, after a change whose `cause` is given."""
        control, rtt = self.control, self.rtt
        cwnd = control.cwnd + self.recovery.inflation
        self.tracer.cwnd(now, cause, cwnd, control.ssthresh, rtt.srtt, rtt.rto, self.board.pipe, self.peer.size)
