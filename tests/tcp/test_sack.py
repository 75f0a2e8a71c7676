"""What SACK tells of losses, by counting: RFC 6675, the blocks of RFC 2018, and RFC 2883's reports of duplicates.

RACK is off; ten segments are in flight, and the window is ten.
"""

from __future__ import annotations

import pytest
from selective import acknowledge, in_flight, pipe, reasons, sent


@pytest.fixture
def ten(story):
    """Ten segments in flight: 1, 1001, …, 9001."""

    def begin(**settings):
        return in_flight(story, **{"rack": False, "rate_reduction": "off", **settings})

    return begin


def write_small(s, count):
    places = []
    for _ in range(count):
        s.write(100)
        places += sent(s)
    return places


# -- what is lost (RFC 6675 section 4, IsLost) -------------------------------------------------------------------------


def test_three_segments_selected_above_mean_loss(ten):
    s = ten()
    assert acknowledge(s, 1, (1001, 2001)) == []
    assert acknowledge(s, 1, (1001, 3001)) == []
    assert acknowledge(s, 1, (1001, 4001)) == [1]
    assert s.connection.stats.fast_retransmits == 1


def test_three_ranges_above_mean_loss_of_all_that_lies_below_them(ten):
    s = ten()
    assert acknowledge(s, 1, (2001, 3001)) == []
    assert acknowledge(s, 1, (4001, 5001), (2001, 3001)) == []
    acknowledge(s, 1, (6001, 7001), (4001, 5001), (2001, 3001))
    records = s.connection.sender.board.records
    assert [record.seq - s.isn for record in records if record.lost or record.retransmissions] == [1, 1001]


def test_one_acknowledgement_that_selects_three_segments_means_loss_at_once(ten):
    """The two before it were lost: it is the bytes that count, not the acknowledgements."""
    s = ten()
    assert acknowledge(s, 1, (1001, 4001)) == [1]


def test_three_duplicates_mean_loss_although_few_bytes_were_selected(story):
    """Section 5, step 1: DupAcks counts as well, or a sender of small segments would wait for the timer."""
    s = in_flight(story, 1, rack=False, nagle=False, initial_window=10)
    assert write_small(s, 4) == [1001, 1101, 1201, 1301]
    assert acknowledge(s, 1, (1001, 1101)) == []
    assert acknowledge(s, 1, (1001, 1201)) == []
    assert acknowledge(s, 1, (1001, 1301)) == [1]


def test_an_advance_begins_the_count_of_duplicates_anew(story):
    s = in_flight(story, 2, rack=False, nagle=False, initial_window=10, limited_transmit=False)
    write_small(s, 6)
    acknowledge(s, 1, (2001, 2101))
    acknowledge(s, 1, (2001, 2201))
    assert acknowledge(s, 1001, (2001, 2201)) == []
    assert acknowledge(s, 1001, (2001, 2301)) == []
    assert acknowledge(s, 1001, (2001, 2401)) == []
    assert acknowledge(s, 1001, (2001, 2501)) == [1001]


def test_the_same_selection_again_says_nothing(ten):
    """A duplicate must tell of something new (RFC 6675 section 2): else a copy of it would count."""
    s = ten(dupack_threshold=3)
    acknowledge(s, 1, (1001, 2001))
    for _ in range(10):
        assert acknowledge(s, 1, (1001, 2001)) == []
    assert s.connection.stats.fast_retransmits == 0


def test_duplicates_without_selection_mean_nothing_where_both_ends_select(ten):
    s = ten()
    for _ in range(10):
        assert acknowledge(s, 1) == []


# -- blocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "blocks",
    [
        ((3001, 5001), (4001, 7001)),
        ((4001, 7001), (3001, 5001)),
        ((4001, 5001), (3001, 7001)),
        ((3001, 4001), (5001, 6001), (4001, 5001), (6001, 7001)),
    ],
)
def test_blocks_may_overlap_touch_and_hold_one_another(ten, blocks):
    s = ten(dupack_threshold=9)
    for block in blocks:
        acknowledge(s, 1, block)
    assert s.connection.sender.board.sacked.pairs() == [(3001 + s.isn, 7001 + s.isn)]
    assert pipe(s) == 6000


def test_a_segment_counts_when_all_of_it_was_selected(ten):
    s = ten()
    acknowledge(s, 1, (1001, 1501))
    assert pipe(s) == 10_000
    acknowledge(s, 1, (1001, 2001))
    assert pipe(s) == 9000


def test_a_segment_may_be_selected_in_parts(ten):
    s = ten()
    acknowledge(s, 1, (1501, 2001))
    acknowledge(s, 1, (1201, 1501))
    assert pipe(s) == 10_000
    acknowledge(s, 1, (1001, 1201))
    assert pipe(s) == 9000


@pytest.mark.parametrize("block", [(10_001, 11_001), (9001, 10_002), (3001, 3001), (4001, 3001), (2**31, 2**31 + 1000)])
def test_blocks_that_cannot_be_are_ignored(ten, block):
    s = ten()
    assert acknowledge(s, 1, block) == []
    assert pipe(s) == 10_000
    assert not s.connection.sender.board.sacked


def test_a_block_of_what_is_acknowledged_is_ignored_but_as_a_report(ten):
    s = ten()
    acknowledge(s, 3001, (1, 1001))
    assert not s.connection.sender.board.sacked
    assert s.connection.stats.duplicates_reported == 1
    assert pipe(s) == 7000


def test_all_may_be_acknowledged_while_blocks_are_held(ten):
    s = ten()
    acknowledge(s, 1, (5001, 8001))
    assert acknowledge(s, 10_001) == []
    board = s.connection.sender.board
    assert (board.pipe, board.sacked_segments, len(board.sacked), len(board.records)) == (0, 0, 0, 0)


def test_an_acknowledgement_may_end_within_a_block(ten):
    s = ten()
    acknowledge(s, 1, (1001, 3001))
    acknowledge(s, 2001, (2001, 3001))
    assert s.connection.sender.board.sacked_segments in (0, 1)
    assert pipe(s) == 7000
    acknowledge(s, 4001)
    assert pipe(s) == 6000


def test_the_fin_may_be_selected_like_any_segment(ten):
    s = ten()
    s.close()
    assert sent(s) == [10_001]
    acknowledge(s, 1, (9001, 10_002))
    assert pipe(s) == 9000
    assert acknowledge(s, 1, (7001, 10_002)) == [1, 1001, 2001, 3001, 4001]
    assert acknowledge(s, 10_002) == []
    assert s.state == "FIN-WAIT-2"


def test_a_lost_fin_is_sent_again_at_its_own_number(ten):
    """Beyond it nothing can be selected; it must not be confused with a byte."""
    s = ten()
    s.close()
    assert sent(s) == [10_001]
    acknowledge(s, 1, (1001, 10_001))
    s.receive("ACK", ack=10_001)
    s.expect("FIN,ACK", seq=10_001, length=0, reason="rescue")
    s.tick("1s")
    s.expect("FIN,ACK", seq=10_001, length=0, reason="retransmission timeout")


# -- recovery (section 5) ----------------------------------------------------------------------------------------------


def test_all_that_is_lost_is_repaired_in_one_round_trip_and_the_window_is_reduced_once(ten):
    s = ten()
    assert acknowledge(s, 1, (3001, 6001)) == [1]
    assert s.ssthresh == 5000
    rest = [acknowledge(s, 1, (3001, right)) for right in (7001, 8001, 9001, 10_001)]
    assert rest == [[1001], [2001], [], []]
    assert acknowledge(s, 10_001) == []
    assert (s.connection.stats.fast_retransmits, s.connection.stats.timeouts, s.ssthresh) == (1, 0, 5000)


def test_in_recovery_the_window_is_half_and_what_is_in_flight_stays_below_it(ten):
    s = ten(unsent=20_000)
    acknowledge(s, 1, (1001, 4001))
    assert s.cwnd == 5000
    for right in range(5001, 10_002, 1000):
        acknowledge(s, 1, (1001, right))
        assert pipe(s) <= max(5000, 10_001 - right + 3000)


def test_what_was_sent_again_is_not_sent_again_with_each_acknowledgement(ten):
    """The retransmission is on its way: more selections above it say nothing of it."""
    s = ten()
    assert acknowledge(s, 1, (1001, 4001)) == [1]
    for right in range(5001, 10_002, 1000):
        assert acknowledge(s, 1, (1001, right)) == []


def test_holes_are_repaired_before_new_data_is_sent(ten):
    s = ten(unsent=20_000)
    places = acknowledge(s, 1, (3001, 10_001))
    assert places[:3] == [1, 1001, 2001]
    assert places[3:] == [10_001, 11_001]


def test_a_second_loss_in_the_same_window_is_not_a_second_reduction(ten):
    s = ten(unsent=20_000)
    acknowledge(s, 1, (1001, 4001))
    acknowledge(s, 1, (1001, 4001), (5001, 10_001))
    assert s.connection.stats.fast_retransmits == 1
    assert s.ssthresh == 5000
    assert 4001 in {record.seq - s.isn for record in s.connection.sender.board.records if record.retransmissions}


def test_losses_of_the_next_window_are_a_second_reduction(ten):
    s = ten(unsent=20_000)
    acknowledge(s, 1, (1001, 10_001))
    acknowledge(s, 10_001)
    assert s.ssthresh == 5000
    acknowledge(s, 10_001, (11_001, 14_001))
    assert s.connection.stats.fast_retransmits == 2
    assert s.ssthresh < 5000


def test_a_partial_acknowledgement_is_not_the_end(ten):
    s = ten()
    acknowledge(s, 1, (1001, 4001))
    acknowledge(s, 4001)
    assert s.connection.sender.recovery.active
    acknowledge(s, 10_001)
    assert not s.connection.sender.recovery.active


def test_when_nothing_new_can_be_sent_the_holes_not_known_to_be_lost_are_sent(ten):
    """NextSeg (3): 8001 has but one segment selected above it, and there is nothing better to do with the window."""
    s = ten()
    assert acknowledge(s, 1, (1001, 8001), (9001, 10_001)) == [1, 8001]


def test_the_end_of_the_flight_is_rescued_once(ten):
    """NextSeg (4): the last segments were lost as well, and no acknowledgement would ever tell."""
    s = ten()
    assert acknowledge(s, 1, (1001, 8001)) == [1]
    assert acknowledge(s, 8001) == [9001]
    assert acknowledge(s, 9001) == []
    s.tick("1s")
    assert reasons(s) == ["retransmission timeout"]


# -- limited transmit (RFC 3042; RFC 6675 section 5, step 3) -----------------------------------------------------------


def test_what_has_left_the_network_makes_room_before_recovery(ten):
    s = ten(unsent=20_000)
    assert acknowledge(s, 1, (1001, 2001)) == [10_001]
    assert acknowledge(s, 1, (1001, 3001)) == [11_001]


def test_without_limited_transmit_it_does_not(ten):
    s = ten(unsent=20_000, limited_transmit=False)
    assert acknowledge(s, 1, (1001, 2001)) == []
    assert acknowledge(s, 1, (1001, 3001)) == []


def test_what_limited_transmit_sent_does_not_count_for_the_threshold(ten):
    s = ten(unsent=20_000)
    acknowledge(s, 1, (1001, 2001))
    acknowledge(s, 1, (1001, 3001))
    acknowledge(s, 1, (1001, 4001))
    assert s.ssthresh == 5000


# -- the timer ---------------------------------------------------------------------------------------------------------


def test_after_a_timeout_what_was_selected_is_not_sent_again(ten):
    """RFC 6675 section 5.1: the scoreboard is worth keeping."""
    s = ten()
    acknowledge(s, 1, (1001, 2001), (3001, 4001))
    s.tick("1s")
    assert reasons(s) == ["retransmission timeout"]
    places = []
    for ack in (2001, 4001, 5001, 6001, 7001, 8001, 9001):
        places += acknowledge(s, ack)
    assert places == [2001, 4001, 5001, 6001, 7001, 8001, 9001]


def test_a_peer_that_forgot_what_it_had_selected_gets_it_again(ten):
    """RFC 2018 section 8: the segment at the left edge is selected when the timer expires, so nothing counts."""
    s = ten()
    acknowledge(s, 1, (1001, 5001))
    acknowledge(s, 1001)
    s.tick("1s")
    assert sent(s) == [1001]
    assert pipe(s) == 1000
    places = [place for ack in range(2001, 10_001, 1000) for place in acknowledge(s, ack)]
    assert places == list(range(2001, 10_001, 1000))


def test_no_recovery_begins_while_what_timed_out_is_repaired(ten):
    """Section 5.1: not before all that was outstanding is acknowledged."""
    s = ten(unsent=20_000, frto=False)
    s.tick("1s")
    sent(s)
    acknowledge(s, 1001, (2001, 6001))
    assert s.connection.stats.fast_retransmits == 0
    assert s.ssthresh == 5000


# -- reports of duplicates, by the receiver (RFC 2883 section 4) -------------------------------------------------------


@pytest.fixture
def listener(story):
    def begin(**settings):
        s = story(sack=True, **settings)
        s.established(sack_permitted=True)
        return s

    return begin


def test_a_duplicate_segment_is_reported_once(listener):
    """Section 4.1.1"""
    s = listener()
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501, sack=[])
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501, sack=[(1, 501)])
    s.receive("ACK", seq=501, data=500)
    s.expect("ACK", ack=1001, sack=[])


def test_a_duplicate_comes_before_what_waits_beyond_the_hole(listener):
    """Section 4.1.2"""
    s = listener()
    s.receive("ACK", seq=1001, data=500)
    s.expect("ACK", ack=1, sack=[(1001, 1501)])
    s.receive("ACK", seq=2001, data=500)
    s.expect("ACK", ack=1, sack=[(2001, 2501), (1001, 1501)])
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501, sack=[(2001, 2501), (1001, 1501)])
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501, sack=[(1, 501), (2001, 2501), (1001, 1501)])


def test_a_duplicate_of_what_waits_is_followed_by_its_island(listener):
    """Section 4.1.3"""
    s = listener()
    s.receive("ACK", seq=1001, data=1000)
    s.expect("ACK", ack=1, sack=[(1001, 2001)])
    s.receive("ACK", seq=1001, data=500)
    s.expect("ACK", ack=1, sack=[(1001, 1501), (1001, 2001)])


def test_of_a_segment_that_is_partly_new_the_old_part_is_reported(listener):
    """Section 4.2.1"""
    s = listener()
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501)
    s.receive("ACK", seq=1, data=1000)
    s.expect("ACK", ack=1001, sack=[(1, 501)])


def test_duplicates_are_not_reported_without_the_setting(listener):
    s = listener(dsack=False)
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501)
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501, sack=[])
    s.receive("ACK", seq=1, data=1000)
    s.expect("ACK", ack=1001, sack=[])


def test_duplicates_are_not_reported_to_a_peer_without_sack(story):
    s = story(sack=True).established()
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501)
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501, sack=[])
