"""Tail loss probes: RFC 8985 section 7. The round trip is 100 ms, so that a probe leaves 200 ms after the last news."""

from __future__ import annotations

import pytest
from selective import acknowledge, in_flight, pipe, reasons, sent


@pytest.fixture
def flight(story):
    def begin(segments=5, **settings):
        return in_flight(story, segments, **{"tail_loss_probe": True, **settings})

    return begin


# -- when (section 7.2) ------------------------------------------------------------------------------------------------


def test_two_round_trips_without_news_send_the_last_segment_again(flight):
    s = flight()
    s.tick("199ms")
    s.check_silence()
    s.tick("2ms")
    s.expect("ACK,PSH", seq=4001, length=1000, reason="tail loss probe")
    assert s.connection.stats.tail_probes_sent == 1


def test_an_acknowledgement_of_new_data_starts_the_time_anew(flight):
    s = flight()
    s.tick("100ms")
    assert acknowledge(s, 2001) == []
    s.tick("199ms")
    s.check_silence()
    s.tick("2ms")
    assert sent(s) == [4001]


def test_new_data_starts_the_time_anew(flight):
    """ "The sender SHOULD start or restart a loss probe PTO timer after transmitting new data." """
    s = flight(initial_window=10)
    s.tick("150ms")
    s.write(1000)
    assert sent(s) == [5001]
    s.tick("199ms")
    s.check_silence()
    s.tick("2ms")
    assert sent(s) == [5001]


def test_what_cannot_be_sent_does_not_start_the_time_anew(flight):
    """A full window, and an application that writes on and on."""
    s = flight(unsent=5000)
    for _ in range(3):
        s.tick("60ms")
        s.write(100)
    s.tick("25ms")
    assert reasons(s) == ["tail loss probe"]


def test_a_lone_segment_is_given_the_time_of_a_delayed_acknowledgement(flight):
    s = flight(1, delayed_ack=150_000_000)
    s.tick("349ms")
    s.check_silence()
    s.tick("2ms")
    assert sent(s) == [1]


def test_the_probe_is_no_later_than_the_timeout(story):
    """min(PTO, RTO): here two round trips are longer than the timeout."""
    s = in_flight(story, 5, trip="300ms", tail_loss_probe=True, rto_max=400_000_000, rto_min=100_000_000)
    s.tick("401ms")
    assert "tail loss probe" in reasons(s)


def test_no_probe_without_selective_acknowledgements(story):
    s = story(tail_loss_probe=True).established(trip="100ms")
    s.write(3000)
    assert sent(s) == [1, 1001, 2001]
    s.tick("999ms")
    s.check_silence()


def test_no_probe_without_the_setting(flight):
    s = flight(tail_loss_probe=False)
    s.tick("999ms")
    s.check_silence()


def test_no_probe_while_something_is_selected(flight):
    """RACK has its own timer for that; the last segment has even arrived."""
    s = flight(3, rack=False)
    s.tick("100ms")
    acknowledge(s, 1, (2001, 3001))
    s.tick("800ms")
    s.check_silence()


def test_no_probe_in_recovery(flight):
    s = flight(10)
    s.tick("150ms")
    assert acknowledge(s, 1, (1001, 4001))[0] == 1
    s.tick("500ms")
    assert "tail loss probe" not in reasons(s)


def test_no_probe_in_recovery_after_a_partial_acknowledgement(flight):
    s = flight(10)
    s.tick("100ms")
    acknowledge(s, 1, (2001, 5001))
    s.tick("100ms")
    acknowledge(s, 5001)
    s.tick("500ms")
    assert "tail loss probe" not in reasons(s)


def test_no_probe_while_what_timed_out_is_repaired(flight):
    s = flight()
    s.tick("2s")
    s.take()
    acknowledge(s, 1001)
    s.tick("300ms")
    assert "tail loss probe" not in reasons(s)


def test_when_all_is_acknowledged_there_is_nothing_to_probe(flight):
    s = flight()
    s.tick("100ms")
    acknowledge(s, 5001)
    s.tick("60s")
    s.check_silence()


# -- what (section 7.3) ------------------------------------------------------------------------------------------------


def test_a_new_segment_is_the_probe_if_there_is_one(flight):
    s = flight(unsent=5000)
    s.tick("201ms")
    s.expect("ACK", seq=5001, length=1000, reason="tail loss probe")
    assert pipe(s) == 6000 > s.cwnd  # one more than the window allows


def test_a_new_segment_that_the_peer_has_no_room_for_is_not(story):
    s = story(sack=True, tail_loss_probe=True).established(trip="100ms", sack_permitted=True, window=5000)
    s.write(9000)
    assert len(sent(s)) == 5
    s.tick("201ms")
    s.expect("ACK", seq=4001, reason="tail loss probe")


def test_a_lost_fin_is_probed_for(flight):
    s = flight()
    s.close()
    assert sent(s) == [5001]
    s.tick("201ms")
    s.expect("FIN,ACK", seq=5001, length=0, reason="tail loss probe")


def test_the_probe_gives_the_retransmission_timer_its_whole_time(flight):
    """ "Regardless of whether a loss probe was sent, the sender MUST re-arm the RTO timer." """
    s = flight()
    s.tick("201ms")
    assert reasons(s) == ["tail loss probe"]
    s.tick("990ms")
    s.check_silence()
    s.tick("10ms")
    assert reasons(s) == ["retransmission timeout"]


def test_there_is_one_probe_at_a_time(flight):
    s = flight()
    s.tick("900ms")
    assert reasons(s) == ["tail loss probe"]


def test_a_probe_of_new_data_is_the_only_one_until_it_is_acknowledged(flight):
    s = flight(unsent=5000)
    s.tick("900ms")
    assert reasons(s) == ["tail loss probe"]


def test_no_second_probe_before_a_round_trip_was_measured(flight):
    """The probe was a retransmission, which says nothing of the round trip (Karn)."""
    s = flight(1, unsent=0)
    s.tick("201ms")
    assert sent(s) == [1]
    s.tick("100ms")
    acknowledge(s, 1001)
    s.write(1000)
    assert sent(s) == [1001]
    s.tick("900ms")
    s.check_silence()
    s.tick("200ms")
    assert reasons(s) == ["retransmission timeout"]


# -- what it shows (section 7.4) ---------------------------------------------------------------------------------------


def test_a_lost_tail_is_repaired_without_a_timeout(flight):
    """The probe's own selection is the news that RACK needs (section 7.4.1)."""
    s = flight()
    s.tick("100ms")
    acknowledge(s, 2001)
    s.tick("200ms")
    assert sent(s) == [4001]
    s.tick("100ms")
    assert acknowledge(s, 2001, (4001, 5001)) == [2001]
    s.tick("100ms")
    acknowledge(s, 5001)
    assert s.connection.stats.timeouts == 0
    assert s.connection.stats.retransmitted_segments in (2, 3)


def test_a_loss_that_the_probe_has_repaired_reduces_the_window_when_more_is_acknowledged(flight):
    """Section 7.4.2, case 2: the loss would go unanswered otherwise."""
    s = flight()
    s.tick("100ms")
    acknowledge(s, 4001)
    s.tick("210ms")
    assert sent(s) == [4001]
    s.tick("100ms")
    acknowledge(s, 5001)
    s.write(5000)
    sent(s)
    s.tick("100ms")
    acknowledge(s, 10_001)
    assert s.ssthresh == 2500
    assert s.teller.windows[-1][0] == "tail loss probe"


def test_a_probe_whose_original_had_arrived_reduces_nothing(flight):
    """Case 1: the peer reports that it has come twice."""
    s = flight()
    s.tick("210ms")
    assert sent(s) == [4001]
    acknowledge(s, 5001)
    acknowledge(s, 5001, (4001, 5001))
    before = s.cwnd
    s.write(2000)
    sent(s)
    acknowledge(s, 7001)
    assert s.cwnd >= before
    assert s.ssthresh > 1 << 30


def test_a_probe_that_a_second_acknowledgement_answers_reduces_nothing(flight):
    """Case 3: a peer that does not report duplicates acknowledges both copies."""
    s = flight()
    s.tick("210ms")
    assert sent(s) == [4001]
    acknowledge(s, 5001)
    s.write(2000)
    sent(s)
    acknowledge(s, 5001)
    acknowledge(s, 7001)
    assert s.ssthresh > 1 << 30


def test_a_probe_of_new_data_reduces_nothing(flight):
    s = flight(unsent=1000)
    s.tick("210ms")
    assert sent(s) == [5001]
    acknowledge(s, 6001)
    s.write(2000)
    sent(s)
    acknowledge(s, 8001)
    assert s.ssthresh > 1 << 30


def test_what_the_probe_began_is_one_loss_and_not_two(flight):
    """Section 7.1: recovery resets the probe. The acknowledgement that ends recovery, and those after it, say nothing
    more of the probe."""
    s = flight(10)
    s.tick("100ms")
    acknowledge(s, 2001)
    s.tick("210ms")
    assert sent(s) == [9001]
    s.tick("100ms")
    acknowledge(s, 2001, (9001, 10_001))
    assert s.ssthresh == 4000
    s.tick("100ms")
    acknowledge(s, 10_001)
    s.write(2000)
    assert sent(s) == [10_001, 11_001]
    acknowledge(s, 12_001)
    assert s.ssthresh == 4000
    assert s.connection.stats.fast_retransmits == 1
