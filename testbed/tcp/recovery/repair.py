"""What is done about losses: recovery is entered, goes on, ends, or turns out to have been for nothing.

With SACK (RFC 6675 section 5, RFC 8985), without (RFC 6582), and after a timeout. *Whether* something is lost is for
`tcp.detection`, how much may leave meanwhile for `tcp.recovery` and the congestion control.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.tcp.congestion import initial_window
from testbed.tcp.ecn import classic as ecn
from testbed.tcp.path import mtu_probe
from testbed.tcp.recovery.rate_reduction import RateReduction
from testbed.tcp.recovery.undo import EIFEL

if TYPE_CHECKING:
    from testbed.tcp.recovery.scoreboard import Arrivals
    from testbed.tcp.sending.sender import Sender

Span = tuple[int, int]
"""Sequence numbers from the first up to the second, which is not included."""

FAST_RETRANSMIT: Final = "fast retransmit"
PARTIAL: Final = "partial acknowledgement"
RECOVERED: Final = "recovered"


def look(
    sender: Sender, now: int, ack: int, una: int, arrivals: Arrivals, echoed: int | None, told: Span | None
) -> str:  # fmt: skip
    """An acknowledgement has moved SND.UNA from `una` to `ack`, or selected something. `told` is what it reports to
    have come twice.

    Returns what became of it, in a few words, "" for nothing.
    """
    recovery, undo, detection = sender.recovery, sender.undo, sender.detection
    if detection is not None:
        detection.arrived(now, arrivals, echoed)
        if told is not None:
            detection.duplicate_reported(sender.una, sender.next)
    if undo.open and (spurious := _spurious(sender, ack, una, arrivals, echoed, told)):
        rtt = sender.sample.rtt or (0 if echoed is None else now - echoed)
        return _take_back(sender, now, spurious, ack - una, rtt)
    cause = answer_probe(sender, now, ack, una, told=told, duplicate=False) if sender.probe.end else ""
    if detection is None:  # no SACK
        return _without_selection(sender, now, ack, una) or cause
    if recovery.recover <= ack and (recovery.active or recovery.repairing):
        cause = _leave(sender, now)
    if sender.board.sacked.total or sender.board.watched:
        return find_losses(sender, now, arrivals.size) or cause
    return cause


def find_losses(sender: Sender, now: int, arrived: int = 0) -> str:
    """Ask what is lost by now, and enter recovery if that is news: after an acknowledgement of `arrived` bytes, or
    when the reordering timer expires."""
    recovery, board = sender.recovery, sender.board
    assert sender.detection is not None
    before = board.lost_bytes
    in_recovery = recovery.active or recovery.repairing
    found = sender.detection.detect(now, sender.una, in_recovery, sender.rtt.srtt)
    if not found:
        return ""
    if sender.search is not None and mtu_probe.is_all_that_is_lost(sender, now):
        return ""
    tell_lost(sender, now, before)
    return "" if in_recovery else _enter(sender, now, arrived)


def tell_lost(sender: Sender, now: int, before: int) -> None:
    """Tell a control that wants to know of each segment that has just been declared lost; `before`: the bytes lost
    before these."""
    declared, samples = sender.board.declared, sender.delivery is not None
    sender.stats.lost_segments += len(declared)
    for record in declared if samples else ():
        mark, size = record.mark, record.end - record.seq
        before += size
        if mark is not None:
            sender.control.segment_lost(now, size, before - mark.lost, mark.in_flight, mark.app_limited)
    declared.clear()


def _enter(sender: Sender, now: int, arrived: int) -> str:
    """RFC 6675 section 5, step 4; RFC 9937 section 6."""
    board, control, config = sender.board, sender.control, sender.config
    flight = sender.next - sender.una
    reduced = _reduce(sender, now, flight)
    reduction = None
    if config.rate_reduction != "off" and not control.steers_recovery:
        not_arrived = flight - board.sacked.total + arrived
        reduction = RateReduction(not_arrived, control.ssthresh, sender.mss, board.pipe, config.rate_reduction)
    sender.recovery.enter_selective(sender.next, reduction)
    if reduced:
        sender.undo.begin(sender.next, after_timeout=False)
    sender.probe.end = 0  # RFC 8985 section 7.1: what follows is the recovery's
    sender.stats.fast_retransmits += 1
    first = board.next_lost(sender.una)
    if reduction is None and first is not None and not control.steers_recovery:
        sender.resend(now, first, first.reason)  # step 4.3: whatever the window says
    return FAST_RETRANSMIT


def _reduce(sender: Sender, now: int, in_flight: int) -> bool:
    """Answer a loss; False if what was in flight with it was answered for already, by a mark."""
    if ecn.has_answered(sender):
        return False
    sender.control.lost(now, in_flight)
    if sender.ecn is not None:
        sender.ecn.reduced()
    return True


def _leave(sender: Sender, now: int) -> str:
    """All that was outstanding when recovery began is acknowledged."""
    was_fast = sender.recovery.active
    sender.recovery.leave()
    sender.undo.settle(sender.next)
    if sender.detection is not None:
        sender.detection.recovery_over()
    if not was_fast:
        return ""
    # With SACK the window is ssthresh, whatever is in flight (RFC 9937 section 6.4; RFC 6675 section 5, step 4.2). From
    # below it, slow start would pass it by up to a segment, which is 5 % of the goodput with windows of ten; and what
    # leaves at once is mostly one segment or two, for rate reduction has seen to it that the rest is in flight.
    sender.control.recovered(now, sender.control.ssthresh if sender.sack else sender.next - sender.una)
    return RECOVERED


# -- without SACK: NewReno ---------------------------------------------------------------------------------------------


def count_duplicate(sender: Sender, now: int) -> str:
    """A duplicate acknowledgement where SACK cannot tell: the third means loss (RFC 6582 section 3.2, step 2)."""
    recovery = sender.recovery
    if not recovery.duplicate(sender.una, sender.next - sender.una):
        return "duplicate acknowledgement" if recovery.active else ""
    if sender.search is not None and mtu_probe.is_oldest(sender, now):
        return "MTU probe lost"
    reduced = _reduce(sender, now, recovery.outstanding)
    recovery.enter(sender.next)
    if reduced:
        sender.undo.begin(sender.next, after_timeout=False)
    sender.stats.fast_retransmits += 1
    sender.resend(now, sender.board.records[0], FAST_RETRANSMIT)
    return FAST_RETRANSMIT


def _without_selection(sender: Sender, now: int, ack: int, una: int) -> str:
    """SND.UNA advanced (RFC 6582 section 3.2, step 3)."""
    recovery = sender.recovery
    recovery.restarts_timer = True
    if not recovery.active:
        recovery.progress()
        if recovery.repairing and ack >= recovery.recover:
            _leave(sender, now)
        return ""
    if ack >= recovery.recover:
        return _leave(sender, now)
    recovery.restarts_timer = recovery.partial(ack - una)
    if sender.board.records:
        sender.resend(now, sender.board.records[0], PARTIAL)
    return PARTIAL


# -- probes and second thoughts ----------------------------------------------------------------------------------------


def answer_probe(sender: Sender, now: int, ack: int, una: int, *, told: Span | None, duplicate: bool) -> str:
    """If the acknowledgement, which has moved SND.UNA from `una`, shows that a tail loss probe has repaired a loss, it
    is a loss all the same: the window is reduced, once (RFC 8985 section 7.4.2)."""
    probe = sender.probe
    matches = told is not None and told[1] >= probe.end
    if not probe.end or not probe.answered(ack, matches, duplicate) or sender.recovery.active:
        return ""
    if not _reduce(sender, now, sender.next - una):
        return ""
    sender.control.recovered(now, sender.next - sender.una)
    return "tail loss probe"


def _spurious(sender: Sender, ack: int, una: int, arrivals: Arrivals, echoed: int | None, told: Span | None) -> str:
    """How it is known that nothing was lost, or ""."""
    undo = sender.undo
    if told is not None and (how := undo.duplicate_reported(*told)):
        return how
    # RFC 3522 section 3.2, step 5: an acknowledgement of everything might be that of the retransmission, when those of
    # the originals were lost; a peer that reports duplicates would have said so.
    certain = told is None and (ack < sender.next or sender.stats.duplicates_reported > 0)
    if ack > una and undo.is_early(ack, echoed) and certain:
        return EIFEL
    if ack > una or arrivals.size:
        original = arrivals.original.end if arrivals.original is not None else 0
        return undo.advanced(ack, ack > una, original, sender.sack)
    return ""


def _take_back(sender: Sender, now: int, how: str, acked: int, rtt: int) -> str:
    """The reduction was for nothing (RFC 4015), as an acknowledgement of `acked` new bytes has shown, and of a round
    trip of `rtt`, 0 if that is not known."""
    undo, control, board = sender.undo, sender.control, sender.board
    board.believe_found()
    sender.recovery.leave()
    control.undo(now)
    if undo.after_timeout:
        if not control.steers_recovery:  # step 9: no burst, but soon up to what was
            before, burst = control.cwnd, min(acked, initial_window(sender.config.initial_window, sender.mss))
            control.cwnd = max(min(before, board.pipe + burst), sender.mss)
            control.ssthresh = max(control.ssthresh, before)
        if rtt:
            sender.rtt.adopt(rtt)
    elif sender.detection is not None:
        sender.detection.recovery_undone()
    undo.end()
    sender.stats.spurious_recoveries += 1
    return f"undone: {how}"
