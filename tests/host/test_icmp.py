"""A router in the middle that says why it drops packets, and the hosts that listen: `a` - `r` - `b`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.clock import MILLISECOND, SECOND, Clock
from testbed.host.host import Host
from testbed.host.icmp import BURST, INTERVAL
from testbed.link.drop_rule import drop
from testbed.link.link import Link
from testbed.link.loss import LOSSES
from testbed.link.reorder import Reorder
from testbed.link.spec import DirectionSpec
from testbed.tcp.config import TcpConfig
from testbed.tcp.congestion import CONTROLS
from testbed.trace.tracer import SILENT_LINK, HostTracer, Tracer
from testbed.wire import codec, icmp
from testbed.wire.icmp import FRAGMENTATION_NEEDED, UNREACHABLE, Message
from testbed.wire.packet import Packet, icmp_packet
from testbed.wire.segment import ACK, FIN, RST, SYN, Segment

A, B, R, NOWHERE = 0x0A000001, 0x0A000002, 0x0A000003, 0x0A0000FF
PORT = 5001
START = 3_000_000_019
DELAY = 10 * MILLISECOND

Row = tuple[str, str, str, str]


class Rows(Tracer):
    """What is told of ICMP: machine, direction, message, outcome."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def host(self, name: str) -> HostTracer:
        return _Rows(self.rows, name)


class _Rows(HostTracer):
    def __init__(self, rows: list[Row], machine: str) -> None:
        self.rows = rows
        self.machine = machine

    def icmp(self, now: int, direction: str, packet: Packet, outcome: str) -> None:
        assert packet.message is not None
        self.rows.append((self.machine, direction, packet.message.name, outcome))


class Line:
    """Two hosts and a router. `mtu` is that of the router's link to `b`; `silent`: its messages are lost."""

    def __init__(self, isns: tuple[int, int], mtu: int = 1500, silent: bool = False, **tcp: Any) -> None:
        self.clock = Clock(START)
        self.rows = Rows()
        self.hearers: list[Any] = []
        a_config, b_config = (TcpConfig(**{"initial_sequence": isn, **tcp}) for isn in isns)
        self.a = Host("a", A, self.clock, 1, self.rows, a_config)
        self.b = Host("b", B, self.clock, 1, self.rows, b_config)
        self.r = Host("r", R, self.clock, 1, self.rows, forwarding=True)
        self.narrow = self._join(self.r, self.b, DirectionSpec(delay=DELAY, mtu=mtu))
        self._join(self.b, self.r, DirectionSpec(delay=DELAY))
        self._join(self.a, self.r, DirectionSpec(delay=DELAY))
        self._join(self.r, self.a, DirectionSpec(delay=DELAY, drop=(drop("every ICMP"),) if silent else ()))
        self.a.routes |= {B: self.a.ip.interfaces["ar"], R: self.a.ip.interfaces["ar"]}
        self.a.routes[NOWHERE] = self.a.ip.interfaces["ar"]
        self.b.routes[A] = self.b.ip.interfaces["br"]
        self.r.routes |= {A: self.r.ip.interfaces["ra"], B: self.r.ip.interfaces["rb"]}

    def _join(self, sender: Host, receiver: Host, spec: DirectionSpec) -> Link:
        name = sender.name + receiver.name
        link = Link(name, spec, self.clock, 1, receiver.incoming(name), SILENT_LINK)
        sender.attach(name, link)
        return link

    def listen(self, person: Any) -> None:
        """`b` listens, and whoever comes is heard by a new `person`."""

        def acceptable(listener: Any, now: int) -> None:
            socket = listener.accept()
            self.hearers.append(person())
            socket.handler = self.hearers[-1]
            socket.handler.connected(socket, now)

        self.b.listen(PORT, acceptable)

    def transfer(self, person: Any, size: int) -> Any:
        """`a` sends `size` bytes to `b`; the socket and who has heard them."""
        if not self.hearers:
            self.listen(person)
        text = bytes(range(256)) * (size // 256 + 1)
        socket = self.a.connect(B, PORT, person(text[:size], closes="first"))
        self.clock.run(self.clock.now + 100 * SECOND)
        return socket, self.hearers[-1]

    def told(self, machine: str, direction: str) -> list[str]:
        return [f"{message} {outcome}".strip() for name, way, message, outcome in self.rows.rows
                if (name, way) == (machine, direction)]  # fmt: skip


@pytest.fixture
def line(isns: tuple[int, int]) -> Callable[..., Line]:
    return lambda **settings: Line(isns, **settings)


# -- a link in the middle that is narrower -----------------------------------------------------------------------------


@pytest.mark.parametrize("mtu", [1499, 1400, 1000, 576, 296, 68])
@pytest.mark.parametrize("sack", [True, False])
def test_a_smaller_mtu_in_the_middle_costs_a_round_trip_and_no_timeout(line, person, mtu, sack):
    """RFC 1191"""
    s = line(mtu=mtu, sack=sack)
    _, hearer = s.transfer(person, 30_000)
    assert len(hearer.heard) == 30_000
    assert set(s.told("r", "sent")) == {"fragmentation needed"}
    assert s.told("a", "received")[0] == "fragmentation needed"
    assert s.a.icmp.path_mtus.of(B, s.clock.now, 0) == mtu
    assert s.narrow.stats.packets_sent > 0
    assert s.narrow.stats.drops_by_reason == {"mtu": len(s.told("r", "sent"))}


def test_what_was_too_large_is_cut_up_and_sent_again_and_congestion_control_hears_of_no_loss(line, person):
    s = line(mtu=1000)
    s.transfer(person, 100)
    assert s.a.icmp.path_mtus.of(B, s.clock.now, 0) == 0  # all fitted
    socket, hearer = s.transfer(person, 30_000)
    sender, stats = socket.connection.sender, socket.stats
    assert len(hearer.heard) == 30_000
    assert (sender.mss, sender.path.mtu) == (948, 1000)
    assert (stats.timeouts, stats.fast_retransmits, stats.lost_segments) == (0, 0, 0)
    assert stats.path_mtu_reductions == 1
    assert sender.control.ssthresh > 30_000


def test_the_next_connection_knows_until_it_is_forgotten(line, person):
    """RFC 1191 section 6.3"""
    s = line(mtu=1000)
    s.transfer(person, 30_000)
    dropped = s.narrow.stats.drops
    assert dropped > 0
    s.transfer(person, 30_000)
    assert s.narrow.stats.drops == dropped
    s.clock.now += 600 * SECOND
    s.transfer(person, 30_000)
    assert s.narrow.stats.drops > dropped


def test_connections_on_one_path_learn_from_each_other(line, person):
    s = line(mtu=1000)
    s.listen(person)
    sockets = [s.a.connect(B, PORT, person(closes="never")) for _ in range(3)]
    s.clock.run(s.clock.now + SECOND)
    sockets[0].write(bytes(5000))
    s.clock.run(s.clock.now + SECOND)
    assert [socket.connection.sender.mss for socket in sockets] == [948] * 3


def test_a_link_of_ours_that_has_become_narrower_is_known_at_once(line, person):
    s = line()
    s.listen(person)
    socket = s.a.connect(B, PORT, person(closes="never"))
    s.clock.run(s.clock.now + SECOND)
    link = s.a.ip.interfaces["ar"].link
    link.change(DirectionSpec(delay=DELAY, mtu=800), s.clock.now)
    socket.write(bytes(5000))
    s.clock.run(s.clock.now)
    assert socket.connection.sender.mss == 748
    s.clock.run(s.clock.now + SECOND)
    assert socket.stats.bytes_acked == 5000
    assert socket.stats.timeouts == 0


def test_when_discovery_is_off_nobody_listens(line, person):
    s = line(mtu=1000, path_mtu_discovery="off")
    _, hearer = s.transfer(person, 5000)
    assert hearer.heard == b""
    assert set(s.told("a", "received")) == {"fragmentation needed path MTU discovery is off"}


# -- a router that drops and says nothing ------------------------------------------------------------------------------


def test_a_black_hole_swallows_everything_that_is_large(line, person):
    s = line(mtu=1000, silent=True)
    _, hearer = s.transfer(person, 30_000)
    assert hearer.heard == b""


def test_a_black_hole_is_found_by_its_silence(line, person):
    """RFC 8899 section 4.3"""
    s = line(mtu=1000, silent=True, black_hole_detection=True)
    _, hearer = s.transfer(person, 300_000)
    assert len(hearer.heard) == 300_000
    assert s.told("a", "received") == []


@pytest.mark.parametrize("sack", [True, False])
@pytest.mark.parametrize("mtu", [1300, 1400, 1496, 1500])
def test_a_search_needs_no_router_and_no_timeout(line, person, mtu, sack):
    """RFC 4821, RFC 8899"""
    s = line(mtu=mtu, silent=True, path_mtu_discovery="probe", sack=sack, receive_buffer=60_000)
    s.listen(person)
    socket = s.a.connect(B, PORT, person(bytes(2_000_000), closes="never"))
    s.clock.run(s.clock.now + 60 * SECOND)
    sender, stats = socket.connection.sender, socket.stats
    assert stats.bytes_acked == 2_000_000
    assert mtu - 8 < sender.path.mtu <= mtu
    assert (stats.timeouts, stats.fast_retransmits, stats.path_mtu_reductions) == (0, 0, 0)
    assert stats.mtu_probes_lost == s.narrow.stats.drops


def test_a_search_takes_the_word_of_a_router(line, person):
    s = line(mtu=1388, path_mtu_discovery="probe")
    s.listen(person)
    socket = s.a.connect(B, PORT, person(bytes(1_000_000), closes="never"))
    s.clock.run(s.clock.now + 60 * SECOND)
    assert socket.connection.sender.path.mtu == 1388
    assert (socket.stats.mtu_probes_sent, socket.stats.mtu_probes_lost) == (2, 1)
    assert s.told("a", "received") == ["fragmentation needed about a probe"]


# -- other reasons -----------------------------------------------------------------------------------------------------


def test_a_router_without_a_way_says_so_and_the_connection_goes_on_trying(line, person):
    """RFC 9293 section 3.9.2.2, MUST-56: a soft error does not abort."""
    s = line(syn_retries=2)
    someone = person()
    s.a.connect(NOWHERE, PORT, someone)
    s.clock.run()
    assert s.told("r", "sent") == ["network unreachable"] * 3
    assert s.r.ip.drops == {"no route": 3}
    assert someone.errors == ["network unreachable"]  # SHLD-25: which is why it was given up


def test_time_exceeded_is_told_to_the_sender(line):
    s = line()
    segment = Segment(1, 2, 3, 4, ACK, 5)
    s.a.ip.send_packet(Packet(A, B, segment, 1), s.clock.now)
    s.clock.run()
    assert s.rows.rows == [
        ("r", "sent", "time to live exceeded", ""),
        ("a", "received", "time to live exceeded", "no connection"),
    ]


def test_a_message_is_never_answered_by_a_message(line):
    """RFC 1812 section 4.3.2.7"""
    s = line()
    for destination, ttl in ((NOWHERE, 64), (B, 1)):
        s.a.ip.send_packet(icmp_packet(A, destination, Message(UNREACHABLE, 1, bytes(28)), ttl), s.clock.now)
    s.clock.run()
    assert s.rows.rows == []
    assert s.r.ip.drops == {"no route": 1, "ttl": 1}


def test_a_router_forwards_messages_of_others(line):
    s = line()
    s.a.ip.send_packet(icmp_packet(A, B, Message(UNREACHABLE, 1, bytes(28))), s.clock.now)
    s.clock.run()
    assert s.rows.rows == [("b", "received", "host unreachable", "quotes no segment")]


def test_a_damaged_message_is_not_heard(line):
    s = line()
    packet = icmp_packet(A, B, Message(UNREACHABLE, 1, bytes(28)))
    packet.raw = codec.encode(packet)[:-1] + b"\x01"
    s.a.ip.send_packet(packet, s.clock.now)
    s.clock.run()
    assert s.rows.rows == []
    assert s.b.ip.drops == {"checksum": 1}


def test_there_is_a_limit_to_how_much_a_router_says(line):
    """RFC 1812 section 4.3.2.8"""
    s = line()
    for _ in range(BURST + 10):
        s.r.ip.receive(Packet(A, NOWHERE, Segment(1, 2, 3, 4, ACK, 5)), s.clock.now)
    assert len(s.told("r", "sent")) == BURST
    assert s.told("r", "withheld") == ["network unreachable rate limit"] * 10
    s.r.ip.receive(Packet(A, NOWHERE, Segment(1, 2, 3, 4, ACK, 5)), s.clock.now + INTERVAL)
    assert len(s.told("r", "sent")) == BURST + 1


def test_a_message_quotes_as_much_as_fits(line):
    """RFC 1812 section 4.3.2.3"""
    s = line(mtu=1000)
    seen = []
    s.a.ip.receive = lambda packet, now: seen.append(packet)
    s.r.ip.interfaces["ra"].link._deliver = s.a.ip.receive
    large = Packet(A, B, Segment(1, 2, 3, 4, ACK, 5, bytes(1400)))
    s.r.ip.receive(large, s.clock.now)
    s.clock.run()
    (packet,) = seen
    assert packet.size == icmp.LONGEST
    assert codec.encode(large).startswith(packet.message.quote)
    assert (packet.source, packet.message.code, packet.message.next_mtu) == (R, FRAGMENTATION_NEEDED, 1000)


@pytest.mark.parametrize("flags", [SYN, FIN, RST])
def test_a_port_where_nobody_listens_is_still_answered_by_reset_alone(line, flags):
    """RFC 9293 section 3.10.7.1: TCP has no use for "port unreachable"."""
    s = line()
    s.b.ip.receive(Packet(A, B, Segment(1, 2, 3, 4, flags, 5)), s.clock.now)
    s.clock.run()
    assert s.rows.rows == []


# -- whatever happens --------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    mtus=st.lists(st.integers(68, 1500), min_size=1, max_size=4),
    loss=st.sampled_from([0.0, 0.02, 0.1]),
    reorder=st.booleans(),
    silent=st.booleans(),
    isn=st.sampled_from([0, 2**32 - 2]),
    tcp=st.fixed_dictionaries(
        {
            "path_mtu_discovery": st.sampled_from(["icmp", "probe"]),
            "sack": st.booleans(),
            "rack": st.booleans(),
            "timestamps": st.booleans(),
            "congestion": st.sampled_from([CONTROLS[name]() for name in ("reno", "cubic", "bbr", "vegas")]),
        }
    ),
)
def test_a_path_that_changes_its_width_carries_every_byte(person, mtus, loss, reorder, silent, isn, tcp):
    # What every host must take is the least that is tried where no message comes. Without SACK, a retransmission that
    # is lost waits for the timer, backed off to a minute: with hundreds of tiny segments that takes days.
    if silent or (loss and not tcp["sack"]):
        mtus = [max(mtu, 576) for mtu in mtus]
    s = Line((isn, isn), silent=silent, black_hole_detection=True, data_retries=30, path_mtu_lifetime=5 * SECOND, **tcp)
    s.listen(person)
    text = bytes(range(251)) * 400
    socket = s.a.connect(B, PORT, person(text, closes="never"))
    for turn, mtu in enumerate([*mtus, 1500]):
        spec = DirectionSpec(
            delay=DELAY,
            mtu=mtu,
            rate=2_000_000,
            loss=LOSSES["bernoulli"](p=loss) if loss else None,
            reorder=Reorder(share=0.05, delay=5 * MILLISECOND) if reorder else None,
        )
        s.narrow.change(spec, s.clock.now)
        until = START + (turn + 1) * SECOND // 8 if turn < len(mtus) else START + 3000 * SECOND
        while socket.stats.bytes_acked < len(text) and (due := s.clock.next_due()) is not None and due <= until:
            s.clock.step()
            board = socket.connection.sender.board
            in_flight = [one.end - one.seq for one in board.records if not (one.lost or one.sacked)]
            assert board.pipe == sum(in_flight)
    assert s.hearers[0].heard == text
