"""Proportional rate reduction: RFC 9937, and RFC 6937's bounds. Twenty segments are in flight, and half of them remain.

The part by itself first, number by number; then what leaves a connection for each acknowledgement.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selective import acknowledge, in_flight, pipe, sent

from testbed.tcp.recovery.rate_reduction import RFC_6937, RFC_9937, RateReduction

MSS = 1000


def room(reduction: RateReduction, in_flight: int) -> int:
    """What may leave now [sndcnt]."""
    return reduction.window - in_flight


# -- the sum (section 6) -----------------------------------------------------------------------------------------------


def test_while_more_than_the_target_is_in_flight_half_of_what_arrives_may_leave() -> None:
    reduction = RateReduction(20 * MSS, 10 * MSS, MSS, 16 * MSS, RFC_9937)
    in_flight, left = 16 * MSS, []
    for _ in range(6):
        in_flight -= MSS
        reduction.delivered(MSS, in_flight, safe=False)
        left.append(room(reduction, in_flight))
        while room(reduction, in_flight) >= MSS:
            reduction.sent(MSS)
            in_flight += MSS
    assert left == [1000, 0, 500, 1000, 500, 1000]


def test_the_share_is_rounded_up() -> None:
    """CEIL: or the last byte of the target would never be reached."""
    reduction = RateReduction(3 * MSS, 2 * MSS, MSS, 3 * MSS, RFC_9937)
    reduction.sent(600)
    reduction.delivered(MSS, 3 * MSS, safe=False)
    assert room(reduction, 3 * MSS) == 67


def test_below_the_target_a_safe_acknowledgement_lets_one_segment_more_leave() -> None:
    """The slow-start reduction bound: recovery makes progress, and nothing more is lost."""
    reduction = RateReduction(20 * MSS, 10 * MSS, MSS, 2 * MSS, RFC_9937)
    reduction.sent(MSS)
    reduction.delivered(MSS, 2 * MSS, safe=True)
    assert room(reduction, 2 * MSS) == 2 * MSS


def test_below_the_target_other_acknowledgements_let_as_much_leave_as_has_arrived() -> None:
    """The conservative reduction bound."""
    reduction = RateReduction(20 * MSS, 10 * MSS, MSS, 2 * MSS, RFC_9937)
    reduction.sent(MSS)
    reduction.delivered(MSS, 2 * MSS, safe=False)
    assert room(reduction, 2 * MSS) == MSS


def test_what_was_not_used_may_be_made_up_for() -> None:
    reduction = RateReduction(20 * MSS, 10 * MSS, MSS, 8 * MSS, RFC_9937)
    reduction.sent(MSS)
    for flying in (8, 7, 6, 5):
        reduction.delivered(MSS, flying * MSS, safe=False)
    assert room(reduction, 5 * MSS) == 3 * MSS


def test_it_never_leads_beyond_the_target() -> None:
    reduction = RateReduction(20 * MSS, 10 * MSS, MSS, 9 * MSS, RFC_9937)
    reduction.delivered(8 * MSS, 9 * MSS, safe=True)
    assert reduction.window == 10 * MSS


def test_rfc_6937_asks_not_whether_the_acknowledgement_is_safe() -> None:
    reduction = RateReduction(20 * MSS, 10 * MSS, MSS, 2 * MSS, RFC_6937)
    reduction.sent(MSS)
    reduction.delivered(MSS, 2 * MSS, safe=False)
    assert room(reduction, 2 * MSS) == 2 * MSS


def test_the_first_retransmission_leaves_whatever_the_sum_says() -> None:
    reduction = RateReduction(20 * MSS, 10 * MSS, MSS, 18 * MSS, RFC_9937)
    assert room(reduction, 18 * MSS) == MSS
    reduction.delivered(100, 18 * MSS, safe=False)
    assert room(reduction, 18 * MSS) == MSS
    reduction.sent(MSS)
    reduction.delivered(100, 18 * MSS, safe=False)
    assert room(reduction, 18 * MSS) == 0


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(
    flight=st.integers(4, 60),
    target=st.integers(2, 30),
    arrivals=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.booleans()), max_size=60),
    version=st.sampled_from([RFC_9937, RFC_6937]),
)
def test_the_window_comes_to_the_target_and_not_above(
    flight: int, target: int, arrivals: list[tuple[int, int, bool]], version: str
) -> None:
    """Whatever arrives, is lost, and is sent of what may be: no more leaves than arrives (but one segment for each
    safe acknowledgement), and below the target never more than up to it."""
    target = min(target, flight)
    reduction = RateReduction(flight * MSS, target * MSS, MSS, flight * MSS, version)
    in_flight = flight * MSS
    for arrived, lost, safe in arrivals:
        arrived, lost = min(arrived * MSS, in_flight), lost * MSS
        in_flight -= arrived
        in_flight -= min(lost, in_flight)
        if arrived:
            reduction.delivered(arrived, in_flight, safe)
        assert reduction.window >= in_flight or not arrived
        if in_flight <= target * MSS:
            assert reduction.window <= max(target * MSS, in_flight + MSS) or not arrived
        while arrived and in_flight + MSS <= reduction.window:
            reduction.sent(MSS)
            in_flight += MSS


# -- a connection ------------------------------------------------------------------------------------------------------


@pytest.fixture
def twenty(story):
    def begin(**settings):
        s = in_flight(story, 20, **{"unsent": 60_000, "rack": False, **settings})
        s.tick("100ms")
        return s

    return begin


def selections(s, upto, ack=1, start=1001):
    """Every further segment is selected; how many left for each."""
    return [len(acknowledge(s, ack, (start, right))) for right in range(upto, 20_002, 1000)]


def test_a_segment_leaves_for_every_second_that_arrives(twenty):
    """One loss in a full window: neither silence nor a burst, and half is in flight when it is repaired."""
    s = twenty(limited_transmit=False)
    left = selections(s, 2001)
    assert left[:2] == [0, 0]
    assert sum(left) == 10
    assert max(left) == 1
    assert all(1 <= sum(left[i : i + 5]) <= 4 for i in range(3, len(left) - 4))
    assert acknowledge(s, 20_001) != []
    assert pipe(s) == 10_000
    assert s.cwnd == 10_000


def test_what_had_arrived_before_does_not_count_and_what_began_recovery_does(twenty):
    """RecoverFS: what was outstanding, less what was selected before, with what this acknowledgement has delivered."""
    s = twenty(limited_transmit=False)
    acknowledge(s, 1, (1001, 2001))
    acknowledge(s, 1, (1001, 3001))
    acknowledge(s, 1, (1001, 4001))
    reduction = s.connection.sender.recovery.reduction
    assert (reduction._flight, reduction._delivered, reduction._out) == (18_000, 1000, 1000)


def test_a_recovery_that_begins_with_an_advance_counts_what_was_advanced_over(twenty):
    s = twenty(limited_transmit=False)
    acknowledge(s, 5001, (6001, 9001))
    reduction = s.connection.sender.recovery.reduction
    assert (reduction._flight, reduction._delivered) == (20_000, 8000)


def test_many_losses_are_repaired_one_for_each_arrival(twenty):
    """Below the target at once: what arrives clocks out as much, and safe progress one more."""
    s = twenty()
    places = acknowledge(s, 1, (15_001, 18_001))
    assert places[:3] == [1, 1001, 2001]
    assert len(places) == 3
    assert acknowledge(s, 1001, (15_001, 18_001)) == [3001, 4001]


def test_losses_that_a_timer_finds_in_recovery_are_no_leave_to_send_a_burst(story):
    """The pipe shrinks with them; what may leave is still counted by what arrives."""
    s = in_flight(story, 10, initial_window=20, limited_transmit=False)
    s.tick("30ms")
    s.write(60_000)
    assert len(sent(s)) == 10
    s.tick("70ms")
    acknowledge(s, 1, (1001, 2001))
    acknowledge(s, 2001)  # reordering: the window is 25 ms
    s.tick("30ms")
    acknowledge(s, 2001, (19_001, 20_001))  # the first ten are lost, for the others it is too early
    assert s.connection.sender.recovery.active
    before = pipe(s)
    s.tick("26ms")
    assert pipe(s) <= before - 8000
    assert sent(s) == []


def test_without_it_the_window_is_the_target_at_once(twenty):
    """RFC 6675: silence until half of it has left."""
    s = twenty(rate_reduction="off", limited_transmit=False)
    left = selections(s, 2001)
    assert left[2] == 1
    assert left[3:8] == [0, 0, 0, 0, 0]
    assert s.cwnd == 10_000


@pytest.mark.parametrize("version", [RFC_9937, RFC_6937, "off"])
def test_after_recovery_the_window_is_the_target_however_little_is_in_flight(twenty, version):
    """RFC 9937 section 6.4; RFC 6675 section 5, step 4.2, after which nothing changes it."""
    s = twenty(rate_reduction=version, unsent=0)
    selections(s, 2001)
    acknowledge(s, 20_001)
    assert pipe(s) == 0
    assert s.cwnd == s.ssthresh == 10_000


@pytest.mark.parametrize("version", [RFC_9937, RFC_6937, "off"])
def test_after_recovery_slow_start_does_not_make_a_segment_more_of_half_a_segment(story, version):
    """Thirteen are in flight and six and a half remain, where six and then slow start made seven."""
    s = in_flight(story, 13, unsent=60_000, rack=False, limited_transmit=False, rate_reduction=version)
    s.tick("100ms")
    for right in range(2001, 13_002, 1000):
        acknowledge(s, 1, (1001, right))
    assert len(acknowledge(s, 13_001)) <= 2
    assert s.cwnd == s.ssthresh == 6500
    assert pipe(s) == 6000
    for ack in range(14_001, 20_001, 1000):
        acknowledge(s, ack)
    assert s.cwnd == 6500
    acknowledge(s, 20_001)
    assert s.cwnd == 7500


def test_after_recovery_nothing_is_left_of_it(twenty):
    s = twenty()
    selections(s, 2001)
    acknowledge(s, s.sent_upto)
    sender = s.connection.sender
    assert sender.recovery.reduction is None
    assert sender.window == s.cwnd <= s.ssthresh
