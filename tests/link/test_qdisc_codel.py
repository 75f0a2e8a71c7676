"""CoDel's law, at the times that RFC 8289 says."""

from __future__ import annotations

from itertools import accumulate
from math import ceil, sqrt

import pytest

from testbed import seeds
from testbed.link.qdisc.codel import Codel
from testbed.wire.packet import CE, ECT0, NOT_ECT

MS = 10**6
INTERVAL = 100  # ms, the default


class Server:
    """Serves a packet each ms, of a queue in which every packet has waited for `wait` ms at least."""

    def __init__(self, packet, spec=Codel(), ecn=NOT_ECT, depth=5):  # noqa: B008 -- frozen
        self.dropped, self.marked = [], []
        self.queue = spec.build((1000, "packets"), self._drop, self._mark, seeds.stream(1, "queue"))
        self.packet, self.ecn, self.depth = packet, ecn, depth
        self.now = 1000  # ms

    def _drop(self, packet, now, reason):
        self.dropped.append((now // MS, reason))

    def _mark(self, packet, now, reason):
        self.marked.append((now // MS, reason))

    def serve(self, duration, wait):
        """For `duration` ms."""
        for now in range(self.now, self.now + duration):
            while self.queue.packets < self.depth:
                self.queue.enqueue(self.packet(ecn=self.ecn), (now - wait) * MS)
            self.queue.dequeue(now * MS)
        self.now += duration

    def drain(self):
        while self.queue.dequeue(self.now * MS) is not None:
            pass


def at(start, *gaps):
    """`start`, and after it the times (ms) at which packets are dropped, `gaps` ms apart."""
    return [ceil(time - 1e-6) for time in accumulate(gaps, initial=start)]


def falling(first, last):
    """The gaps from the `first` to the `last` that is dropped."""
    return [INTERVAL / sqrt(count) for count in range(first, last + 1)]


@pytest.fixture
def server(packet):
    return lambda *settings, **more: Server(packet, *settings, **more)


def test_a_wait_below_the_target_is_never_dropped(server):
    lab = server(Codel(target=12 * MS))
    lab.serve(1000, wait=5)  # and up to 5 ms more, in a queue of five
    assert lab.dropped == []


def test_a_burst_of_less_than_an_interval_is_let_by(server):
    lab = server()
    for _ in range(10):
        lab.serve(INTERVAL, wait=50)
        lab.now -= 1
        lab.drain()
        lab.now += 1
    assert lab.dropped == []


def test_a_standing_queue_is_dropped_ever_sooner(server):
    lab = server()
    lab.serve(1000, wait=20)
    times = at(1000 + INTERVAL, *falling(1, 30))
    assert lab.dropped == [(time, "standing queue") for time in times if time < 2000]
    assert len(lab.dropped) > 20


def test_it_stops_as_soon_as_the_queue_is_good(server):
    lab = server()
    lab.serve(500, wait=20)
    before = len(lab.dropped)
    lab.drain()
    lab.serve(INTERVAL, wait=20)
    assert before > 5
    assert len(lab.dropped) == before


def test_soon_after_it_goes_on_where_it_was(server):
    lab = server()
    lab.serve(505, wait=20)
    count = len(lab.dropped)
    lab.drain()
    again = lab.now
    lab.serve(300, wait=20)
    assert [time for time, _ in lab.dropped[count:]] == [
        time for time in at(again + INTERVAL, *falling(count - 1, 99)) if time < again + 300
    ]


def test_long_after_it_begins_anew(server):
    lab = server()
    lab.serve(505, wait=20)
    count = len(lab.dropped)
    lab.drain()
    lab.now += 20 * INTERVAL
    again = lab.now
    lab.serve(300, wait=20)
    assert [time for time, _ in lab.dropped[count:]] == at(again + INTERVAL, *falling(1, 2))


def test_one_packet_that_waits_alone_is_no_standing_queue(server):
    lab = server(depth=2)  # one leaves, one remains
    lab.serve(1000, wait=50)
    assert lab.dropped == []


def test_what_allows_it_is_marked_at_the_same_times(server):
    drops, marks = server(), server(ecn=ECT0)
    drops.serve(1000, wait=20)
    marks.serve(1000, wait=20)
    assert marks.marked == drops.dropped
    assert (marks.dropped, drops.marked) == ([], [])


def test_without_ecn_it_drops_what_would_allow_marks(server):
    lab = server(Codel(ecn=False), ecn=ECT0)
    lab.serve(1000, wait=20)
    assert lab.dropped and not lab.marked


def test_what_has_been_marked_before_goes_on_and_is_not_counted(server):
    lab = server(ecn=CE)
    lab.serve(1000, wait=20)
    assert lab.dropped == lab.marked == []
