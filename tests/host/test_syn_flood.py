"""A listener under a flood of SYNs: how many handshakes it keeps, what it drops, and what SYN cookies are worth."""

from __future__ import annotations

import pytest

from testbed.clock import SECOND
from testbed.tcp.lifetime.syn_cookie import AGE, SIZES, TICK, SynCookies
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, SYN, Segment

PORT = 5001
NOBODY = 0xC6120000


def flood(p, count):
    """So many SYNs come to `b` from so many addresses that nobody has."""
    for number in range(count):
        syn = Segment(40_000, PORT, number * 1_000_003 & 0xFFFFFFFF, 0, SYN, 0xFFFF)
        p.b.ip.receive(Packet(NOBODY + number, p.b.address, syn), p.clock.now)


def half_open(p):
    return sum(socket.state == "SYN-RECEIVED" for socket in p.b.sockets)


def test_the_memory_of_half_open_connections_has_a_bound(pair, person):
    p = pair(syn_backlog=50)
    listener = p.listen()
    flood(p, 1000)
    assert half_open(p) == 50
    assert listener.refused == 950
    assert p.b.ip.drops["SYN backlog full"] == 950


def test_a_flood_keeps_honest_people_out(pair, person):
    p = pair(syn_backlog=50)
    p.listen(person())
    flood(p, 1000)
    alice = person(closes="never")
    p.connect(alice)
    p.run("500ms")
    assert alice.events == []


def test_it_does_not_use_up_the_places_of_those_that_wait_to_be_accepted(pair, person):
    p = pair(syn_backlog=50)
    listener = p.b.listen(PORT, lambda listener, now: None, backlog=2)
    early = person(closes="never")
    p.connect(early)
    p.run("100ms")
    flood(p, 49)
    late = person(closes="never")
    p.connect(late)
    p.run("100ms")
    assert late.events == ["connected"]
    assert listener.accept() is not None


def test_attempts_that_lead_nowhere_are_given_up(pair, person):
    p = pair(syn_backlog=50, syn_retries=2)
    bob = person()
    p.listen(bob)
    flood(p, 50)
    p.run("10s")
    assert half_open(p) == 0
    alice = person(b"hello", closes="first")
    p.connect(alice)
    p.run("1s")
    assert bob.heard == b"hello"


def test_syn_cookies_let_honest_people_in(pair, person):
    p = pair(syn_backlog=50, syn_cookies=True)
    bob = person(b"welcome")
    listener = p.listen(bob)
    flood(p, 1000)
    alice = person(bytes(range(256)) * 100, closes="first")
    p.connect(alice)
    p.run("500ms")
    assert bob.heard == bytes(range(256)) * 100
    assert alice.heard == b"welcome"
    assert half_open(p) == 50
    assert listener.cookies_sent == 951


def test_a_cookies_connection_has_its_mss_and_no_other_options(pair, person):
    p = pair(syn_backlog=50, syn_cookies=True, mss=1300)
    bob = person()
    p.listen(bob)
    flood(p, 50)
    alice = person(b"hello", closes="never")
    p.connect(alice)
    p.run("500ms")
    assert bob.socket.info()["options"] == alice.socket.info()["options"] == 0
    assert bob.socket.info()["snd_mss"] == 1220


@pytest.mark.parametrize("lie", ["seq", "ack"])
def test_an_acknowledgement_of_no_cookie_is_reset(pair, person, lie):
    p = pair(syn_backlog=1, syn_cookies=True)
    p.listen(person())
    flood(p, 2)
    p.run("100ms")
    sockets = len(p.b.sockets)
    guess = {"seq": 1, "ack": 1} | {lie: 12345}
    p.b.ip.receive(
        Packet(NOBODY + 7, p.b.address, Segment(40_000, PORT, guess["seq"], guess["ack"], ACK, 100)), p.clock.now
    )
    assert len(p.b.sockets) == sockets
    assert p.sent("b")[-1] == "RST"


def test_without_a_flood_there_are_no_cookies(pair, person):
    p = pair(syn_cookies=True)
    bob = person()
    listener = p.listen(bob)
    p.connect(person(b"hello", closes="first"))
    p.run("1s")
    assert bob.heard == b"hello"
    assert listener.cookies_sent == 0


# -- cookies -----------------------------------------------------------------------------------------------------------

ENDS = (0x0A000002, 80, 0x0A000001, 40_000)


@pytest.mark.parametrize(("mss", "told"), [(1460, 1460), (1459, 1440), (40, 64), (65535, 8960), (536, 536)])
def test_a_cookie_tells_the_greatest_mss_that_is_not_above(mss, told):
    cookies = SynCookies(b"secret")
    assert told in SIZES
    assert cookies.read(5 * SECOND, ENDS, 7, cookies.make(5 * SECOND, ENDS, 7, mss)) == told


def test_a_cookie_is_good_for_its_ends_its_peer_and_its_time_only():
    cookies = SynCookies(b"secret")
    cookie = cookies.make(0, ENDS, 7, 1460)
    assert cookies.read((AGE - 1) * TICK, ENDS, 7, cookie) == 1460
    assert cookies.read(AGE * TICK, ENDS, 7, cookie) == 0
    assert cookies.read(0, (*ENDS[:3], 40_001), 7, cookie) == 0
    assert cookies.read(0, ENDS, 8, cookie) == 0
    assert SynCookies(b"another").read(0, ENDS, 7, cookie) == 0
