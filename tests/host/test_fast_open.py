"""TCP Fast Open (RFC 7413) between two hosts: a cookie at the first visit, data with the SYN from the second on."""

from __future__ import annotations

import pytest

from testbed.tcp.lifetime import fast_open

ON = {"fast_open": True, "delayed_ack": 0}


def visit(p, alice, bob, time="1s"):
    """One connection from the first SYN on; what `a` sent meanwhile."""
    before = len(p.sent("a"))
    listener = p.listen(bob)
    p.connect(alice)
    p.run(time)
    listener.close()
    return p.sent("a")[before:]


def first_syn(p):
    """The first SYN that `a` sent in the latest connection."""
    sent = [(host, direction, reason, segment) for _, host, direction, segment, reason in p.diary.segments]
    return [segment for *what, segment in sent if what == ["a", "sent", "open"]][-1]


@pytest.fixture
def acquainted(pair, person):
    """Two hosts of which `a` has a cookie of `b`'s."""

    def make(**keywords):
        p = pair(**{**ON, **keywords})
        visit(p, person(closes="first"), person())
        return p

    return make


def test_the_first_visit_asks_for_a_cookie_and_gets_one(pair, person):
    p = pair(**ON)
    assert visit(p, person(b"hello", closes="first"), person())[:3] == ["SYN", "FIN,PSH,ACK 5", "ACK"]
    assert fast_open.taken(first_syn(p)) == b""
    cookie, mss = p.a.jar.known[p.b.address]
    assert (cookie, mss) == (p.b.jar.cookie(p.a.address), 1460)


def test_the_second_visit_sends_its_data_with_the_syn(acquainted, person):
    p = acquainted()
    alice, bob = person(b"hello", closes="first"), person()
    p.listen(bob)
    p.connect(alice)
    p.run("11ms")
    assert bob.heard == b"hello", "one way is enough"
    p.run("1s")
    assert p.sent("a")[-3:] == ["SYN 5", "FIN,ACK", "ACK"]
    assert alice.socket.info()["options"] & 32


def test_the_server_answers_before_the_handshake_is_over(acquainted, person):
    p = acquainted(drop_forth=["every ACK"])  # the client's handshake never ends for the server
    alice, bob = person(b"question", closes="never"), person(b"answer" * 10, closes="never")
    p.listen(bob)
    p.connect(alice)
    p.run("25ms")
    assert alice.heard == b"answer" * 10
    assert bob.socket.state == "SYN-RECEIVED"


def test_an_application_that_says_nothing_at_first_still_connects(acquainted, person):
    p = acquainted()
    alice, bob = person(closes="after peer"), person(b"welcome", closes="first")
    assert visit(p, alice, bob)[0] == "SYN"
    assert alice.heard == b"welcome"
    assert alice.events.count("connected") == 1


def test_more_than_a_segment_goes_on_after_the_handshake(acquainted, person):
    p = acquainted()
    alice, bob = person(bytes(range(256)) * 40, closes="first"), person()
    assert visit(p, alice, bob)[0] == "SYN 1420", "an MSS less all the options that there may be"
    assert bob.heard == bytes(range(256)) * 40


def test_a_cookie_that_is_no_longer_right_costs_the_data_once(acquainted, person):
    p = acquainted()
    p.b.jar = fast_open.Jar(b"another key")
    alice, bob = person(b"hello", closes="first"), person()
    sent = visit(p, alice, bob)
    assert sent[:2] == ["SYN 5", "PSH,ACK 5"]
    assert bob.heard == b"hello"
    assert p.a.jar.known[p.b.address][0] == p.b.jar.cookie(p.a.address)
    assert visit(p, person(b"again", closes="first"), person())[0] == "SYN 5"


def test_a_server_without_it_is_asked_no_more_data_of(acquainted, person):
    """It takes none of the SYN's data and gives no cookie: a negative answer (section 4.1.3.1)."""
    p = acquainted()
    p.b.config = type(p.b.config)(delayed_ack=0)
    bob = person()
    assert visit(p, person(b"hello", closes="first"), bob)[0] == "SYN 5"
    assert bob.heard == b"hello"
    visit(p, person(b"hello", closes="first"), person())
    assert fast_open.taken(first_syn(p)) is None
    assert first_syn(p).payload == b""


def test_a_syn_that_is_not_answered_goes_again_without_data_and_cookie(acquainted, person):
    p = acquainted(drop_forth=["the second SYN"])
    alice, bob = person(b"hello", closes="first"), person()
    sent = visit(p, alice, bob, "5s")
    assert sent[:2] == ["SYN 5", "SYN"]
    assert bob.heard == b"hello"
    assert p.b.address not in p.a.jar.known
    visit(p, person(b"hello", closes="first"), person(), "2h")
    assert fast_open.taken(first_syn(p)) is None
    visit(p, person(b"hello", closes="first"), person())
    assert fast_open.taken(first_syn(p)) == b"", "an hour later it is tried again"


def test_an_answer_that_is_lost_is_repeated_and_nothing_is_taken_twice(acquainted, person):
    p = acquainted(drop_back=["the second SYN"])
    alice, bob = person(b"hello", closes="first"), person(b"world", closes="after peer")
    visit(p, alice, bob, "10s")
    assert (bob.heard, alice.heard) == (b"hello", b"world")
    assert alice.errors == bob.errors == []


def test_a_reset_before_the_handshake_ended_is_told_to_who_has_been_served(acquainted, person):
    p = acquainted(drop_forth=["every ACK"])
    alice, bob = person(b"hello", closes="never"), person(closes="never")
    p.listen(bob)
    p.connect(alice)
    p.run("25ms")
    alice.socket.abort()
    p.run("1s")
    assert bob.errors == ["connection reset by peer"]


def test_so_many_are_served_early_and_no_more(acquainted, person):
    """Beyond the limit a cookie is worth nothing, and the handshake comes first (section 5.1)."""
    p = acquainted(drop_forth=["every ACK"], fast_open_backlog=2)
    people = [person(closes="never") for _ in range(3)]
    p.listen(*people)
    for _ in range(3):
        p.connect(person(b"hello", closes="never"))
    p.run("15ms")
    assert [one.heard for one in people] == [b"hello", b"hello", b""]


def test_switched_off_nothing_of_it_is_on_the_wire(pair, person):
    p = pair(delayed_ack=0)
    visit(p, person(b"hello", closes="first"), person())
    assert [fast_open.taken(segment) for _, _, _, segment, _ in p.diary.segments] == [None] * len(p.diary.segments)


@pytest.mark.parametrize("body", [b"\x01\x02\x03", b"\x01" * 5, b"\x01" * 18])
def test_a_cookie_of_an_impossible_length_is_none(body):
    from testbed.wire.segment import SYN, Segment

    syn = Segment(1, 2, 0, 0, SYN, 0)
    fast_open.put(syn, body)
    assert fast_open.taken(syn) is None
