"""What an acknowledgement does to the sender: progress, a round-trip sample, a duplicate that may mean loss.

RFC 9293 section 3.10.7.4 (fifth), RFC 5681, RFC 6582, RFC 6298.
"""

from __future__ import annotations

from testbed.tcp.scoreboard import Sent
from testbed.tcp.sender import Sender
from testbed.tcp.timers import PERSIST, RETRANSMIT, USER_TIMEOUT
from testbed.wire.segment import FIN, SYN, Segment


def acknowledge(sender: Sender, now: int, ack: int, segment: Segment, window_changed: bool) -> None:
    """An acceptable acknowledgement, SND.UNA <= `ack` <= highest; the peer's window is updated already."""
    sender.unanswered = 0
    cause = ""
    if ack > sender.una:
        cause = _advance(sender, now, ack, segment)
    elif sender.peer.size == 0:
        sender.expiries = 0  # the peer lives: do not give up (RFC 9293 section 3.8.6.1, MUST-37)
    elif _is_duplicate(sender, segment, window_changed):
        cause = _duplicate(sender, now)
    if cause or window_changed:
        sender.tell(now, cause or "window")


def _is_duplicate(sender: Sender, segment: Segment, window_changed: bool) -> bool:
    """RFC 5681 section 2: data outstanding, no data or SYN or FIN, nothing new acknowledged, same window."""
    if window_changed or segment.payload or segment.flags & (SYN | FIN):
        return False
    return bool(sender.board.records)


def _advance(sender: Sender, now: int, ack: int, segment: Segment) -> str:
    acked = ack - sender.una
    in_flight = sender.board.pipe
    first = sender.board.acknowledge(ack)
    sender.una = ack
    if sender.next < ack:
        sender.next = ack
    buffer = sender.buffer
    held = buffer.start
    buffer.release(ack if ack < buffer.end else buffer.end)
    sender.stats.bytes_acked += buffer.start - held
    if first is None or not first.flags & SYN:  # what opening took is still to be looked at, by `Sender.start`
        sender.expiries = 0
    if first is not None:
        _sample(sender, now, first, segment)
    restart, cause = _progress(sender, now, acked, in_flight)
    timers = sender.timers
    if not sender.board.records:
        timers.stop(RETRANSMIT)
        timers.stop(USER_TIMEOUT)
        timers.stop(PERSIST)  # if a probe was acknowledged, the window is open or will be probed anew
        return cause
    if restart:
        timers.set(RETRANSMIT, now + sender.rtt.rto)  # RFC 6298 section 5.3
    if sender.config.user_timeout:
        timers.set(USER_TIMEOUT, now + sender.config.user_timeout)
    return cause


def _progress(sender: Sender, now: int, acked: int, in_flight: int) -> tuple[bool, str]:
    """Tell recovery or the control of new data acknowledged: whether to restart the timer, and the cause."""
    recovery, control = sender.recovery, sender.control
    if not recovery.active:
        recovery.progress()
        # A window that was not filled is not tried, and does not grow (RFC 7661); a SYN fills none.
        if in_flight + sender.mss > control.cwnd and sender.una > sender.initial + 1:
            return True, control.acknowledged(now, acked)
        return True, ""
    if sender.una >= recovery.recover:
        recovery.leave()
        control.recovered(now, sender.next - sender.una)
        return True, "recovered"
    restart = recovery.partial(acked)
    if sender.board.records:
        sender.resend(now, sender.board.records[0], "partial acknowledgement")
    return restart, "partial acknowledgement"


def _duplicate(sender: Sender, now: int) -> str:
    sender.stats.duplicate_acks_received += 1
    recovery = sender.recovery
    if not recovery.duplicate(sender.una, sender.next - sender.una):
        return "duplicate acknowledgement" if recovery.active else ""
    sender.control.lost(now, recovery.outstanding)
    recovery.enter(sender.next)
    sender.stats.fast_retransmits += 1
    sender.resend(now, sender.board.records[0], "fast retransmit")
    return "fast retransmit"


def _sample(sender: Sender, now: int, first: Sent, segment: Segment) -> None:
    """Measure the round trip of the oldest segment acknowledged, unless that is ambiguous (Karn; RFC 6298
    section 3): then only the timestamp can tell (RFC 7323 section 4.1)."""
    timestamps = sender.output.timestamps
    if first.retransmissions == 0:
        measured = now - first.sent_at
    elif timestamps.on and segment.timestamp is not None:
        measured = timestamps.elapsed(now, segment.timestamp_echo)
        if measured < 0:
            return
    else:
        return
    measured = max(measured, 1)
    sender.stats.rtt_samples += 1
    sender.tracer.rtt(now, measured)
    # One sample a round trip goes into the estimate (RFC 6298 section 3): more would shorten its memory.
    rtt = sender.rtt
    if sender.una > sender.rtt_mark or rtt.backed_off or rtt.srtt == 0:
        rtt.sample(measured)
        sender.rtt_mark = sender.next
