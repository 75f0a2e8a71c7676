"""Two rows of the trace become one journey, whatever the link did."""

from __future__ import annotations

from typing import Any

from testbed.report.connection.exchange import LEFT, RIGHT, Arrow, Change, exchange

MS = 1_000_000


def journeys(story: Any) -> list[tuple[int, int, int | None, str]]:
    """(side, sent, ended, lost) of each arrow, times in ms."""
    arrows = exchange(story.segments, story.states).arrows
    return [(arrow.side, arrow.sent // MS, arrow.ended and arrow.ended // MS, arrow.lost) for arrow in arrows]


def test_who_speaks_first_stands_on_the_left(handshake: Any) -> None:
    assert exchange(handshake.segments, handshake.states).hosts == ("client", "server")


def test_a_segment_sent_and_received_is_one_journey(handshake: Any) -> None:
    assert journeys(handshake) == [(LEFT, 0, 20, ""), (RIGHT, 20, 40, ""), (LEFT, 40, 60, "")]


def test_numbers_count_from_each_sides_syn(handshake: Any) -> None:
    assert exchange(handshake.segments, handshake.states).bases == (2**32 - 2, 77)


def test_a_lost_segment_says_why_and_where(story: Any) -> None:
    story.send(0, "client", "ACK", 1, 1, 1000, lost="queue full")
    assert journeys(story) == [(LEFT, 0, 0, "queue full (l1)")]


def test_the_second_of_two_alike_is_lost_and_the_first_arrives(story: Any) -> None:
    story.send(0, "client", "ACK", 1, 500)
    story.send(5, "client", "ACK", 1, 500, lost="loss")
    story.send(6, "client", "ACK", 1, 500)
    assert journeys(story) == [(LEFT, 0, 20, ""), (LEFT, 5, 5, "loss (l1)"), (LEFT, 6, 26, "")]


def test_a_segment_that_is_still_travelling_has_no_end(story: Any) -> None:
    story.send(0, "client", "SYN", 1)
    rows = [row for row in story.segments if row["direction"] == "sent"]
    assert [arrow.ended for arrow in exchange(rows, []).arrows] == [None]


def test_a_copy_made_by_a_link_is_a_journey_of_its_own(story: Any) -> None:
    story.send(0, "client", "ACK", 1, 1, 1000)
    story.receive(21, "server", "ACK", 1, 1, 1000)
    assert [arrow.duplicate for arrow in exchange(story.segments, []).arrows] == [False, True]


def test_a_state_goes_with_the_segment_that_brought_it_about(handshake: Any) -> None:
    told = exchange(handshake.segments, handshake.states)
    assert [arrow.states for arrow in told.arrows] == [
        [(LEFT, "SYN-SENT"), (RIGHT, "SYN-RECEIVED")],
        [(LEFT, "ESTABLISHED")],
        [(RIGHT, "ESTABLISHED")],
    ]
    assert told.first_states == ("CLOSED", "LISTEN")


def test_a_state_goes_with_the_fin_and_not_with_what_came_beside_it(story: Any) -> None:
    story.send(0, "client", "ACK", 1, 1)
    story.send(0, "client", "FIN,ACK", 1, 1)
    story.become(20, "server", "ESTABLISHED", "CLOSE-WAIT", "receive FIN")
    first, second = exchange(story.segments, story.states).arrows
    assert (first.states, second.states) == ([], [(RIGHT, "CLOSE-WAIT")])


def test_the_acknowledgement_of_a_fin_is_the_one_that_reaches_furthest(story: Any) -> None:
    """Duplicates that arrive in the same moment do not acknowledge it."""
    story.send(0, "client", "FIN,ACK", 1, 1)
    for ack in (2**32 - 5, 2**32 - 5, 1):  # across the end of the numbers
        story.send(20, "server", "ACK", 1, ack)
    story.become(40, "client", "FIN-WAIT-1", "FIN-WAIT-2", "receive ACK of FIN")
    *others, last = exchange(story.segments, story.states).arrows
    assert [arrow.states for arrow in others] == [[], [], []]
    assert last.states == [(LEFT, "FIN-WAIT-2")]


def test_a_return_to_listen_is_a_change_and_the_first_listen_is_none(story: Any) -> None:
    story.become(0, "server", "CLOSED", "LISTEN", "passive OPEN")
    story.send(0, "client", "RST", 1)
    story.become(20, "server", "SYN-RECEIVED", "LISTEN", "receive RST or SYN before the handshake ended")
    (arrow,) = exchange(story.segments, story.states).arrows
    assert arrow.states == [(RIGHT, "LISTEN")]


def test_what_nobody_on_this_connection_sent_is_no_copy(story: Any) -> None:
    """A client that calls again from the same port: its SYN reaches the old connection."""
    story.send(0, "client", "ACK", 1, 1)
    story.receive(40, "server", "SYN", 500)
    assert [(arrow.duplicate, arrow.foreign) for arrow in exchange(story.segments, []).arrows] == [
        (False, False),
        (False, True),
    ]


def test_states_stay_in_order_where_segments_cross(story: Any) -> None:
    """Both close at once: the server's CLOSING comes of the first arrow, its FIN-WAIT-1 of the second."""
    story.send(0, "client", "FIN,ACK", 1, 1)
    story.send(0, "server", "FIN,ACK", 1, 1)
    for host in ("client", "server"):
        story.become(0, host, "ESTABLISHED", "FIN-WAIT-1", "CLOSE")
        story.become(20, host, "FIN-WAIT-1", "CLOSING", "receive FIN")
    first, second = exchange(story.segments, story.states).arrows
    assert first.states == [(LEFT, "FIN-WAIT-1")]
    assert second.states == [(RIGHT, "FIN-WAIT-1"), (LEFT, "CLOSING"), (RIGHT, "CLOSING")]


def test_a_timers_change_of_state_stands_alone(story: Any) -> None:
    story.send(0, "client", "ACK", 1, 1)
    story.become(240_000, "client", "TIME-WAIT", "CLOSED", "timeout 2MSL")
    last = exchange(story.segments, story.states).events[-1]
    assert isinstance(last, Change)
    assert (last.side, last.at // MS, last.cause, last.states) == (
        LEFT,
        240_000,
        "timeout 2MSL",
        [(LEFT, "CLOSED")],
    )


def test_an_empty_trace_is_an_empty_exchange() -> None:
    told = exchange([], [])
    assert (told.hosts, told.events) == (("", ""), [])


def test_events_are_in_order_of_their_beginning(handshake: Any) -> None:
    handshake.become(30, "client", "SYN-SENT", "CLOSED", "ABORT")
    events = exchange(handshake.segments, handshake.states).events
    begins = [event.sent if isinstance(event, Arrow) else event.at for event in events]
    assert begins == sorted(begins)
