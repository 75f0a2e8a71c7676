"""A machine: addresses, ports, routes, and what it does with packets that are not for a connection."""

from __future__ import annotations

import pytest

from testbed.clock import Clock
from testbed.errors import RunError
from testbed.host.host import FIRST_EPHEMERAL_PORT, Host
from testbed.host.socket import Handler
from testbed.link.link import Link
from testbed.link.spec import DirectionSpec
from testbed.tcp.config import TcpConfig
from testbed.trace.tracer import SILENT_LINK
from testbed.wire import codec
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, FIN, PSH, RST, SYN, Segment

A, B, C = 0x0A000001, 0x0A000002, 0x0A000003


class Sniffer:
    """A host `b` whose link goes into a list."""

    def __init__(self, seed=1, forwarding=False, mtu=1500):
        self.clock = Clock(1_000_003)
        self.host = Host("b", B, self.clock, seed, forwarding=forwarding)
        self.out: list[Packet] = []
        link = Link("l", DirectionSpec(mtu=mtu), self.clock, 1, self.take, SILENT_LINK)
        interface = self.host.attach("l", link)
        self.host.routes[A] = self.host.routes[C] = interface
        self.incoming = self.host.incoming("l")

    def take(self, packet, now):
        self.out.append(packet)

    def deliver(self, flags, *, seq=100, ack=0, data=b"", port=5001, source=A, destination=B, ttl=64, raw=False):
        packet = Packet(source, destination, Segment(1000, port, seq, ack, flags, 1000, data), ttl)
        if raw:
            packet.raw = raw(codec.encode(packet))
        self.incoming(packet, self.clock.now)
        self.clock.run(self.clock.now)
        out, self.out = self.out, []
        return [packet.segment for packet in out if packet.message is None]


def ignore(listener, now):
    pass


# -- what is for nobody ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [SYN, FIN, PSH, SYN | ACK, ACK, FIN | ACK])
def test_a_segment_for_a_port_that_nobody_listens_on_is_reset(flags):
    (answer,) = Sniffer().deliver(flags, ack=55)
    assert answer.flags & RST
    assert (answer.source_port, answer.destination_port) == (5001, 1000)


@pytest.mark.parametrize("flags", [RST, RST | ACK, RST | SYN])
@pytest.mark.parametrize("listening", [False, True])
def test_a_reset_for_nobody_is_not_answered(flags, listening):
    s = Sniffer()
    if listening:
        s.host.listen(5001, ignore)
    assert s.deliver(flags) == []
    assert s.host.sockets == []


@pytest.mark.parametrize("flags", [ACK, SYN | ACK, FIN | ACK])
def test_an_acknowledgement_at_a_listening_port_is_reset(flags):
    """RFC 9293 section 3.10.7.2, second"""
    s = Sniffer()
    s.host.listen(5001, ignore)
    (answer,) = s.deliver(flags, ack=77)
    assert (answer.flags, answer.seq) == (RST, 77)


@pytest.mark.parametrize("flags", [FIN, PSH])
def test_text_or_fin_alone_at_a_listening_port_is_dropped(flags):
    """RFC 9293 section 3.10.7.2, fourth"""
    s = Sniffer()
    s.host.listen(5001, ignore)
    assert s.deliver(flags, data=b"hello") == []


def test_a_segment_for_another_machine_is_dropped_unless_we_forward():
    s = Sniffer()
    assert s.deliver(SYN, destination=C) == []
    assert s.host.ip.drops == {"not for us": 1}


# -- routing -----------------------------------------------------------------------------------------------------------


def test_a_router_forwards_and_counts_the_hop():
    s = Sniffer(forwarding=True)
    packet = Packet(A, C, Segment(1, 2, 3, 4, ACK, 5), 64)
    s.incoming(packet, s.clock.now)
    s.clock.run()
    assert s.out == [packet]
    assert packet.ttl == 63


@pytest.mark.parametrize(("ttl", "passes"), [(2, True), (1, False)])
def test_a_packet_whose_time_to_live_is_over_goes_no_further(ttl, passes):
    s = Sniffer(forwarding=True)
    assert len(s.deliver(ACK, destination=C, ttl=ttl)) == passes
    assert s.host.ip.drops == ({} if passes else {"ttl": 1})


def test_a_packet_without_a_route_is_counted():
    s = Sniffer(forwarding=True)
    assert s.deliver(ACK, destination=0x0A0000FF) == []
    assert s.host.ip.drops == {"no route": 1}


# -- corrupted packets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [3, 13, 21, 33, 39])
def test_a_flipped_bit_is_found_and_counted_and_never_answered(place):
    def flip(raw):
        return raw[:place] + bytes([raw[place] ^ 0x10]) + raw[place + 1 :]

    s = Sniffer()
    assert s.deliver(SYN, raw=flip) == []
    assert s.host.ip.drops == {"checksum": 1}


def test_bytes_that_are_whole_are_a_segment_like_any_other():
    s = Sniffer()
    s.host.listen(5001, ignore)
    (answer,) = s.deliver(SYN, raw=lambda raw: raw)
    assert answer.flags == SYN | ACK


# -- ports and numbers -------------------------------------------------------------------------------------------------


def test_client_ports_are_taken_from_49152_up_and_each_once():
    s = Sniffer()
    ports = [s.host.connect(A, 80, Handler()).local[1] for _ in range(5)]
    assert ports == list(range(FIRST_EPHEMERAL_PORT, FIRST_EPHEMERAL_PORT + 5))


def test_a_port_in_use_is_skipped():
    s = Sniffer()
    s.host.connect(A, 80, Handler(), local_port=FIRST_EPHEMERAL_PORT)
    s.host.listen(FIRST_EPHEMERAL_PORT + 1, ignore)
    assert s.host.connect(A, 80, Handler()).local[1] == FIRST_EPHEMERAL_PORT + 2


def test_the_same_four_numbers_cannot_be_connected_twice():
    s = Sniffer()
    s.host.connect(A, 80, Handler(), local_port=2000)
    with pytest.raises(RunError, match="already connected"):
        s.host.connect(A, 80, Handler(), local_port=2000)
    s.host.connect(A, 81, Handler(), local_port=2000)


def test_a_port_can_be_listened_on_once():
    s = Sniffer()
    s.host.listen(5001, ignore)
    with pytest.raises(RunError, match="already listened"):
        s.host.listen(5001, ignore)


def test_when_every_port_is_taken_connecting_is_an_error():
    s = Sniffer()
    s.host._sockets = dict.fromkeys((port, A, 80) for port in range(FIRST_EPHEMERAL_PORT, 0x10000))
    with pytest.raises(RunError, match="no port is free"):
        s.host.connect(A, 80, Handler())


def test_initial_numbers_come_from_the_seed_the_name_and_the_quadruple():
    def number(seed, port=80):
        s = Sniffer(seed)
        return s.host.connect(A, port, Handler()).connection.sender.initial

    assert number(1) == number(1)
    assert len({number(1), number(2), number(3), number(1, 81)}) == 4


def test_a_later_connection_of_the_same_quadruple_begins_further_on():
    """RFC 6528: old segments of the earlier one cannot be mistaken for new ones."""
    s = Sniffer()
    first = s.host.connect(A, 80, Handler(), local_port=2000)
    first.abort()
    s.clock.now += 1_000_000_000
    second = s.host.connect(A, 80, Handler(), local_port=2000)
    assert (second.connection.sender.initial - first.connection.sender.initial) % 2**32 == 250_000


@pytest.mark.parametrize(
    ("mtu", "setting", "mss"), [(1500, 0, 1460), (576, 0, 536), (1500, 600, 600), (576, 1460, 536)]
)
def test_the_segment_size_follows_from_the_interface_and_the_setting(mtu, setting, mss):
    s = Sniffer(mtu=mtu)
    s.host.connect(A, 80, Handler(), config=TcpConfig(mss=setting))
    s.clock.run(s.clock.now)
    assert s.out[0].segment.mss == mss
