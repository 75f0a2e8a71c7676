"""Probes for a larger path MTU: when one is sent, and how its fate is known (RFC 4821 section 7).

If it alone is lost, it was too large, perhaps, and its data goes again in smaller segments: no sign of congestion
(section 7.6). To be asked only while a search is on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.tcp.path import path_mtu

if TYPE_CHECKING:
    from testbed.tcp.sending.sender import Sender

_FOLLOWERS: Final = 3
"""Full segments that must be there to follow a probe, so that its loss shows (section 7.4)."""


def try_probe(sender: Sender, now: int) -> bool:
    """Send a probe if there is none, nothing is amiss, and enough will follow it (section 7.4); True when only the
    window is in its way, so that new data had better wait until there is room."""
    search, board, recovery = sender.search, sender.board, sender.recovery
    assert search is not None
    if search.probe is not None or recovery.active or recovery.repairing or board.lost or board.sacked.total:
        return False
    if sender.next <= recovery.recover or sender.pacer.next_at > now:
        return False  # duplicates would be taken for those of an earlier loss; or it is not time
    size = search.size - sender.path.header
    enough = size + _FOLLOWERS * sender.mss
    if sender.buffer.end - sender.next < enough or min(sender.window, sender.peer.size) < enough:
        return False
    if min(sender.window - board.pipe, sender.una + sender.peer.size - sender.next) < size:
        return True
    sender.stats.mtu_probes_sent += 1
    sender.send(now, size, False, "MTU probe")
    search.sent(board.records[-1])
    return False


def look(sender: Sender, now: int) -> None:
    """Something has arrived: perhaps the probe."""
    search = sender.search
    assert search is not None
    if search.probe is not None and (search.probe.sacked or search.probe.end <= sender.una):
        search.succeeded()
        path_mtu.grow(sender, now, search.floor, "MTU probe arrived")
        path_mtu.conclude(sender, now)


def is_all_that_is_lost(sender: Sender, now: int) -> bool:
    """Losses have been declared: whether of the probe alone, so that congestion control need not know."""
    search, board = sender.search, sender.board
    assert search is not None
    probe = search.probe
    if probe is None or not probe.lost:
        return False
    board.declared.remove(probe)
    board.lost_bytes -= probe.end - probe.seq
    path_mtu.probe_lost(sender, now)
    return not board.declared


def is_oldest(sender: Sender, now: int) -> bool:
    """Duplicates mean that the oldest segment is lost: whether that is the probe."""
    search = sender.search
    assert search is not None
    probe = search.probe
    if probe is None or probe is not sender.board.records[0]:
        return False
    sender.recovery.recover = probe.end - 1  # more of these duplicates say nothing of another loss
    path_mtu.probe_lost(sender, now)
    return True


def abandon(sender: Sender, now: int) -> None:
    """Nothing has been heard for long: do not wait for the probe's fate."""
    search = sender.search
    assert search is not None
    if search.probe is not None:
        path_mtu.probe_lost(sender, now)
