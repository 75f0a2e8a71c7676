"""Every way for a connection to end: CLOSE, the peer's FIN, ABORT, RST, and giving up (RFC 9293 section 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.tcp.events import CLOSED, FAILED, PEER_CLOSED
from testbed.tcp.sending.limits import IDLE
from testbed.tcp.state import Event, State
from testbed.tcp.timers import FIN_WAIT_2, TIME_WAIT

if TYPE_CHECKING:
    from testbed.tcp.connection import Connection


def close(connection: Connection, now: int) -> None:
    """CLOSE (section 3.10.4): nothing more to send; what was written still goes, then FIN. Reading goes on."""
    state, sender = connection.machine.state, connection.sender
    if sender.closing or state is State.CLOSED:
        return
    connection.tracer.app(now, "close", 0)
    if state is State.LISTEN or (state is State.SYN_SENT and not connection.early):
        finish(connection, now, Event.CLOSE)
        return
    sender.closing = True
    if state is State.SYN_SENT or (state is State.SYN_RECEIVED and sender.buffer.end > sender.next):
        return  # "queue for processing after entering ESTABLISHED state"
    connection.machine.move(now, Event.CLOSE)


def release(connection: Connection, now: int) -> None:
    """The application is gone: close, and answer with RST whatever nobody will read (RFC 2525 section 2.17)."""
    if connection.released:
        return
    connection.released = True
    receiver, state = connection.receiver, connection.machine.state
    if receiver is not None and receiver.reassembly.unread and state >= State.ESTABLISHED:
        abort(connection, now, "closed with unread data")
        return
    close(connection, now)
    if connection.machine.state is State.FIN_WAIT_2:
        await_fin(connection, now)


def abort(connection: Connection, now: int, reason: str) -> None:
    """ABORT (section 3.10.5): forget everything and tell the peer by RST."""
    if connection.machine.state is State.CLOSED:
        return
    connection.tracer.app(now, "abort", 0)
    reset_peer(connection, now, reason)
    finish(connection, now, Event.ABORT)


def reset_peer(connection: Connection, now: int, reason: str) -> None:
    """Send RST where the peer will believe it, unless both ends have closed already (section 3.10.5)."""
    receiver, state = connection.receiver, connection.machine.state
    if receiver is not None and state not in (State.LISTEN, State.CLOSING, State.LAST_ACK, State.TIME_WAIT):
        connection.output.emit_reset(now, connection.sender.next, receiver.next, reason)


def peer_closed(connection: Connection, now: int) -> None:
    """The peer's FIN is in order (eighth step)."""
    connection.events |= PEER_CLOSED
    if connection.machine.move(now, Event.RECEIVE_FIN) is State.TIME_WAIT:
        enter_time_wait(connection, now)


def our_fin_acknowledged(connection: Connection, now: int) -> None:
    """The peer has everything that we shall ever send (fifth step)."""
    state = connection.machine.state
    if state is State.FIN_WAIT_1:
        connection.machine.move(now, Event.RECEIVE_ACK_OF_FIN)
        if connection.released:
            await_fin(connection, now)
    elif state is State.CLOSING:
        connection.machine.move(now, Event.RECEIVE_ACK_OF_FIN)
        enter_time_wait(connection, now)
    elif state is State.LAST_ACK:
        finish(connection, now, Event.RECEIVE_ACK_OF_FIN)


def await_fin(connection: Connection, now: int) -> None:
    """Nobody holds the connection any more: do not wait in FIN-WAIT-2 for ever."""
    if connection.config.fin_wait_2_timeout:
        connection.timers.set(FIN_WAIT_2, now + connection.config.fin_wait_2_timeout)


def enter_time_wait(connection: Connection, now: int) -> None:
    """Both directions are closed: wait for 2 MSL, for our last acknowledgement may be lost (section 3.4.2)."""
    connection.timers.stop_all()
    connection.timers.set(TIME_WAIT, now + 2 * connection.config.msl)


def finish(connection: Connection, now: int, event: Event, error: str = "") -> None:
    """Enter CLOSED (or LISTEN again), stop every timer, and tell the application; `error`: against its will."""
    connection.machine.move(now, event)
    connection.timers.stop_all()
    connection.sender.limits.turn(now, IDLE)
    connection.error = error
    connection.events |= FAILED | CLOSED if error else CLOSED
