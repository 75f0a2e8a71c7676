"""Accurate ECN (RFC 9768): the handshake's table, the counters in the header and in the option, and what goes wrong on
the way."""

from __future__ import annotations

import pytest

from testbed.tcp.congestion.reno import RenoSpec
from testbed.wire.accurate_ecn import ORDER_0, ORDER_1, counters
from testbed.wire.segment import ACE, ACE_SHIFT

NOT_ECT, ECT1, ECT0, CE = 0, 1, 2, 3
ACCURATE_SYN = "SYN,ECE,CWR,AE"


def flags(base, code):
    """`base` with the three flags as a number."""
    names = [name for bit, name in ((1, "ECE"), (2, "CWR"), (4, "AE")) if code & bit]
    return ",".join([base, *names])


def code(segment):
    return (segment.flags & ACE) >> ACE_SHIFT


def option(e0b=None, ceb=None, e1b=None, kind=ORDER_0):
    """Fields for `Story.receive`: the option with these counters, in its kind's order, up to the first that is None."""
    fields = (e0b, ceb, e1b) if kind == ORDER_0 else (e1b, ceb, e0b)
    known = fields[: fields.index(None)] if None in fields else fields
    return {"unknown": ((kind, b"".join(one.to_bytes(3, "big") for one in known)),)}


def told(segment):
    """The counters on `segment` as (ECT(0), CE, ECT(1)); None for what is not there."""
    found = counters(segment)
    return None if found is None else tuple(found.get(one) for one in (ECT0, CE, ECT1))


def client(story, answer=0b010, syn_ack=None, **settings):
    """A handshake with a server that has accurate ECN; `answer` is what it says of our SYN."""
    s = story(**{"ecn": "accurate", "congestion": RenoSpec()} | settings)
    s.open()
    s.expect(ACCURATE_SYN, seq=0, ecn=NOT_ECT, unknown=())
    s.receive(flags("SYN,ACK", answer), seq=0, ack=1, mss=1000, **(syn_ack or option(1, 0, 1)))
    s.expect("ACK,CWR", seq=1, ack=1)
    return s


def server(story, last=0b010, final=None, **settings):
    """A handshake with a client that has accurate ECN; `last` is what it says of our SYN,ACK."""
    s = story(**{"ecn": "accurate", "congestion": RenoSpec(), "passive": True} | settings)
    s.receive(ACCURATE_SYN, seq=0, mss=1000)
    assert told(s.expect("SYN,ACK,CWR", seq=0, ack=1)) == (1, 0, 1)
    s.receive(flags("ACK", last), seq=1, ack=1, **(final or option(1, 0, 1)))
    return s


# -- agreement (section 3.1) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("codepoint", "answer"), [(NOT_ECT, 0b010), (ECT1, 0b011), (ECT0, 0b100), (CE, 0b110)])
def test_a_server_tells_how_the_syn_came(story, codepoint, answer):
    """Table 2"""
    s = story(ecn="accurate", passive=True)
    s.receive(ACCURATE_SYN, seq=0, mss=1000, ecn=codepoint)
    assert code(s.expect(flags("SYN,ACK", answer), ecn=NOT_ECT)) == answer


@pytest.mark.parametrize(("codepoint", "answer"), [(NOT_ECT, 0b010), (ECT1, 0b011), (ECT0, 0b100), (CE, 0b110)])
def test_a_client_tells_how_the_syn_ack_came(story, codepoint, answer):
    """Table 3. Only the count survives the acknowledgement, which may be lost."""
    s = story(ecn="accurate", nagle=False)
    s.open()
    s.expect(ACCURATE_SYN)
    s.receive("SYN,ACK,CWR", seq=0, ack=1, mss=1000, ecn=codepoint)
    assert code(s.expect(flags("ACK", answer))) == answer
    s.write(10)
    assert code(s.take()[0]) == (6 if codepoint == CE else 5)


@pytest.mark.parametrize("asked", [0b111, 0b001, 0b010, 0b100, 0b101, 0b110])
def test_what_is_reserved_counts_as_accurate(story, asked):
    """Section 3.1.3: a later version may ask so."""
    s = story(ecn="accurate", passive=True)
    s.receive(flags("SYN", asked), seq=0, mss=1000)
    s.expect("SYN,ACK,CWR")


def test_a_client_of_classic_ecn_gets_that(story):
    s = story(ecn="accurate", passive=True)
    s.receive("SYN,ECE,CWR", seq=0, mss=1000)
    assert told(s.expect("SYN,ACK,ECE")) is None
    s.receive("ACK", seq=1, ack=1)
    s.write(10)
    s.expect("ACK,PSH", ecn=ECT0)
    s.receive("ACK", ack=11, data=10, ecn=CE)
    s.expect("ACK,ECE")


def test_a_client_without_ecn_gets_none(story):
    s = story(ecn="accurate", passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive("ACK", seq=1, ack=1, data=10, ecn=CE)
    assert told(s.expect("ACK")) is None


@pytest.mark.parametrize(
    ("answer", "found"),
    [(0b000, "off"), (0b111, "off"), (0b001, "classic"), (0b101, "accurate"), (0b010, "accurate")],
    ids=["none", "reflected", "classic", "reserved", "accurate"],
)
def test_a_client_takes_what_the_server_has(story, answer, found):
    s = story(ecn="accurate")
    s.open()
    s.expect(ACCURATE_SYN)
    s.receive(flags("SYN,ACK", answer), seq=0, ack=1, mss=1000)
    s.expect("ACK,CWR" if found == "accurate" else "ACK")
    s.write(10)
    s.expect("ACK,PSH,ECE,AE" if found == "accurate" else "ACK,PSH", ecn=NOT_ECT if found == "off" else ECT0)
    s.receive("ACK", ack=11, data=10, ecn=CE)
    assert code(s.take()[0]) == {"off": 0, "classic": 1, "accurate": 6}[found]


def test_a_syn_that_stays_unanswered_asks_once_more_and_then_no_more(story):
    """Section 3.1.4.1. A client may send ECT all the same, for a server that agrees has agreed (section 3.1.5)."""
    s = story(ecn="accurate")
    s.open()
    s.expect(ACCURATE_SYN)
    s.tick("1s")
    s.expect(ACCURATE_SYN)
    s.tick("2s")
    s.expect("SYN", seq=0)
    s.receive("SYN,ACK,CWR", seq=0, ack=1, mss=1000)
    s.expect("ACK,CWR")
    s.write(10)
    s.expect("ACK,PSH,ECE,AE", ecn=ECT0)


def test_a_syn_ack_that_stays_unanswered_loses_the_option_and_then_the_flags(story):
    """Section 3.2.3.2.2. After that a server cannot know what the client believes, and sends no ECT (section 3.1.5);
    but it counts."""
    s = story(ecn="accurate", passive=True)
    s.receive(ACCURATE_SYN, seq=0, mss=1000)
    assert told(s.expect("SYN,ACK,CWR")) == (1, 0, 1)
    s.tick("1s")
    assert told(s.expect("SYN,ACK,CWR")) is None
    s.tick("2s")
    assert told(s.expect("SYN,ACK")) is None
    s.receive("ACK,CWR", seq=1, ack=1)
    s.write(10)
    s.expect("ACK,PSH,ECE,AE", ecn=NOT_ECT)
    s.receive("ACK,ECE,AE", ack=11, data=10, ecn=CE)
    assert code(s.take()[0]) == 6


def test_a_syn_again_is_answered_as_it_came(story):
    """Section 3.1.5: by the latest. Without flags it may mean that our answer does not get through."""
    s = story(ecn="accurate", passive=True)
    s.receive(ACCURATE_SYN, seq=0, mss=1000, ecn=ECT0)
    s.expect("SYN,ACK,AE")
    s.receive("SYN", seq=0, mss=1000, ecn=NOT_ECT)
    s.expect("SYN,ACK,CWR")
    s.receive("ACK,CWR", seq=1, ack=1)
    s.write(10)
    s.expect("ACK,PSH,ECE,AE", ecn=NOT_ECT)


@pytest.mark.parametrize(("first", "second"), [(ACCURATE_SYN, "SYN,ECE,CWR"), ("SYN,ECE,CWR", ACCURATE_SYN)])
def test_syns_that_contradict_each_other_are_reset(story, first, second):
    """Section 3.1.5"""
    s = story(ecn="accurate", passive=True)
    s.receive(first, seq=0, mss=1000)
    s.take()
    s.receive(second, seq=0, mss=1000)
    assert s.expect("RST,ACK").reason == "SYNs contradict each other"
    assert s.state == "CLOSED"


def test_simultaneous_open_agrees(story):
    s = story(ecn="accurate")
    s.open()
    s.expect(ACCURATE_SYN)
    s.receive(ACCURATE_SYN, seq=0, mss=1000)
    s.expect("SYN,ACK,CWR", seq=0, ack=1)
    s.receive("SYN,ACK,CWR", seq=0, ack=1, mss=1000)
    s.expect("ACK,ECE,AE")
    s.write(10)
    s.expect("ACK,PSH,ECE,AE", ecn=ECT0)


def test_the_syn_ack_again_is_acknowledged_in_the_same_way(story):
    """Section 3.2.2.1: our acknowledgement was lost. A mark on it counts once, however often it comes."""
    s = client(story)
    for _ in range(2):
        s.receive("SYN,ACK,CWR", seq=0, ack=1, mss=1000, ecn=CE)
        s.expect("ACK,CWR,AE", seq=1, ack=1)
    s.write(10)
    assert code(s.take()[0]) == 6


def test_the_handshake_ends_with_a_bare_acknowledgement_though_there_is_data_to_send(story):
    """Section 3.2.2.1"""
    s = story(ecn="accurate")
    s.open()
    s.expect(ACCURATE_SYN)
    s.write(10)
    s.receive("SYN,ACK,CWR", seq=0, ack=1, mss=1000)
    s.expect("ACK,CWR", length=0)
    s.expect("ACK,PSH,ECE,AE", length=10)


# -- the network mangles codepoints (section 3.2.2.3) ------------------------------------------------------------------


@pytest.mark.parametrize("answer", [0b011, 0b100, 0b110])
def test_a_client_whose_syn_was_changed_sends_no_ect_but_counts_and_answers(story, answer):
    s = client(story, answer)
    s.write(10)
    s.expect("ACK,PSH,ECE,AE", ecn=NOT_ECT)
    s.receive(flags("ACK", 6), ack=11, data=10, ecn=CE, **option(1, 10, 1))
    assert code(s.take()[0]) == 6
    assert s.connection.stats.ecn_reductions >= 1


@pytest.mark.parametrize(("last", "codepoint"), [(0b010, ECT0), (0b011, NOT_ECT), (0b100, NOT_ECT), (0b110, NOT_ECT),
                                                 (0b001, ECT0), (0b101, ECT0), (0b111, ECT0)])  # fmt: skip
def test_a_server_whose_syn_ack_was_changed_sends_no_ect(story, last, codepoint):
    """Table 4; what is unused says nothing."""
    s = server(story, last)
    s.write(10)
    s.expect("ACK,PSH,ECE,AE", ecn=codepoint)


def test_a_mark_on_the_syn_ack_is_answered_and_counted_once(story):
    s = server(story, 0b110)
    assert s.connection.stats.ecn_reductions == 1
    s.write(500)
    s.take()
    s.receive(flags("ACK", 6), ack=501, **option(1, 0, 1))
    assert s.connection.stats.segments_marked == 0


def test_a_server_whose_client_says_nothing_of_ecn_is_deaf_but_counts(story):
    """Table 4, note 1"""
    s = server(story, 0b000)
    s.write(500)
    s.expect("ACK,PSH,ECE,AE", ecn=NOT_ECT)
    s.receive(flags("ACK", 7), ack=501, data=10, ecn=CE)
    assert code(s.take()[0]) == 6
    assert s.connection.stats.ecn_reductions == 0


def test_a_count_that_begins_with_zero_was_cleared(story):
    """Section 3.2.2.4"""
    s = client(story)
    s.write(500)
    s.expect("ACK,PSH,ECE,AE", ecn=ECT0)
    s.receive("ACK", ack=501)
    s.write(500)
    s.expect("ACK,PSH,ECE,AE", ecn=NOT_ECT)
    s.receive(flags("ACK", 7), ack=1001)
    assert s.connection.stats.ecn_reductions == 0


def test_an_option_that_begins_with_zeros_is_not_believed(story):
    """Section 3.2.3.2.4"""
    s = client(story, syn_ack=option(0, 0, 0))
    s.write(500)
    s.take()
    s.receive(flags("ACK", 6), ack=501, **option(0, 9999, 0))
    assert s.connection.stats.bytes_marked == 500  # as the header has it


def test_marked_bytes_without_marked_packets_end_ecn(story):
    """Section 3.2.3.2.5"""
    s = client(story)
    s.write(500)
    s.expect("ACK,PSH,ECE,AE", ecn=ECT0)
    s.receive(flags("ACK", 5), ack=501, **option(1, 500, 1))
    s.write(500)
    s.expect("ACK,PSH,ECE,AE", ecn=NOT_ECT)


def test_many_small_segments_may_have_brought_the_count_round(story):
    """Then marked bytes without marked packets prove nothing."""
    s = client(story, nagle=False)
    for _ in range(8):
        s.write(10)
        s.take()
    s.receive(flags("ACK", 5), ack=81, **option(1, 80, 1))
    s.write(10)
    s.expect("ACK,PSH,ECE,AE", ecn=ECT0)


def test_what_was_estimated_proves_nothing(story):
    s = client(story, nagle=False)
    for _ in range(2):
        s.write(10)
        s.take()
    s.receive(flags("ACK", 7), ack=11)  # two were marked, and only one is acknowledged: 10 bytes at least
    s.receive(flags("ACK", 7), ack=21, **option(1, 20, 1))
    s.write(10)
    s.expect("ACK,PSH,ECE,AE", ecn=ECT0)


# -- counting (section 3.2) --------------------------------------------------------------------------------------------


def test_marks_are_counted_modulo_eight(story):
    s = client(story)
    for count in range(6, 18):
        s.receive(flags("ACK", 5), data=100, ecn=CE)
        assert code(s.take()[0]) == count % 8
    assert s.connection.stats.ce_received == 12


def test_a_marked_acknowledgement_counts_too_and_is_told_with_the_next_segment(story):
    s = client(story)
    s.receive(flags("ACK", 5), ecn=CE)
    s.receive(flags("ACK", 5), ecn=CE)
    s.write(10)
    assert code(s.take()[0]) == 7


def test_marks_on_acknowledgements_alone_are_told_every_third_time(story):
    """Section 3.2.2.5.1: fewer would never come to an end."""
    s = client(story)
    for _ in range(2):
        s.receive(flags("ACK", 5), ecn=CE)
        s.receive(flags("ACK", 5), ecn=CE)
        s.receive(flags("ACK", 5), ecn=CE)
        s.expect(flags("ACK", (5 + s.connection.stats.ce_received) % 8), length=0)


def test_the_first_mark_and_every_second_are_told_at_once(story):
    """Section 3.2.2.5.1"""
    s = client(story, delayed_ack=200_000_000, ack_every=20)
    s.receive(flags("ACK", 5), data=100, ecn=ECT0)
    s.receive(flags("ACK", 5), data=100, ecn=CE)
    s.expect("ACK,CWR,AE", ack=201)
    s.receive(flags("ACK", 5), data=100, ecn=CE)
    s.receive(flags("ACK", 5), data=100, ecn=CE)
    s.expect("ACK", ack=401)
    s.receive(flags("ACK", 5), data=100, ecn=ECT0)
    s.receive(flags("ACK", 5), data=100, ecn=CE)
    s.expect("ACK,ECE", ack=601)


def test_what_is_outside_the_window_is_not_counted(story):
    s = client(story)
    s.receive(flags("ACK", 5), seq=200_000, data=b"x", ecn=CE)
    assert code(s.take()[0]) == 5


# -- the option (section 3.2.3) ----------------------------------------------------------------------------------------


def kinds(segment):
    return [kind for kind, _ in segment.unknown]


def test_the_option_is_tried_on_the_first_acknowledgement_and_the_first_data(story):
    """Section 3.2.3.2.1"""
    s = story(ecn="accurate", nagle=False)
    s.open()
    s.expect(ACCURATE_SYN, unknown=())
    s.receive("SYN,ACK,CWR", seq=0, ack=1, mss=1000)
    assert told(s.expect("ACK,CWR")) == (1, 0, 1)
    s.write(2000)
    first, second, third = s.take()
    assert told(first) == (1, 0, 1)
    assert [len(one.payload) for one in (first, second, third)] == [988, 988, 24]  # cut together
    assert told(second) is told(third) is None


@pytest.mark.parametrize(
    ("codepoints", "kind", "expected"),
    [
        ([ECT0], ORDER_0, (101, None, None)),
        ([ECT0, CE], ORDER_0, (101, 100, None)),
        ([CE], ORDER_0, (1, 100, None)),
        ([ECT1], ORDER_1, (None, None, 101)),
        ([ECT1, CE], ORDER_1, (None, 100, 101)),
        ([ECT0, ECT1], ORDER_1, (101, 0, 101)),
        ([ECT0, CE, ECT1, ECT1], ORDER_1, (101, 100, 201)),
        ([ECT1, CE, ECT0], ORDER_0, (101, 100, 101)),
    ],
)
def test_the_option_tells_what_has_ever_changed_and_no_more(story, codepoints, kind, expected):
    """Section 3.2.3.3"""
    s = client(story)
    for codepoint in codepoints:
        s.receive(flags("ACK", 5), data=100, ecn=codepoint)
        last = s.take()[-1]
    assert kinds(last) == [kind]
    assert told(last) == expected
    s.receive(flags("ACK", 5), data=100, ecn=NOT_ECT)
    assert kinds(s.take()[0]) == []  # nothing has changed


def test_the_option_can_be_switched_off(story):
    s = client(story, ecn_option=False)
    s.receive(flags("ACK", 5), data=100, ecn=CE)
    assert kinds(s.expect("ACK,CWR,AE")) == []


def test_data_makes_room_for_the_option(story):
    s = client(story, nagle=False, delayed_ack=200_000_000)
    s.write(10)
    s.take()
    s.receive(flags("ACK", 5), ack=11, data=100, ecn=ECT0)
    s.write(2000)  # the acknowledgement goes with it
    first = s.take()[0]
    assert (len(first.payload), told(first)) == (992, (101, None, None))


def selective(story):
    s = story(ecn="accurate", sack=True, timestamps=True)
    s.open()
    s.expect(ACCURATE_SYN)
    s.receive("SYN,ACK,CWR", seq=0, ack=1, mss=1000, sack_permitted=True, timestamp=1, timestamp_echo=0)
    s.expect("ACK,CWR")
    return s


def test_two_sack_blocks_come_before_the_option_and_a_third_after_it(story):
    """Section 3.2.3.3: 40 bytes are little."""
    s = selective(story)
    for seq in (101, 301, 501):
        s.receive(flags("ACK", 5), seq=seq, data=100, ecn=ECT0)
        last = s.take()[0]
    assert len(last.sack) == 2
    assert told(last) == (301, None, None)
    s.receive(flags("ACK", 5), seq=701, data=100, ecn=NOT_ECT)
    last = s.take()[0]
    assert len(last.sack) == 3
    assert told(last) is None


def test_of_three_counters_the_one_that_has_not_changed_gives_way(story):
    s = selective(story)
    for seq, codepoint in ((101, CE), (301, ECT0), (501, ECT1)):
        s.receive(flags("ACK", 5), seq=seq, data=100, ecn=codepoint)
        last = s.take()[0]
    assert len(last.sack) == 2
    assert told(last) == (None, 100, 101)


def test_what_is_sent_again_has_no_room_for_the_option_and_the_next_segment_tells(story):
    """It was cut before. No counter that has changed is left out: rather all are."""
    s = client(story, delayed_ack=200_000_000, ack_every=20, nagle=False)
    s.write(10)
    s.expect("ACK,PSH,ECE,AE")
    s.receive(flags("ACK", 5), ack=11)
    s.write(1000)
    s.expect("ACK,PSH,ECE,AE", length=1000)
    s.receive(flags("ACK", 5), ack=11, data=100, ecn=ECT0)
    s.receive(flags("ACK", 5), ack=11, data=100, ecn=ECT1)
    for _ in range(3):
        s.receive(flags("ACK", 5), ack=11)
    assert told(s.expect("ACK,PSH,ECE,AE", length=1000)) is None
    s.receive(flags("ACK", 5), ack=1011)
    s.write(10)
    assert told(s.take()[0]) == (101, 0, 101)


def test_an_option_that_would_lose_a_counter_is_not_sent(story):
    """There is room for two: those of both codepoints that have changed are the first and the last."""
    s = client(story, delayed_ack=200_000_000, ack_every=20, nagle=False)
    s.write(10)
    s.take()
    s.receive(flags("ACK", 5), ack=11, data=100, ecn=ECT0)
    s.write(992)
    assert told(s.expect("ACK,PSH,ECE,AE", length=992)) == (101, None, None)
    s.receive(flags("ACK", 5), ack=11, data=100, ecn=ECT0)
    s.receive(flags("ACK", 5), ack=11, data=100, ecn=ECT1)
    for _ in range(3):
        s.receive(flags("ACK", 5), ack=11)
    assert told(s.expect("ACK,PSH,ECE,AE", length=992)) is None


def test_options_make_no_segment_longer_than_the_peer_takes(story):
    """What was cut beside one SACK block has no room for counters as well."""
    s = story(ecn="accurate", sack=True, nagle=False)
    s.open()
    s.expect(ACCURATE_SYN)
    s.receive("SYN,ACK,CWR", seq=0, ack=1, mss=1000, sack_permitted=True)
    s.expect("ACK,CWR")
    s.write(10)
    s.take()
    s.receive(flags("ACK", 5), seq=101, ack=11, data=100, ecn=NOT_ECT)
    s.take()
    s.write(988 * 4)
    assert [len(one.payload) for one in s.take()] == [988] * 4
    known = ((s.isn + 11 + 988) % 2**32, (s.isn + 11 + 4 * 988) % 2**32)
    s.receive(flags("ACK", 5), seq=301, ack=11, data=100, ecn=ECT0, sack=(known,))
    (again,) = s.take()
    assert (s.ours(again.seq), len(again.payload), len(again.sack)) == (11, 988, 1)
    assert told(again) is None
    assert again.header_size - 20 + len(again.payload) <= 1000


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12])
def test_of_an_option_of_any_length_what_is_whole_counts(story, length):
    """Section 3.2.3"""
    s = client(story)
    s.write(500)
    s.take()
    body = b"\0\3\351" + b"\0\0\144" + b"\0\0\1" + b"\0\0\7"
    s.receive(flags("ACK", 6), ack=501, unknown=((ORDER_0, body[:length]),))
    assert s.connection.stats.bytes_marked == (100 if length >= 6 else 0)
    assert s.connection.stats.segments_marked == 1


# -- the sender --------------------------------------------------------------------------------------------------------


def sending(story, segments=30, **settings):
    s = client(story, **{"initial_window": 30} | settings)
    s.write(segments * 1000)
    s.take()
    return s


def stats(s):
    return s.connection.stats.segments_marked, s.connection.stats.bytes_marked


def test_the_option_says_how_much_was_marked(story):
    s = sending(story)
    s.receive(flags("ACK", 7), ack=3001, **option(1001, 1988, 1))
    s.take()
    assert stats(s) == (2, 1988)
    s.receive(flags("ACK", 7), ack=5001, **option(3001, 1988, 1))
    s.take()
    assert stats(s) == (2, 1988)
    s.receive(flags("ACK", 0), ack=6001, **option(3001, 2988, 1, kind=ORDER_1))
    assert stats(s) == (3, 2988)


def test_counters_of_bytes_come_round(story):
    s = sending(story)
    s.receive(flags("ACK", 5), ack=989, **option(1, (1 << 24) - 500, 1))  # it may begin anywhere
    s.take()
    s.receive(flags("ACK", 6), ack=1977, **option(1, 488, 1))
    assert stats(s) == (1, 988)


@pytest.mark.parametrize(
    ("acked", "more", "marked"), [(7, 2, 2), (9, 2, 2), (10, 2, 10), (8, 0, 8), (7, 0, 0), (17, 2, 10), (18, 2, 18)]
)
def test_without_the_option_the_count_may_have_come_round(story, acked, more, marked):
    """Appendix A.2.1: what is safest."""
    s = sending(story)
    s.receive(flags("ACK", (5 + more) % 8), ack=1 + acked * 988)
    assert s.connection.stats.segments_marked == marked


@pytest.mark.parametrize(
    ("more", "size", "marked"), [(0, 1460, 8), (2, 1460, 2), (7, 6900, 7), (7, 14_000, 15), (0, 0, 0)]
)
def test_with_the_option_it_is_known_whether_the_count_has_come_round(story, more, size, marked):
    """Appendix A.2.2"""
    s = sending(story)
    s.receive(flags("ACK", (5 + more) % 8), ack=1 + (8 + more) * 988, **option(1, size, 1))
    assert stats(s) == (marked, size)


def test_what_was_estimated_too_high_is_not_counted_twice(story):
    s = sending(story)
    s.receive(flags("ACK", 7), ack=1 + 10 * 988)  # two, or ten
    assert stats(s) == (10, 9880)
    s.take()
    s.receive(flags("ACK", 7), ack=1 + 11 * 988, **option(1, 1976, 1))
    assert stats(s) == (10, 9880)
    s.take()
    s.receive(flags("ACK", 0), ack=1 + 12 * 988, **option(1, 2964, 1))
    assert stats(s) == (11, 10_868)


def test_an_acknowledgement_that_brings_no_news_is_not_listened_to(story):
    """Appendix A.1: it may have been overtaken."""
    s = sending(story)
    s.receive(flags("ACK", 7), ack=5001, **option(1, 1976, 1))
    s.take()
    s.receive(flags("ACK", 6), ack=3001, **option(1, 988, 1))
    assert stats(s) == (2, 1976)


def test_marks_are_answered_once_a_window_and_without_cwr(story):
    s = sending(story)
    s.receive(flags("ACK", 6), ack=989, **option(1, 988, 1))
    assert s.cwnd == 30 * 988 // 2
    s.receive(flags("ACK", 7), ack=1977, **option(1, 1976, 1))
    assert s.cwnd == 30 * 988 // 2
    s.write(10_000)
    s.receive(flags("ACK", 7), ack=1 + 30 * 988, **option(1, 1976, 1))
    new = s.take()
    assert {code(one) for one in new} == {5}
    before = s.cwnd
    s.receive(flags("ACK", 0), ack=1 + 30 * 988 + 1000, **option(1, 2976, 1))
    assert s.cwnd < before
    s.take()


def test_what_is_sent_again_is_not_ecn_capable(story):
    s = sending(story, 1)
    s.tick("1s")
    s.expect("ACK,ECE,AE", seq=1, ecn=NOT_ECT)
    s.tick("2s")
    s.take()
