"""SEGMENT ARRIVES in the synchronised states (RFC 9293 section 3.10.7.4), step by step, in the RFC's order, with
RFC 5961's answers to blind attacks and RFC 7323's protection against wrapped sequence numbers.

Each step returns None to go on, or the verdict that ends the processing: a few words for the trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.tcp.ecn import ecn_setup
from testbed.tcp.events import READABLE, URGENT
from testbed.tcp.lifetime import closing, handshake
from testbed.tcp.sending.acknowledgement import acknowledge
from testbed.tcp.sequence import MASK, unwrap
from testbed.tcp.state import Event, State
from testbed.wire.segment import ACK, FIN, PSH, RST, SYN, URG, Segment

if TYPE_CHECKING:
    from testbed.tcp.connection import Connection
    from testbed.tcp.receiving.receiver import Receiver

ACCEPTED = ""

_RECEIVING = (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2)


def receive(connection: Connection, now: int, segment: Segment) -> str:
    """Process a segment in any state but CLOSED and LISTEN, which are the host's; return the verdict, "" for good."""
    if connection.machine.state is State.SYN_SENT:
        return _receive_in_syn_sent(connection, now, segment)
    receiver = connection.receiver
    assert receiver is not None
    flags = segment.flags
    expected = receiver.next
    if flags & ~PSH == ACK and segment.payload and _is_predicted(connection, now, segment, receiver):
        return _seventh_process_text(connection, now, expected, segment.payload) or ACCEPTED
    seq = expected if segment.seq == expected & MASK else unwrap(segment.seq, expected)
    if flags & SYN and connection.machine.state is State.SYN_RECEIVED and seq == receiver.initial:
        verdict = handshake.receive_syn_again(connection, now, segment)
        if verdict is not None:
            return verdict
        flags &= ~SYN  # a SYN,ACK that crossed ours: what counts is its acknowledgement
        seq += 1
    verdict = _first_check_sequence(connection, now, segment, seq, flags)
    if verdict is not None:
        return verdict
    if flags & (RST | SYN):
        return _second_check_reset(connection, now, seq) if flags & RST else _fourth_check_syn(connection, now)
    verdict = _fifth_check_ack(connection, now, segment, seq)
    if verdict is not None:
        return verdict
    if connection.ecn is not None:
        connection.ecn.arrived(connection, now, segment)
    if segment.payload or flags & (FIN | URG) or receiver.fin is not None:
        return _process_the_rest(connection, now, segment, seq)
    return ACCEPTED


def _is_predicted(connection: Connection, now: int, segment: Segment, receiver: Receiver) -> bool:
    """Header prediction (Jacobson 1990): to an end that has nothing in flight comes what it expects next, and it tells
    nothing but that. All that the steps before the seventh find to do then is done here."""
    sender = connection.sender
    una, peer, timestamps, stamp = sender.una, sender.peer, connection.output.timestamps, segment.timestamp
    if (
        segment.seq != receiver.next & MASK
        or segment.ack != una & MASK
        or sender.highest != una
        or segment.window << peer.shift != peer.size
        or connection.machine.state is not State.ESTABLISHED
        or receiver.next + len(segment.payload) > receiver.edge
        or connection.ecn is not None
        or receiver.tuning is not None
        or receiver.fin is not None
        or segment.sack
        or sender.probe.end
    ):
        return False
    if timestamps.on and stamp != timestamps.recent:
        if stamp is None or timestamps.is_old(now, stamp):
            return False
        if receiver.next <= receiver.last_ack:
            timestamps.note(now, stamp)
    peer.update(receiver.next, una, segment.window)
    return True


def _receive_in_syn_sent(connection: Connection, now: int, segment: Segment) -> str:
    """SYN-SENT (section 3.10.7.3). A SYN,ACK that was accepted goes on at the sixth step."""
    verdict = handshake.receive_in_syn_sent(connection, now, segment)
    if verdict or connection.machine.state < State.ESTABLISHED:
        return verdict
    receiver = connection.receiver
    assert receiver is not None
    return _process_the_rest(connection, now, segment, receiver.initial + 1)


def _process_the_rest(connection: Connection, now: int, segment: Segment, seq: int) -> str:
    """The sixth step and those that follow."""
    receiver = connection.receiver
    assert receiver is not None
    if segment.flags & URG:
        _sixth_check_urgent(connection, segment, seq)
    if segment.payload:
        verdict = _seventh_process_text(connection, now, seq, segment.payload)
        if verdict is not None:
            return verdict
        if receiver.tuning is not None:
            timestamps = connection.output.timestamps
            receiver.tuning.arrived(now, timestamps, segment.timestamp_echo, receiver.next, receiver.edge)
    if segment.flags & FIN or receiver.fin is not None:
        _eighth_check_fin(connection, now, segment, seq)
    return ACCEPTED


def challenge(connection: Connection, now: int) -> str:
    """Answer a suspicious segment with an acknowledgement that an honest peer understands (RFC 5961)."""
    receiver = connection.receiver
    assert receiver is not None
    if not connection.challenges.allowed(now):
        return "suspicious, not answered"
    connection.stats.challenge_acks_sent += 1
    receiver.acks.at_once("challenge")
    return "challenged"


def _first_check_sequence(connection: Connection, now: int, segment: Segment, seq: int, flags: int) -> str | None:
    """First: check sequence number; before it, PAWS (RFC 7323 section 5.3, R1)."""
    receiver = connection.receiver
    assert receiver is not None
    timestamps = connection.output.timestamps
    stamp = segment.timestamp if timestamps.on else None
    if timestamps.on and not flags & RST:
        if stamp is None:
            return "no timestamp"  # section 3.2: SHOULD silently drop
        if stamp != timestamps.recent and timestamps.is_old(now, stamp):
            receiver.acks.at_once("old timestamp")
            return "old timestamp"
    length = len(segment.payload)
    if flags & (SYN | FIN):
        length += (flags & FIN != 0) + (flags & SYN != 0)
    if (seq != receiver.next or seq + length > receiver.edge) and not receiver.acceptable(seq, length):
        return _refuse(connection, now, segment, seq, flags, length)
    if stamp is not None and stamp != timestamps.recent and seq <= receiver.last_ack:
        timestamps.note(now, stamp)  # R3 and section 4.3
    return None


def _refuse(connection: Connection, now: int, segment: Segment, seq: int, flags: int, length: int) -> str:
    """A segment outside the window: acknowledge, unless it is a reset, and drop it.

    "If the RCV.WND is zero, no segments will be acceptable, but special allowance should be made to accept valid
    ACKs, URGs, and RSTs": an acknowledgement in what we refuse is still one.
    """
    receiver = connection.receiver
    assert receiver is not None
    if flags & RST:
        if receiver.window == 0 and seq == receiver.next:
            return _second_check_reset(connection, now, seq)
        return "out of window"
    if connection.machine.state is State.TIME_WAIT and flags & FIN:
        closing.enter_time_wait(connection, now)  # eighth step: our last acknowledgement was lost
    if length:
        connection.stats.duplicate_segments_received += 1
    if segment.payload and seq < receiver.next and receiver.reports:
        receiver.duplicate = receiver.reassembly.held(seq, seq + len(segment.payload))
    if flags & SYN and connection.machine.state >= State.ESTABLISHED:
        ecn_setup.syn_ack_again(connection, segment)
        return challenge(connection, now)
    receiver.acks.at_once("not acceptable")
    if flags & ACK and not flags & SYN and seq <= receiver.next and connection.machine.state >= State.ESTABLISHED:
        _note_acknowledgement(connection, now, segment, seq)
    return "out of window"


def _note_acknowledgement(connection: Connection, now: int, segment: Segment, seq: int) -> None:
    """Use the acknowledgement of a segment whose text is refused: a probe of our closed window, a duplicate."""
    sender = connection.sender
    ack = unwrap(segment.ack, sender.una)
    if sender.una < ack <= sender.highest:
        changed = sender.peer.update(seq, ack, segment.window)
        acknowledge(sender, now, ack, segment, changed)
        connection.made_room()
        if sender.fin_acknowledged:
            closing.our_fin_acknowledged(connection, now)


def _second_check_reset(connection: Connection, now: int, seq: int) -> str:
    """Second: check the RST bit. Exactly what is expected resets; what is merely in the window is challenged
    (RFC 5961 section 3.2, RFC 9293 section 3.10.7.4)."""
    receiver = connection.receiver
    assert receiver is not None
    if seq != receiver.next:
        return challenge(connection, now) if seq < receiver.edge else "out of window"
    connection.stats.resets_received += 1
    state = connection.machine.state
    if state is State.SYN_RECEIVED and not connection.active and not connection.early:
        closing.finish(connection, now, Event.RETURN_TO_LISTEN)
    elif state is State.SYN_RECEIVED and connection.active:
        closing.finish(connection, now, Event.RECEIVE_RST, "connection refused")
    elif state is State.TIME_WAIT:
        closing.finish(connection, now, Event.RECEIVE_RST)
    else:  # in CLOSING and LAST-ACK, too: our FIN, and who knows how much before it, was never acknowledged
        closing.finish(connection, now, Event.RECEIVE_RST, "connection reset by peer")
    return ACCEPTED


def _fourth_check_syn(connection: Connection, now: int) -> str:
    """Fourth: check the SYN bit. (The third step, security, is not for us.)"""
    if connection.machine.state is State.SYN_RECEIVED and not connection.active and not connection.early:
        closing.finish(connection, now, Event.RETURN_TO_LISTEN)
        return "SYN in window"
    return challenge(connection, now)  # RFC 5961 section 4.2


def _fifth_check_ack(connection: Connection, now: int, segment: Segment, seq: int) -> str | None:
    """Fifth: check the ACK field."""
    if not segment.flags & ACK:
        return "no acknowledgement"
    sender, receiver = connection.sender, connection.receiver
    assert receiver is not None
    una = sender.una
    ack = una if segment.ack == una & MASK else unwrap(segment.ack, una)
    if una == sender.initial:  # our SYN is not acknowledged: SYN-RECEIVED, or FIN-WAIT-1 straight from it
        verdict = _acknowledge_our_syn(connection, now, segment, seq, ack)
        una = sender.una
        if verdict is not None or ack == una:
            return verdict
    elif ack > sender.highest:
        challenge(connection, now)  # an ACK, as the RFC wants; limited, lest two confused ends answer for ever
        return "acknowledges what was never sent"
    elif ack < una - sender.peer.largest:
        return challenge(connection, now)  # RFC 5961 section 5.2
    if connection.machine.state is State.TIME_WAIT and not (
        seq == receiver.next and ack == sender.next and not segment.payload
    ):
        # "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it": and
        # whatever else shows that the peer is not where we are. Our own last acknowledgement's echo is not answered.
        receiver.acks.at_once("TIME-WAIT")
    if ack < una:
        return None
    changed = sender.peer.update(seq, ack, segment.window)
    # Otherwise it says nothing new: the sender is at rest, and does not wonder whether a probe was needed.
    if changed or sender.highest > una or segment.sack or sender.probe.end:
        acknowledge(sender, now, ack, segment, changed)
    if ack > una:
        if sender.cramped:
            connection.made_room()
        if sender.fin_acknowledged:
            closing.our_fin_acknowledged(connection, now)
            if connection.machine.state is State.CLOSED:
                return ACCEPTED
    return None


def _acknowledge_our_syn(connection: Connection, now: int, segment: Segment, seq: int, ack: int) -> str | None:
    """The fifth step in SYN-RECEIVED."""
    sender, receiver = connection.sender, connection.receiver
    assert receiver is not None
    if not sender.una < ack <= sender.highest:
        connection.output.emit_reset(now, ack, None, "acknowledges what was never sent")
        return "unacceptable acknowledgement"
    handshake.finish_passive(connection, now, segment, seq, ack)
    if receiver.queued:
        _seventh_process_text(connection, now, receiver.initial + 1, receiver.queued)
    return None


def _sixth_check_urgent(connection: Connection, segment: Segment, seq: int) -> None:
    """Sixth: check the URG bit: RCV.UP is the octet after the urgent data (RFC 6093 section 6.1)."""
    receiver = connection.receiver
    assert receiver is not None
    pointer = seq + segment.urgent_pointer
    if connection.machine.state in _RECEIVING and pointer > receiver.urgent:
        receiver.urgent = pointer
        connection.events |= URGENT


def _seventh_process_text(connection: Connection, now: int, seq: int, text: bytes) -> str | None:
    """Seventh: process the segment text, in the states in which more can come."""
    receiver = connection.receiver
    assert receiver is not None
    if connection.machine.state not in _RECEIVING:
        return None  # "This should not occur since a FIN has been received from the remote side."
    if connection.released:
        # Nobody will read it: the peer must not believe that somebody has (RFC 2525 section 2.17).
        closing.reset_peer(connection, now, "data after close")
        closing.finish(connection, now, Event.ABORT)
        return "nobody reads"
    receiver.data_at = now
    fresh = receiver.accept(seq, text)
    if fresh:
        connection.stats.bytes_received += fresh
        connection.events |= READABLE
    elif seq > receiver.next:
        connection.stats.out_of_order_segments_received += 1
    else:
        connection.stats.duplicate_segments_received += 1
    return None


def _eighth_check_fin(connection: Connection, now: int, segment: Segment, seq: int) -> None:
    """Eighth: check the FIN bit. A FIN beyond a hole waits until the hole is filled."""
    receiver = connection.receiver
    assert receiver is not None
    if segment.flags & FIN and receiver.fin is None:
        receiver.accept_fin(seq + len(segment.payload))
        if not receiver.finished:
            receiver.acks.at_once("duplicate acknowledgement")
    if not receiver.finished or connection.machine.state not in (State.SYN_RECEIVED, *_RECEIVING):
        if segment.flags & FIN:
            receiver.acks.at_once("FIN again")
            if connection.machine.state is State.TIME_WAIT:
                closing.enter_time_wait(connection, now)
        return
    receiver.acks.at_once("acknowledgement of FIN")
    closing.peer_closed(connection, now)
