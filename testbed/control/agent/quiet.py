"""Whether anything that is still to come can matter: how a run in real time knows that it is over.

In virtual time a run ends when the heap is empty, and four minutes of TIME-WAIT cost nothing. By the wall nobody
waits for them: a part of a world is *quiet* when only such waits are left, and then the rest is done at once.
"""

from __future__ import annotations

from typing import Any, Final

from testbed.clock import Alarm
from testbed.experiment.spec import ChangeSpec
from testbed.experiment.world.world import World
from testbed.host.socket import Socket
from testbed.link.link import Link
from testbed.tcp.timers import FIN_WAIT_2, NEVER, TIME_WAIT

_WAITS: Final = (TIME_WAIT, FIN_WAIT_2)
"""Timers that end a connection without a word."""

THE_END: Final = "the end of the run"
"""Whose the entry of the heap is that ends a run at its `duration`."""


def is_quiet(world: World) -> bool:
    """Whether nothing in the heap of `world` can send anything, or get an application to; nor a guest, by itself."""
    ends = [end for flow in world.flows.values() for _, end in flow.ends]
    unfinished = {socket for end in ends if not end.done for socket in end.sockets}
    harmless = all(_is_harmless(subject, unfinished) for _, _, subject in world.clock.pending())
    return harmless and world.launcher.quiet


def _is_harmless(subject: Any, unfinished: set[Socket]) -> bool:
    """Whether an entry of the heap, by whose it is, changes nothing that others could see.

    `unfinished` are the connections whose application would hear of their end, and might act upon it.
    """
    match subject:
        case ChangeSpec():
            return True  # of links on which there is nothing
        case str():
            return subject is THE_END
        case Link():
            return not subject.queued
        case Alarm():
            return subject.due is None or _is_only_waiting(subject.subject, unfinished)
    return False


def _is_only_waiting(subject: Any, unfinished: set[Socket]) -> bool:
    if not isinstance(subject, Socket):
        return False
    live = [timer for timer, due in enumerate(subject.connection.timers.due) if due != NEVER and timer not in _WAITS]
    return not live and subject not in unfinished
