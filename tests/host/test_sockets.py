"""What an application has to do with: listening with a backlog, sockets, and when it is told what."""

from __future__ import annotations

import pytest

from testbed.host.socket import Handler

# -- listening ---------------------------------------------------------------------------------------------------------


def test_accept_gives_connections_in_the_order_of_their_handshakes(pair, person):
    p = pair()
    listener = p.b.listen(5001, lambda listener, now: None, label="server")
    clients = [p.connect(person(closes="never")) for _ in range(3)]
    p.run("1s")
    accepted = [listener.accept() for _ in range(3)]
    assert [socket.remote for socket in accepted] == [client.local for client in clients]
    assert [socket.label for socket in accepted] == ["server", "server/2", "server/3"]
    assert listener.accept() is None


def test_a_syn_beyond_the_backlog_is_dropped_and_its_repetition_finds_room(pair, person):
    p = pair()
    listener = p.b.listen(5001, lambda listener, now: None, backlog=2)
    people = [person(closes="never") for _ in range(3)]
    for one in people:
        p.connect(one)
        p.run("100ms")
    assert [one.events for one in people] == [["connected"], ["connected"], []]
    assert listener.refused == 1
    assert listener.accept() is not None
    p.run("1s")
    assert people[2].events == ["connected"]


def test_handshakes_that_are_not_over_have_a_backlog_of_their_own(pair, person):
    p = pair(drop_forth=["every ACK"], syn_backlog=2)
    listener = p.b.listen(5001, lambda listener, now: None, backlog=1)
    for _ in range(3):
        p.connect(person(closes="never"))
        p.run("100ms")
    assert listener.refused == 1
    assert [socket.state for socket in p.b.sockets] == ["SYN-RECEIVED", "SYN-RECEIVED"]


def test_an_attempt_that_is_given_up_leaves_its_place_in_the_backlog(pair, person):
    p = pair()
    listener = p.b.listen(5001, lambda listener, now: None, backlog=1)
    p.connect(person()).close()  # in SYN-SENT: the SYN is on its way already, the answer will be reset
    p.run("100ms")
    second = person(closes="never")
    p.connect(second)
    p.run("100ms")
    assert second.events == ["connected"]
    assert listener.refused == 0


def test_data_that_came_before_accept_is_there_to_read(pair, person):
    p = pair()
    listener = p.b.listen(5001, lambda listener, now: None)
    p.connect(person(b"early", closes="first"))
    p.run("1s")
    socket = listener.accept()
    assert socket.state == "CLOSE-WAIT"
    assert socket.read(100) == b"early"
    assert socket.at_eof


def test_closing_a_listener_resets_what_nobody_has_accepted_and_refuses_the_rest(pair, person):
    p = pair()
    listener = p.b.listen(5001, lambda listener, now: None)
    waiting, late = person(closes="never"), person()
    p.connect(waiting)
    p.run("1s")
    listener.close()
    p.connect(late)
    p.run("1s")
    assert waiting.errors == ["connection reset by peer"]
    assert late.errors == ["connection refused"]
    assert p.b.sockets == []


def test_an_accepted_connection_outlives_its_listener(pair, person):
    p = pair()
    alice, bob = person(b"hello", closes="never"), person()
    listener = p.listen(bob)
    p.connect(alice)
    p.run("15ms")
    p.run("1s")
    listener.close()
    alice.socket.write(b" again")
    p.run("1s")
    assert bob.heard == b"hello again"


# -- sockets -----------------------------------------------------------------------------------------------------------


def test_the_port_is_free_again_when_the_application_hears_of_the_end(pair, person):
    """`closed` may connect anew from the same port."""
    p = pair()
    p.listen(person(), person())

    class Persistent(Handler):
        attempts = 0

        def closed(self, socket, now):
            self.attempts += 1
            if self.attempts < 3:
                socket.host.connect(*socket.remote, self, local_port=socket.local[1]).abort()

    handler = Persistent()
    p.a.connect(p.b.address, 5001, handler, local_port=2000).abort()
    p.run()
    assert handler.attempts == 3
    assert p.a.sockets == []


def test_what_the_application_writes_as_it_reads_shares_a_segment_with_the_acknowledgement(pair, person):
    p = pair()

    class Echo(Handler):
        def readable(self, socket, now):
            socket.write(socket.read(100))

    def accept(listener, now):
        listener.accept().handler = Echo()

    p.b.listen(5001, accept)
    alice = person(b"ping", closes="never")
    p.connect(alice)
    p.run("1s")
    assert alice.heard == b"ping"
    assert p.sent("b") == ["SYN,ACK", "PSH,ACK 4"]


def test_room_and_writable(pair, person):
    p = pair(send_buffer=5000)
    p.listen(person())
    alice = person(b"x" * 20_000, closes="first")
    socket = p.connect(alice)
    assert socket.room == 5000
    p.run("15ms")
    assert socket.room == 5000
    p.run("6ms")
    assert socket.room == 0
    p.run()
    assert alice._said == 20_000
    assert socket.room == 0  # closed


def test_the_end_of_the_stream_is_told_from_a_pause(pair, person):
    p = pair()
    bob = person(appetite=0)
    p.listen(bob)
    p.connect(person(b"abc", closes="first"))
    p.run("1s")
    assert bob.socket.available == 3
    assert not bob.socket.at_eof
    assert bob.socket.read(2) == b"ab"
    assert not bob.socket.at_eof
    assert bob.socket.read(2) == b"c"
    assert bob.socket.at_eof
    assert bob.socket.read(2) == b""


def test_urgent_mode_lasts_until_the_urgent_data_is_read(pair, person):
    p = pair()
    alice, bob = person(closes="never"), person(appetite=0)
    p.listen(bob)
    p.connect(alice)
    p.run("1s")
    assert not bob.socket.urgent
    alice.socket.write(b"calm")
    alice.socket.write(b"!!", urgent=True)
    p.run("1s")
    assert bob.socket.urgent
    assert bob.events.count("urgent") == 1
    bob.socket.read(5)
    assert bob.socket.urgent
    bob.socket.read(1)
    assert not bob.socket.urgent


def test_each_connection_has_a_window_of_its_own(pair, person):
    """A full buffer of one must not narrow another's."""
    p = pair(receive_buffer=3000)
    lazy, eager = person(appetite=0), person()
    p.listen(lazy, eager)
    p.connect(person(b"l" * 9000, closes="never"))
    p.connect(person(b"e" * 90_000, closes="never"))
    p.run("20s")
    assert lazy.socket.available == 3000
    assert len(eager.heard) == 90_000


@pytest.mark.parametrize("way", ["close", "release", "abort"])
def test_ending_a_socket_that_is_over_changes_nothing(pair, person, way):
    p = pair()
    alice = person()
    socket = p.connect(alice)
    p.run()
    assert alice.errors == ["connection refused"]
    before = len(p.diary.segments)
    getattr(socket, way)()
    assert socket.write(b"x") == 0
    p.run()
    assert len(p.diary.segments) == before
    assert socket.state == "CLOSED"


def test_stats_of_both_ends_agree(pair, person):
    p = pair(drop_forth=["the third data segment"])
    alice, bob = person(b"q" * 30_000, closes="first"), person()
    p.listen(bob)
    p.connect(alice)
    p.run()
    sent, received = alice.socket.stats, bob.socket.stats
    assert sent.bytes_acked == received.bytes_received == received.bytes_read == 30_000
    assert sent.retransmitted_segments == 1
    assert sent.fast_retransmits == 1
    assert sent.bytes_sent == 30_000 + sent.bytes_retransmitted
    assert sent.segments_sent == received.segments_received + 1
    assert received.segments_sent == sent.segments_received
