"""One end of a TCP connection (RFC 9293), where the parts meet. It knows nobody: no host, no clock, no socket.

Three ways in: `receive` a segment, `expire` a deadline, and what the application does (`open_active`, `write`,
`read`, `close`, `release`, `abort`). Three ways out: the segments that `pull` returns, the `deadline`, and the
`events` for the application. Whoever drives it calls `pull` after every way in, and after the application has seen
the events: what the application writes in answer then shares a segment with the acknowledgement.

What a segment does on arrival is in `tcp.arrival`, one function a step of the RFC; opening in `tcp.handshake`,
ending in `tcp.closing`, what a timer does in `tcp.expiry`.
"""

from __future__ import annotations

from testbed.tcp import arrival, expiry
from testbed.tcp.config import TcpConfig
from testbed.tcp.ecn import ecn_setup
from testbed.tcp.ecn.classic import Ecn
from testbed.tcp.ecn.ecn_setup import EcnSetup
from testbed.tcp.events import WRITABLE
from testbed.tcp.info import snapshot
from testbed.tcp.lifetime import closing, handshake
from testbed.tcp.lifetime.challenge import Challenges
from testbed.tcp.lifetime.fast_open import FastOpen
from testbed.tcp.lifetime.keepalive import KeepAlive
from testbed.tcp.output import Output
from testbed.tcp.receiving.acks import AT_ONCE, WAITING
from testbed.tcp.receiving.receiver import Receiver
from testbed.tcp.sending.sender import Sender
from testbed.tcp.sending.transmission import transmit
from testbed.tcp.state import Machine, State
from testbed.tcp.stats import ConnectionStats
from testbed.tcp.timers import DELAYED_ACK, NEVER, Timers
from testbed.tcp.timestamps import Timestamps
from testbed.trace.tracer import ConnectionTracer
from testbed.wire.segment import Segment


class Connection:
    """The transmission control block."""

    __slots__ = (
        "active", "advice", "challenges", "config", "early", "ecn", "error", "events", "fast_open", "keepalive",
        "machine", "output", "receiver", "released", "sender", "stats", "timers", "tracer",
    )  # fmt: skip

    def __init__(
        self,
        config: TcpConfig,
        ports: tuple[int, int],
        initial: int,
        mss: int,
        tracer: ConnectionTracer,
        state: State = State.CLOSED,
        timestamp_offset: int = 0,
        fast_open: FastOpen | None = None,
    ) -> None:
        """`ports`: local and remote. `initial`: our initial sequence number. `mss`: what a segment may carry on our
        interface, options included. `state`: LISTEN for one that a listener makes. `timestamp_offset`: the first
        value of our timestamp clock."""
        self.config = config
        self.tracer = tracer
        self.active = state is not State.LISTEN
        self.machine = Machine(tracer, state)
        self.stats = ConnectionStats()
        self.timers = Timers()
        timestamps = Timestamps(config.timestamp_tick, timestamp_offset)
        self.output = Output(*ports, config, mss, timestamps, self.stats, tracer)
        self.sender = Sender(initial, config, self.output, self.timers, tracer)
        self.ecn: Ecn | None = None  # None: both ends have not agreed to it, or not yet
        if config.ecn != ecn_setup.OFF:
            self.output.ecn_setup = EcnSetup(config, self.sender.control.counts_marks)
        self.receiver: Receiver | None = None  # until the peer's initial sequence number is known
        self.challenges = Challenges(config)
        self.keepalive = KeepAlive(config)
        self.events = 0
        self.error = ""
        self.advice = "", 0  # what the network said last of our segments, and SND.UNA then
        self.fast_open = fast_open
        self.early = False  # fast open: the application may act before the handshake is over
        self.released = False  # the application is gone

    # -- the application ---------------------------------------------------------------------------------------------

    def open_active(self, now: int) -> None:
        """OPEN, active (RFC 9293 section 3.10.1): send SYN; with fast open, when the application has written."""
        self.tracer.app(now, "connect", 0)
        handshake.open_active(self, now)

    def write(self, now: int, data: bytes, urgent: bool = False, whole: bool = False) -> int:
        """SEND: take what the buffer has room for, or, if `whole`, all or nothing; return how much. 0 when nothing may
        be sent any more."""
        if self.sender.closing or self.machine.state in (State.CLOSED, State.LISTEN, State.TIME_WAIT):
            return 0
        taken = self.sender.write(data, urgent, whole)
        if taken < len(data):
            self.sender.cramped = True
        if taken:
            self.tracer.app(now, "write urgent" if urgent else "write", taken)
        return taken

    def read(self, now: int, limit: int) -> bytes:
        """RECEIVE: up to `limit` bytes that are in order; none when nothing waits."""
        receiver = self.receiver
        if receiver is None or receiver.reassembly.unread == 0:
            return b""
        receiver.consumed = True
        data = receiver.reassembly.read(limit)
        self.stats.bytes_read += len(data)
        if receiver.tuning is not None:
            receiver.tune(now, receiver.tuning, len(data))
        self.tracer.app(now, "read", len(data))
        return data

    def close(self, now: int) -> None:
        """CLOSE: nothing more to send; what was written still goes, then FIN. Reading goes on."""
        closing.close(self, now)

    def release(self, now: int) -> None:
        """The application is gone: close, and answer with RST whatever nobody will read."""
        closing.release(self, now)

    def abort(self, now: int) -> None:
        """ABORT: forget everything and tell the peer by RST."""
        closing.abort(self, now, "abort")

    # -- the network and time ----------------------------------------------------------------------------------------

    def open_passive(self, now: int, syn: Segment) -> None:
        """A SYN came to the listener that made this connection, in state LISTEN."""
        self.stats.segments_received += 1
        self.stats.data_segments_received += bool(syn.payload)
        self.keepalive.heard_at = now
        self.tracer.segment(now, "received", syn, "")
        handshake.accept_syn(self, now, syn)

    def receive(self, now: int, segment: Segment) -> None:
        """SEGMENT ARRIVES (section 3.10.7)."""
        stats = self.stats
        stats.segments_received += 1
        if segment.payload:
            stats.data_segments_received += 1
        self.keepalive.heard_at = now
        self.keepalive.unanswered = 0
        verdict = arrival.receive(self, now, segment)
        if verdict:
            stats.segments_rejected += 1
        if self.output.traced:
            self.tracer.segment(now, "received", segment, verdict)

    def expire(self, now: int) -> None:
        """Do what is due by `now`. Calling too early does nothing."""
        for timer in self.timers.take_expired(now):
            if self.machine.state is not State.CLOSED:  # by one that was due at the same time
                expiry.expire(self, now, timer)

    def pull(self, now: int) -> list[Segment]:
        """The segments to send now; each is returned once."""
        state = self.machine.state
        if state >= State.SYN_RECEIVED:
            sender = self.sender
            at_rest = sender.highest == sender.una and sender.buffer.end + sender.closing == sender.next
            sends = state >= State.ESTABLISHED or (self.early and not self.active)
            if not at_rest and sends and state is not State.TIME_WAIT:
                transmit(sender, now)
            receiver = self.receiver
            assert receiver is not None
            if receiver.acks.due or receiver.consumed or self.timers.due[DELAYED_ACK] != NEVER:
                self._acknowledge(now, receiver)
        elif self.early and self.sender.next == self.sender.initial and state is State.SYN_SENT:
            handshake.send_early_syn(self, now)
        segments = self.output.segments
        if segments:
            self.output.segments = []
        return segments

    @property
    def deadline(self) -> int | None:
        """When `expire` wants to be called (ns), or None. `timers.wake` is a cheaper bound for a lazy alarm."""
        return self.timers.next_due()

    def info(self, now: int) -> dict[str, int]:
        """How it stands, by the names of Linux's `tcp_info`: see `tcp.info`."""
        return snapshot(self, now)

    # -- within ------------------------------------------------------------------------------------------------------

    def _acknowledge(self, now: int, receiver: Receiver) -> None:
        """Send an acknowledgement if one is due and nothing that left has carried it."""
        due = receiver.acks.due
        if due == AT_ONCE:
            self.output.emit(now, 0, self.sender.next, b"", receiver.acks.reason)
        elif receiver.worth_update():
            self.stats.window_updates_sent += 1
            self.output.emit(now, 0, self.sender.next, b"", "window update")
        elif due == WAITING:
            if not self.timers.runs(DELAYED_ACK):
                self.timers.set(DELAYED_ACK, now + self.config.delayed_ack)
            return
        self.timers.stop(DELAYED_ACK)

    def made_room(self) -> None:
        """Acknowledged bytes have left the send buffer: tell an application that waits for room, if there is enough."""
        buffer = self.sender.buffer
        if self.sender.cramped and buffer.capacity - buffer.end + buffer.start >= buffer.low_water:
            self.sender.cramped = False
            self.events |= WRITABLE
