"""Classic ECN (RFC 3168), the gentler answer to it (RFC 8511), and DCTCP's echo (RFC 8257)."""

from __future__ import annotations

import pytest

from testbed.tcp.congestion.cubic import CubicSpec
from testbed.tcp.congestion.dctcp import DctcpSpec
from testbed.tcp.congestion.reno import RenoSpec
from testbed.tcp.lifetime.fast_open import FastOpen, Jar
from testbed.wire.segment import CWR

NOT_ECT, ECT1, ECT0, CE = 0, 1, 2, 3
RENO = RenoSpec()


def agreed(story, *, passive=False, **settings):
    """A handshake in which both ends want ECN."""
    s = story(**{"ecn": "classic", "congestion": RENO, "passive": passive} | settings)
    if passive:
        s.receive("SYN,ECE,CWR", seq=0, mss=1000)
        s.expect("SYN,ACK,ECE", seq=0, ack=1)
        s.receive("ACK", seq=1, ack=1)
    else:
        s.open()
        s.expect("SYN,ECE,CWR", seq=0)
        s.receive("SYN,ACK,ECE", seq=0, ack=1, mss=1000)
        s.expect("ACK", seq=1, ack=1)
    return s


# -- agreement ---------------------------------------------------------------------------------------------------------


def test_nothing_is_said_of_ecn_unless_it_is_switched_on(story):
    s = story()
    s.open()
    s.expect("SYN", ecn=NOT_ECT)
    s.receive("SYN,ACK,ECE", seq=0, ack=1, mss=1000)
    s.expect("ACK", seq=1)
    s.write(100)
    s.expect("ACK,PSH", ecn=NOT_ECT)


@pytest.mark.parametrize("passive", [False, True], ids=["client", "server"])
def test_data_is_ecn_capable_when_both_ends_want_it_and_nothing_else_is(story, passive):
    """RFC 3168 sections 6.1.1 and 6.1.4: neither SYN, nor SYN,ACK, nor a bare acknowledgement, nor FIN."""
    s = agreed(story, passive=passive)
    s.receive("ACK", data=10)
    s.expect("ACK", ack=11, ecn=NOT_ECT)
    s.write(100)
    s.expect("ACK,PSH", seq=1, ecn=ECT0)
    s.receive("ACK", ack=101)
    s.close()
    s.expect("FIN,ACK", ecn=NOT_ECT)
    assert s.connection.stats.ect_sent == 1


@pytest.mark.parametrize("answer", ["SYN,ACK", "SYN,ACK,ECE,CWR"], ids=["plain", "reflected"])
def test_a_server_that_does_not_agree_gets_no_ecn(story, answer):
    """A SYN,ACK with both flags is no ECN-setup SYN,ACK: there are servers that reflect what they do not know."""
    s = story(ecn="classic")
    s.open()
    s.expect("SYN,ECE,CWR")
    s.receive(answer, seq=0, ack=1, mss=1000)
    s.expect("ACK")
    s.write(100)
    s.expect("ACK,PSH", ecn=NOT_ECT)
    s.receive("ACK", ack=101, data=10, ecn=CE)
    s.expect("ACK")


@pytest.mark.parametrize("flags", ["SYN", "SYN,ECE", "SYN,CWR"])
def test_a_client_that_does_not_ask_gets_no_ecn(story, flags):
    s = story(ecn="classic", passive=True)
    s.receive(flags, seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive("ACK", seq=1, ack=1, data=10, ecn=CE)
    s.expect("ACK")


def test_a_server_without_ecn_answers_plainly(story):
    s = story(passive=True)
    s.receive("SYN,ECE,CWR", seq=0, mss=1000)
    s.expect("SYN,ACK")


def test_a_client_of_accurate_ecn_gets_classic(story):
    s = story(ecn="classic", passive=True)
    s.receive("SYN,ECE,CWR,AE", seq=0, mss=1000)
    s.expect("SYN,ACK,ECE")


@pytest.mark.parametrize(("retries", "flags"), [(0, ["SYN"]), (1, ["SYN,ECE,CWR", "SYN"]), (2, ["SYN,ECE,CWR"] * 2)])
def test_a_syn_that_stays_unanswered_stops_asking(story, retries, flags):
    """RFC 3168 section 6.1.1.1: ECN may be what the path does not let through."""
    s = story(ecn="classic", ecn_retries=retries)
    s.open()
    s.expect("SYN,ECE,CWR")
    for wait, expected in zip(("1s", "2s"), flags, strict=False):
        s.tick(wait)
        s.expect(expected, seq=0)


def test_who_has_sent_a_plain_syn_sends_no_ecn_capable_data_but_echoes(story):
    """Section 6.1.1: the peer may have seen either SYN."""
    s = story(ecn="classic", ecn_retries=0)
    s.open()
    s.expect("SYN,ECE,CWR")
    s.tick("1s")
    s.expect("SYN")
    s.receive("SYN,ACK,ECE", seq=0, ack=1, mss=1000)
    s.expect("ACK")
    s.write(100)
    s.expect("ACK,PSH", ecn=NOT_ECT)
    s.receive("ACK", ack=101, data=10, ecn=CE)
    s.expect("ACK,ECE")


def test_a_client_that_falls_back_is_answered_plainly(story):
    s = story(ecn="classic", passive=True)
    s.receive("SYN,ECE,CWR", seq=0, mss=1000)
    s.expect("SYN,ACK,ECE")
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive("ACK", seq=1, ack=1)
    s.write(100)
    s.expect("ACK,PSH", ecn=NOT_ECT)


def test_simultaneous_open_agrees(story):
    s = story(ecn="classic")
    s.open()
    s.expect("SYN,ECE,CWR")
    s.receive("SYN,ECE,CWR", seq=0, mss=1000)
    s.expect("SYN,ACK,ECE", seq=0, ack=1)
    s.receive("SYN,ACK,ECE", seq=0, ack=1, mss=1000)
    s.expect("ACK", seq=1)
    s.write(100)
    s.expect("ACK,PSH", ecn=ECT0)


# -- the receiver ------------------------------------------------------------------------------------------------------


def test_a_mark_is_echoed_until_it_is_answered(story):
    """RFC 3168 section 6.1.3"""
    s = agreed(story)
    s.receive("ACK", data=100, ecn=ECT0)
    s.expect("ACK", ack=101)
    s.receive("ACK", data=100, ecn=CE)
    s.expect("ACK,ECE", ack=201)
    s.receive("ACK", data=100, ecn=ECT0)
    s.expect("ACK,ECE", ack=301)
    s.write(100)
    s.expect("ACK,PSH,ECE", ecn=ECT0)
    s.receive("ACK,CWR", ack=101, data=100, ecn=ECT0)
    s.expect("ACK", ack=401)
    assert s.connection.stats.ce_received == 1


def test_a_mark_on_the_answer_itself_counts(story):
    """Erratum 3639: CWR first, and then CE."""
    s = agreed(story)
    s.receive("ACK", data=100, ecn=CE)
    s.expect("ACK,ECE")
    s.receive("ACK,CWR", data=100, ecn=CE)
    s.expect("ACK,ECE")


def test_a_delayed_acknowledgement_tells_of_any_mark(story):
    s = agreed(story, delayed_ack=200_000_000)
    s.receive("ACK", data=1000, ecn=CE)
    s.receive("ACK", data=1000, ecn=ECT0)
    s.expect("ACK,ECE", ack=2001)


def test_a_mark_on_what_is_outside_the_window_says_nothing(story):
    """Section 6.1.5: it may be an old duplicate, or an attack."""
    s = agreed(story)
    s.receive("ACK", data=100)
    s.expect("ACK", ack=101)
    s.receive("ACK", seq=1, data=100, ecn=CE)
    s.expect("ACK", ack=101)
    s.receive("ACK", seq=200_000, data=b"x", ecn=CE)
    s.expect("ACK", ack=101)


def test_a_mark_on_an_acknowledgement_is_not_echoed(story):
    """Section 6.1.4 knows none."""
    s = agreed(story)
    s.receive("ACK", ecn=CE)
    s.write(10)
    s.expect("ACK,PSH")


# -- the sender --------------------------------------------------------------------------------------------------------


def sending(story, segments=10, **settings):
    """Ten segments are in flight."""
    s = agreed(story, **settings)
    s.write(segments * 1000)
    for _ in range(segments):
        segment = s.sent.popleft()[1]
        assert segment.ecn == ECT0
    s.check_silence()
    return s


def hears(s, ack, flags="ACK", times=1):
    """The peer acknowledges; what is sent on that."""
    sent = []
    for _ in range(times):
        s.receive(flags, ack=ack)
        sent += s.take()
    return sent


def test_an_echo_halves_the_window_and_is_answered_on_new_data(story):
    """RFC 3168 section 6.1.2"""
    s = sending(story)
    s.receive("ACK,ECE", ack=2001)
    assert (s.cwnd, s.ssthresh) == (5000, 5000)
    s.write(10_000)
    s.check_silence()  # eight are in flight, and five may be
    s.receive("ACK,ECE", ack=6001)
    s.expect("ACK,CWR", seq=10_001, length=1000, ecn=ECT0)
    assert s.cwnd == 5000
    assert s.connection.stats.ecn_reductions == 1
    assert s.teller.windows[-1][0] == "ECN echo"


def test_echoes_in_one_window_are_answered_once_and_then_again(story):
    s = sending(story)
    s.write(30_000)
    s.receive("ACK,ECE", ack=1001)
    assert s.cwnd == 5000
    for ack in (6001, 8001, 10_001):
        hears(s, ack, "ACK,ECE")
        assert s.cwnd == 5000, ack
    hears(s, 11_001, "ACK,ECE")  # sent after the reduction
    assert s.cwnd == 2500


def test_the_window_does_not_grow_on_an_echo(story):
    s = sending(story)
    s.write(30_000)
    hears(s, 5001, "ACK,ECE")
    hears(s, 10_001, "ACK,ECE")
    assert s.cwnd == 5000
    for ack in (12_001, 14_001, 15_001):
        hears(s, ack)
    assert s.cwnd == 6000


def test_marks_take_the_window_to_one_segment_and_then_it_waits_for_the_timeout(story):
    """Section 6.1.2: below one segment a round trip there is only the retransmission timer."""
    s = sending(story, idle_restart=False)
    s.write(30_000)
    for cwnd, more in ((5000, 5), (2500, 2), (1000, 1)):
        assert len(hears(s, s.sent_upto, "ACK,ECE")) == more
        assert s.cwnd == cwnd
    s.receive("ACK,ECE", ack=s.sent_upto)
    assert (s.cwnd, s.ssthresh) == (1000, 2000)
    held = s.connection.sender.rtt.rto
    s.tick(f"{held - 1}ns")
    s.check_silence()
    s.tick("1ns")
    s.expect("ACK,CWR", length=1000)
    assert s.connection.stats.timeouts == 0


def test_what_is_sent_again_is_not_ecn_capable_and_carries_no_answer(story):
    """Section 6.1.5; a loss is told of by CWR as well."""
    s = sending(story)
    s.write(5000)
    sent = hears(s, 1, times=3) + hears(s, 12_001)  # two of the new ones left before the loss was certain
    again = [one for one in sent if s.ours(one.seq) <= 10_000]
    new = [one for one in sent if s.ours(one.seq) > 10_000]
    assert [(s.ours(one.seq), one.ecn, one.flags & CWR) for one in again] == [(1, NOT_ECT, 0)]
    assert len(new) == 4
    assert {one.ecn for one in new} == {ECT0}
    assert sum(one.flags & CWR != 0 for one in new) == 1


def test_a_timeout_is_told_of(story):
    s = sending(story, 1)
    s.tick("1s")
    s.expect("ACK,PSH", seq=1, ecn=NOT_ECT)
    s.receive("ACK", ack=1001)
    s.write(1000)
    s.expect("ACK,PSH,CWR", seq=1001, ecn=ECT0)


def test_a_probe_of_a_closed_window_is_not_ecn_capable(story):
    """Section 6.1.6; nor is the octet when it is sent again with others."""
    s = sending(story, 1)
    s.receive("ACK", ack=1001, window=0)
    s.write(500)
    s.tick("1s")
    s.expect("ACK", seq=1001, length=1, ecn=NOT_ECT)
    s.receive("ACK", ack=1001, window=5000)
    s.expect("ACK,PSH", seq=1001, length=500, ecn=NOT_ECT)
    s.receive("ACK", ack=1501)
    s.write(500)
    s.expect("ACK,PSH", seq=1501, ecn=ECT0)


def test_a_loss_in_a_window_that_was_marked_does_not_halve_it_again(story):
    """Section 6.1.2: once for a series of marked and lost packets from one window."""
    s = sending(story)
    hears(s, 2001, "ACK,ECE")
    assert s.ssthresh == 5000
    (again,) = hears(s, 2001, "ACK,ECE", times=3)
    assert s.ours(again.seq) == 2001
    assert s.ssthresh == 5000
    s.write(20_000)
    s.take()
    hears(s, 10_001)
    hears(s, 12_001)
    hears(s, 12_001, times=3)  # another window
    assert s.ssthresh == 2000


def test_echoes_of_a_window_in_which_something_was_lost_are_not_answered(story):
    s = sending(story)
    hears(s, 1, times=3)
    assert s.ssthresh == 5000
    hears(s, 10_001, "ACK,ECE")
    assert s.ssthresh == 5000
    assert s.connection.stats.ecn_reductions == 0


def test_the_answer_to_a_mark_is_not_undone_with_that_to_a_loss_before(story):
    """A report of a duplicate takes back its own reduction (RFC 3708), and not what has come since."""
    s = story(ecn="classic", congestion=RENO, sack=True)
    s.open()
    s.expect("SYN,ECE,CWR")
    s.receive("SYN,ACK,ECE", seq=0, ack=1, mss=1000, sack_permitted=True)
    s.expect("ACK")
    s.write(30_000)
    s.take()

    def block(left, right):
        return (left + s.isn) % 2**32, (right + s.isn) % 2**32

    for right in range(2001, 10_001, 1000):
        s.receive("ACK", ack=1, sack=(block(1001, right),))
        s.take()
    hears(s, 10_001)
    assert s.ssthresh == 5000
    hears(s, 11_001, "ACK,ECE")
    marked = s.cwnd
    assert marked < 5000
    s.receive("ACK", ack=11_001, sack=(block(1, 1001),))
    assert (s.connection.stats.duplicates_reported, s.connection.stats.spurious_recoveries) == (1, 0)
    assert s.cwnd == marked
    s.take()


def test_data_that_went_with_the_syn_is_not_ecn_capable_when_it_goes_again(story):
    """RFC 3168 section 6.1.5, with fast open."""
    s = story(ecn="classic", fast_open=True)
    jar = Jar(b"secret")
    jar.known[0x0A000002] = (b"12345678", 1000)
    s.connection.fast_open = FastOpen(jar, 0x0A000002)
    s.connection.open_active(s.now)
    s.write(300)
    s.expect("SYN,ECE,CWR", length=300, ecn=NOT_ECT)
    s.receive("SYN,ACK,ECE", seq=0, ack=1, mss=1000)
    s.expect("ACK,PSH", seq=1, length=300, ecn=NOT_ECT)


@pytest.mark.parametrize(
    ("control", "abe", "left"),
    [(RENO, False, 5000), (RENO, True, 8000), (CubicSpec(), False, 7000), (CubicSpec(), True, 8500)],
    ids=["reno", "reno-abe", "cubic", "cubic-abe"],
)
def test_abe_answers_a_mark_more_gently(story, control, abe, left):
    """RFC 8511 section 3.1"""
    s = sending(story, congestion=control, abe=abe)
    s.receive("ACK,ECE", ack=1001)
    assert s.ssthresh == left


# -- DCTCP -------------------------------------------------------------------------------------------------------------

DCTCP = DctcpSpec()


def dctcp(story, **settings):
    s = story(**{"ecn": "classic", "congestion": DCTCP} | settings)
    s.open()
    s.expect("SYN,ECE,CWR", ecn=ECT0)  # RFC 8257 section 3.5
    s.receive("SYN,ACK,ECE", seq=0, ack=1, mss=1000)
    s.expect("ACK", seq=1, ack=1)
    return s


def test_dctcp_echoes_each_mark_as_it_comes(story):
    """RFC 8257 section 3.2: ECE says whether the last segment was marked; CWR says nothing."""
    s = dctcp(story)
    for codepoint, flags in ((ECT0, "ACK"), (CE, "ACK,ECE"), (CE, "ACK,ECE"), (ECT0, "ACK"), (ECT0, "ACK")):
        s.receive("ACK", data=100, ecn=codepoint)
        s.expect(flags)


def test_dctcp_acknowledges_apart_where_marks_begin_and_end(story):
    """The acknowledgement that waits tells of what came before, and the next one of what begins."""
    s = dctcp(story, delayed_ack=200_000_000)
    s.receive("ACK", data=1000, ecn=ECT0)
    s.receive("ACK", data=1000, ecn=CE)
    s.expect("ACK", ack=1001)
    s.expect("ACK,ECE", ack=2001)
    s.receive("ACK", data=1000, ecn=CE)
    s.receive("ACK", data=1000, ecn=CE)
    s.expect("ACK,ECE", ack=4001)
    s.receive("ACK", data=1000, ecn=CE)
    s.receive("ACK", data=1000, ecn=ECT0)
    s.expect("ACK,ECE", ack=5001)
    s.expect("ACK", ack=6001)


def alpha(s):
    return dict(s.connection.sender.control.variables)["alpha"]


def test_dctcp_counts_what_was_marked(story):
    """Section 3.3: alpha follows the share of marked bytes, once a window, and the window shrinks by half of alpha."""
    s = dctcp(story)
    s.write(100_000)
    s.take()
    s.receive("ACK", ack=5001)  # the first window; when it ends, 10,000 bytes have been sent
    s.take()
    assert alpha(s) == pytest.approx(15 / 16)
    for ack in (6001, 7001, 8001, 9001, 10_001):
        cwnd = s.cwnd
        s.receive("ACK,ECE" if ack == 8001 else "ACK", ack=ack)
        s.take()
        if ack == 8001:
            assert s.cwnd == int(cwnd * (1 - 15 / 32))
    assert s.connection.stats.bytes_marked == 1000
    assert s.connection.stats.ecn_reductions == 1
    s.receive("ACK", ack=11_001)
    s.take()
    assert alpha(s) == pytest.approx(15 / 16 * 15 / 16 + 1 / 6 / 16)  # one of six


def test_dctcp_answers_a_loss_though_it_has_answered_a_mark(story):
    """Section 3.4: a mark's answer may be much smaller than a loss deserves."""
    s = dctcp(story, congestion=DctcpSpec(initial_alpha=0.125), sack=False)
    s.write(10_000)
    s.take()
    s.receive("ACK,ECE", ack=1001)
    marked = s.ssthresh
    assert 9000 < marked < 10_000
    hears(s, 1001, times=3)
    assert s.ssthresh <= 5000
