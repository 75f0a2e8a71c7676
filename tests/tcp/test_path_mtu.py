"""What the network tells a connection of its segments, and how large they may be.

Round trips take 100 ms, segments carry 1000 bytes, packets 1040.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.tcp.congestion import CONTROLS
from testbed.tcp.congestion.base import Start
from testbed.tcp.path import advice
from testbed.tcp.path.mtu_search import GRAIN, MAX_PROBES, MtuSearch
from testbed.tcp.path.resegment import cut_up
from testbed.tcp.recovery.scoreboard import Scoreboard, Sent
from testbed.tcp.state import Event
from testbed.wire.icmp import (
    FRAGMENTATION_NEEDED,
    HOST,
    NETWORK,
    PORT,
    PROTOCOL,
    TIME_EXCEEDED,
    UNREACHABLE,
    Message,
    Quote,
)
from testbed.wire.segment import FIN, SYN

SYNCHRONISED = [(), (Event.CLOSE,), (Event.RECEIVE_FIN,), (Event.RECEIVE_FIN, Event.CLOSE)]


def told(s, code, *, seq=1, kind=UNREACHABLE, mtu=0, size=1040):
    """A message about our segment at `seq`, of `size` bytes; the verdict, "" if it is believed."""
    quote = Quote(0, 0, 0, 0, seq + s.isn & 0xFFFFFFFF, size)
    message = Message(kind, code, b"", mtu)
    return s._do(f"{message.name} at {seq}", advice.hear, s.connection, s.now, message, quote)


def too_large(s, mtu, **fields):
    return told(s, FRAGMENTATION_NEEDED, mtu=mtu, **fields)


def with_data(story, size=10_000, **tcp):
    """Established, with `size` bytes written and ten segments of them sent."""
    s = story(**tcp).established(trip="100ms", sack_permitted=tcp.get("sack", False))
    s.write(size)
    s.expect_data(*range(1, 10_001, 1000))
    s.tick("50ms")
    return s


def select(s, left, right):
    """The peer acknowledges 1, and selectively this."""
    s.receive("ACK", ack=1, sack=((s.isn + left & 0xFFFFFFFF, s.isn + right & 0xFFFFFFFF),))


def sender_of(s):
    return s.connection.sender


# -- who is believed: RFC 5927 section 4.1 -----------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [-1, 1, 2**31])
def test_before_the_answer_a_message_must_be_about_our_syn(story, seq):
    s = story()
    s.open()
    s.expect("SYN", seq=0)
    assert told(s, PORT, seq=seq, size=44) == "not in flight"
    assert s.state == "SYN-SENT"
    assert s.connection.stats.network_errors_received == 0


@pytest.mark.parametrize(("seq", "believed"), [(0, False), (1, True), (10_000, True), (10_001, False), (10_500, False)])
def test_a_message_must_be_about_what_is_in_flight(story, seq, believed):
    s = with_data(story)
    assert told(s, NETWORK, seq=seq) == ("" if believed else "not in flight")


def test_what_is_acknowledged_is_not_in_flight(story):
    s = with_data(story)
    s.receive("ACK", ack=3001)
    assert too_large(s, 500, seq=2001) == "not in flight"
    assert too_large(s, 500, seq=3001) == ""
    assert s.take()


@pytest.mark.parametrize(("kind", "code"), [(4, 0), (5, 0), (0, 0), (8, 0), (13, 0)])
def test_source_quench_and_other_messages_are_ignored(story, kind, code):
    """RFC 9293 MUST-55, RFC 6633"""
    s = with_data(story)
    assert told(s, code, kind=kind) == "ignored"
    assert s.cwnd == 10_000


# -- hard and soft errors: RFC 9293 section 3.9.2.2 --------------------------------------------------------------------


@pytest.mark.parametrize("code", [PROTOCOL, PORT, 9, 10, 13])
def test_a_hard_error_ends_an_attempt_to_connect(story, code):
    """SHLD-26"""
    s = story()
    s.open()
    s.expect("SYN", seq=0)
    assert told(s, code, seq=0, size=44) == ""
    assert s.state == "CLOSED"
    assert s.events == ["failed", "closed"]
    assert s.error == Message(UNREACHABLE, code, b"").name


@pytest.mark.parametrize(
    ("kind", "code"), [(UNREACHABLE, 0), (UNREACHABLE, 1), (UNREACHABLE, 5), (TIME_EXCEEDED, 0), (TIME_EXCEEDED, 1),
                       (12, 0)],
)  # fmt: skip
def test_a_soft_error_does_not(story, kind, code):
    """MUST-56"""
    s = story()
    s.open()
    s.expect("SYN", seq=0)
    assert told(s, code, kind=kind, seq=0, size=44) == ""
    assert s.state == "SYN-SENT"
    s.tick("1s")
    s.expect("SYN", seq=0)


@pytest.mark.parametrize("causes", SYNCHRONISED)
@pytest.mark.parametrize("code", [PROTOCOL, PORT, 10])
def test_once_established_no_error_is_hard(story, causes, code):
    """RFC 5927 section 5.2"""
    s = with_data(story).after(*causes)
    state = s.state
    assert told(s, code) == ""
    assert s.state == state
    assert s.events == ["connected"]


def test_a_listener_s_half_open_connection_vanishes_without_an_error(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK", seq=0, ack=1)
    assert told(s, HOST, seq=0, size=44) == ""
    assert s.state == "SYN-RECEIVED"
    assert told(s, PORT, seq=0, size=44) == ""
    assert s.state == "CLOSED"
    assert s.events == ["closed"]


def test_what_the_network_said_is_why_a_connection_is_given_up(story):
    """SHLD-25"""
    s = with_data(story, user_timeout=10_000_000_000)
    told(s, HOST)
    s.tick("20s")
    s.take()
    assert (s.state, s.error) == ("CLOSED", "host unreachable")


def test_unless_there_was_progress_since(story):
    s = with_data(story, user_timeout=10_000_000_000)
    told(s, HOST)
    s.receive("ACK", ack=1001)
    s.tick("20s")
    s.take()
    assert (s.state, s.error) == ("CLOSED", "connection timed out")


# -- fragmentation needed: RFC 1191 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tcp", [{}, {"sack": True}, {"sack": True, "rack": False}])
def test_what_was_too_large_goes_again_in_smaller_segments(story, tcp):
    s = with_data(story, **tcp)
    assert too_large(s, 540) == ""
    assert sender_of(s).mss == 500
    s.expect_data(*range(1, 5001, 500), length=500, reason="path MTU")  # the window keeps its ten segments
    s.receive("ACK", ack=1001)
    s.expect_data(5001, 5501, 6001, length=500)  # and grows: slow start


def test_it_is_no_loss_to_congestion_control(story):
    s = with_data(story)
    ssthresh = s.ssthresh
    too_large(s, 540)
    s.take()
    stats = s.connection.stats
    assert (s.cwnd, s.ssthresh) == (5000, ssthresh)
    assert (stats.lost_segments, stats.timeouts, stats.path_mtu_reductions) == (0, 0, 1)
    assert ("path MTU", 5000, ssthresh) in s.teller.windows


def test_the_other_messages_about_the_same_flight_say_nothing_new(story):
    s = with_data(story)
    too_large(s, 540)
    s.take()
    assert [too_large(s, 540, seq=seq) for seq in range(1001, 10_001, 1000)] == ["known"] * 9
    assert sender_of(s).mss == 500


def test_a_second_narrower_link_is_found_after_the_first(story):
    s = with_data(story)
    too_large(s, 840)
    s.expect_data(1, 801, 1601, 2401, 3201, 4001, 4801, 5601, 6401, 7201, length=800)
    assert too_large(s, 440, size=840) == ""
    assert sender_of(s).mss == 400
    assert s.sent[0][1].seq == s.isn + 1 & 0xFFFFFFFF
    s.take()


@pytest.mark.parametrize("mtu", [1040, 1041, 1500, 65535])
def test_a_packet_that_would_have_fitted_is_a_lie(story, mtu):
    s = with_data(story)
    assert too_large(s, mtu) == "it would have fitted"
    assert sender_of(s).mss == 1000


@pytest.mark.parametrize("mtu", [1, 67])
def test_no_message_makes_packets_smaller_than_every_link_takes(story, mtu):
    """RFC 1191 section 3"""
    s = with_data(story)
    assert too_large(s, mtu) == ""
    assert sender_of(s).path.mtu == 68
    s.take()


@pytest.mark.parametrize(("size", "plateau"), [(1040, 1006), (1006, 508), (600, 508), (297, 296), (69, 68)])
def test_a_router_that_does_not_say_how_large_is_asked_by_steps(story, size, plateau):
    """RFC 1191 section 7.1"""
    s = with_data(story)
    assert too_large(s, 0, size=size) == ""
    assert sender_of(s).path.mtu == plateau
    s.take()


def test_what_has_arrived_stays_whole(story):
    s = with_data(story, sack=True)
    select(s, 3001, 4001)
    s.take()
    assert too_large(s, 540) == ""
    records = [(record.seq - s.isn, record.end - record.seq) for record in sender_of(s).board.records]
    assert (3001, 1000) in records
    assert [size for seq, size in records if seq != 3001] == [500] * (len(records) - 1)
    s.take()


def test_a_fin_goes_with_the_last_piece(story):
    s = story().established(trip="100ms")
    s.write(1900)
    s.expect_data(1)
    s.close()
    s.expect("FIN,ACK,PSH", seq=1001, length=900)
    assert too_large(s, 640) == ""
    for place in (1, 601, 1201):
        s.expect("ACK", seq=place, length=600)
    s.expect("FIN,ACK,PSH", seq=1801, length=100)
    s.receive("ACK", ack=1902)
    assert s.state == "FIN-WAIT-2"


def test_all_that_is_small_enough_stays_as_it_was(story):
    s = story(nagle=False).established(trip="100ms")
    for size in (200, 1000, 300):
        s.write(size)
        s.expect("ACK,PSH", length=size)
    assert too_large(s, 540, seq=201) == ""
    s.expect_data(201, 701, length=500)


def test_the_retransmission_timer_begins_anew(story):
    s = with_data(story)
    s.tick("900ms")
    too_large(s, 540)
    s.take()
    s.tick("900ms")
    assert s.connection.stats.timeouts == 0
    s.tick("100ms")
    assert s.connection.stats.timeouts == 1
    s.take()


def test_duplicates_without_sack_are_no_loss_until_all_is_repaired(story):
    s = story(nagle=False).established(trip="100ms")
    for size in (1000, 100, 100, 100, 100, 100):
        s.write(size)
        s.expect("ACK,PSH", length=size)
    too_large(s, 540)
    s.expect_data(1, 501, length=500)
    for _ in range(5):
        s.receive("ACK", ack=1)  # the small ones have got through
    assert s.connection.stats.fast_retransmits == 0
    s.receive("ACK", ack=1501)


def test_with_discovery_off_nothing_changes(story):
    s = with_data(story, path_mtu_discovery="off")
    assert too_large(s, 540) == "path MTU discovery is off"
    assert sender_of(s).mss == 1000


def test_a_message_about_the_syn_holds_for_what_follows(story):
    """A SYN may be large, with data in it (RFC 7413)."""
    s = story()
    s.open()
    s.expect("SYN", seq=0)
    assert too_large(s, 540, seq=0, size=1040) == ""
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK", seq=1)
    s.write(1000)
    s.expect_data(1, 501, length=500)


def test_timestamps_take_their_share_of_the_packet(story):
    s = story(timestamps=True).established(trip="100ms", timestamp=1)
    s.write(988)
    s.expect_data(1, length=988)
    assert too_large(s, 552) == ""
    s.expect("ACK", seq=1, length=500)
    s.expect("ACK,PSH", seq=501, length=488)


@pytest.mark.parametrize(("lifetime", "grows"), [(600_000_000_000, True), (0, False)])
def test_after_a_while_larger_packets_are_tried_again(story, lifetime, grows):
    """RFC 1191 section 6.3"""
    s = with_data(story, path_mtu_lifetime=lifetime)
    too_large(s, 540)
    s.take()
    s.receive("ACK", ack=10_001)
    s.tick("599s")
    s.write(400)
    s.expect_data(10_001, length=400)
    s.receive("ACK", ack=10_401)
    assert sender_of(s).mss == 500
    s.tick("2s")
    assert sender_of(s).mss == (1000 if grows else 500)


# -- black holes: RFC 8899 section 4.3 ---------------------------------------------------------------------------------


def test_silence_makes_packets_smaller_step_by_step(story):
    s = story(mss=1460, black_hole_detection=True).established(trip="100ms", mss=1460)
    s.write(1460)
    s.expect_data(1, length=1460)
    for wait in ("1s", "2s", "4s"):
        s.tick(wait)
        s.expect_data(1, length=1460)
    s.tick("8s")
    s.expect_data(1, length=1160)
    s.tick("16s")
    s.expect_data(1, length=536)
    s.tick("32s")
    s.expect_data(1, length=536)  # every host takes that much


def test_small_segments_that_are_lost_say_nothing(story):
    s = story(mss=1460, black_hole_detection=True).established(trip="100ms", mss=1460)
    s.write(1000)
    s.expect_data(1)
    s.tick("60s")
    s.take()
    assert sender_of(s).mss == 1460


# -- the search: RFC 8899 section 5.3 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [1200, 1207, 1208, 1280, 1400, 1492, 1499, 1500])
def test_a_search_finds_the_largest_to_a_few_bytes(path):
    search = MtuSearch(1200, 1500, hopeful=True)
    probes = 0
    while not search.complete:
        probes += 1
        assert search.floor < search.size <= search.ceiling
        search.sent(Sent(0, 0, 0, 0, 0))
        if search.size <= path:
            search.succeeded()
        else:
            search.failed()
    assert path - GRAIN < search.floor <= path
    assert probes <= 8 * MAX_PROBES


def test_a_probe_that_is_lost_by_chance_is_tried_again():
    search = MtuSearch(1200, 1500, hopeful=True)
    for _ in range(MAX_PROBES - 1):
        search.sent(Sent(0, 0, 0, 0, 0))
        search.failed()
        assert search.size == 1500
    search.sent(Sent(0, 0, 0, 0, 0))
    search.succeeded()
    assert search.complete


def searching(story, **tcp):
    """Established in packets of 1200 bytes, with the first probe, of 1500, and eight segments sent."""
    s = story(mss=1460, path_mtu_discovery="probe", **tcp)
    s.established(trip="100ms", mss=1460, sack_permitted=tcp.get("sack", False))
    s.write(60_000)
    s.expect("ACK", seq=1, length=1460, reason="MTU probe")
    s.expect_data(*range(1461, 1461 + 8 * 1160, 1160), length=1160)
    s.tick("100ms")
    return s


def test_a_probe_that_arrives_makes_all_segments_as_large(story):
    s = searching(story)
    s.receive("ACK", ack=1461)
    s.expect_data(10_741, 12_201, length=1460)
    assert sender_of(s).search is None
    assert sender_of(s).path.mtu == 1500


def test_a_lost_probe_goes_again_in_two_and_the_window_stays(story):
    """RFC 4821 section 7.6"""
    s = searching(story)
    window = s.cwnd
    s.receive("ACK", ack=1)
    s.expect_data(10_741, length=1160)  # limited transmit
    s.receive("ACK", ack=1)
    s.expect_data(11_901, length=1160)
    s.receive("ACK", ack=1)
    s.expect("ACK", seq=1, length=1160, reason="MTU probe lost")
    s.expect("ACK", seq=1161, length=300, reason="MTU probe lost")
    assert s.cwnd == window
    assert s.connection.stats.fast_retransmits == 0


def test_a_lost_probe_found_by_sack_is_no_loss_either(story):
    s = searching(story, sack=True)
    window = s.cwnd
    pieces = []
    for count in range(1, 5):
        select(s, 1461, 1461 + count * 1160)
        pieces += [segment for segment in s.take() if segment.reason == "MTU probe lost"]
    assert [(s.ours(one.seq), len(one.payload)) for one in pieces] == [(1, 1160), (1161, 300)]
    assert s.cwnd == window
    stats = s.connection.stats
    assert (stats.fast_retransmits, stats.lost_segments, stats.mtu_probes_lost) == (0, 0, 1)
    assert not sender_of(s).recovery.active


def test_a_probe_lost_among_others_is_congestion(story):
    s = searching(story, sack=True)
    for count in range(1, 5):
        select(s, 3781, 3781 + count * 1160)
        s.take()
    assert s.connection.stats.fast_retransmits == 1
    assert sender_of(s).recovery.active


def test_a_router_s_word_is_tried_at_once(story):
    """RFC 8899 section 4.6.2"""
    s = searching(story)
    assert too_large(s, 1300, size=1500) == "about a probe"
    s.take()
    s.receive("ACK", ack=1461 + 8 * 1160)
    assert [len(segment.payload) for segment in s.take() if segment.reason == "MTU probe"] == [1260]
    assert sender_of(s).mss == 1160


def test_no_probe_without_enough_to_follow_it(story):
    s = story(mss=1460, path_mtu_discovery="probe").established(trip="100ms", mss=1460)
    s.write(1460 + 3 * 1160 - 1)
    assert {segment.reason for segment in s.take()} == {"new data"}


# -- cutting up --------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3000), st.sampled_from(["plain", "lost", "sacked"])), min_size=1, max_size=20),
       st.integers(1, 1500), st.booleans())  # fmt: skip
def test_cutting_up_keeps_every_byte_and_the_sums(kinds, most, closed):
    board, seq = Scoreboard(), 100
    board.sent(99, 100, SYN, 0)
    for size, _ in kinds:
        board.sent(seq, seq + size, 0, seq)
        seq += size
    if closed:
        board.records[-1].end += 1
        board.records[-1].flags = FIN
        board.pipe += 1
    for record, (_, kind) in zip(list(board.records)[1:], kinds, strict=True):
        if kind == "lost":
            board.declare_lost(record, "test")
        elif kind == "sacked":
            record.sacked = True
            board.pipe -= record.end - record.seq
    board.watch()
    before = board.records[-1].end
    cut_up(board, most, "smaller")
    records = list(board.records)
    assert [record.end for record in records[:-1]] == [record.seq for record in records[1:]]
    assert (records[0].seq, records[-1].end) == (99, before)
    assert board.pipe == sum(one.end - one.seq for one in records if not (one.lost or one.sacked))
    assert [one for one in board.lost if one.lost] == [one for one in records if one.lost]
    assert all(one.sacked or one.end - one.seq - (one.flags & FIN != 0) <= most for one in records[1:])
    assert [record for _, record in board.by_time if record not in records] == []
    assert [record.flags for record in records].count(FIN) == closed


# -- every congestion control ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_keeps_its_segments_when_they_shrink_and_its_bytes_when_they_grow(name):
    control = CONTROLS[name]().build(Start(1000, 20_000))
    window = control.cwnd
    control.resized(500)
    assert (control.mss, control.cwnd) == (500, window // 2)
    control.resized(1400)
    assert (control.mss, control.cwnd) == (1400, window // 2)
