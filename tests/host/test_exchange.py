"""Whole exchanges between two hosts: the sequences of states and segments that the RFC's figures draw."""

from __future__ import annotations

import pytest

from testbed.tcp.config import TcpConfig

OPENING_A = ["SYN-SENT", "ESTABLISHED"]
OPENING_B = ["LISTEN", "SYN-RECEIVED", "ESTABLISHED"]
CLOSING_FIRST = ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED"]
CLOSING_SECOND = ["CLOSE-WAIT", "LAST-ACK", "CLOSED"]


def test_three_segments_open_and_three_close(pair, person):
    p = pair()
    alice, bob = person(closes="first"), person()
    p.listen(bob)
    p.connect(alice)
    p.run()
    assert p.diary.states == {"a": OPENING_A + CLOSING_FIRST, "b": OPENING_B + CLOSING_SECOND}
    assert p.sent("a") == ["SYN", "FIN,ACK", "ACK"]
    assert p.sent("b") == ["SYN,ACK", "FIN,ACK"]
    assert alice.events == ["connected", "peer closed", "closed"]
    assert p.a.sockets == p.b.sockets == []


def test_four_segments_close_when_the_other_end_takes_its_time(pair, person):
    p = pair()
    alice, bob = person(closes="first"), person(closes="never")
    p.listen(bob)
    p.connect(alice)
    p.run("1s")
    assert p.diary.states["a"][-1] == "FIN-WAIT-2"
    assert p.diary.states["b"][-1] == "CLOSE-WAIT"
    bob.socket.close()
    p.run()
    assert p.sent("b") == ["SYN,ACK", "ACK", "FIN,ACK"]
    assert p.sent("a") == ["SYN", "FIN,ACK", "ACK"]
    assert p.diary.states == {"a": OPENING_A + CLOSING_FIRST, "b": OPENING_B + CLOSING_SECOND}


def test_a_half_closed_connection_carries_data_the_other_way(pair, person):
    p = pair()
    alice, bob = person(b"question", closes="first"), person(b"x" * 50_000)
    p.listen(bob)
    p.connect(alice)
    p.run()
    assert bob.heard == b"question"
    assert alice.heard == b"x" * 50_000
    assert p.diary.states["a"] == OPENING_A + CLOSING_FIRST


def test_both_ends_open_at_once(pair, person):
    p = pair()
    alice, bob = person(b"from a"), person(b"from b")
    p.a.connect(p.b.address, 7000, alice, local_port=6000)
    p.b.connect(p.a.address, 6000, bob, local_port=7000)
    p.run("1s")
    assert p.diary.states == {side: ["SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"] for side in "ab"}
    assert (alice.heard, bob.heard) == (b"from b", b"from a")


def test_both_ends_close_at_once(pair, person):
    p = pair()
    alice, bob = person(closes="never"), person(closes="never")
    p.listen(bob)
    p.connect(alice)
    p.run("1s")
    alice.socket.close()
    bob.socket.close()
    p.run()
    assert p.diary.states["a"] == [*OPENING_A, "FIN-WAIT-1", "CLOSING", "TIME-WAIT", "CLOSED"]
    assert p.diary.states["b"] == [*OPENING_B, "FIN-WAIT-1", "CLOSING", "TIME-WAIT", "CLOSED"]


@pytest.mark.parametrize(
    ("forth", "back"),
    [
        (["the first SYN"], []),
        ([], ["the first SYN-ACK"]),
        (["the first ACK"], []),
        (["the first data segment"], []),
        (["the first FIN"], []),
        ([], ["the first FIN"]),
        ([], ["the first ACK"]),
        (
            ["the first SYN", "the second SYN", "the first FIN"],
            ["the first FIN", "the second FIN", "the first SYN-ACK"],
        ),
    ],
    ids=str,
)
def test_any_single_loss_is_repaired(pair, person, forth, back):
    p = pair(forth, back)
    alice, bob = person(b"a" * 3000, closes="first"), person(b"b" * 3000)
    p.listen(bob)
    p.connect(alice)
    p.run()
    assert (alice.heard, bob.heard) == (b"b" * 3000, b"a" * 3000)
    assert p.diary.states["a"][-1] == p.diary.states["b"][-1] == "CLOSED"
    assert alice.errors == bob.errors == []


def test_a_lost_last_acknowledgement_is_sent_again_from_time_wait(pair, person):
    p = pair(drop_forth=["the third ACK"])
    alice, bob = person(closes="first"), person(closes="never")
    p.listen(bob)
    p.connect(alice)
    p.run("1s")
    p.forth.change(p.forth.spec.__class__(delay=p.forth.spec.delay, drop=()), p.clock.now)
    bob.socket.close()
    p.run("15ms")
    assert p.diary.states["a"][-1] == "TIME-WAIT"
    p.run()
    assert p.diary.states["b"] == OPENING_B + CLOSING_SECOND


def test_an_unopened_port_refuses(pair, person):
    p = pair()
    alice = person()
    p.connect(alice)
    p.run()
    assert alice.errors == ["connection refused"]
    assert p.sent("b") == ["RST,ACK"]
    assert p.a.sockets == []


def test_the_answer_to_an_attempt_that_was_given_up_is_reset(pair, person):
    p = pair()
    alice, bob = person(), person()
    p.listen(bob)
    p.connect(alice)
    alice.socket.close()
    p.run()
    assert p.sent("a") == ["SYN", "RST"]
    assert p.diary.states["b"] == ["LISTEN", "SYN-RECEIVED", "LISTEN"]
    assert p.b.sockets == []


def test_closing_with_unread_data_resets_the_peer(pair, person):
    p = pair()
    alice, bob = person(b"nobody reads this", closes="never"), person(appetite=0)
    p.listen(bob)
    p.connect(alice)
    p.run("1s")
    bob.socket.release()
    p.run()
    assert alice.errors == ["connection reset by peer"]
    assert p.diary.states["b"][-1] == "CLOSED"


def test_data_for_a_connection_that_is_over_is_reset(pair, person):
    p = pair()
    alice, bob = person(closes="never"), person()
    p.listen(bob)
    p.connect(alice)
    p.run("1s")
    p.b.forget(bob.socket)  # the machine has crashed
    alice.socket.write(b"anybody there?")
    p.run("5s")
    assert alice.errors == ["connection reset by peer"]


def test_a_peer_that_disappears_is_given_up_with_an_error(pair, person):
    p = pair(drop_forth=["every data segment"], data_retries=3)
    alice, bob = person(b"hello", closes="never"), person()
    p.listen(bob)
    p.connect(alice)
    p.run()
    assert alice.errors == ["connection timed out"]
    assert p.a.sockets == []
    assert len(p.b.sockets) == 1  # it knows of nothing


def test_a_slow_reader_stops_the_sender_and_its_first_sip_starts_it_again(pair, person):
    p = pair(receive_buffer=4000)
    alice, bob = person(b"z" * 10_000, closes="first"), person(appetite=0)
    p.listen(bob)
    p.connect(alice)
    p.run("60s")
    assert bob.socket.available == 4000
    assert alice.socket.stats.window_probes_sent >= 4
    bob.appetite = 1 << 30
    bob.readable(bob.socket, p.clock.now)
    p.run("1s")
    assert bob.heard == b"z" * 10_000


def test_two_slow_readers_do_not_storm(pair, person):
    """Both windows closed, both with data waiting: probes and their answers, and nothing else."""
    p = pair(receive_buffer=2000)
    alice, bob = person(b"a" * 9000, closes="never", appetite=0), person(b"b" * 9000, closes="never", appetite=0)
    p.listen(bob)
    p.connect(alice)
    p.run("10s")
    before = len(p.diary.segments)
    p.run("600s")
    assert len(p.diary.segments) - before < 200
    for one in (alice, bob):
        one.appetite = 1 << 30
        one.readable(one.socket, p.clock.now)
    p.run("30s")
    assert (alice.heard, bob.heard) == (b"b" * 9000, b"a" * 9000)


def test_a_stale_pair_of_ends_does_not_answer_each_other_for_ever(pair, person):
    """One end has forgotten and started anew with other numbers: the old one challenges, the new one resets."""
    p = pair()
    alice, bob = person(closes="never"), person(closes="never")
    p.listen(bob)
    old = p.connect(alice, local_port=50_000)
    p.run("1s")
    p.a.forget(old)  # the machine has crashed
    old._alarm.set(None)
    again = person(b"here I am again", closes="never")
    p.connect(again, local_port=50_000, config=TcpConfig(initial_sequence=1_234_567))
    p.run("10s")
    assert bob.errors == ["connection reset by peer"]
    assert len(p.diary.segments) < 40
