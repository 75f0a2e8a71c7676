"""PIE: how its probability moves, and what it does with it (RFC 8033)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from testbed import seeds
from testbed.errors import UnitError
from testbed.link.qdisc.pie import Pie
from testbed.wire.packet import ECT0

MS = 10**6


class Server:
    """Serves a packet each ms, of a queue in which packets wait for as long as is said."""

    def __init__(self, packet, **settings):
        self.dropped, self.marked = [], []
        self.queue = Pie(**settings).build(
            (1000, "packets"),
            lambda p, now, reason: self.dropped.append((now // MS, reason)),
            lambda p, now, reason: self.marked.append((now // MS, reason)),
            seeds.stream(1, "queue"),
        )
        self.packet = packet
        self.now = 0

    def serve(self, until, wait):
        """Until `until` ms, with a wait of `wait` ms."""
        for now in range(self.now, until):
            while self.queue.packets < 5:
                self.queue.enqueue(self.packet(), (now - wait) * MS)
            while self.queue.dequeue(now * MS) and self.queue.packets > 1:
                pass
        self.now = until


@pytest.fixture
def server(packet):
    return lambda **settings: Server(packet, **settings)


def test_the_probability_moves_as_the_rfc_says(server):
    lab = server()
    lab.serve(30, wait=30)
    first = (0.125 * 0.015 + 1.25 * 0.030) / 2048  # the delay is 15 ms too long, and has come from 0
    assert lab.queue.probability == pytest.approx(first)
    lab.serve(45, wait=30)
    second = first + 0.125 * 0.015 / 128
    assert lab.queue.probability == pytest.approx(second)
    lab.serve(60, wait=10)
    assert lab.queue.probability == pytest.approx(second + 0.125 * 0.015 / 128)
    lab.serve(75, wait=10)
    assert lab.queue.probability == 0  # 5 ms too short, and shorter by 20 ms


def test_a_step_is_two_percent_at_most_once_it_matters(server):
    lab = server()
    lab.queue.probability = 0.2
    lab.serve(30, wait=500)
    assert lab.queue.probability <= 0.2 + 0.02 + 1e-9


def test_nothing_is_dropped_in_a_burst(server, packet):
    lab = server()
    lab.serve(30, wait=300)
    lab.queue.probability = 1.0
    for now in range(30, 150):
        lab.queue.enqueue(packet(), now * MS)
    assert lab.dropped == []
    lab.queue.probability = 1.0
    lab.queue.enqueue(packet(), 165 * MS)
    assert lab.dropped == [(165, "early")]


def busy(lab, packet, probability):
    """A queue that is long enough, whose allowance for bursts is used up, at one moment."""
    lab.serve(200, wait=100)
    for _ in range(5):
        lab.queue.enqueue(packet(), 200 * MS)
    lab.dropped.clear()
    lab.queue.probability = probability
    return lab


def test_those_chosen_are_neither_too_near_nor_too_far(server, packet):
    lab = busy(server(limit=(10**6, "packets")), packet, 0.1)
    numbers = []
    for number in range(20_000):
        before = len(lab.dropped)
        lab.queue.enqueue(packet(), 200 * MS)
        if len(lab.dropped) > before:
            numbers.append(number)
    gaps = [after - before for before, after in pairwise(numbers)]
    assert min(gaps) == 9  # 0.85 / p
    assert max(gaps) <= 85  # 8.5 / p
    assert sum(gaps) / len(gaps) == pytest.approx(8 + 10, rel=0.1)  # and a tenth of those that come after


def test_two_packets_are_no_queue(server, packet):
    lab = busy(server(), packet, 1.0)
    while lab.queue.packets > 1:
        lab.queue.dequeue(200 * MS)
    for _ in range(5):
        lab.queue.enqueue(packet(), 200 * MS)
    assert lab.queue.packets == 3  # two of them were found
    assert len(lab.dropped) == 3


@pytest.mark.parametrize(("probability", "marks"), [(0.1, True), (0.11, False)])
def test_marks_give_way_to_drops_as_it_gets_worse(server, packet, probability, marks):
    lab = busy(server(), packet, probability)
    for _ in range(100):
        lab.queue.enqueue(packet(ecn=ECT0), 200 * MS)
    assert (len(lab.marked) > 0, len(lab.dropped) > 0) == (marks, not marks)


def test_what_was_due_while_nobody_came_is_made_up_for(server):
    asked, silent = server(), server()
    for lab in (asked, silent):
        lab.serve(300, wait=60)
        while lab.queue.dequeue(300 * MS):
            pass
        lab.queue.probability = 0.5
    for now in range(300, 700):
        asked.queue.dequeue(now * MS)
    silent.queue.dequeue(699 * MS)
    assert 0 < silent.queue.probability == asked.queue.probability
    silent.queue.dequeue(60_000 * MS)
    assert silent.queue.probability == 0


def test_after_a_rest_a_burst_is_let_by_again(server, packet):
    lab = server()
    lab.serve(500, wait=100)
    while lab.queue.dequeue(500 * MS):
        pass
    lab.now = 60_000
    lab.dropped.clear()
    lab.serve(60_100, wait=100)
    lab.queue.probability = 1.0
    for _ in range(10):
        lab.queue.enqueue(packet(), 60_100 * MS)
    assert lab.dropped == []


@pytest.mark.parametrize("settings", [{"update": 0}, {"alpha": -0.1}, {"beta": float("nan")}])
def test_settings_that_make_no_controller(settings):
    with pytest.raises(UnitError):
        Pie(**settings)
