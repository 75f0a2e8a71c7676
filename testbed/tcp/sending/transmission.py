"""What leaves now: first what is lost, then what is new, as far as the windows, the pace and the rules allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.tcp.congestion import initial_window
from testbed.tcp.path import mtu_probe
from testbed.tcp.sending.limits import BUSY, IDLE, RECEIVE_WINDOW, SEND_BUFFER
from testbed.tcp.timers import NEVER, OVERRIDE, PACE, PERSIST, RETRANSMIT, TAIL_PROBE, USER_TIMEOUT

if TYPE_CHECKING:
    from testbed.tcp.recovery.detection import LossDetection
    from testbed.tcp.sending.sender import Sender


def transmit(sender: Sender, now: int) -> None:
    """Send whatever the windows, the pace and the rules allow now: first what is lost, then what is new."""
    board = sender.board
    unsent = sender.buffer.end + sender.closing > sender.next
    if board.lost or unsent or sender.recovery.active:
        if sender.delivery is not None:
            sender.control.transmitted(now, board.pipe, sender.delivery.app_limited)
        if not board.lost or _send_lost(sender, now):
            if unsent:
                before = sender.next
                _send_new(sender, now)
                if sender.next != before:
                    sender.timers.due[TAIL_PROBE] = NEVER  # to be started anew
            if sender.recovery.active and sender.detection is not None:
                _send_spare(sender, now, sender.detection)
    _arm(sender, now)


def _send_lost(sender: Sender, now: int) -> bool:
    """Send again what is lost; whether the window has room for more."""
    board = sender.board
    record = board.next_lost(sender.una)
    if record is None:
        return True
    if sender.undo.phase == 2:  # F-RTO looks first whether new data gets through (RFC 5682 section 2.1, step 2b)
        if sender.buffer.end > sender.next and sender.una + sender.peer.size > sender.next:
            return True
        sender.undo.stopped(sender.sack)
    limit = sender.window
    while record is not None and (board.pipe == 0 or board.pipe + record.end - record.seq <= limit):
        if sender.pacer.rate and _must_wait(sender, now):
            return False
        sender.resend(now, record, record.reason)
        record = board.next_lost(sender.una)
    return record is None


def _send_new(sender: Sender, now: int) -> None:
    board, buffer = sender.board, sender.buffer
    if not board.records and sender.config.idle_restart and now - sender.last_sent_at > sender.rtt.rto:
        _restart(sender, now)
    if sender.held_until > now:  # RFC 3168 section 6.1.2
        sender.timers.set(PACE, sender.held_until)
        return
    if sender.limits.present == IDLE:
        sender.limits.turn(now, BUSY)
    limit = sender.window
    if board.sacked.total and not (sender.config.limited_transmit or sender.recovery.active):
        limit -= board.sacked.total  # what has left the network makes no room before recovery (RFC 3042)
    if sender.search is not None and mtu_probe.try_probe(sender, now):
        return
    most = sender.mss - sender.output.overhead()
    edge = sender.una + sender.peer.size
    pacer = sender.pacer
    while not pacer.rate or not _must_wait(sender, now):
        unsent = buffer.end - sender.next
        room = min(limit - board.pipe, edge - sender.next)
        if unsent > most <= room:  # a full segment, and not the last: nothing to think about
            sender.send(now, most, False, "new data")
            continue
        outstanding = sender.next > buffer.start  # data, and not only our SYN
        size = sender.segmentizer.size(unsent, room, most, outstanding, sender.closing, sender.peer.largest)
        last = sender.closing and size == unsent and edge - sender.next > size and room >= size
        if size > 0 or last:
            sender.send(now, size, last, "new data" if size else "close")
        if size <= 0 or last:
            if pacer.rate and unsent > room == limit - board.pipe:
                sender.filled = sender.next  # a pace seldom lets an acknowledgement meet a full window
            if sender.delivery is not None and unsent - size < most and board.pipe < limit and not board.lost:
                sender.delivery.starve(board.pipe)
            waits_for = _waits_for(sender, unsent - size, edge - sender.next < limit - board.pipe)
            if waits_for != sender.limits.present:
                sender.limits.turn(now, waits_for)
            return


def _waits_for(sender: Sender, unsent: int, closed: bool) -> int:
    """What limits the sender that has `unsent` bytes left; `closed`: the peer's window has less room than ours."""
    if unsent > 0:
        return RECEIVE_WINDOW if closed else BUSY
    return SEND_BUFFER if sender.cramped else BUSY


def _send_spare(sender: Sender, now: int, detection: LossDetection) -> None:
    """Use the room that recovery has left, where nothing is known to be lost and nothing new can be sent."""
    board, limit = sender.board, sender.window
    while board.pipe + sender.mss <= limit and not (sender.pacer.rate and _must_wait(sender, now)):
        record = detection.spare(sender.una)
        if record is None:
            return
        sender.resend(now, record, record.reason)


def _must_wait(sender: Sender, now: int) -> bool:
    """Whether pacing holds the next segment back; then a timer says when to look again."""
    pacer = sender.pacer
    if pacer.next_at <= now:
        return False
    sender.timers.set(PACE, pacer.next_at)
    return True


def _restart(sender: Sender, now: int) -> None:
    """Slow start again after being idle (RFC 5681 section 4.1)."""
    before = sender.control.cwnd
    sender.control.idle(now, initial_window(sender.config.initial_window, sender.mss))
    if sender.control.cwnd != before:
        sender.tell(now, "idle restart")


def _arm(sender: Sender, now: int) -> None:
    """Every byte that waits for something has a timer that waits for it too."""
    timers = sender.timers
    if sender.board.records:
        due = timers.due
        if due[RETRANSMIT] == NEVER:
            timers.set(RETRANSMIT, now + sender.rtt.rto)  # RFC 6298 section 5.1
            if sender.user_timeout:
                timers.set(USER_TIMEOUT, now + sender.user_timeout)
        if sender.probing and due[TAIL_PROBE] == NEVER:
            _arm_probe(sender, now)
        due[PERSIST] = due[OVERRIDE] = NEVER
    elif sender.buffer.end + sender.closing <= sender.next:
        timers.stop(PERSIST)
        timers.stop(OVERRIDE)
    elif sender.peer.size == 0:
        if not timers.runs(PERSIST):
            sender.probes = 0
            timers.set(PERSIST, now + sender.rtt.rto)
    else:
        timers.stop(PERSIST)
        if not timers.runs(OVERRIDE) and not timers.runs(PACE):
            timers.set(OVERRIDE, now + sender.config.sws_override)


def _arm_probe(sender: Sender, now: int) -> None:
    """Start the tail loss probe's timer, but where there is to be none (RFC 8985 section 7.2)."""
    timers, board, recovery, probe = sender.timers, sender.board, sender.recovery, sender.probe
    if probe.end or not probe.sampled or recovery.active or recovery.repairing or board.lost or board.sacked.total:
        return
    alone = sender.next - sender.una <= sender.mss
    timers.set(TAIL_PROBE, now + probe.timeout(sender.rtt.srtt, alone, timers.due[RETRANSMIT] - now))
