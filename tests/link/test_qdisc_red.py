"""Random early detection: the average, and what it does (Floyd and Jacobson 1993)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from testbed import seeds
from testbed.errors import UnitError
from testbed.link.qdisc.red import Red
from testbed.wire.packet import ECT0

MS = 10**6


@pytest.fixture
def build():
    def built(limit=(1000, "packets"), **settings):
        dropped, marked = [], []
        queue = Red(**settings).build(
            limit,
            lambda p, now, reason: dropped.append((p.segment.seq, reason)),
            lambda p, now, reason: marked.append((p.segment.seq, reason)),
            seeds.stream(1, "queue"),
        )
        return queue, dropped, marked

    return built


def pinned(build, average, **settings):
    """A queue whose average stays about where it is put."""
    made = build(weight=1e-9, **settings)
    made[0].average = average
    return made


def test_the_average_follows_what_packets_find(build, packet):
    queue, _, _ = build(weight=0.25)
    for _ in range(4):
        queue.enqueue(packet(), 0)
    assert queue.average == 0.25 * 3 + 0.75 * (0.25 * 2 + 0.75 * 0.25)  # they found 0, 1, 2, 3


def test_the_average_in_bytes(build, packet):
    queue, _, _ = build(weight=0.5, min=(10_000, "bytes"), max=(30_000, "bytes"))
    queue.enqueue(packet(1000), 0)
    queue.enqueue(packet(1000), 0)
    assert queue.average == 500


def test_an_empty_queue_forgets_as_if_packets_had_gone_on_coming(build, packet):
    queue, _, _ = build(weight=0.1)
    for _ in range(6):
        queue.enqueue(packet(), 0)
    for now in range(6):
        queue.dequeue(now * 2 * MS)  # each takes 2 ms; it is empty from 10 ms on
    before = queue.average
    queue.enqueue(packet(), 24 * MS)
    assert queue.average == pytest.approx(before * 0.9**7)


def test_below_the_minimum_nothing_is_dropped(build, packet):
    queue, dropped, _ = pinned(build, 4.9, min=(5, "packets"), max=(15, "packets"))
    for _ in range(500):
        queue.enqueue(packet(), 0)
    assert dropped == []


def test_on_the_slope_those_chosen_are_evenly_spread(build, packet):
    queue, dropped, _ = pinned(build, 10, min=(5, "packets"), max=(15, "packets"), max_probability=0.1)
    for number in range(20_000):
        queue.enqueue(packet(seq=number), 0)
        queue.dequeue(0)
    gaps = [after - before for (before, _), (after, _) in pairwise(dropped)]
    assert {reason for _, reason in dropped} == {"early"}
    assert max(gaps) == 20  # 1/p, with p = 5 %
    assert sum(gaps) / len(gaps) == pytest.approx(10.5, rel=0.05)  # uniform over 1 to 20


@pytest.mark.parametrize("gentle", [True, False])
def test_beyond_the_slope_everything_is_dropped(build, packet, gentle):
    queue, dropped, marked = pinned(build, 30 if gentle else 15, min=(5, "packets"), max=(15, "packets"), gentle=gentle)
    for number in range(10):
        queue.enqueue(packet(seq=number, ecn=ECT0), 0)
    assert dropped == [(number, "forced") for number in range(10)]
    assert not marked


def test_gently_the_chance_grows_on_above_the_maximum(build, packet):
    queue, dropped, _ = pinned(build, 22.5, min=(5, "packets"), max=(15, "packets"), max_probability=0.2)
    for number in range(3000):
        queue.enqueue(packet(seq=number), 0)
        queue.dequeue(0)
    assert len(dropped) / 3000 == pytest.approx(1 / 1.4, rel=0.05)  # p = 0.6: the next one, or else the one after it


def test_what_allows_it_is_marked_and_goes_on(build, packet):
    queue, dropped, marked = pinned(build, 10, min=(5, "packets"), max=(15, "packets"))
    for number in range(500):
        queue.enqueue(packet(seq=number, ecn=ECT0), 0)
    assert (len(dropped), queue.packets) == (0, 500)
    assert len(marked) > 20


def test_a_full_queue_marks_nobody(build, packet):
    queue, dropped, marked = pinned(build, 29, limit=(20, "packets"), min=(5, "packets"), max=(15, "packets"))
    for number in range(200):
        queue.enqueue(packet(seq=number, ecn=ECT0), 0)
    assert {number for number, _ in marked} <= set(range(20))
    assert dropped == [(number, "queue full") for number in range(20, 200)]


def test_thresholds_that_are_left_out_come_from_the_limit():
    assert Red().thresholds((60, "packets")) == (10, 30, "packets")
    assert Red(max=(30, "packets")).thresholds((1000, "packets")) == (10, 30, "packets")
    assert Red(min=(3000, "bytes")).thresholds((60, "packets")) == (3000, 9000, "bytes")


@pytest.mark.parametrize("settings", [
    {"min": (5, "packets"), "max": (5, "packets")},
    {"min": (5, "packets"), "max": (15000, "bytes")},
    {"weight": 0.0},
])  # fmt: skip
def test_settings_that_make_no_slope(settings):
    with pytest.raises(UnitError):
        Red(**settings)
