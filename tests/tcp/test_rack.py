"""Losses found by time: RFC 8985 section 6. The round trip is 100 ms, so that a quarter of the least one is 25 ms.

Ten segments are in flight, and the window is ten. What was sent last among what has arrived is called the newest.
"""

from __future__ import annotations

import pytest
from conftest import START
from selective import acknowledge, in_flight, pipe, reasons, sent

from testbed.clock import MILLISECOND


@pytest.fixture
def ten(story):
    """Ten segments in flight, all sent at once."""

    def begin(segments=10, **settings):
        return in_flight(story, segments, **{"rate_reduction": "off", **settings})

    return begin


def spread(story, count, gap="10ms", **settings):
    """Segments that leave one by one, `gap` apart: 1, 1001, …"""
    s = in_flight(story, 1, **{"initial_window": 10, "nagle": False, "rate_reduction": "off", **settings})
    for number in range(1, count):
        s.tick(gap)
        s.write(1000)
        assert sent(s) == [1 + 1000 * number]
    return s


def lost(s):
    """Which segments were declared lost, or sent again."""
    return [r.seq - s.isn for r in s.connection.sender.board.records if r.lost or r.retransmissions]


# -- step 5: what is lost ----------------------------------------------------------------------------------------------


def test_before_reordering_was_seen_the_third_segment_above_means_loss_at_once(ten):
    """Section 6.2, step 4: as with three duplicates, until a path is known to reorder."""
    s = ten()
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 2001)) == []
    assert acknowledge(s, 1, (1001, 3001)) == []
    assert acknowledge(s, 1, (1001, 4001)) == [1]
    assert s.teller.windows[-1][0] == "fast retransmit"


def test_fewer_mean_loss_when_the_window_has_passed(ten):
    """A flight too small for three duplicates needs no timeout: after a quarter of the round trip it is enough."""
    s = ten(2)
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 2001)) == []
    s.tick("24ms")
    assert sent(s) == []
    s.tick("2ms")
    s.expect("ACK", seq=1, reason="RACK")
    assert s.connection.stats.timeouts == 0


def test_what_was_sent_long_before_needs_no_timer(story):
    """RACK.xmit_ts - Segment.xmit_ts is itself a part of the waiting."""
    s = spread(story, 2, gap="30ms")
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 2001)) == [1]


def test_what_was_sent_after_the_newest_is_not_judged(story):
    s = spread(story, 4, gap="30ms")  # at 0, 30, 60, 90 ms
    s.tick("40ms")
    acknowledge(s, 1, (1001, 2001))
    s.tick("500ms")
    assert lost(s) == [1]
    sent(s)


def test_each_of_several_waits_for_its_own_time(story):
    s = spread(story, 4)  # at 0, 10, 20, 30 ms
    s.tick("100ms")  # at 130 ms: the last one's round trip is 100 ms
    assert acknowledge(s, 1, (3001, 4001)) == [1]  # 30 ms before it
    s.tick("14ms")
    assert lost(s) == [1]
    s.tick("2ms")
    assert lost(s) == [1, 1001, 2001]
    sent(s)


def test_a_timestamp_of_the_same_instant_is_settled_by_the_order_of_sending(ten):
    """All ten left at once: those below the newest were sent before it."""
    s = ten()
    s.tick("100ms")
    acknowledge(s, 1, (2001, 5001))
    assert lost(s) == [1, 1001]


def test_a_lost_retransmission_is_found_without_a_timeout(ten):
    """Section 3.3: what was sent after it has arrived."""
    s = ten(unsent=20_000)
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 10_001))[0] == 1
    s.tick("100ms")  # one of the new ones has arrived, which left together with the retransmission
    assert 1 in acknowledge(s, 1, (1001, 11_001))
    assert s.connection.stats.timeouts == 0
    assert s.connection.stats.fast_retransmits == 1


def test_a_retransmission_is_not_lost_while_what_left_before_it_arrives(ten):
    s = ten(unsent=20_000)
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 4001)) == [1]
    for right in range(5001, 10_002, 1000):
        assert 1 not in acknowledge(s, 1, (1001, right))


def test_without_selections_there_is_nothing_to_judge(ten):
    s = ten()
    s.tick("100ms")
    for ack in range(1001, 10_001, 1000):
        assert acknowledge(s, ack) == []
    assert not s.connection.sender.board.watched


# -- step 3 and 4: reordering, and the window for it -------------------------------------------------------------------


def seen_reordering(s):
    """1001 is selected before 1 arrives."""
    s.tick("100ms")
    acknowledge(s, 1, (1001, 2001))
    acknowledge(s, 2001)
    assert s.connection.sender.detection.reordering


def test_an_original_that_arrives_after_a_later_one_is_reordering(ten):
    s = ten()
    seen_reordering(s)
    s.tick("1ms")
    assert acknowledge(s, 2001, (3001, 6001)) == []  # three above, but the window is 25 ms now
    s.tick("23ms")
    assert sent(s) == []
    s.tick("3ms")
    assert 2001 in sent(s)


def test_reordering_within_the_window_causes_no_retransmission(ten):
    s = ten()
    seen_reordering(s)
    for ack in range(2001, 8001, 2000):
        acknowledge(s, ack, (ack + 1000, ack + 2000))
        s.tick("20ms")
        acknowledge(s, ack + 2000)
    s.tick("500ms")
    assert s.connection.stats.retransmitted_segments == 0


def test_a_recovery_that_was_for_nothing_is_reordering(ten):
    """Where three overtake at a time, what is late has been sent again before it arrives; yet it was only late."""
    s = ten(timestamps=True, unsent=20_000)
    first = s.our_timestamp
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 4001), timestamp_echo=first)[0] == 1
    s.tick("10ms")
    acknowledge(s, 4001, timestamp_echo=first)
    assert s.connection.stats.spurious_recoveries == 1
    assert 4001 not in acknowledge(s, 4001, (5001, 9001), timestamp_echo=first)
    s.tick("27ms")
    assert sent(s) == [4001]


def test_a_retransmission_that_arrives_is_no_reordering(ten):
    s = ten()
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 4001)) == [1]
    s.tick("100ms")
    acknowledge(s, 4001)
    assert not s.connection.sender.detection.reordering


def test_the_order_of_blocks_in_one_acknowledgement_is_no_reordering(ten):
    """RFC 2018 puts the latest first: both are news because acknowledgements before this one were lost."""
    s = ten()
    s.tick("100ms")
    acknowledge(s, 1, (5001, 6001), (3001, 4001))
    assert not s.connection.sender.detection.reordering


def test_a_block_and_an_advance_in_one_acknowledgement_are_no_reordering(ten):
    s = ten()
    s.tick("100ms")
    acknowledge(s, 3001, (5001, 6001))
    assert not s.connection.sender.detection.reordering


def window(s, recovering=False):
    return s.connection.sender.detection.window(recovering, s.connection.sender.rtt.srtt)


def test_the_window_is_a_quarter_of_the_least_round_trip(ten):
    s = ten()
    assert seen_reordering(s) is None
    assert window(s) == window(s, recovering=True) == 25 * MILLISECOND


def test_each_round_trip_with_a_report_of_a_duplicate_widens_the_window_once(ten):
    s = ten(unsent=20_000)
    seen_reordering(s)
    acknowledge(s, 3001, (1, 1001))
    acknowledge(s, 4001, (1001, 2001))
    assert window(s) == 50 * MILLISECOND
    s.tick("100ms")
    acknowledge(s, s.sent_upto)
    s.tick("100ms")
    acknowledge(s, s.sent_upto, (1, 1001))
    assert window(s) == 75 * MILLISECOND


def test_the_window_is_never_wider_than_the_smoothed_round_trip(ten):
    s = ten(unsent=200_000)
    seen_reordering(s)
    for _ in range(8):
        s.tick("100ms")
        acknowledge(s, s.sent_upto, (1, 1001))
    assert window(s) == s.connection.sender.rtt.srtt


def test_after_sixteen_recoveries_without_a_report_the_window_is_narrow_again(ten):
    s = ten(unsent=2_000_000)
    seen_reordering(s)
    acknowledge(s, 3001, (1, 1001))
    for number in range(16):
        assert window(s) == 50 * MILLISECOND, number
        start = s.connection.sender.una - s.isn
        s.tick("100ms")
        acknowledge(s, start, (start + 1000, start + 2000))
        s.tick("60ms")
        assert s.connection.sender.recovery.active
        sent(s)
        s.tick("100ms")
        acknowledge(s, s.sent_upto)
    assert window(s) == 25 * MILLISECOND


def test_the_report_that_undoes_a_recovery_widens_the_window_as_well(ten):
    """Any report does (step 4): otherwise the next reordering as long as this one would be mistaken as well."""
    s = ten()
    seen_reordering(s)
    acknowledge(s, 2001, (3001, 4001))
    s.tick("30ms")
    assert sent(s) == [2001]
    acknowledge(s, 4001)
    acknowledge(s, 4001, (2001, 3001))
    assert s.connection.stats.spurious_recoveries == 1
    assert window(s) == 50 * MILLISECOND


# -- step 2: which acknowledgement tells of what -----------------------------------------------------------------------


def test_what_is_acknowledged_too_soon_after_being_sent_again_is_the_original(ten):
    """Less than the least round trip ago: the original has arrived, and says nothing of what was sent meanwhile."""
    s = ten(dsack_undo=False, unsent=20_000)
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 10_001))[0] == 1
    newest = s.connection.sender.detection._order
    s.tick("20ms")
    acknowledge(s, 10_001)
    assert s.connection.sender.detection._order == newest


def test_what_came_along_with_an_ambiguous_one_is_taken_into_account(ten):
    """ "Among all the segments newly acknowledged that pass the checks": one that does not must not hide the others."""
    s = ten(dsack_undo=False, unsent=20_000, eifel=False)
    s.tick("100ms")
    assert acknowledge(s, 1, (1001, 4001)) == [1]
    s.tick("20ms")
    acknowledge(s, 4001, (5001, 8001))  # the original of 1, and 5001 to 8001, of which 8001 is the newest
    assert 4001 in lost(s)


def test_beyond_a_hole_an_old_timestamp_tells_nothing(ten):
    """What is echoed is the timestamp of the last segment in order (RFC 7323 section 4.3). Of the probe that a lost
    tail is found by it would say that the original had arrived, and what was lost before it would wait for the
    timeout."""
    s = ten(timestamps=True, tail_loss_probe=True)
    first = s.our_timestamp
    s.tick("100ms")
    acknowledge(s, 8001, timestamp_echo=first)
    s.tick("200ms")
    assert sent(s) == [9001]
    s.tick("100ms")
    assert acknowledge(s, 8001, (9001, 10_001), timestamp_echo=first) == [8001]


def test_a_late_arrivals_round_trip_counts_though_a_newer_segment_has_arrived(story):
    """RACK.rtt is that of the latest acknowledgement: those that are as late are given as much time."""
    s = spread(story, 4, gap="1ms", unsent=0)
    s.tick("100ms")  # at 103 ms
    acknowledge(s, 1, (3001, 4001))  # sent at 3 ms
    s.tick("20ms")  # at 123 ms, before 1 is lost (0 + 100 + 25)
    acknowledge(s, 1001, (3001, 4001))  # 1 took 123 ms, so that 1001 may take 123 + 25
    s.tick("20ms")
    assert sent(s) == []
    s.tick("7ms")
    assert sent(s)[:1] == [1001]


# -- the timers (sections 6.2 and 6.3) ---------------------------------------------------------------------------------


def test_when_the_timer_expires_what_was_sent_a_moment_ago_is_not_lost(story):
    """RACK_mark_losses_on_RTO: the oldest, and those older than a round trip and the window."""
    s = spread(story, 3, gap="460ms")  # at 0, 460 and 920 ms; the timer runs since 0
    s.tick("80ms")
    assert reasons(s) == ["retransmission timeout"]
    assert [r.seq - s.isn for r in s.connection.sender.board.records if r.lost] == [1001]
    assert pipe(s) == 2000


def test_after_a_timeout_the_rest_is_lost_when_the_retransmission_has_arrived(story):
    """What was spared is judged by time like everything else: it left before what has arrived."""
    s = spread(story, 3, gap="450ms", frto=False)
    s.tick("100ms")
    sent(s)
    s.tick("100ms")
    assert acknowledge(s, 1001) == [1001, 2001]
    assert s.connection.stats.timeouts == 1


def test_a_timeout_that_was_for_nothing_leaves_the_others_to_be_judged_by_time(ten):
    """They were taken for lost and are not: if one is lost after all, no second timeout is needed."""
    s = ten(unsent=20_000, timestamps=True)
    first = s.our_timestamp
    s.tick("100ms")
    s.tick("2s")
    assert "retransmission timeout" in reasons(s)
    acknowledge(s, 1001, (5001, 6001), timestamp_echo=first)
    assert s.teller.windows[-1][0] == "undone: Eifel"
    acknowledge(s, 1001, (2001, 6001))
    s.tick("26ms")
    assert 1001 in lost(s)
    sent(s)


def test_what_was_thought_lost_and_is_not_is_judged_like_the_rest(ten):
    """After a recovery that was for nothing; those that were not even sent again must not be forgotten."""
    s = ten(unsent=20_000, timestamps=True, rate_reduction="rfc9937")
    first = s.our_timestamp
    s.tick("100ms")
    assert acknowledge(s, 1, (7001, 10_001)) == [1, 1001, 2001]
    s.tick("5ms")
    acknowledge(s, 3001, (7001, 10_001), timestamp_echo=first)
    assert s.teller.windows[-1][0] == "undone: Eifel"
    assert lost(s) == []
    acknowledge(s, 3001, (4001, 10_001))
    s.tick("40ms")
    assert lost(s) == [3001]
    s.take()


def test_recovery_begun_by_the_timer_sends_at_once(ten):
    """With rate reduction the first retransmission is not to wait for an acknowledgement that may never come."""
    s = ten(5, rate_reduction="rfc9937")
    s.tick("100ms")
    acknowledge(s, 1, (1001, 3001))
    s.tick("30ms")
    assert sent(s) == [1]


# -- step 1: the least round trip --------------------------------------------------------------------------------------


def test_the_least_round_trip_is_forgotten_when_the_path_has_long_been_a_longer_one(story):
    """Section 6.2, step 1: a window, not all time."""
    s = in_flight(story, 1, nagle=False)
    rack = s.connection.sender.detection
    for seconds, trip in ((0, 100), (100, 400), (200, 400), (290, 400), (460, 400)):
        s.tick(f"{seconds * 1000 - s.now // 1_000_000 + START // 1_000_000}ms" if seconds else "0ms")
        if seconds:
            s.write(1000)
            sent(s)
        s.tick(f"{trip}ms")
        acknowledge(s, s.sent_upto)
        assert rack.least_rtt == (400 if seconds == 460 else 100) * MILLISECOND, seconds
