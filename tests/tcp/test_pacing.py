"""Pacing: when the next segment may leave is a time, which a timer waits for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from selective import acknowledge, in_flight, sent

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion.base import UNLIMITED
from testbed.tcp.sending.pacing import MOST_CREDIT, Pacer, window_rate

MBIT = 10**6


# -- the pacer ---------------------------------------------------------------------------------------------------------


def test_each_segment_puts_the_next_off_by_its_own_time() -> None:
    pacer = Pacer()
    pacer.rate = 8 * MBIT
    pacer.sent(7 * SECOND, 1000)
    first = pacer.next_at
    pacer.sent(first, 500)
    assert pacer.next_at - first == 500_000


def test_who_comes_late_may_make_up_for_a_millisecond_and_no_more() -> None:
    pacer = Pacer()
    pacer.rate = 8 * MBIT
    pacer.sent(1 * SECOND, 1000)
    pacer.sent(5 * SECOND, 1000)
    assert pacer.next_at == 5 * SECOND - MOST_CREDIT + MILLISECOND


def test_what_is_late_is_made_up_for_so_that_the_rate_is_kept() -> None:
    pacer = Pacer()
    pacer.rate = 8 * MBIT
    pacer.sent(1 * SECOND, 1000)
    start = pacer.next_at
    now = start
    for number in range(1, 101):
        pacer.sent(now, 1000)
        now = pacer.next_at + (number % 3) * 100_000  # the timer is up to 0.2 ms late
    assert pacer.next_at == start + 100 * MILLISECOND


@pytest.mark.parametrize(("ssthresh", "percent"), [(UNLIMITED, 200), (40_001, 200), (20_000, 120), (5000, 120)])
def test_the_window_is_spread_over_the_round_trip_with_something_to_spare(ssthresh: int, percent: int) -> None:
    assert window_rate(10_000, ssthresh, 100 * MILLISECOND) == 800_000 * percent // 100


# -- a connection ------------------------------------------------------------------------------------------------------


@pytest.fixture
def paced(story):
    """Twelve segments written, ten in the window, over 100 ms: in slow start one leaves every 5 ms."""

    def begin(data=12_000, **settings):
        s = story(**{"sack": True, "pacing": "on", "tail_loss_probe": False, **settings})
        s.established(trip="100ms", sack_permitted=True)
        s.write(data)
        return s

    return begin


def test_a_window_leaves_segment_by_segment(paced):
    s = paced()
    times = [s.sent[-1][0]]
    while s.take() and s.connection.deadline <= times[0] + 100 * MILLISECOND:
        s.tick(f"{s.connection.deadline - s.now}ns")
        times += [time for time, _ in s.sent]
    assert len(times) == 10
    assert max(later - earlier for earlier, later in pairwise(times)) == 5 * MILLISECOND


def test_what_may_not_leave_yet_has_a_timer(paced):
    s = paced()
    assert len(sent(s)) <= 2
    assert s.connection.deadline is not None
    assert s.connection.deadline - s.now <= 5 * MILLISECOND


def test_acknowledgements_in_a_heap_are_no_burst(paced):
    s = paced(60_000)
    sent(s)
    s.tick("100ms")
    sent(s)
    left = acknowledge(s, s.sent_upto)
    assert len(left) <= 2


def test_without_pacing_a_window_leaves_at_once(paced):
    s = paced(pacing="off")
    assert len(sent(s)) == 10


def test_auto_leaves_it_to_the_control(paced):
    s = paced(pacing="auto")
    assert len(sent(s)) == 10


def test_retransmissions_are_paced_as_well(story):
    s = in_flight(story, 10, unsent=30_000, rate_reduction="rfc6937")
    s.connection.sender.pacer.rate = 800_000
    s.connection.sender.pacer.next_at = s.now
    s.tick("100ms")
    left = acknowledge(s, 1, (4001, 10_001))
    assert left == [1]
    s.tick("8ms")  # it is late, and may make up for a millisecond
    assert sent(s) == []
    s.tick("2ms")
    assert sent(s) == [1001]


def test_a_timeout_does_not_wait_for_the_pace(paced):
    s = paced(1000)
    assert sent(s) == [1]
    s.connection.sender.pacer.next_at = s.now + 10 * SECOND
    s.tick("1s")
    assert sent(s) == [1]


def test_the_pace_holds_although_nothing_is_in_flight(paced):
    """Not even silly-window avoidance may override it."""
    s = paced(1000)
    sent(s)
    acknowledge(s, 1001)
    s.connection.sender.pacer.next_at = s.now + SECOND
    s.write(500)
    s.tick("900ms")
    assert sent(s) == []
    s.tick("101ms")
    assert sent(s) == [1001]


def test_the_rate_follows_the_window(paced):
    s = paced(60_000)
    before = s.connection.sender.pacer.rate
    sent(s)
    s.tick("100ms")
    sent(s)
    acknowledge(s, s.sent_upto)
    sent(s)
    assert s.connection.sender.pacer.rate > before
