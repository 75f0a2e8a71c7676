"""The layout of RFC 9293's figure 5: where every state stands, and the way of every arrow, by hand after the RFC's.

What an arrow is called comes from the table in `tcp.state`; what is done then is the RFC's word.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from testbed.report.svg.geometry import Spot
from testbed.tcp.state import Event, State

HALF_WIDTH: Final = 66.0
HALF_HEIGHT: Final = 20.0
"""Half of a state's box."""

STATES: Final[dict[State, Spot]] = {
    State.CLOSED: (525, 50),
    State.LISTEN: (525, 180),
    State.SYN_RECEIVED: (225, 300),
    State.SYN_SENT: (825, 300),
    State.ESTABLISHED: (525, 420),
    State.FIN_WAIT_1: (225, 540),
    State.CLOSE_WAIT: (825, 540),
    State.FIN_WAIT_2: (225, 690),
    State.CLOSING: (525, 690),
    State.LAST_ACK: (825, 690),
    State.TIME_WAIT: (525, 830),
}
"""The middle of each box."""

END: Final[Spot] = (825, 830)
"""CLOSED once more, where connections end."""


class Edge(NamedTuple):
    """An arrow of the figure."""

    action: str
    """What is done then."""
    way: tuple[Spot, ...]
    """Two spots of a line, or four of a Bézier curve."""
    label: Spot
    """Where the event's name stands; the action stands below."""
    anchor: str
    badge: Spot
    """Where a step's number stands."""
    apart: Spot = (0, 20)
    """From the first end's number to the second's."""
    below: float = 14.0
    """From the event's name to the action."""


_S, _E = State, Event

EDGES: Final[dict[tuple[State, Event], Edge]] = {
    (_S.CLOSED, _E.PASSIVE_OPEN): Edge("create TCB", ((495, 70), (495, 160)), (480, 106), "end", (495, 98)),
    (_S.LISTEN, _E.CLOSE): Edge("delete TCB", ((555, 160), (555, 70)), (570, 106), "start", (555, 128), (0, -20)),
    (_S.CLOSED, _E.ACTIVE_OPEN): Edge(
        "create TCB, send SYN", ((591, 42), (775, 42), (845, 140), (845, 280)), (802, 88), "start", (832, 186), (4, 22)
    ),
    (_S.SYN_SENT, _E.CLOSE): Edge(
        "delete TCB", ((805, 280), (805, 170), (715, 70), (591, 60)), (722, 150), "end", (790, 208), (6, 20)
    ),
    (_S.LISTEN, _E.RECEIVE_SYN): Edge(
        "send SYN,ACK", ((475, 200), (275, 280)), (362, 222), "end", (413, 225), (-20, 8)
    ),
    (_S.SYN_RECEIVED, _E.RETURN_TO_LISTEN): Edge(
        "", ((195, 280), (195, 180), (325, 180), (459, 180)), (110, 158), "start", (214, 226), (20, -20)
    ),
    (_S.SYN_SENT, _E.RECEIVE_SYN): Edge(
        "send SYN,ACK", ((759, 300), (291, 300)), (525, 292), "middle", (665, 300), (-22, 0), 23.0
    ),
    (_S.SYN_RECEIVED, _E.RECEIVE_ACK_OF_SYN): Edge(
        "", ((275, 320), (475, 400)), (346, 374), "end", (413, 375), (20, 8)
    ),
    (_S.SYN_SENT, _E.RECEIVE_SYN_ACK): Edge(
        "send ACK", ((775, 320), (575, 400)), (704, 374), "start", (637, 375), (-20, 8)
    ),
    (_S.SYN_RECEIVED, _E.CLOSE): Edge("send FIN", ((205, 320), (205, 520)), (190, 412), "end", (205, 370)),
    (_S.ESTABLISHED, _E.CLOSE): Edge("send FIN", ((475, 440), (275, 520)), (366, 462), "end", (413, 465), (-20, 8)),
    (_S.ESTABLISHED, _E.RECEIVE_FIN): Edge(
        "send ACK", ((575, 440), (775, 520)), (684, 462), "start", (637, 465), (20, 8)
    ),
    (_S.FIN_WAIT_1, _E.RECEIVE_ACK_OF_FIN): Edge("", ((205, 560), (205, 670)), (190, 616), "end", (205, 604)),
    (_S.FIN_WAIT_1, _E.RECEIVE_FIN): Edge(
        "send ACK", ((275, 560), (475, 670)), (390, 598), "start", (335, 593), (20, 11)
    ),
    (_S.CLOSE_WAIT, _E.CLOSE): Edge("send FIN", ((825, 560), (825, 670)), (840, 610), "start", (825, 604)),
    (_S.FIN_WAIT_2, _E.RECEIVE_FIN): Edge(
        "send ACK", ((225, 710), (225, 830), (325, 830), (459, 830)), (214, 800), "end", (233, 760), (9, 19)
    ),
    (_S.CLOSING, _E.RECEIVE_ACK_OF_FIN): Edge("", ((525, 710), (525, 810)), (540, 766), "start", (525, 744)),
    (_S.LAST_ACK, _E.RECEIVE_ACK_OF_FIN): Edge("", ((825, 710), (825, 810)), (840, 766), "start", (825, 744)),
    (_S.TIME_WAIT, _E.TIME_WAIT_OVER): Edge(
        "delete TCB", ((591, 830), (759, 830)), (675, 821), "middle", (612, 830), (22, 0), 24.0
    ),
}
"""By the state and the event. SEND in LISTEN, which the RFC has, no application of ours does."""

TWO_LINES: Final = {Event.RETURN_TO_LISTEN: ("receive RST or SYN", "before the handshake ended")}
"""Names that are too long for one."""

ENDING: Final = frozenset({(State.LAST_ACK, Event.RECEIVE_ACK_OF_FIN), (State.TIME_WAIT, Event.TIME_WAIT_OVER)})
"""Steps that lead to CLOSED at the foot of the figure."""

OUTWARDS: Final[dict[State, Spot]] = {
    State.LISTEN: (1, 0),
    State.SYN_RECEIVED: (-1, 0),
    State.SYN_SENT: (1, 0),
    State.ESTABLISHED: (0, 1),
    State.FIN_WAIT_1: (-1, 0),
    State.CLOSE_WAIT: (1, 0),
    State.FIN_WAIT_2: (-1, 0),
    State.CLOSING: (0, -1),
    State.LAST_ACK: (1, 0),
    State.TIME_WAIT: (0, 1),
}
"""To which side there is room for a way to CLOSED that the figure leaves out: RST, ABORT, giving up."""
