"""How a connection stands, by the names of Linux's `tcp_info` (`tcpi_` left out), with their units.

Numbers mean what they mean there, as far as we have the thing itself: segments are our records, whose sizes may
differ, and the window is in segments of the present MSS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from testbed.clock import MILLISECOND
from testbed.tcp.congestion.base import UNLIMITED
from testbed.tcp.output import TIMESTAMPS_HEADER
from testbed.tcp.recovery.rack import Rack
from testbed.tcp.sending.limits import BUSY, RECEIVE_WINDOW, SEND_BUFFER
from testbed.tcp.state import State
from testbed.wire.packet import IPV4_HEADER
from testbed.wire.segment import HEADER

if TYPE_CHECKING:
    from testbed.tcp.connection import Connection
    from testbed.tcp.sending.sender import Sender

MICROSECOND: Final = 1000

STATES: Final = {
    State.ESTABLISHED: 1, State.SYN_SENT: 2, State.SYN_RECEIVED: 3, State.FIN_WAIT_1: 4, State.FIN_WAIT_2: 5,
    State.TIME_WAIT: 6, State.CLOSED: 7, State.CLOSE_WAIT: 8, State.LAST_ACK: 9, State.LISTEN: 10, State.CLOSING: 11,
}  # fmt: skip

OPEN: Final = 0
DISORDER: Final = 1
CWR: Final = 2
RECOVERY: Final = 3
LOSS: Final = 4

TIMESTAMPS: Final = 1
SACK: Final = 2
WINDOW_SCALE: Final = 4
ECN: Final = 8
SYN_DATA: Final = 32

INFINITE: Final = 0x7FFFFFFF
"""What stands for a slow-start threshold that nothing has set yet."""


class Field(NamedTuple):
    """What a number means."""

    unit: str
    doc: str


FIELDS: Final = {
    "state": Field("", "1 ESTABLISHED, 2 SYN-SENT, 3 SYN-RECEIVED, 4 FIN-WAIT-1, 5 FIN-WAIT-2, 6 TIME-WAIT, 7 CLOSED, "
                   "8 CLOSE-WAIT, 9 LAST-ACK, 10 LISTEN, 11 CLOSING"),
    "ca_state": Field("", "What the sender does about losses: 0 open, 1 disorder, 2 a mark was answered, 3 recovery, "
                      "4 after a timeout"),
    "retransmits": Field("", "Timeouts in a row of the present oldest segment"),
    "probes": Field("", "Probes of a closed window, or of an idle peer, that were not answered"),
    "backoff": Field("", "How often the retransmission timeout stands doubled"),
    "options": Field("", "Agreed on: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN, 32 data with the SYN; a sum"),
    "snd_wscale": Field("", "By how many bits the peer's window is shifted"),
    "rcv_wscale": Field("", "By how many bits ours is"),
    "rto": Field("µs", "Retransmission timeout"),
    "ato": Field("µs", "Longest time that an acknowledgement waits"),
    "snd_mss": Field("B", "Payload of a full segment that we send"),
    "rcv_mss": Field("B", "Payload of a full segment that we expect"),
    "unacked": Field("segments", "Sent and not acknowledged"),
    "sacked": Field("segments", "Of these, selectively acknowledged; without SACK, duplicate acknowledgements"),
    "lost": Field("segments", "Of these, taken for lost and not sent again"),
    "retrans": Field("segments", "Of these, sent again and in flight"),
    "last_data_sent": Field("ms", "Since data was sent"),
    "last_data_recv": Field("ms", "Since data was received"),
    "last_ack_recv": Field("ms", "Since anything was received"),
    "pmtu": Field("B", "Largest packet for the path"),
    "rcv_ssthresh": Field("B", "Largest window that we would show now"),
    "rtt": Field("µs", "Smoothed round trip; 0 before there is a sample"),
    "rttvar": Field("µs", "Its variation"),
    "snd_ssthresh": Field("segments", "Slow-start threshold; 2147483647 while it is unlimited"),
    "snd_cwnd": Field("segments", "Congestion window"),
    "advmss": Field("B", "Payload of a full segment that we have offered to take"),
    "reordering": Field("segments", "Duplicate acknowledgements, or segments beyond, that mean loss"),
    "rcv_rtt": Field("µs", "The receiver's own estimate of the round trip; with auto-tuning"),
    "rcv_space": Field("B", "Size of the receive buffer"),
    "total_retrans": Field("segments", "Sent again, ever"),
    "pacing_rate": Field("B/s", "How fast segments leave; 0 without pacing"),
    "bytes_acked": Field("B", "Sent and acknowledged"),
    "bytes_received": Field("B", "Received in order"),
    "segs_out": Field("segments", "Sent, of any kind"),
    "segs_in": Field("segments", "Received, of any kind"),
    "notsent_bytes": Field("B", "Written and never sent"),
    "min_rtt": Field("µs", "Least round trip; 0 where nobody measures it"),
    "data_segs_in": Field("segments", "Received with data"),
    "data_segs_out": Field("segments", "Sent with data"),
    "delivery_rate": Field("B/s", "Latest sample of the delivery rate; 0 where the congestion control wants none"),
    "delivery_rate_app_limited": Field("", "1 where the application, and not the network, limited that sample"),
    "busy_time": Field("µs", "With data to send or in flight"),
    "rwnd_limited": Field("µs", "Of these, held back by the peer's window"),
    "sndbuf_limited": Field("µs", "Of these, without anything to send because the send buffer was full"),
    "delivered": Field("segments", "That have arrived at the peer, in order or not; SYN and FIN count"),
    "delivered_ce": Field("segments", "Of these, reported to have been marked; only with accurate ECN, or DCTCP's"),
    "bytes_sent": Field("B", "Sent, with what was sent again"),
    "bytes_retrans": Field("B", "Of these, sent again"),
    "dsack_dups": Field("segments", "Reported by the peer to have come twice"),
    "reord_seen": Field("", "1 once a segment that was only late was seen"),
    "rcv_ooopack": Field("segments", "Received out of order"),
    "snd_wnd": Field("B", "The peer's window"),
    "rcv_wnd": Field("B", "Our window"),
    "total_rto": Field("", "Retransmission timeouts, ever"),
    "received_ce": Field("segments", "Received that a router had marked"),
}  # fmt: skip
"""Every number of a snapshot, in its order."""


def snapshot(connection: Connection, now: int) -> dict[str, int]:
    """The numbers of `FIELDS` as they are now."""
    numbers = {"state": STATES[connection.machine.state], "options": _options(connection)}
    numbers |= _sending(connection.sender, now)
    numbers |= _receiving(connection, now)
    numbers |= _counters(connection)
    return {name: numbers[name] for name in FIELDS}


def _options(connection: Connection) -> int:
    output, fast, agreed = connection.output, connection.fast_open, connection.receiver is not None
    bits = (TIMESTAMPS * output.timestamps.on) | (SACK * (agreed and output.sack))
    bits |= WINDOW_SCALE * (agreed and output.scale) | (ECN if connection.ecn is not None else 0)
    return bits | (SYN_DATA if fast is not None and fast.accepted else 0)


def _sending(sender: Sender, now: int) -> dict[str, int]:
    board, rtt, control, recovery = sender.board, sender.rtt, sender.control, sender.recovery
    rack = sender.detection if isinstance(sender.detection, Rack) else None
    mss = max(sender.mss, 1)
    least = rack.least_rtt if rack is not None else 0 if sender.delivery is None else sender.delivery.least_rtt
    return {
        "ca_state": _recovery_state(sender),
        "retransmits": sender.expiries,
        "backoff": sender.expiries or sender.probes,
        "snd_wscale": sender.peer.shift,
        "rto": rtt.rto // MICROSECOND,
        "rtt": rtt.srtt // MICROSECOND,
        "rttvar": rtt.rttvar // MICROSECOND,
        "min_rtt": least // MICROSECOND,
        "snd_mss": sender.mss,
        "unacked": len(board.records),
        "sacked": board.sacked_segments if sender.sack else recovery.duplicates,
        "lost": sum(record.lost for record in board.records),
        "retrans": sum(record.retransmissions > 0 and not record.lost for record in board.records),
        "last_data_sent": (now - sender.last_sent_at) // MILLISECOND,
        "snd_ssthresh": INFINITE if control.ssthresh >= UNLIMITED else control.ssthresh // mss,
        "snd_cwnd": sender.window // mss,
        "reordering": sender.config.dupack_threshold,
        "reord_seen": int(rack is not None and rack.reordering),
        "pacing_rate": sender.pacer.rate // 8 if sender.paced else 0,
        "delivery_rate": sender.sample.rate // 8,
        "delivery_rate_app_limited": int(sender.sample.app_limited),
        "busy_time": sum(sender.limits.spent(now, one) for one in (BUSY, RECEIVE_WINDOW, SEND_BUFFER)) // MICROSECOND,
        "rwnd_limited": sender.limits.spent(now, RECEIVE_WINDOW) // MICROSECOND,
        "sndbuf_limited": sender.limits.spent(now, SEND_BUFFER) // MICROSECOND,
        "notsent_bytes": max(sender.buffer.end - sender.next, 0),
        "snd_wnd": sender.peer.size,
    }  # fmt: skip


def _recovery_state(sender: Sender) -> int:
    recovery = sender.recovery
    if recovery.repairing:
        return LOSS
    if recovery.active:
        return RECOVERY
    if sender.ecn is not None and sender.una < sender.ecn.answered_upto:
        return CWR
    return DISORDER if recovery.duplicates or sender.board.sacked_segments else OPEN


def _receiving(connection: Connection, now: int) -> dict[str, int]:
    receiver, config = connection.receiver, connection.config
    tuning = receiver.tuning if receiver is not None else None
    return {
        "ato": config.delayed_ack // MICROSECOND,
        "rcv_wscale": config.window_scale if connection.output.scale else 0,
        "rcv_mss": receiver.mss if receiver is not None else 0,
        "advmss": connection.output.mss,
        "pmtu": _path_mtu(connection),
        "last_data_recv": (now - receiver.data_at) // MILLISECOND if receiver is not None else 0,
        "last_ack_recv": (now - connection.keepalive.heard_at) // MILLISECOND,
        "rcv_rtt": tuning.round_trip // MICROSECOND if tuning is not None else 0,
        "rcv_space": receiver.buffer if receiver is not None else config.first_receive_buffer,
        "rcv_ssthresh": receiver.buffer if receiver is not None else config.first_receive_buffer,
        "rcv_wnd": receiver.window if receiver is not None else 0,
    }  # fmt: skip


def _path_mtu(connection: Connection) -> int:
    """What a full segment of ours comes to; before the peer has told what it takes, what we do."""
    if connection.receiver is None:
        return connection.output.mss + IPV4_HEADER + HEADER
    header = TIMESTAMPS_HEADER if connection.output.timestamps.on else HEADER
    return connection.sender.mss + IPV4_HEADER + header


def _counters(connection: Connection) -> dict[str, int]:
    stats = connection.stats
    return {
        "probes": max(connection.sender.unanswered, connection.keepalive.unanswered),
        "total_retrans": stats.retransmitted_segments,
        "bytes_acked": stats.bytes_acked,
        "bytes_received": stats.bytes_received,
        "segs_out": stats.segments_sent,
        "segs_in": stats.segments_received,
        "data_segs_in": stats.data_segments_received,
        "data_segs_out": stats.data_segments_sent,
        "bytes_sent": stats.bytes_sent,
        "bytes_retrans": stats.bytes_retransmitted,
        "delivered": connection.sender.board.delivered(stats.retransmitted_segments),
        "delivered_ce": stats.segments_marked,
        "dsack_dups": stats.duplicates_reported,
        "rcv_ooopack": stats.out_of_order_segments_received,
        "total_rto": stats.timeouts,
        "received_ce": stats.ce_received,
    }  # fmt: skip
