"""Opening: SYN in LISTEN, everything in SYN-SENT, and the end of SYN-RECEIVED (RFC 9293 sections 3.5, 3.10.7.2 and
3.10.7.3), with the options that only a SYN can carry (RFC 7323, RFC 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.tcp.config import MAX_WINDOW_SCALE
from testbed.tcp.ecn import ecn_setup
from testbed.tcp.events import CONNECTED, READABLE
from testbed.tcp.lifetime import closing, user_timeout
from testbed.tcp.receiving.receiver import Receiver
from testbed.tcp.sending.acknowledgement import acknowledge
from testbed.tcp.sending.beginning import begin
from testbed.tcp.sending.sender import DEFAULT_MSS, Sender
from testbed.tcp.sequence import unwrap
from testbed.tcp.state import Event, State
from testbed.tcp.timers import KEEPALIVE
from testbed.wire.options import MAX_OPTIONS
from testbed.wire.packet import IPV4_HEADER
from testbed.wire.segment import ACK, HEADER, RST, SYN, Segment

if TYPE_CHECKING:
    from testbed.tcp.connection import Connection

LEAST_MSS = 32
"""Less than this a peer cannot mean: its segments' options alone would fill it. (Linux takes no less than 48.)"""

_TIMESTAMPS_SIZE = 12
"""Bytes that timestamps take from each segment, padding included."""


def open_active(connection: Connection, now: int) -> None:
    """CLOSED: send SYN. With a cookie of the server's it waits until the application has had its chance to write, for
    that goes with it (RFC 7413 section 4.2.1)."""
    fast = connection.fast_open
    connection.machine.move(now, Event.ACTIVE_OPEN)
    if fast is not None:
        connection.early = fast.begin(now)
        connection.output.cookie = fast.cookie
    if connection.early:
        connection.events |= CONNECTED
    else:
        connection.sender.send_syn(now, "open")


def send_early_syn(connection: Connection, now: int) -> None:
    """The application has written what it would: send it with the SYN, as far as one segment goes."""
    fast, sender = connection.fast_open, connection.sender
    assert fast is not None
    room = min(connection.output.mss, fast.mss or DEFAULT_MSS) - MAX_OPTIONS
    sender.send_syn(now, "open", min(sender.buffer.end - sender.buffer.start, max(room, 0)))


def accept_syn(connection: Connection, now: int, syn: Segment) -> None:
    """LISTEN, third: a SYN makes the connection synchronise, and is answered with SYN,ACK.

    Text and FIN on it are the peer's to repeat: nobody is believed before the handshake is over, but who shows a
    cookie of ours (RFC 7413 section 4.2.2).
    """
    learn_peer(connection, now, syn)
    connection.machine.move(now, Event.RECEIVE_SYN)
    fast = connection.fast_open
    if fast is not None:
        connection.early = fast.judge(syn)
        connection.output.cookie = fast.cookie
    if connection.early:
        _take_early(connection, now, syn)
    connection.sender.send_syn(now, "open")
    if connection.early:
        begin(connection.sender, now)


def _take_early(connection: Connection, now: int, syn: Segment) -> None:
    """The SYN's text goes to the application, which may answer at once."""
    receiver = connection.receiver
    assert receiver is not None
    connection.stats.bytes_received += receiver.accept(receiver.initial + 1, syn.payload)
    connection.events |= CONNECTED | READABLE if syn.payload else CONNECTED


def accept_cookie(connection: Connection, now: int, syn: Segment) -> None:
    """LISTEN: the SYN that a SYN cookie stands for, whose SYN,ACK was sent when it came. The acknowledgement of that is
    what follows."""
    learn_peer(connection, now, syn)
    connection.machine.move(now, Event.RECEIVE_SYN)
    connection.sender.note_syn(now)


def learn_peer(connection: Connection, now: int, syn: Segment) -> None:
    """Take the initial sequence number and the options of the peer's SYN.

    An option holds only if both SYNs carry it; ours does not answer with what the peer did not offer.
    """
    output, config, sender = connection.output, connection.config, connection.sender
    size = min(output.mss, max(syn.mss or DEFAULT_MSS, LEAST_MSS))
    output.sack = output.sack and syn.sack_permitted
    output.scale = output.scale and syn.window_scale is not None
    if config.timestamps and syn.timestamp is not None:
        output.timestamps.agree(now, syn.timestamp)
        size -= _TIMESTAMPS_SIZE
    receiver = Receiver(syn.seq, config, size)
    connection.receiver = output.receiver = receiver
    if output.scale and syn.window_scale is not None:
        sender.peer.shift = min(syn.window_scale, MAX_WINDOW_SCALE)  # RFC 7323 section 2.3: more counts as 14
    receiver.scale_window(config.window_scale if output.scale else 0)
    if config.user_timeout_option and (remote := user_timeout.advertised(syn)):
        sender.user_timeout = user_timeout.agreed(config, remote)
        sender.patient = True  # it decides, and not the number of attempts
    header = IPV4_HEADER + HEADER + (_TIMESTAMPS_SIZE if output.timestamps.on else 0)
    sender.mss = sender.path.agree(size, header)
    sender.peer.set(syn.seq, sender.una, syn.window)  # a SYN's window is not scaled
    ecn_setup.agree(connection, syn)


def receive_in_syn_sent(connection: Connection, now: int, segment: Segment) -> str:
    """SYN-SENT (section 3.10.7.3)."""
    sender, flags = connection.sender, segment.flags
    ack = unwrap(segment.ack, sender.una)
    acknowledged = bool(flags & ACK)
    # First: check the ACK bit.
    if acknowledged and not sender.una < ack <= sender.next:
        if not flags & RST:
            connection.output.emit_reset(now, ack, None, "acknowledges what was never sent")
        return "unacceptable acknowledgement"
    # Second: check the RST bit. Without an acknowledgement anybody could have sent it.
    if flags & RST:
        if not acknowledged:
            return "reset without acknowledgement"
        connection.stats.resets_received += 1
        closing.finish(connection, now, Event.RECEIVE_RST, "connection refused")
        return ""
    # Fourth: check the SYN bit.
    if not flags & SYN:
        return "no SYN"
    learn_peer(connection, now, segment)
    if acknowledged:
        _finish_active(connection, now, segment, ack)
    else:
        connection.machine.move(now, Event.RECEIVE_SYN)  # simultaneous open: our SYN again, now with ACK
        receiver = connection.receiver
        assert receiver is not None
        receiver.open_window()  # (what a listener makes gets its buffer when the handshake is over)
        receiver.queued = segment.payload  # a FIN is the peer's to repeat
        connection.sender.resend(now, connection.sender.board.records[0], "simultaneous open")
    return ""


def _finish_active(connection: Connection, now: int, segment: Segment, ack: int) -> None:
    sender, receiver = connection.sender, connection.receiver
    assert receiver is not None
    early = sender.next - sender.initial - 1
    acknowledge(sender, now, ack, segment, False)
    connection.machine.move(now, Event.RECEIVE_SYN_ACK)
    begin(sender, now)
    if connection.fast_open is not None:
        connection.fast_open.answered(now, segment, early, early - (sender.next - sender.una))
        _repeat_refused(sender)
    receiver.acks.at_once("acknowledgement of SYN")
    _established(connection, now)
    ecn_setup.settle(connection, now, segment)
    if sender.closing:
        connection.machine.move(now, Event.CLOSE)  # a CLOSE that waited for the handshake


def _repeat_refused(sender: Sender) -> None:
    """Data that went with the SYN was refused, and not lost by the network: it goes again, and the window stays."""
    board = sender.board
    for record in list(board.records):
        if not record.lost:
            board.declare_lost(record, "fast open refused")
    board.declared.clear()


def receive_syn_again(connection: Connection, now: int, segment: Segment) -> str | None:
    """SYN-RECEIVED meets a SYN with the number it knows: None to use a SYN,ACK's acknowledgement.

    The strict reading (first step) would refuse both as old. A bare SYN is the peer's repetition: our SYN,ACK was
    lost, and is sent again. A SYN,ACK is the answer of a simultaneous open (figure 7), if there is one.
    """
    assert connection.receiver is not None
    if segment.flags & RST:
        return "out of window"
    if segment.flags & ACK and not connection.active:
        connection.receiver.acks.at_once("not acceptable")
        return "out of window"
    if not ecn_setup.hear_again(connection, now, segment):
        return "contradicts the SYN before"
    if not segment.flags & ACK:
        timestamps = connection.output.timestamps
        if timestamps.on and segment.timestamp is not None:
            timestamps.note(now, segment.timestamp)  # or our answer's echo would count from the SYN before
        connection.sender.resend(now, connection.sender.board.records[0], "SYN again")
        return "SYN again"
    return None


def finish_passive(connection: Connection, now: int, segment: Segment, seq: int, ack: int) -> None:
    """SYN-RECEIVED, fifth: the acknowledgement of our SYN. (FIN-WAIT-1, if CLOSE did not wait for it.)"""
    sender, receiver = connection.sender, connection.receiver
    assert receiver is not None
    shift = 0 if segment.flags & SYN else sender.peer.shift
    sender.peer.set(seq, ack, segment.window << shift)
    acknowledge(sender, now, sender.initial + 1, segment, False)
    if connection.machine.state is State.SYN_RECEIVED:
        connection.machine.move(now, Event.RECEIVE_ACK_OF_SYN)
        if sender.closing:
            connection.machine.move(now, Event.CLOSE)  # a CLOSE that waited for the handshake
    if connection.early and not connection.active:  # begun with the SYN
        sender.expiries = 0
    else:
        begin(sender, now)
    if segment.flags & SYN:
        receiver.acks.at_once("acknowledgement of SYN")  # so that the other end is sure, too
    _established(connection, now)
    ecn_setup.settle(connection, now, segment)


def _established(connection: Connection, now: int) -> None:
    if not connection.early:
        connection.events |= CONNECTED
    assert connection.receiver is not None
    connection.receiver.open_window()
    if connection.config.keepalive:
        connection.timers.set(KEEPALIVE, now + connection.config.keepalive_idle)
