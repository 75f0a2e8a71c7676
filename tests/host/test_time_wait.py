"""TIME-WAIT, and when a new connection may take its place (RFC 6191)."""

from __future__ import annotations

import pytest

from testbed.errors import RunError
from testbed.wire.packet import Packet

OURS = 40_000


def waiting(p, person):
    """A connection from `b`'s port 5001 to `a`'s port 40000 that waits on `b`, who has closed first."""
    p.listen(person(b"bye", closes="first"), person(b"again", closes="first"))
    p.connect(person(b"hello" * 50_000), local_port=OURS)
    p.run("5s")
    assert [socket.state for socket in p.b.sockets] == ["TIME-WAIT"]
    assert p.a.sockets == []
    return p.b.sockets[0]


@pytest.mark.parametrize("timestamps", [True, False], ids=["by timestamps", "by numbers"])
def test_a_new_connection_takes_the_place(pair, person, timestamps):
    p = pair(time_wait_reuse=True, timestamps=timestamps, initial_sequence=None)
    former = waiting(p, person)
    numbers = former.connection.sender.highest
    alice = person()
    p.connect(alice, local_port=OURS)
    p.run("1s")
    assert alice.heard == b"again"
    assert former.state == "CLOSED"
    ours = next(socket for socket in p.sockets[::-1] if socket.host is p.b).connection.sender.initial
    assert 0 < (ours - numbers) & 0xFFFFFFFF < 2**31


def test_without_the_setting_it_waits_for_its_time(pair, person):
    p = pair(initial_sequence=None)
    former = waiting(p, person)
    alice = person()
    p.connect(alice, local_port=OURS)
    p.run("15ms")
    assert former.state == "TIME-WAIT"
    assert p.sent("b")[-1] == "ACK", "an acknowledgement of what was: the client will reset it"


@pytest.mark.parametrize("timestamps", [True, False], ids=["by timestamps", "by numbers"])
def test_an_old_syn_takes_no_place(pair, person, timestamps):
    p = pair(time_wait_reuse=True, timestamps=timestamps, initial_sequence=None)
    former = waiting(p, person)
    old = next(segment for _, host, way, segment, _ in p.diary.segments if (host, way) == ("a", "sent"))
    p.b.ip.receive(Packet(p.a.address, p.b.address, old), p.clock.now)
    assert p.b.sockets == [former]
    assert p.sent("b")[-1] == "ACK"


def test_a_client_may_use_its_port_again_when_timestamps_tell(pair, person):
    p = pair(time_wait_reuse=True)
    p.listen(person(), person())
    for _ in range(2):
        alice = person(b"hello", closes="first")
        p.connect(alice, local_port=OURS)
        p.run("1s")
        assert alice.socket.state == "TIME-WAIT"
    assert [person.heard for person in (p.sockets[1].handler, p.sockets[3].handler)] == [b"hello", b"hello"]


@pytest.mark.parametrize("settings", [{}, {"time_wait_reuse": True, "timestamps": False}])
def test_otherwise_the_port_is_taken(pair, person, settings):
    p = pair(**settings)
    p.listen(person())
    p.connect(person(b"hello", closes="first"), local_port=OURS)
    p.run("1s")
    with pytest.raises(RunError, match="already connected"):
        p.connect(person(), local_port=OURS)
