"""The sending half: SND.UNA, SND.NXT, SND.WND, and the parts that decide what leaves when.

Buffer, scoreboard, round-trip estimator, congestion control and recovery meet here. Every change of the window is
told with its cause.
"""

from __future__ import annotations

from testbed.tcp.config import TcpConfig
from testbed.tcp.congestion import CONTROLS, Control
from testbed.tcp.output import Output
from testbed.tcp.recovery import Recovery
from testbed.tcp.rtt import RoundTrip
from testbed.tcp.scoreboard import Scoreboard, Sent
from testbed.tcp.segmentizer import Segmentizer
from testbed.tcp.send_buffer import SendBuffer
from testbed.tcp.timers import OVERRIDE, PERSIST, RETRANSMIT, USER_TIMEOUT, Timers
from testbed.trace.tracer import ConnectionTracer
from testbed.wire.segment import FIN, PSH, SYN, URG, Segment

DEFAULT_MSS = 536
"""What a peer without the MSS option accepts (RFC 9293 section 3.7.1, MUST-15)."""


class Sender:
    """One end's outgoing stream. Absolute sequence numbers; times in ns, sizes in bytes.

    `highest` is where anything was ever sent: it lies beyond SND.NXT after a probe of a closed window, whose octet
    is sent again with the rest.
    """

    __slots__ = (
        "_config", "_last_sent_at", "_output", "_probes", "_rtt_mark", "_segmentizer", "_stats", "_timeouts",
        "_timers", "_tracer", "_wl1", "_wl2", "board", "buffer", "closing", "control", "highest", "initial", "mss",
        "next", "recovery", "rtt", "shift", "una", "urgent", "window",
    )  # fmt: skip

    def __init__(
        self, initial: int, config: TcpConfig, output: Output, timers: Timers, tracer: ConnectionTracer
    ) -> None:
        self._config = config
        self._output = output
        self._stats = output.stats
        self._timers = timers
        self._tracer = tracer
        self.initial = initial  # ISS
        self.una = initial
        self.next = initial
        self.highest = initial
        self.window = 0
        self._wl1 = 0
        self._wl2 = 0
        self.shift = 0  # how the peer's window field is scaled
        self.urgent = initial  # SND.UP
        self.mss = DEFAULT_MSS
        self.closing = False  # the application has closed: FIN follows the last byte
        self.buffer = SendBuffer(initial + 1, config.send_buffer)
        self.board = Scoreboard()
        self.rtt = RoundTrip(config)
        self.control: Control = CONTROLS[config.congestion]().build(self.mss, self.mss)
        self.recovery = Recovery(self.mss, config.dupack_threshold, initial)
        self._segmentizer = Segmentizer(config.nagle)
        self._timeouts = 0  # expiries of the retransmission timer since the last progress
        self._probes = 0  # probes of the closed window that nobody answered
        self._rtt_mark = initial
        self._last_sent_at = 0

    # -- opening -----------------------------------------------------------------------------------------------------

    def send_syn(self, now: int, reason: str) -> None:
        """Send our SYN for the first time."""
        self.next = self.highest = self.initial + 1
        self.board.sent(self.initial, self.next, SYN, now)
        self._output.emit_syn(now, self.initial, reason)
        self._timers.set(RETRANSMIT, now + self.rtt.rto)

    def resend_syn(self, now: int, reason: str) -> None:
        """Our SYN again, which is SYN,ACK once the peer's has come."""
        self._resend(now, self.board.records[0], reason)

    def start(self, now: int) -> None:
        """Both ends have synchronised, and `mss` is known: the window is the initial one.

        RFC 6928 section 2; one segment when the SYN was lost more than once (section 2, last paragraph).
        """
        mss = self.mss
        count = self._config.initial_window
        window = min(count * mss, max(2 * mss, count * 1460))
        if self._timeouts > 1:
            window = mss
        if self._timeouts:
            self.rtt.handshake_repeated()
        self._timeouts = 0
        self._last_sent_at = now
        self.control = CONTROLS[self._config.congestion]().build(mss, window)
        self.recovery = Recovery(mss, self._config.dupack_threshold, self.initial)
        self._tell(now, "connection established")

    # -- what the application does -------------------------------------------------------------------------------------

    def write(self, data: bytes, urgent: bool = False) -> int:
        """Take what fits into the buffer; urgent data ends where the pointer will point (RFC 6093 section 6)."""
        taken = self.buffer.write(data)
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
        return self.buffer.end - self.next + self.closing > 0

    # -- what the peer says --------------------------------------------------------------------------------------------

    def update_window(self, now: int, seq: int, ack: int, window: int) -> bool:
        """Take the peer's window unless the segment is older than the last that gave one (SND.WL1, SND.WL2).

        Returns whether it changed.
        """
        if not (self._wl1 < seq or (self._wl1 == seq and self._wl2 <= ack)):
            return False
        self._wl1 = seq
        self._wl2 = ack
        changed = window != self.window
        self.window = window
        if window > self._segmentizer.max_window:
            self._segmentizer.max_window = window
        if window:
            self._timers.stop(PERSIST)
        return changed

    def set_window(self, seq: int, ack: int, window: int) -> None:
        """Take the first window, when the handshake ends."""
        self._wl1, self._wl2, self.window = seq, ack, window
        self._segmentizer.max_window = window

    @property
    def max_window(self) -> int:
        """MAX.SND.WND (RFC 5961 section 5.2)."""
        return self._segmentizer.max_window

    def acknowledge(self, now: int, ack: int, segment: Segment, window_changed: bool) -> None:
        """An acceptable acknowledgement, SND.UNA <= `ack` <= highest; the window is updated already."""
        self._probes = 0
        cause = ""
        if ack > self.una:
            cause = self._advance(now, ack, segment)
        elif self._is_duplicate(segment, window_changed):
            cause = self._duplicate(now)
        elif self.window == 0:
            self._timeouts = 0  # the peer lives: do not give up (RFC 9293 section 3.8.6.1, MUST-37)
        if cause or window_changed:
            self._tell(now, cause or "window")

    def _is_duplicate(self, segment: Segment, window_changed: bool) -> bool:
        """RFC 5681 section 2: data outstanding, no data or SYN or FIN, nothing new acknowledged, same window."""
        return (
            bool(self.board.records) and not window_changed and not segment.payload and not segment.flags & (SYN | FIN)
        )

    def _advance(self, now: int, ack: int, segment: Segment) -> str:
        acked = ack - self.una
        in_flight = self.board.pipe
        first = self.board.acknowledge(ack)
        self.una = ack
        if self.next < ack:
            self.next = ack
        buffer = self.buffer
        buffer.release(ack if ack < buffer.end else buffer.end)
        if first is None or not first.flags & SYN:
            self._stats.bytes_acked += acked - self.fin_acknowledged
        self._timeouts = 0
        if first is not None:
            self._sample(now, first, segment)
        restart, cause = self._progress(now, acked, in_flight)
        timers = self._timers
        if not self.board.records:
            timers.stop(RETRANSMIT)
            timers.stop(USER_TIMEOUT)
        elif restart:
            timers.set(RETRANSMIT, now + self.rtt.rto)  # RFC 6298 section 5.3
            self._arm_user_timeout(now)
        return cause

    def _progress(self, now: int, acked: int, in_flight: int) -> tuple[bool, str]:
        """Tell recovery or the control of new data acknowledged: whether to restart the timer, and the cause."""
        recovery, control = self.recovery, self.control
        if not recovery.active:
            recovery.duplicates = 0
            # A window that was not filled is not tried, and does not grow (RFC 7661); a SYN fills none.
            if in_flight + self.mss > control.cwnd and self.una > self.initial + 1:
                return True, control.acknowledged(now, acked)
            return True, ""
        if self.una >= recovery.recover:
            recovery.leave()
            control.recovered(now, self.next - self.una)
            return True, "recovered"
        restart = recovery.partial(acked)
        if self.board.records:
            self._resend(now, self.board.records[0], "partial acknowledgement")
        return restart, "partial acknowledgement"

    def _duplicate(self, now: int) -> str:
        self._stats.duplicate_acks_received += 1
        if not self.recovery.duplicate(self.una):
            return "duplicate acknowledgement" if self.recovery.active else ""
        self.control.lost(now, self.next - self.una)
        self.recovery.enter(self.next)
        self._stats.fast_retransmits += 1
        self._resend(now, self.board.records[0], "fast retransmit")
        return "fast retransmit"

    def _sample(self, now: int, first: Sent, segment: Segment) -> None:
        """Measure the round trip of the oldest segment acknowledged, unless that is ambiguous (Karn; RFC 6298
        section 3): then only the timestamp can tell (RFC 7323 section 4.1)."""
        timestamps = self._output.timestamps
        if first.retransmissions == 0:
            measured = now - first.sent_at
        elif timestamps.on and segment.timestamp is not None:
            measured = timestamps.elapsed(now, segment.timestamp_echo)
            if measured < 0:
                return
        else:
            return
        measured = max(measured, 1)
        self._stats.rtt_samples += 1
        self._tracer.rtt(now, measured)
        # One sample a round trip goes into the estimate (RFC 6298 section 3): more would shorten its memory.
        if self.una > self._rtt_mark or self.rtt.backed_off or self.rtt.srtt == 0:
            self.rtt.sample(measured)
            self._rtt_mark = self.next

    # -- what leaves -------------------------------------------------------------------------------------------------

    def transmit(self, now: int) -> None:
        """Send whatever the windows and the rules allow now: first what is lost, then what is new."""
        board = self.board
        limit = max(self.control.cwnd + self.recovery.inflation, self.mss)
        record = board.next_lost(self.una)
        while record is not None and (board.pipe == 0 or board.pipe + record.end - record.seq <= limit):
            self._resend(now, record, record.reason)
            record = board.next_lost(self.una)
        if record is None and self.unsent:
            self._send_new(now, limit)
        self._arm(now)

    def _send_new(self, now: int, limit: int) -> None:
        board, buffer, config = self.board, self.buffer, self._config
        if not board.records and config.idle_restart and now - self._last_sent_at > self.rtt.rto:
            self._restart(now)
            limit = self.control.cwnd
        most = self.mss - self._output.overhead()
        edge = self.una + self.window
        while True:
            unsent = buffer.end - self.next
            room = min(limit - board.pipe, edge - self.next)
            size = self._segmentizer.size(unsent, room, most, self.next > self.una, self.closing)
            last = self.closing and size == unsent and edge - self.next > size and room >= size
            if size <= 0 and not last:
                return
            self._send(now, size, last, "new data" if size else "close")
            if last:
                return

    def _send(self, now: int, size: int, last: bool, reason: str) -> None:
        """Send `size` bytes from SND.NXT, with FIN if it is the `last`."""
        seq = self.next
        end = seq + size + last
        self.board.sent(seq, end, FIN if last else 0, now)
        self.next = end
        if end > self.highest:
            self.highest = end
        self._last_sent_at = now
        self._emit(now, seq, size, last, reason)

    def _emit(self, now: int, seq: int, size: int, fin: bool, reason: str) -> None:
        payload = self.buffer.slice(seq, size) if size else b""
        flags = PSH if size and self.buffer.ends_write(seq + size) else 0
        if fin:
            flags |= FIN
        if size:
            self._stats.data_segments_sent += 1
            self._stats.bytes_sent += size
        if self.urgent <= seq:
            self._output.emit(now, flags, seq, payload, reason)
        else:
            self._output.emit(now, flags | URG, seq, payload, reason)
            self._output.segments[-1].urgent_pointer = min(self.urgent - seq, 0xFFFF)

    def _resend(self, now: int, record: Sent, reason: str) -> None:
        """Send a segment again, as it was cut, with the latest acknowledgement and options."""
        self.board.retransmitted(record, now)
        self._stats.retransmitted_segments += 1
        if record.flags & SYN:
            self._output.emit_syn(now, record.seq, reason)
            return
        fin = record.flags & FIN != 0
        size = record.end - record.seq - fin
        self._stats.bytes_retransmitted += size
        self._last_sent_at = now
        self._emit(now, record.seq, size, fin, reason)

    def _restart(self, now: int) -> None:
        """Slow start again after being idle (RFC 5681 section 4.1)."""
        count, mss = self._config.initial_window, self.mss
        before = self.control.cwnd
        self.control.idle(now, min(count * mss, max(2 * mss, count * 1460)))
        if self.control.cwnd != before:
            self._tell(now, "idle restart")

    def _arm(self, now: int) -> None:
        """Every byte that waits for something has a timer that waits for it too."""
        timers = self._timers
        if self.board.records:
            if not timers.runs(RETRANSMIT):
                timers.set(RETRANSMIT, now + self.rtt.rto)  # RFC 6298 section 5.1
                self._arm_user_timeout(now)
            timers.stop(PERSIST)
            timers.stop(OVERRIDE)
        elif not self.unsent:
            timers.stop(PERSIST)
            timers.stop(OVERRIDE)
        elif self.window == 0:
            if not timers.runs(PERSIST):
                timers.set(PERSIST, now + self.rtt.rto)
        elif not timers.runs(OVERRIDE):
            timers.set(OVERRIDE, now + self._config.sws_override)

    def _arm_user_timeout(self, now: int) -> None:
        if self._config.user_timeout:
            self._timers.set(USER_TIMEOUT, now + self._config.user_timeout)

    # -- what timers do ----------------------------------------------------------------------------------------------

    def retransmission_timeout(self, now: int) -> bool:
        """Steps 5.4 to 5.7 of RFC 6298; False when R2 is reached and the connection must be given up."""
        if not self.board.records:
            return True
        head = self.board.records[0]
        syn = head.flags & SYN != 0
        if self._timeouts >= (self._config.syn_retries if syn else self._config.data_retries):
            return False
        if self._timeouts == self._config.r1:
            self._tracer.app(now, "path may be bad", 0)  # R1: RFC 9293 section 3.8.3
        self._stats.timeouts += 1
        if not syn:
            self.control.timed_out(now, self.next - self.una, self._timeouts > 0 or self.recovery.active)
        self.recovery.timed_out(self.next)
        self.board.declare_all_lost("retransmission timeout")
        self.rtt.back_off()
        self._timeouts += 1
        self._timers.set(RETRANSMIT, now + self.rtt.rto)
        self._resend(now, head, "retransmission timeout")
        self._tell(now, "retransmission timeout")
        return True

    def probe_window(self, now: int) -> bool:
        """Send one octet into the closed window, and wait longer each time; False to give up (section 3.8.6.1).

        The connection stays open for as long as probes are answered (MUST-37).
        """
        if self._probes > self._config.data_retries:
            return False
        self._timers.set(PERSIST, now + min(self.rtt.rto << min(self._probes + 1, 30), self._config.rto_max))
        self._probes += 1
        self._stats.window_probes_sent += 1
        octet = 1 if self.next < self.buffer.end else 0
        self._emit(now, self.next, octet, not octet, "window probe")
        self.highest = max(self.highest, self.next + 1)
        return True

    def override(self, now: int) -> None:
        """Silly-window avoidance has waited long enough: send what fits (section 3.8.6.2.1, (4))."""
        size = min(self.buffer.end - self.next, self.una + self.window - self.next, self.mss)
        if size > 0:
            self._send(now, size, False, "override")

    def _tell(self, now: int, cause: str) -> None:
        control = self.control
        self._tracer.cwnd(
            now,
            cause,
            control.cwnd + self.recovery.inflation,
            control.ssthresh,
            self.rtt.srtt,
            self.rtt.rto,
            self.board.pipe,
            self.window,
        )
