"""The sending half: SND.UNA, SND.NXT, SND.WND, and the parts that decide what leaves when.

Buffer, scoreboard, round-trip estimator, congestion control and recovery meet here. What an acknowledgement does to
them is in `tcp.acknowledgement`, what a timer does in `tcp.timeouts`.
"""

from __future__ import annotations

from testbed.tcp.config import TcpConfig
from testbed.tcp.congestion import Control, Sample, Start
from testbed.tcp.congestion.base import Variables
from testbed.tcp.ecn.classic import Ecn
from testbed.tcp.output import Output
from testbed.tcp.path.mtu_search import MtuSearch
from testbed.tcp.path.path_mtu import PathMtu
from testbed.tcp.recovery.detection import LossDetection
from testbed.tcp.recovery.recovery import Recovery
from testbed.tcp.recovery.scoreboard import Scoreboard, Sent
from testbed.tcp.recovery.tail_probe import TailProbe
from testbed.tcp.recovery.undo import Undo
from testbed.tcp.sending import pacing
from testbed.tcp.sending.delivery import Delivery
from testbed.tcp.sending.limits import Limits
from testbed.tcp.sending.pacing import Pacer
from testbed.tcp.sending.peer_window import PeerWindow
from testbed.tcp.sending.rtt import RoundTrip
from testbed.tcp.sending.segmentizer import Segmentizer
from testbed.tcp.sending.send_buffer import SendBuffer
from testbed.tcp.timers import RETRANSMIT, USER_TIMEOUT, Timers
from testbed.trace.tracer import ConnectionTracer
from testbed.wire.segment import FIN, PSH, SYN, URG

DEFAULT_MSS = 536
"""What a peer without the MSS option accepts (RFC 9293 section 3.7.1, MUST-15)."""


class Sender:
    """One end's outgoing stream. Absolute sequence numbers; times in ns, sizes in bytes.

    `highest` is where anything was ever sent: it lies beyond SND.NXT after a probe of a closed window, whose octet
    is sent again with the rest. `expiries` counts the retransmission timer's since the last progress, `probes` those
    of the closed window since it closed, `unanswered` those of them that nobody has answered. `closing`: the
    application has closed, FIN follows the last byte; `cramped`: it was refused room in the buffer. Before `held_until`
    nothing new leaves: a mark met a window of one segment.
    """

    __slots__ = (
        "board", "buffer", "closing", "config", "control", "cramped", "delivery", "detection", "ecn",
        "expiries", "filled", "held_until", "highest", "initial", "last_sent_at", "limits", "mss", "next",
        "output", "paced", "pacer", "path", "patient", "peer", "probe", "probes", "probing", "recovery", "rtt",
        "rtt_mark", "sack", "sample", "search", "segmentizer", "stats", "tells", "timers", "told", "tracer",
        "una", "unanswered", "undo", "urgent", "user_timeout",
    )  # fmt: skip

    def __init__(
        self, initial: int, config: TcpConfig, output: Output, timers: Timers, tracer: ConnectionTracer
    ) -> None:
        self.config = config
        self.output = output
        self.stats = output.stats
        self.timers = timers
        self.tracer = tracer
        self.tells = tracer.hears("cwnd")  # whether anybody listens to what `tell` tells
        self.initial = initial  # ISS
        self.una = self.next = self.highest = self.urgent = initial  # the last is SND.UP
        self.mss = DEFAULT_MSS
        self.closing = self.cramped = False
        self.peer = PeerWindow()
        self.buffer = SendBuffer(initial + 1, config.send_buffer)
        self.board = Scoreboard()
        self.rtt = RoundTrip(config)
        self.rtt_mark = initial  # the estimate waits for an acknowledgement beyond this
        self.control: Control = config.congestion.build(Start(self.mss, self.mss))
        self.recovery = Recovery(self.mss, config, initial)
        self.undo = Undo(config)
        self.probe = TailProbe(config.delayed_ack)
        self.sample = Sample()
        self.sack = False  # both ends have agreed to selective acknowledgements
        self.detection: LossDetection | None = None  # None: duplicate acknowledgements are counted
        self.delivery: Delivery | None = None  # None: nobody wants delivery rates
        self.ecn: Ecn | None = None  # None: both ends have not agreed to it
        self.limits = Limits()
        self.pacer = Pacer()
        self.filled = initial  # what had been sent when a paced sender filled its window last
        self.paced = False
        self.told: Variables | None = None  # what was traced of the control's variables; None: it has none
        self.probing = False  # tail losses are probed for
        self.path = PathMtu(config)
        self.search: MtuSearch | None = None  # for a larger path MTU; None: there is nothing to look for
        self.segmentizer = Segmentizer(config.nagle)
        self.expiries = self.probes = self.unanswered = 0
        self.last_sent_at = self.held_until = 0
        self.user_timeout = config.user_timeout  # 0: none
        self.patient = False  # it decides alone when to give up

    # -- opening -----------------------------------------------------------------------------------------------------

    def send_syn(self, now: int, reason: str, early: int = 0) -> None:
        """Send our SYN for the first time, with `early` bytes of what was written (RFC 7413)."""
        self.note_syn(now)
        payload = b""
        if early:
            payload, _ = self.buffer.cut(self.next, early)
            self.next = self.highest = self.next + early
            self.board.sent(self.initial + 1, self.next, 0, now)
            self.stats.data_segments_sent += 1
            self.stats.bytes_sent += early
        self.output.emit_syn(now, self.initial, reason, payload)
        self.timers.set(RETRANSMIT, now + self.rtt.rto)
        if self.user_timeout:  # "for any state": RFC 9293 section 3.10.8
            self.timers.set(USER_TIMEOUT, now + self.user_timeout)

    def note_syn(self, now: int) -> None:
        """Our SYN leaves now."""
        self.next = self.highest = self.initial + 1
        self.board.sent(self.initial, self.next, SYN, now)

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

    @property
    def window(self) -> int:
        """How much may be in flight: the congestion window in bytes, as recovery has it, and never less than one
        segment."""
        recovery = self.recovery
        if recovery.reduction is not None:
            return recovery.reduction.window
        window, mss = self.control.cwnd + recovery.inflation, self.mss
        return window if window > mss else mss

    def set_pace(self) -> None:
        """Follow the control's rate, or spread its window over the round trip."""
        control, srtt = self.control, self.rtt.srtt
        if control.pacing_rate:
            self.pacer.rate = control.pacing_rate
        elif srtt:
            self.pacer.rate = pacing.window_rate(control.cwnd, control.ssthresh, srtt)

    def send(self, now: int, size: int, last: bool, reason: str) -> None:
        """Send `size` bytes from SND.NXT, with FIN if it is the `last`."""
        seq = self.next
        end = seq + size + last
        record = self.board.sent(seq, end, FIN if last else 0, now)
        self.next = end
        if seq < self.highest:
            record.retransmissions = 1  # a probe's octet is in it: Karn's rule holds for it
        if self.delivery is not None or self.pacer.rate or self.recovery.reduction is not None:
            self._account(now, record)
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
        if self.undo.open:
            self.undo.retransmitted(now, record.seq, record.end)
        self._account(now, record)
        if record.flags & SYN:
            self.output.emit_syn(now, record.seq, reason)
            return
        fin = record.flags & FIN != 0
        size = record.end - record.seq - fin
        self.stats.bytes_retransmitted += size
        self.last_sent_at = now
        self.emit(now, record.seq, size, fin, reason)

    def _account(self, now: int, record: Sent) -> None:
        """`record` leaves now, perhaps again: note it for rates, pace and rate reduction."""
        board, size = self.board, record.end - record.seq
        if self.delivery is not None:
            record.mark = self.delivery.mark(now, board.pipe == size, board.pipe, board.lost_bytes)
        if self.pacer.rate:
            self.pacer.sent(now, size)
        if self.recovery.reduction is not None:
            self.recovery.reduction.sent(size)

    def tell_variables(self, now: int) -> None:
        """Trace what the congestion control keeps inside, as far as it has changed."""
        variables = self.control.variables
        if variables == self.told:
            return
        known = dict(self.told or ())
        self.told = variables
        for name, value in variables:
            if known.get(name) != value:
                self.tracer.control(now, name, value)

    def tell(self, now: int, cause: str) -> None:
        """Trace the sender's view, after a change whose `cause` is given."""
        control, rtt = self.control, self.rtt
        reduction = self.recovery.reduction
        cwnd = control.cwnd + self.recovery.inflation if reduction is None else reduction.window
        self.tracer.cwnd(now, cause, cwnd, control.ssthresh, rtt.srtt, rtt.rto, self.board.pipe, self.peer.size)
