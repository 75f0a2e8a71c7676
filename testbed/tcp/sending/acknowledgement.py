"""What an acknowledgement does to the sender: progress, a round-trip sample, news of what arrived and what is lost.

RFC 9293 section 3.10.7.4 (fifth), RFC 5681, RFC 6582, RFC 6675, RFC 8985, RFC 6298. The steps stand in `_news` in
their order; each is small, and the thinking is done in the part that it asks.
"""

from __future__ import annotations

from testbed.tcp.ecn import classic as ecn
from testbed.tcp.path import mtu_probe
from testbed.tcp.recovery import repair
from testbed.tcp.recovery.scoreboard import Arrivals
from testbed.tcp.sending.limits import IDLE
from testbed.tcp.sending.sender import Sender
from testbed.tcp.sequence import MASK, unwrap
from testbed.tcp.timers import NEVER, PERSIST, REORDERING, RETRANSMIT, TAIL_PROBE, USER_TIMEOUT
from testbed.wire.segment import FIN, SYN, Segment


def acknowledge(sender: Sender, now: int, ack: int, segment: Segment, window_changed: bool) -> None:
    """An acceptable acknowledgement, SND.UNA <= `ack` <= highest; the peer's window is updated already."""
    sender.unanswered = 0
    cause = ""
    blocks = segment.sack if sender.sack else ()
    if ack > sender.una or blocks:
        cause = _news(sender, now, ack, segment, blocks)
    elif sender.peer.size == 0:
        sender.expiries = 0  # the peer lives: do not give up (RFC 9293 section 3.8.6.1, MUST-37)
    elif _is_duplicate(sender, segment, window_changed):
        cause = _duplicate(sender, now, ack)
    if sender.tells and (cause or window_changed):
        sender.tell(now, cause or "window")


def _is_duplicate(sender: Sender, segment: Segment, window_changed: bool) -> bool:
    """RFC 5681 section 2: data outstanding, no data or SYN or FIN, nothing new acknowledged, same window."""
    if window_changed or segment.payload or segment.flags & (SYN | FIN):
        return False
    return bool(sender.board.records) or sender.probe.end > 0


def _duplicate(sender: Sender, now: int, ack: int) -> str:
    """A duplicate without SACK. It means loss only where SACK cannot tell."""
    sender.stats.duplicate_acks_received += 1
    if sender.undo.phase == 2 and not sender.sack:
        # RFC 5682 section 2.1, step 3a: what the window held was tried with new data, and one must go for the hole.
        sender.control.cwnd = max(sender.control.cwnd, 3 * sender.mss)
    sender.undo.stopped(sender.sack)
    if sender.sack:
        repair.answer_probe(sender, now, ack, ack, told=None, duplicate=True)
        return ""
    return repair.count_duplicate(sender, now)


def _news(sender: Sender, now: int, ack: int, segment: Segment, blocks: tuple[tuple[int, int], ...]) -> str:
    """Something is acknowledged that was not, or selectively. Returns the cause of the last change of the window."""
    board, una = sender.board, sender.una
    in_flight, lost_bytes, recovering = board.pipe, board.lost_bytes, sender.recovery.active
    arrivals = board.acknowledge(ack)
    told = _select(sender, ack, blocks, arrivals) if blocks else None
    if ack > una:
        _advance(sender, ack, arrivals)
    elif not arrivals.size and told is None:
        return _duplicate(sender, now, ack)  # what it selects was known
    echoed = _echoed(sender, now, segment) if sender.undo.open or sender.probe.end else None  # something was sent twice
    if sender.search is not None:
        mtu_probe.look(sender, now)
    sample = sender.sample
    sample.rtt = _measure(sender, now, arrivals, echoed)
    cause = repair.look(sender, now, ack, una, arrivals, echoed, told)
    sample.acked = ack - una
    sample.prior_in_flight = in_flight
    sample.lost = board.lost_bytes - lost_bytes
    sample.recovering = recovering or sender.recovery.active  # the acknowledgement that ends recovery is a part of it
    if arrivals.size and una > sender.initial:  # a SYN fills no window
        grown = _tell_control(sender, now, segment, arrivals)
        cause = cause or grown
    _restart_timers(sender, now, ack > una)
    return cause


def _select(
    sender: Sender, ack: int, blocks: tuple[tuple[int, int], ...], arrivals: Arrivals
) -> tuple[int, int] | None:  # fmt: skip
    """Note what is selectively acknowledged; the first block, if it tells of a duplicate (RFC 2883 section 4)."""
    board, una, highest = sender.board, sender.una, sender.highest
    known = [(unwrap(left, una), unwrap(right, una)) for left, right in blocks]
    left, right = known[0]
    told = left < right and (right <= ack or (len(known) > 1 and known[1][0] <= left and right <= known[1][1]))
    for left, right in sorted(known[1:] if told else known):  # the latest came first, which is no reordering
        if ack < left < right <= highest:
            board.select(left, right, arrivals)
    if not told:
        return None
    sender.stats.duplicates_reported += 1
    return known[0]


def _advance(sender: Sender, ack: int, arrivals: Arrivals) -> None:
    """SND.UNA moves to `ack`."""
    sender.una = ack
    if sender.next < ack:
        sender.next = ack
    buffer = sender.buffer
    held = buffer.start
    buffer.release(ack if ack < buffer.end else buffer.end)
    sender.stats.bytes_acked += buffer.start - held
    if arrivals.first is None or not arrivals.first.flags & SYN:  # what opening took, `Sender.start` looks at
        sender.expiries = 0


def _echoed(sender: Sender, now: int, segment: Segment) -> int | None:
    """When, at the latest, what is acknowledged was sent, if a timestamp tells."""
    timestamps = sender.output.timestamps
    if not timestamps.on or segment.timestamp is None:
        return None
    return timestamps.sent_at(now, segment.timestamp_echo)


def _measure(sender: Sender, now: int, arrivals: Arrivals, echoed: int | None) -> int:
    """The round trip (ns) of the segment that was sent last, 0 if nobody knows; the estimator gets that of the
    oldest one acknowledged, which a delayed acknowledgement lets wait.

    Neither if it is ambiguous (Karn; RFC 6298 section 3): then only a timestamp can tell (RFC 7323 section 4.1).
    """
    first, newest = arrivals.first, arrivals.newest
    if first is not None and not first.sacked:
        measured = now - first.sent_at if first.retransmissions == 0 else _by_timestamp(now, echoed, sender)
        if measured >= 0:
            _estimate(sender, now, measured or 1)
    if newest is None or newest.retransmissions:
        return 0
    rtt = now - newest.sent_at or 1
    delivery = sender.delivery
    if delivery is not None and (rtt < delivery.least_rtt or not delivery.least_rtt):
        delivery.least_rtt = rtt
    return rtt


def _one_way(sender: Sender, segment: Segment) -> int:
    """How long what is acknowledged was on its way (ns), by the peer's clock against ours, whose ticks are taken to
    be equal; 0 where no timestamp tells."""
    timestamps = sender.output.timestamps
    if not timestamps.on or segment.timestamp is None:
        return 0
    return ((segment.timestamp - segment.timestamp_echo) & MASK) * timestamps.tick + 1  # a true 0 is known as well


def _by_timestamp(now: int, echoed: int | None, sender: Sender) -> int:
    """The round trip in whole ticks; -1 where no timestamp tells."""
    if echoed is None:
        return -1
    tick = sender.output.timestamps.tick
    return (now // tick - echoed // tick) * tick


def _estimate(sender: Sender, now: int, measured: int) -> None:
    """One sample a round trip goes into the estimate (RFC 6298 section 3): more would shorten its memory."""
    sender.stats.rtt_samples += 1
    sender.probe.sampled = True
    sender.tracer.rtt(now, measured)
    rtt = sender.rtt
    if sender.una > sender.rtt_mark or rtt.backed_off or rtt.srtt == 0:
        rtt.sample(measured)
        sender.rtt_mark = sender.next


def _tell_control(sender: Sender, now: int, segment: Segment, arrivals: Arrivals) -> str:
    """Complete the sample, and let the control and the rate reduction answer."""
    board, sample, recovery, control = sender.board, sender.sample, sender.recovery, sender.control
    if control.measures_one_way:
        sample.one_way = _one_way(sender, segment)
    if sender.ecn is not None:
        sender.ecn.hear(sender, segment, arrivals)
    delivery = sender.delivery
    if delivery is not None and arrivals.newest is not None:
        sample.rate = 0
        delivery.sample(now, arrivals.newest, arrivals.size, board.lost_bytes, sample)
    sample.delivered = arrivals.size
    sample.srtt = sender.rtt.srtt
    sample.in_flight = board.pipe
    sample.limited = sample.prior_in_flight + sender.mss > control.cwnd or sender.una <= sender.filled
    sample.repairing = recovery.repairing
    sample.una = sender.una
    sample.next = sender.next
    cause = control.acknowledged(now, sample)
    if sample.ece:
        cause = ecn.answer(sender, now) or cause
    if recovery.reduction is not None:
        recovery.reduction.delivered(sample.delivered, board.pipe, sample.acked > 0 and sample.lost == 0)
    if sender.paced:
        sender.set_pace()
    if sender.told is not None:
        sender.tell_variables(now)
    return cause


def _restart_timers(sender: Sender, now: int, advanced: bool) -> None:
    """RFC 6298 sections 5.2 and 5.3; RFC 8985 section 7.2."""
    timers = sender.timers
    due = timers.due
    if not sender.board.records:
        due[RETRANSMIT] = due[USER_TIMEOUT] = due[TAIL_PROBE] = due[REORDERING] = NEVER
        if sender.buffer.end + sender.closing <= sender.next and sender.limits.present != IDLE:
            sender.limits.turn(now, IDLE)
        if advanced:
            due[PERSIST] = NEVER  # if a probe was acknowledged, the window is open or will be probed anew
        return
    if not advanced:
        if sender.board.sacked.total:
            due[TAIL_PROBE] = NEVER
        return
    due[TAIL_PROBE] = NEVER  # it starts anew when all has been sent that can be
    if sender.recovery.restarts_timer:
        timers.set(RETRANSMIT, now + sender.rtt.rto)
    if sender.user_timeout:
        timers.set(USER_TIMEOUT, now + sender.user_timeout)
