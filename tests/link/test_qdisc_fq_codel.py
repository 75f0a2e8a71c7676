"""Flow queueing: whose turn it is (RFC 8290)."""

from __future__ import annotations

from collections import Counter

import pytest

from testbed import seeds
from testbed.errors import UnitError
from testbed.link.qdisc.fq_codel import FqCodel

MS = 10**6


@pytest.fixture
def build():
    def built(seed=1, **settings):
        dropped = []
        queue = FqCodel(**settings).build(
            (1000, "packets"),
            lambda p, now, reason: dropped.append((p, reason)),
            lambda *_: None,
            seeds.stream(seed, "q"),
        )
        return queue, dropped

    return built


def fill(queue, packet, port, count, size=1500, now=0):
    for _ in range(count):
        queue.enqueue(packet(size, source_port=port), now)


def served(queue, count, now=MS):
    """The ports of the next packets."""
    return [queue.dequeue(now).segment.source_port for _ in range(count)]


def test_two_flows_take_turns(build, packet):
    queue, _ = build()
    fill(queue, packet, 1, 10)
    fill(queue, packet, 2, 10)
    assert Counter(served(queue, 10)) == {1: 5, 2: 5}


def test_turns_are_fair_in_bytes(build, packet):
    queue, _ = build()
    fill(queue, packet, 1, 500, size=1500)
    fill(queue, packet, 2, 500, size=300)
    sent = Counter()
    for _ in range(360):
        each = queue.dequeue(MS)
        sent[each.segment.source_port] += each.size
    assert abs(sent[1] - sent[2]) <= 2 * 1514


def test_who_comes_anew_is_served_first(build, packet):
    queue, _ = build()
    fill(queue, packet, 1, 100)
    fill(queue, packet, 2, 100)
    served(queue, 20)
    fill(queue, packet, 3, 1, size=100)
    assert served(queue, 1) == [3]


def test_who_comes_again_and_again_does_not_keep_others_from_their_turn(build, packet):
    queue, _ = build()
    fill(queue, packet, 1, 100)
    served(queue, 2)
    ports = []
    for _ in range(20):
        fill(queue, packet, 2, 1)
        ports += served(queue, 1)
    assert ports.count(1) >= 9


def test_when_it_is_full_the_longest_is_halved(build, packet):
    queue, dropped = build(limit=(100, "packets"))
    fill(queue, packet, 1, 90, size=100)
    fill(queue, packet, 2, 10, size=1500)
    fill(queue, packet, 3, 1, size=100)
    assert [(p.segment.source_port, reason) for p, reason in dropped] == [
        (2, "queue full")
    ] * 5  # most bytes, not packets
    assert queue.packets == 96


def test_no_more_are_dropped_at_once_than_a_batch(build, packet):
    queue, dropped = build(limit=(1000, "packets"))
    fill(queue, packet, 1, 1001)
    assert len(dropped) == 64
    assert dropped[0][0].segment.seq == 0


def test_each_flow_is_under_its_own_law(build, packet):
    queue, dropped = build()
    fill(queue, packet, 1, 1000)
    for now in range(1000):
        queue.enqueue(packet(source_port=2), now * MS)
        queue.dequeue(now * MS)
        queue.dequeue(now * MS)
    assert {p.segment.source_port for p, _ in dropped} == {1}
    assert all(reason == "standing queue" for _, reason in dropped)


def test_with_one_line_it_is_first_in_first_out(build, packet):
    queue, _ = build(flows=1)
    fill(queue, packet, 1, 5)
    fill(queue, packet, 2, 5)
    assert served(queue, 10) == [1] * 5 + [2] * 5


def test_which_flows_share_a_line_is_the_seeds_choice(build, packet):
    orders = set()
    for seed in range(20):
        queue, _ = build(seed, flows=4)
        for port in range(8):
            fill(queue, packet, port, 2)
        orders.add(tuple(served(queue, 16)))
    assert len(orders) > 10


@pytest.mark.parametrize("settings", [{"flows": 0}, {"quantum": 0}, {"interval": 0}])
def test_settings_that_make_no_queue(settings):
    with pytest.raises(UnitError):
        FqCodel(**settings)
