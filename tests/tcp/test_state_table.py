"""The eleven states and the table of ways between them: RFC 9293, figure 5, and what figure 5 leaves out."""

from __future__ import annotations

import pytest

from testbed.tcp.state import TRANSITIONS, Event, ImpossibleTransition, Machine, State
from testbed.trace.tracer import ConnectionTracer

FIGURE_5 = {
    ("CLOSED", "passive OPEN", "LISTEN"),
    ("CLOSED", "active OPEN", "SYN-SENT"),
    ("LISTEN", "receive SYN", "SYN-RECEIVED"),
    ("LISTEN", "CLOSE", "CLOSED"),
    ("SYN-SENT", "receive SYN", "SYN-RECEIVED"),
    ("SYN-SENT", "receive SYN,ACK", "ESTABLISHED"),
    ("SYN-SENT", "CLOSE", "CLOSED"),
    ("SYN-RECEIVED", "receive ACK of SYN", "ESTABLISHED"),
    ("SYN-RECEIVED", "CLOSE", "FIN-WAIT-1"),
    ("ESTABLISHED", "CLOSE", "FIN-WAIT-1"),
    ("ESTABLISHED", "receive FIN", "CLOSE-WAIT"),
    ("FIN-WAIT-1", "receive ACK of FIN", "FIN-WAIT-2"),
    ("FIN-WAIT-1", "receive FIN", "CLOSING"),
    ("FIN-WAIT-2", "receive FIN", "TIME-WAIT"),
    ("CLOSE-WAIT", "CLOSE", "LAST-ACK"),
    ("CLOSING", "receive ACK of FIN", "TIME-WAIT"),
    ("LAST-ACK", "receive ACK of FIN", "CLOSED"),
    ("TIME-WAIT", "timeout 2MSL", "CLOSED"),
}

OURS = {
    ("SYN-RECEIVED", "receive RST or SYN before the handshake ended", "LISTEN"),  # the figure's note 1
    ("FIN-WAIT-2", "FIN-WAIT-2 timeout", "CLOSED"),
    ("SYN-SENT", "receive ICMP", "CLOSED"),  # RFC 9293 section 3.9.2.2
    ("SYN-RECEIVED", "receive ICMP", "CLOSED"),
    ("TIME-WAIT", "a new connection", "CLOSED"),  # RFC 6191
}

SUDDEN = (Event.RECEIVE_RST, Event.ABORT, Event.GIVE_UP, Event.USER_TIMEOUT, Event.KEEPALIVE_TIMEOUT)

EVERY_PAIR = [(state, event) for state in State for event in Event]


class Heard(ConnectionTracer):
    def __init__(self) -> None:
        self.moves: list[tuple[int, str, str, str]] = []

    def state(self, now: int, old: str, new: str, cause: str) -> None:
        self.moves.append((now, old, new, cause))


def test_there_are_eleven_states_with_the_names_of_the_rfc():
    assert [state.label for state in State] == [
        "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
        "CLOSING", "LAST-ACK", "TIME-WAIT",
    ]  # fmt: skip


def test_the_table_is_figure_5_and_the_sudden_ends():
    sudden = {(s.label, e.value, "CLOSED") for s in State if s is not State.CLOSED for e in SUDDEN}
    table = {(state.label, event.value, new.label) for (state, event), new in TRANSITIONS.items()}
    assert table == FIGURE_5 | OURS | sudden


@pytest.mark.parametrize(("state", "event"), EVERY_PAIR, ids=lambda value: value.name)
def test_a_pair_in_the_table_moves_and_any_other_raises_and_changes_nothing(state, event):
    heard = Heard()
    machine = Machine(heard, state)
    new = TRANSITIONS.get((state, event))
    if new is None:
        with pytest.raises(ImpossibleTransition, match=state.label):
            machine.move(7, event)
        assert machine.state is state
        assert heard.moves == []
    else:
        assert machine.move(7, event) is new is machine.state
        assert heard.moves == [(7, state.label, new.label, event.value)]


def test_every_state_can_be_reached_and_left():
    reached = {State.CLOSED}
    while more := {new for (old, _), new in TRANSITIONS.items() if old in reached} - reached:
        reached |= more
    assert reached == set(State)
    assert {old for old, _ in TRANSITIONS} == set(State)


def test_the_order_of_states_tells_the_synchronised_ones():
    assert [s for s in State if s >= State.ESTABLISHED] == [
        State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK,
        State.TIME_WAIT,
    ]  # fmt: skip
