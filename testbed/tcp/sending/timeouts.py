"""What the sender does when one of its timers expires. Each may say that the connection must be given up."""

from __future__ import annotations

from testbed.tcp.path import mtu_probe, path_mtu
from testbed.tcp.recovery import repair
from testbed.tcp.sending.sender import Sender
from testbed.tcp.timers import PACE, PERSIST, REORDERING, RETRANSMIT, TAIL_PROBE
from testbed.wire.segment import SYN


def retransmission_timeout(sender: Sender, now: int) -> bool:
    """Steps 5.4 to 5.7 of RFC 6298; False when R2 is reached (RFC 9293 section 3.8.3)."""
    if not sender.board.records:
        return True
    board, config = sender.board, sender.config
    if board.records[0].sacked:
        board.forget_selected()  # the peer has dropped what it had acknowledged: RFC 2018 section 8
    if sender.search is not None:
        mtu_probe.abandon(sender, now)
    if sender.expiries >= config.r1 and sender.path.suspicious:
        path_mtu.suspect(sender, now)
    head = board.records[0]
    syn = head.flags & SYN != 0
    if sender.expiries >= (config.syn_retries if syn else config.data_retries) and (syn or not sender.patient):
        return False
    if sender.expiries == config.r1:
        sender.tracer.app(now, "path may be bad", 0)  # R1
    sender.stats.timeouts += 1
    if not syn:
        again = sender.expiries > 0 or sender.recovery.active
        sender.control.timed_out(now, sender.next - sender.una, again)
        if sender.ecn is not None:
            sender.ecn.reduced()
        sender.undo.begin(sender.next, after_timeout=True, again=again)
    sender.recovery.timed_out(sender.next)
    sender.probe.end = 0
    for timer in (TAIL_PROBE, REORDERING, PACE):
        sender.timers.stop(timer)
    sender.pacer.next_at = now
    before = board.lost_bytes
    if sender.detection is None:
        board.declare_all_lost("retransmission timeout")
    else:
        sender.detection.timed_out(now, sender.rtt.srtt, "retransmission timeout")
    repair.tell_lost(sender, now, before)
    sender.rtt.back_off()
    sender.expiries += 1
    sender.timers.set(RETRANSMIT, now + sender.rtt.rto)
    sender.resend(now, head, "retransmission timeout")
    sender.tell(now, "retransmission timeout")
    return True


def probe_window(sender: Sender, now: int) -> bool:
    """Send one octet into the closed window, and wait longer each time (RFC 9293 section 3.8.6.1).

    The connection stays open for as long as probes are answered (MUST-37); False when too many were not.
    """
    config = sender.config
    if sender.unanswered > config.data_retries:
        return False
    wait = min(sender.rtt.rto << min(sender.probes + 1, 30), config.rto_max)
    sender.timers.set(PERSIST, now + wait)
    sender.probes += 1
    sender.unanswered += 1
    sender.stats.window_probes_sent += 1
    octet = 1 if sender.next < sender.buffer.end else 0  # FIN, when nothing else waits
    if sender.ecn is not None:
        sender.ecn.spent(sender.next + octet)
    sender.emit(now, sender.next, octet, not octet, "window probe")
    sender.highest = max(sender.highest, sender.next + 1)
    return True


def probe_tail(sender: Sender, now: int) -> None:
    """Send a new segment if there is one, else the last again (RFC 8985 section 7.3), and give the timer its time."""
    board = sender.board
    if not board.records:
        return
    if sender.search is not None:
        mtu_probe.abandon(sender, now)
    size = min(sender.buffer.end - sender.next, sender.una + sender.peer.size - sender.next, sender.mss)
    if size >= sender.mss or 0 < size == sender.buffer.end - sender.next:
        sender.send(now, size, False, "tail loss probe")
        sender.probe.sent(sender.next, again=False)
    else:
        sender.resend(now, board.records[-1], "tail loss probe")
        sender.probe.sent(sender.next, again=True)
    sender.stats.tail_probes_sent += 1
    sender.timers.set(RETRANSMIT, now + sender.rtt.rto)


def reordering(sender: Sender, now: int) -> None:
    """What a later segment has overtaken has had its time (RFC 8985 section 6.3)."""
    cause = repair.find_losses(sender, now)
    if sender.recovery.reduction is not None:
        sender.recovery.reduction.delivered(0, sender.board.pipe, safe=False)
    if cause:
        sender.tell(now, cause)


def override(sender: Sender, now: int) -> None:
    """Silly-window avoidance has waited long enough: send what fits (section 3.8.6.2.1, (4))."""
    size = min(sender.buffer.end - sender.next, sender.una + sender.peer.size - sender.next, sender.mss)
    if size > 0:
        sender.send(now, size, False, "override")
