"""What the sender does when one of its timers expires. Each may say that the connection must be given up."""

from __future__ import annotations

from testbed.tcp.sender import Sender
from testbed.tcp.timers import PERSIST, RETRANSMIT
from testbed.wire.segment import SYN


def retransmission_timeout(sender: Sender, now: int) -> bool:
    """Steps 5.4 to 5.7 of RFC 6298; False when R2 is reached (RFC 9293 section 3.8.3)."""
    if not sender.board.records:
        return True
    head, config = sender.board.records[0], sender.config
    syn = head.flags & SYN != 0
    if sender.expiries >= (config.syn_retries if syn else config.data_retries):
        return False
    if sender.expiries == config.r1:
        sender.tracer.app(now, "path may be bad", 0)  # R1
    sender.stats.timeouts += 1
    if not syn:
        again = sender.expiries > 0 or sender.recovery.active
        sender.control.timed_out(now, sender.next - sender.una, again)
    sender.recovery.timed_out(sender.next)
    sender.board.declare_all_lost("retransmission timeout")
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
    sender.emit(now, sender.next, octet, not octet, "window probe")
    sender.highest = max(sender.highest, sender.next + 1)
    return True


def override(sender: Sender, now: int) -> None:
    """Silly-window avoidance has waited long enough: send what fits (section 3.8.6.2.1, (4))."""
    size = min(sender.buffer.end - sender.next, sender.una + sender.peer.size - sender.next, sender.mss)
    if size > 0:
        sender.send(now, size, False, "override")
