"""What each timer does when it expires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.tcp import timers
from testbed.tcp.lifetime import closing
from testbed.tcp.lifetime.keepalive import PROBE
from testbed.tcp.path import advice, path_mtu
from testbed.tcp.sending import timeouts
from testbed.tcp.state import Event, State

if TYPE_CHECKING:
    from testbed.tcp.connection import Connection


def expire(connection: Connection, now: int, timer: int) -> None:
    """`timer` has expired; it is stopped already."""
    _ACTIONS[timer](connection, now)


def _retransmit(connection: Connection, now: int) -> None:
    if connection.fast_open is not None and connection.machine.state is State.SYN_SENT:
        connection.fast_open.unanswered(now)
        connection.output.cookie = None
    if not timeouts.retransmission_timeout(connection.sender, now):
        _give_up(connection, now, Event.GIVE_UP)


def _persist(connection: Connection, now: int) -> None:
    if not timeouts.probe_window(connection.sender, now):
        _give_up(connection, now, Event.GIVE_UP)


def _delayed_ack(connection: Connection, now: int) -> None:
    receiver = connection.receiver
    if receiver is not None and receiver.acks.due:
        receiver.acks.expire()


def _override(connection: Connection, now: int) -> None:
    timeouts.override(connection.sender, now)


def _keepalive(connection: Connection, now: int) -> None:
    """A segment with the number before SND.NXT and no text must be answered, if anybody is there."""
    keepalive, sender, config = connection.keepalive, connection.sender, connection.config
    wait = keepalive.wait(now, bool(sender.board.records))
    if wait == 0:
        if keepalive.exhausted:
            closing.reset_peer(connection, now, "keep-alive timeout")
            _give_up(connection, now, Event.KEEPALIVE_TIMEOUT)
            return
        keepalive.unanswered += 1
        connection.stats.keepalive_probes_sent += 1
        connection.output.emit(now, 0, sender.next - 1, b"", PROBE)
        wait = config.keepalive_interval
    connection.timers.set(timers.KEEPALIVE, now + wait)


def _time_wait(connection: Connection, now: int) -> None:
    closing.finish(connection, now, Event.TIME_WAIT_OVER)


def _fin_wait_2(connection: Connection, now: int) -> None:
    if connection.machine.state is State.FIN_WAIT_2:
        closing.finish(connection, now, Event.ORPHAN_TIMEOUT)


def _user_timeout(connection: Connection, now: int) -> None:
    closing.reset_peer(connection, now, "user timeout")
    _give_up(connection, now, Event.USER_TIMEOUT)


def _reordering(connection: Connection, now: int) -> None:
    timeouts.reordering(connection.sender, now)


def _tail_probe(connection: Connection, now: int) -> None:
    timeouts.probe_tail(connection.sender, now)


def _pace(connection: Connection, now: int) -> None:
    """The next segment may leave: whoever pulls will send it."""


def _path_mtu(connection: Connection, now: int) -> None:
    path_mtu.expire(connection.sender, now)


def _give_up(connection: Connection, now: int, event: Event) -> None:
    closing.finish(connection, now, event, advice.blame(connection))


_ACTIONS = (
    _retransmit, _persist, _delayed_ack, _override, _keepalive, _time_wait, _fin_wait_2, _user_timeout,
    _reordering, _tail_probe, _pace, _path_mtu,
)  # fmt: skip
