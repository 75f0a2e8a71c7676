"""The eleven states of a connection, and every way from one to another (RFC 9293 section 3.3.2).

Rule: everything that assigns a state lives in this file. Transitions are data; a pair that is not in the table
is a mistake of ours, raises `ImpossibleTransition` and changes nothing. Figure 5, as the RFC draws it:

                                +---------+ ---------\\      active OPEN
                                |  CLOSED |            \\    -----------
                                +---------+<---------\\   \\   create TCB
                                  |     ^              \\   \\  snd SYN
                     passive OPEN |     |   CLOSE        \\   \\
                     ------------ |     | ----------       \\   \\
                      create TCB  |     | delete TCB         \\   \\
                                  V     |                      \\   \\
              rcv RST (note 1)  +---------+            CLOSE    |    \\
           -------------------->|  LISTEN |          ---------- |     |
          /                     +---------+          delete TCB |     |
         /           rcv SYN      |     |     SEND              |     |
        /           -----------   |     |    -------            |     V
    +--------+      snd SYN,ACK  /       \\   snd SYN          +--------+
    |        |<-----------------           ------------------>|        |
    |  SYN   |                    rcv SYN                     |  SYN   |
    |  RCVD  |<-----------------------------------------------|  SENT  |
    |        |                  snd SYN,ACK                   |        |
    |        |------------------           -------------------|        |
    +--------+   rcv ACK of SYN  \\       /  rcv SYN,ACK       +--------+
       |         --------------   |     |   -----------
       |                x         |     |     snd ACK
       |                          V     V
       |  CLOSE                 +---------+
       | -------                |  ESTAB  |
       | snd FIN                +---------+
       |                 CLOSE    |     |    rcv FIN
       V                -------   |     |    -------
    +---------+         snd FIN  /       \\   snd ACK         +---------+
    |  FIN    |<----------------          ------------------>|  CLOSE  |
    | WAIT-1  |------------------                            |   WAIT  |
    +---------+          rcv FIN  \\                          +---------+
      | rcv ACK of FIN   -------   |                          CLOSE  |
      | --------------   snd ACK   |                         ------- |
      V        x                   V                         snd FIN V
    +---------+               +---------+                    +---------+
    |FINWAIT-2|               | CLOSING |                    | LAST-ACK|
    +---------+               +---------+                    +---------+
      |              rcv ACK of FIN |                 rcv ACK of FIN |
      |  rcv FIN     -------------- |    Timeout=2MSL -------------- |
      |  -------            x       V    ------------        x       V
       \\ snd ACK              +---------+delete TCB          +---------+
         -------------------->|TIME-WAIT|------------------->| CLOSED  |
                              +---------+                    +---------+

What the figure leaves out, and the table has: RST, ABORT and giving up lead to CLOSED from everywhere.
"""

from __future__ import annotations

from enum import Enum, IntEnum, unique
from typing import Final

from testbed.errors import TestbedError
from testbed.trace.tracer import ConnectionTracer


@unique
class State(IntEnum):
    """RFC 9293 section 3.3.2. Ordered so that `state >= State.ESTABLISHED` means: both sides are synchronised."""

    CLOSED = 0
    LISTEN = 1
    SYN_SENT = 2
    SYN_RECEIVED = 3
    ESTABLISHED = 4
    FIN_WAIT_1 = 5
    FIN_WAIT_2 = 6
    CLOSE_WAIT = 7
    CLOSING = 8
    LAST_ACK = 9
    TIME_WAIT = 10

    @property
    def label(self) -> str:
        """The RFC's spelling: `FIN-WAIT-1`."""
        return _LABELS[self]


_LABELS: Final = {state: state.name.replace("_", "-") for state in State}


@unique
class Event(Enum):
    """What moves a connection; the value is the `cause` in a trace."""

    PASSIVE_OPEN = "passive OPEN"
    ACTIVE_OPEN = "active OPEN"
    RECEIVE_SYN = "receive SYN"
    RECEIVE_SYN_ACK = "receive SYN,ACK"
    RECEIVE_ACK_OF_SYN = "receive ACK of SYN"
    CLOSE = "CLOSE"
    RECEIVE_FIN = "receive FIN"
    RECEIVE_ACK_OF_FIN = "receive ACK of FIN"
    TIME_WAIT_OVER = "timeout 2MSL"
    RECEIVE_RST = "receive RST"
    RETURN_TO_LISTEN = "receive RST or SYN before the handshake ended"
    ABORT = "ABORT"
    GIVE_UP = "retransmission limit"
    USER_TIMEOUT = "user timeout"
    KEEPALIVE_TIMEOUT = "keep-alive timeout"
    ORPHAN_TIMEOUT = "FIN-WAIT-2 timeout"
    REPLACED = "a new connection"
    UNREACHABLE = "receive ICMP"


def _transitions() -> dict[tuple[State, Event], State]:
    s, e = State, Event
    table = {
        (s.CLOSED, e.PASSIVE_OPEN): s.LISTEN,
        (s.CLOSED, e.ACTIVE_OPEN): s.SYN_SENT,
        (s.LISTEN, e.RECEIVE_SYN): s.SYN_RECEIVED,
        (s.LISTEN, e.CLOSE): s.CLOSED,
        (s.SYN_SENT, e.RECEIVE_SYN): s.SYN_RECEIVED,
        (s.SYN_SENT, e.RECEIVE_SYN_ACK): s.ESTABLISHED,
        (s.SYN_SENT, e.CLOSE): s.CLOSED,
        (s.SYN_SENT, e.UNREACHABLE): s.CLOSED,
        (s.SYN_RECEIVED, e.RECEIVE_ACK_OF_SYN): s.ESTABLISHED,
        (s.SYN_RECEIVED, e.CLOSE): s.FIN_WAIT_1,
        (s.SYN_RECEIVED, e.RETURN_TO_LISTEN): s.LISTEN,
        (s.SYN_RECEIVED, e.UNREACHABLE): s.CLOSED,
        (s.ESTABLISHED, e.CLOSE): s.FIN_WAIT_1,
        (s.ESTABLISHED, e.RECEIVE_FIN): s.CLOSE_WAIT,
        (s.FIN_WAIT_1, e.RECEIVE_ACK_OF_FIN): s.FIN_WAIT_2,
        (s.FIN_WAIT_1, e.RECEIVE_FIN): s.CLOSING,
        (s.FIN_WAIT_2, e.RECEIVE_FIN): s.TIME_WAIT,
        (s.FIN_WAIT_2, e.ORPHAN_TIMEOUT): s.CLOSED,
        (s.CLOSE_WAIT, e.CLOSE): s.LAST_ACK,
        (s.CLOSING, e.RECEIVE_ACK_OF_FIN): s.TIME_WAIT,
        (s.LAST_ACK, e.RECEIVE_ACK_OF_FIN): s.CLOSED,
        (s.TIME_WAIT, e.TIME_WAIT_OVER): s.CLOSED,
        (s.TIME_WAIT, e.REPLACED): s.CLOSED,  # RFC 6191
    }
    for state in State:
        if state is not s.CLOSED:
            for event in (e.RECEIVE_RST, e.ABORT, e.GIVE_UP, e.USER_TIMEOUT, e.KEEPALIVE_TIMEOUT):
                table[state, event] = s.CLOSED
    return table


TRANSITIONS: Final = _transitions()


class ImpossibleTransition(TestbedError):
    """An event came to a state that has no row for it: an error in this program, never in the input."""


class Machine:
    """One connection's state. Read `state`; change it by `move`."""

    __slots__ = ("_tracer", "state")

    def __init__(self, tracer: ConnectionTracer, state: State = State.CLOSED) -> None:
        self._tracer = tracer
        self.state = state

    def move(self, now: int, event: Event) -> State:
        """Follow the table and tell the tracer. Raises `ImpossibleTransition`, and changes nothing, off the table."""
        old = self.state
        new = TRANSITIONS.get((old, event))
        if new is None:
            raise ImpossibleTransition(f"{event.value!r} cannot happen in {old.label}")
        self.state = new
        self._tracer.state(now, old.label, new.label, event.value)
        return new
