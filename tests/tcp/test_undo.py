"""Retransmissions that were for nothing, and what is taken back: Eifel (RFC 3522), DSACK (RFC 3708), F-RTO (RFC 5682),
and the answer to them (RFC 4015)."""

from __future__ import annotations

import pytest
from selective import acknowledge, in_flight, pipe, reasons, sent

from testbed.clock import MILLISECOND
from testbed.tcp.config import TcpConfig
from testbed.tcp.congestion.base import UNLIMITED
from testbed.tcp.sending.rtt import RoundTrip

ONLY = {
    "Eifel": {"timestamps": True, "dsack_undo": False, "frto": False},
    "DSACK": {"eifel": False, "dsack_undo": True, "frto": False},
    "F-RTO": {"eifel": False, "dsack_undo": False, "frto": True},
    "nothing": {"timestamps": True, "eifel": False, "dsack_undo": False, "frto": False},
}


@pytest.fixture
def ten(story):
    """Ten segments in flight, and one way to know."""

    def begin(way, segments=10, **settings):
        return in_flight(story, segments, **{"rate_reduction": "off", **ONLY[way], **settings})

    return begin


def late(s, ack, *blocks, **fields):
    """An acknowledgement of what was sent first of all: it echoes that segment's timestamp."""
    return acknowledge(s, ack, *blocks, timestamp_echo=s.first, **fields)


def timed_out(s):
    """The timer expires, and the oldest is sent again."""
    s.first = s.our_timestamp
    s.tick("1s")
    assert reasons(s)[0] == "retransmission timeout"
    return s


def undone(s):
    return s.teller.windows[-1][0].removeprefix("undone: ") if s.connection.stats.spurious_recoveries else ""


# -- Eifel (RFC 3522 section 3.2) --------------------------------------------------------------------------------------


def test_an_echo_from_before_the_retransmission_undoes_a_timeout(ten):
    s = timed_out(ten("Eifel", unsent=20_000))
    late(s, 1001)
    assert undone(s) == "Eifel"
    assert s.ssthresh == UNLIMITED


def test_an_echo_of_the_retransmission_does_not(ten):
    s = timed_out(ten("Eifel", unsent=20_000))
    acknowledge(s, 1001)
    assert undone(s) == ""
    assert s.ssthresh == 5000


def test_an_echo_from_before_undoes_a_fast_retransmission(ten):
    s = ten("Eifel", unsent=20_000)
    s.first = s.our_timestamp
    s.tick("100ms")
    late(s, 1, (1001, 4001))
    assert s.ssthresh == 5000
    s.tick("10ms")
    late(s, 4001)
    assert undone(s) == "Eifel"
    assert (s.cwnd >= 10_000, s.ssthresh) == (True, UNLIMITED)


def test_only_the_first_acknowledgement_of_it_decides(ten):
    """Step 3 waits for one: a later one may well echo something old."""
    s = timed_out(ten("Eifel", unsent=20_000))
    acknowledge(s, 1001)
    late(s, 2001)
    assert undone(s) == ""


def test_the_first_retransmission_counts_though_the_timer_expires_again(ten):
    """Step 2: RetransmitTS must not be overwritten. The second one's predecessor is a retransmission as well."""
    s = timed_out(ten("Eifel", unsent=20_000))
    second = s.our_timestamp
    s.tick("2s")
    assert sent(s) == [1]
    acknowledge(s, 1001, timestamp_echo=second)
    assert undone(s) == ""


def test_the_original_that_comes_after_two_expiries_undoes_them(ten):
    s = timed_out(ten("Eifel", unsent=20_000))
    s.tick("2s")
    sent(s)
    late(s, 1001)
    assert undone(s) == "Eifel"
    assert s.ssthresh == UNLIMITED


def test_an_acknowledgement_of_everything_is_no_proof_unless_the_peer_would_have_told(ten):
    """Step 5: all that was lost may have been acknowledgements; then the retransmission came as a duplicate, whose
    acknowledgement echoes the last segment in order."""
    s = timed_out(ten("Eifel"))
    late(s, 10_001)
    assert undone(s) == ""


def test_of_a_peer_that_has_told_of_a_duplicate_before_it_is(ten):
    s = ten("Eifel")
    acknowledge(s, 1001, (1, 1001))
    timed_out(s)
    late(s, 10_001)
    assert undone(s) == "Eifel"


def test_an_acknowledgement_that_tells_of_a_duplicate_is_no_proof(ten):
    """Step 5 as well: both copies have arrived, and this answers to the second."""
    s = timed_out(ten("Eifel", unsent=20_000))
    late(s, 2001, (1, 1001))
    assert undone(s) == ""


def test_without_timestamps_nobody_knows(ten):
    s = timed_out(ten("Eifel", timestamps=False))
    acknowledge(s, 1001)
    assert undone(s) == ""


# -- DSACK (RFC 3708, RFC 2883) ----------------------------------------------------------------------------------------


def fast_retransmitted(s):
    s.tick("100ms")
    acknowledge(s, 1, (2001, 5001))  # 1 and 1001 are taken for lost
    acknowledge(s, 1, (2001, 8001))
    acknowledge(s, 1, (2001, 9001))
    assert [r.seq - s.isn for r in s.connection.sender.board.records if r.retransmissions] == [1, 1001]
    return s


def test_when_every_retransmission_is_reported_to_have_come_twice_the_reduction_is_undone(ten):
    s = fast_retransmitted(ten("DSACK"))
    acknowledge(s, 9001)
    acknowledge(s, 9001, (1, 1001))
    assert undone(s) == ""
    acknowledge(s, 9001, (1001, 2001))
    assert undone(s) == "DSACK"
    assert s.cwnd >= 10_000


def test_a_report_of_what_was_not_sent_again_says_nothing(ten):
    """The network copies as well."""
    s = fast_retransmitted(ten("DSACK"))
    acknowledge(s, 9001, (3001, 4001))
    acknowledge(s, 9001, (4001, 5001))
    assert undone(s) == ""


def test_a_copy_of_a_report_says_nothing_more(ten):
    s = fast_retransmitted(ten("DSACK"))
    acknowledge(s, 9001, (1, 1001))
    acknowledge(s, 9001, (1, 1001))
    assert undone(s) == ""


def test_a_segment_sent_again_twice_must_be_reported_twice(ten):
    s = timed_out(ten("DSACK", 1))
    s.tick("2s")
    sent(s)
    acknowledge(s, 1001, (1, 1001))
    assert undone(s) == ""
    acknowledge(s, 1001, (1, 1001))
    assert undone(s) == "DSACK"


def test_one_retransmission_that_was_needed_is_enough(ten):
    s = fast_retransmitted(ten("DSACK"))
    acknowledge(s, 9001, (1, 1001))
    acknowledge(s, 10_001)
    assert undone(s) == ""
    assert s.ssthresh == 5000


def test_a_report_may_come_after_recovery(ten):
    """It always does, when the retransmission comes after the original."""
    s = ten("DSACK", unsent=20_000)
    s.tick("100ms")
    acknowledge(s, 1, (1001, 4001))
    acknowledge(s, 10_001)
    assert not s.connection.sender.recovery.active
    acknowledge(s, 10_001, (1, 1001))
    assert undone(s) == "DSACK"


def test_a_report_of_a_block_within_another_counts(ten):
    """RFC 2883 section 4: the duplicate lies beyond what is acknowledged."""
    s = ten("DSACK", rack=False)
    acknowledge(s, 1, (1001, 2001), (3001, 6001))
    acknowledge(s, 1, (1001, 2001), (3001, 7001))
    before = s.connection.stats.duplicates_reported
    acknowledge(s, 1, (3001, 4001), (3001, 7001))
    assert s.connection.stats.duplicates_reported == before + 1


# -- F-RTO with SACK (RFC 5682 section 3.1) ----------------------------------------------------------------------------


def test_after_a_timeout_new_data_is_sent_first_and_what_arrives_next_undoes_it(ten):
    s = timed_out(ten("F-RTO", unsent=20_000))
    assert acknowledge(s, 1001) == [10_001, 11_001]
    acknowledge(s, 2001)
    assert undone(s) == "F-RTO"
    assert s.ssthresh == UNLIMITED


def test_what_is_selected_next_undoes_it_as_well(ten):
    s = timed_out(ten("F-RTO", unsent=20_000))
    acknowledge(s, 1001)
    acknowledge(s, 1001, (2001, 3001))
    assert undone(s) == "F-RTO"


def test_only_new_data_selected_next_does_not(ten):
    """Step 3a: what was sent before the timeout is lost indeed, and is repaired."""
    s = timed_out(ten("F-RTO", unsent=20_000))
    acknowledge(s, 1001)
    assert 1001 in acknowledge(s, 1001, (10_001, 11_001))
    assert undone(s) == ""


def test_an_acknowledgement_of_all_that_was_outstanding_does_not(ten):
    """Step 2a: the others may have arrived long ago, their acknowledgements lost; the retransmission has filled the
    hole, or has told of it."""
    s = timed_out(ten("F-RTO", unsent=20_000))
    acknowledge(s, 10_001)
    assert undone(s) == ""
    assert s.ssthresh == 5000


def test_what_is_selected_before_the_retransmission_is_acknowledged_does_not(ten):
    """Step 2: only the scoreboard is told. A late segment may follow one that is lost."""
    s = timed_out(ten("F-RTO", 2))
    acknowledge(s, 1, (1001, 2001))
    assert undone(s) == ""
    acknowledge(s, 2001)
    assert undone(s) == ""


def test_a_duplicate_without_news_does_not_end_the_first_step(ten):
    s = timed_out(ten("F-RTO", unsent=20_000))
    acknowledge(s, 1)
    assert acknowledge(s, 1001) == [10_001, 11_001]
    acknowledge(s, 2001)
    assert undone(s) == "F-RTO"


def test_without_new_data_the_rest_is_repaired_at_once(ten):
    s = timed_out(ten("F-RTO"))
    assert acknowledge(s, 1001) == [1001, 2001]


def test_without_room_at_the_peer_the_rest_is_repaired_at_once(ten):
    s = timed_out(ten("F-RTO", unsent=20_000))
    assert acknowledge(s, 1001, window=9000) == [1001, 2001]


def test_a_second_expiry_is_conventional(ten):
    """Section 2.1, step 1."""
    s = timed_out(ten("F-RTO", unsent=20_000))
    s.tick("2s")
    assert sent(s) == [1]
    assert acknowledge(s, 1001) == [1001, 2001]
    acknowledge(s, 2001)
    assert undone(s) == ""


def test_a_part_of_what_was_sent_again_is_not_waited_upon_to_prove_anything(ten):
    """Step 2 waits for the acknowledgement of the data that was sent again, all of it."""
    s = timed_out(ten("F-RTO", unsent=20_000))
    acknowledge(s, 501)
    acknowledge(s, 1001)
    assert undone(s) == ""
    acknowledge(s, 3001)
    assert undone(s) == "F-RTO"


# -- F-RTO without SACK (section 2.1) ----------------------------------------------------------------------------------


def test_without_sack_two_advances_in_a_row_undo_a_timeout(ten):
    s = timed_out(ten("F-RTO", unsent=20_000, sack=False))
    assert acknowledge(s, 1001) == [10_001, 11_001]
    acknowledge(s, 2001)
    assert undone(s) == "F-RTO"


def test_without_sack_a_first_advance_over_all_that_was_outstanding_proves_nothing(ten):
    """Step 2a, and what is acknowledged after it is new."""
    s = timed_out(ten("F-RTO", unsent=20_000, sack=False))
    acknowledge(s, 10_001)
    acknowledge(s, 11_001)
    assert undone(s) == ""


def test_without_sack_a_part_of_what_was_sent_again_means_conventional_recovery(ten):
    """Step 2a: the peer has taken a part of it only, and what it takes next may be the rest."""
    s = timed_out(ten("F-RTO", unsent=20_000, sack=False))
    acknowledge(s, 501)
    acknowledge(s, 1001)
    acknowledge(s, 2001)
    assert undone(s) == ""


def test_without_sack_the_second_may_pass_what_was_outstanding(ten):
    """A delayed acknowledgement covers the last of the old and the first of the new."""
    s = timed_out(ten("F-RTO", unsent=20_000, sack=False))
    assert acknowledge(s, 9001) == [10_001, 11_001]
    acknowledge(s, 11_001)
    assert undone(s) == "F-RTO"


@pytest.mark.parametrize("first", [True, False])
def test_without_sack_a_duplicate_means_that_the_timeout_was_right(ten, first):
    s = timed_out(ten("F-RTO", unsent=20_000, sack=False))
    if not first:
        acknowledge(s, 1001)
    una = 1 if first else 1001
    acknowledge(s, una)
    acknowledge(s, 2001)
    acknowledge(s, 3001)
    assert undone(s) == ""


# -- what is taken back (RFC 4015) -------------------------------------------------------------------------------------


def test_the_window_after_a_spurious_timeout_is_what_is_in_flight_and_what_was_acknowledged(ten):
    """Section 3, step 9: no burst. The threshold is what it was, so that the window soon is again."""
    s = timed_out(ten("Eifel", unsent=20_000))
    assert late(s, 3001) == [10_001, 11_001, 12_001]
    assert pipe(s) == 10_000
    assert s.cwnd == 10_000


def test_what_was_taken_for_lost_is_not_sent_again(ten):
    """Step 8: resume with what was never sent."""
    s = timed_out(ten("Eifel", unsent=20_000))
    assert late(s, 1001) == [10_001]
    assert s.connection.stats.retransmitted_segments == 1


def test_a_spurious_timeout_teaches_the_timer(ten):
    """Section 3.4: SRTT becomes the measured round trip, and RTTVAR half of it."""
    s = timed_out(ten("Eifel", unsent=20_000))
    s.tick("500ms")
    late(s, 1001)
    rtt = s.connection.sender.rtt
    assert rtt.srtt >= 1499 * MILLISECOND  # the clock ticks once a millisecond
    assert s.rto == rtt.srtt + 4 * rtt.rttvar
    assert s.rto >= 4497 * MILLISECOND


def test_srtt_and_rttvar_are_what_rfc_4015_says() -> None:
    rtt = RoundTrip(TcpConfig())
    rtt.sample(100 * MILLISECOND)
    rtt.back_off()
    rtt.adopt(1200 * MILLISECOND)
    assert (rtt.srtt, rtt.rttvar) == (1200 * MILLISECOND, 600 * MILLISECOND)
    assert rtt.rto == 3600 * MILLISECOND
    assert not rtt.backed_off


def test_a_larger_estimate_than_the_measured_stays() -> None:
    rtt = RoundTrip(TcpConfig())
    rtt.sample(2000 * MILLISECOND)
    rtt.adopt(1200 * MILLISECOND)
    assert (rtt.srtt, rtt.rttvar) == (2000 * MILLISECOND, 1000 * MILLISECOND)


@pytest.mark.parametrize("way", ["Eifel", "DSACK", "F-RTO"])
def test_what_is_switched_off_undoes_nothing(ten, way):
    s = timed_out(ten("nothing", unsent=20_000))
    if way == "DSACK":
        late(s, 1001, (1, 1001))
    late(s, 1001)
    late(s, 2001)
    late(s, 3001)
    assert undone(s) == ""
    assert s.ssthresh == 5000


def test_a_reduction_is_undone_once(ten):
    s = timed_out(ten("Eifel", dsack_undo=True, unsent=20_000))
    late(s, 1001)
    late(s, 2001, (1, 1001))
    assert s.connection.stats.spurious_recoveries == 1


def test_a_loss_after_an_undo_is_a_loss(ten):
    s = timed_out(ten("Eifel", unsent=20_000))
    late(s, 1001)
    s.tick("1s")
    late(s, 1001, (2001, 6001))
    s.tick("1s")
    assert s.connection.stats.fast_retransmits == 1
    assert s.ssthresh < UNLIMITED
    sent(s)


def test_without_sack_a_duplicate_after_new_data_was_tried_lets_the_hole_be_filled(story):
    """RFC 5682 section 2.1, step 3a: up to three segments, or the two that were tried would leave no room but for
    another timeout."""
    s = story().established(trip="100ms")
    s.write(20_000)
    s.expect_data(*range(1, 10_001, 1000))
    s.tick("1s")
    s.expect_data(1, reason="retransmission timeout")
    s.receive("ACK", ack=1001)
    s.expect_data(10_001, 11_001, reason="new data")
    s.receive("ACK", ack=1001)
    s.expect_data(1001, reason="retransmission timeout")
    s.receive("ACK", ack=2001)
    s.expect_data(2001, 3001, reason="retransmission timeout")
