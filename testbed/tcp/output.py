"""Making segments complete: ports, acknowledgement, window and options are the same for all that one end sends."""

from __future__ import annotations

from typing import Final

from testbed.tcp.config import TcpConfig
from testbed.tcp.ecn.classic import Ecn
from testbed.tcp.ecn.ecn_setup import EcnSetup
from testbed.tcp.lifetime import fast_open, user_timeout
from testbed.tcp.receiving.receiver import Receiver
from testbed.tcp.sequence import MASK
from testbed.tcp.stats import ConnectionStats
from testbed.tcp.timestamps import Timestamps
from testbed.trace.tracer import ConnectionTracer
from testbed.wire.options import MAX_OPTIONS, MAX_SACK_BLOCKS, MAX_SACK_BLOCKS_WITH_TIMESTAMPS, options_size
from testbed.wire.segment import ACK, HEADER, RST, SYN, Segment

TIMESTAMPS_HEADER: Final = HEADER + 12
"""Bytes of a header with timestamps and nothing else, as most have it."""


_TWO_BLOCKS: Final = 4 + 2 * 8


def _size(blocks: tuple[tuple[int, int], ...]) -> int:
    """Bytes that the SACK option takes, with the NOPs before it."""
    return 4 + 8 * len(blocks) if blocks else 0


class Output:
    """The segments that wait to be pulled, and what goes into each."""

    __slots__ = (
        "_config", "_local_port", "_remote_port", "_tracer", "cookie", "ecn", "ecn_setup", "mss",
        "payload_limit", "receiver", "sack", "scale", "segments", "stats", "timestamps", "traced",
    )  # fmt: skip

    def __init__(
        self,
        local_port: int,
        remote_port: int,
        config: TcpConfig,
        mss: int,
        timestamps: Timestamps,
        stats: ConnectionStats,
        tracer: ConnectionTracer,
    ) -> None:
        self._local_port = local_port
        self._remote_port = remote_port
        self._config = config
        self.payload_limit = 0  # what a segment may carry to the peer, once known: payload and SACK blocks
        self.mss = mss  # the largest segment that we accept, as offered
        self._tracer = tracer
        self.traced = tracer.hears("segment")
        self.timestamps = timestamps
        self.stats = stats
        self.segments: list[Segment] = []
        self.receiver: Receiver | None = None  # until the peer's SYN has come there is nothing to acknowledge
        self.ecn: Ecn | None = None  # None: both ends have not agreed to it, or not yet
        # What our SYN offers; for a SYN,ACK, what is left of it after seeing the peer's.
        self.ecn_setup: EcnSetup | None = None  # None: ECN is switched off
        self.sack = config.sack
        self.scale = config.window_scaling
        self.cookie: bytes | None = None  # of fast open, or empty to ask for one

    def emit(self, now: int, flags: int, seq: int, payload: bytes, reason: str) -> None:
        """Send a segment of a synchronised connection: it carries the latest acknowledgement."""
        receiver = self.receiver
        assert receiver is not None
        expected = receiver.next
        if expected == receiver.last_ack and receiver.shown >= 0 and not receiver.consumed:
            window = receiver.shown  # as `show_window` would say, for nothing has come
        else:
            window = receiver.show_window()
        segment = Segment(
            self._local_port, self._remote_port, seq & MASK, expected & MASK, flags | ACK, window, payload, reason
        )
        receiver.last_ack = expected
        acks = receiver.acks
        acks.due = acks.size = 0
        timestamps = self.timestamps
        if timestamps.on:
            segment.timestamp = (now // timestamps.tick + timestamps.offset) & MASK  # `value`, spelt out for speed
            segment.timestamp_echo = timestamps.recent
            segment.header_size = TIMESTAMPS_HEADER
        if self.sack and (receiver.reassembly.islands or receiver.duplicate):
            segment.sack = self._blocks(receiver, len(payload))
            segment.header_size = HEADER + options_size(segment)
            receiver.duplicate = None  # told once
        if self.ecn is not None:
            self.ecn.leave(segment, seq, self.payload_limit - len(payload) - _size(segment.sack))
        self.stats.segments_sent += 1
        self.segments.append(segment)
        if self.traced:
            self._tracer.segment(now, "sent", segment, reason)

    def emit_syn(self, now: int, seq: int, reason: str, payload: bytes = b"") -> None:
        """Send SYN, or SYN,ACK once the peer's SYN has come, with every option that is offered."""
        receiver = self.receiver
        flags, ack, window = SYN, 0, min(self._config.first_receive_buffer, 0xFFFF)
        if receiver is not None:
            flags, ack = SYN | ACK, receiver.next
            window = min(receiver.window, window)
            receiver.last_ack = ack
            receiver.acks.sent()
        segment = Segment(self._local_port, self._remote_port, seq & MASK, ack & MASK, flags, window, payload, reason)
        segment.mss = self.mss
        segment.sack_permitted = self.sack
        if self.scale:
            segment.window_scale = self._config.window_scale
        if self.timestamps.on or (receiver is None and self._config.timestamps):
            segment.timestamp = self.timestamps.value(now)
            segment.timestamp_echo = self.timestamps.recent
        if self.cookie is not None:
            fast_open.put(segment, self.cookie)
        if self._config.user_timeout_option and self._config.user_timeout:
            user_timeout.advertise(segment, self._config.user_timeout, MAX_OPTIONS - options_size(segment))
        if self.ecn_setup is not None:
            self.ecn_setup.leave(segment)
        segment.header_size = HEADER + options_size(segment)
        self._push(now, segment)

    def emit_reset(self, now: int, seq: int, ack: int | None, reason: str) -> None:
        """Send RST at `seq`, with an acknowledgement if `ack` is given (RFC 9293 section 3.10.7.1)."""
        flags = RST if ack is None else RST | ACK
        segment = Segment(self._local_port, self._remote_port, seq & MASK, (ack or 0) & MASK, flags, 0, b"", reason)
        if self.timestamps.on:  # RFC 7323 section 3.2
            segment.timestamp = self.timestamps.value(now)
            segment.timestamp_echo = self.timestamps.recent
            segment.header_size = TIMESTAMPS_HEADER
        self.stats.resets_sent += 1
        self._push(now, segment)

    def overhead(self) -> int:
        """Bytes of options that the next data segment is to carry besides its timestamps: SACK blocks, counters."""
        receiver = self.receiver
        counters = self.ecn.overhead(data=True) if self.ecn is not None else 0
        if receiver is None or not self.sack or not (receiver.reassembly.islands or receiver.duplicate):
            return counters
        return _size(self._blocks(receiver, 1)) + counters

    def _blocks(self, receiver: Receiver, payload: int) -> tuple[tuple[int, int], ...]:
        """The blocks to report: what fits beside the payload of a segment that was cut before there were any.

        What has come twice is told first (RFC 2883 section 4), then the islands.
        """
        most = MAX_SACK_BLOCKS_WITH_TIMESTAMPS if self.timestamps.on else MAX_SACK_BLOCKS
        room = self.payload_limit - payload
        if self.ecn is not None and (counters := self.ecn.overhead(data=payload > 0)):
            # Two blocks come before the counters, others after them (RFC 9768 section 3.2.3.3).
            room = max(min(room, MAX_OPTIONS - 12 * self.timestamps.on) - counters, min(room, _TWO_BLOCKS))
        most = min(most, max((room - 4) // 8, 0))
        blocks = receiver.reassembly.blocks(most)
        if receiver.duplicate:
            blocks = (receiver.duplicate, *blocks)[:most]
        return tuple((left & MASK, right & MASK) for left, right in blocks)

    def _push(self, now: int, segment: Segment) -> None:
        self.stats.segments_sent += 1
        self.segments.append(segment)
        self._tracer.segment(now, "sent", segment, segment.reason)
