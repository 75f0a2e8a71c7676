"""A link alone against the textbook: M/D/1, M/M/1 and M/M/1/K (Kleinrock, Queueing Systems, 1975)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from testbed import seeds
from testbed.link.qdisc.droptail import DropTail
from testbed.link.spec import LARGEST_MTU, DirectionSpec

RATE = 8 * 10**6  # a byte a microsecond
MEAN_SIZE = 1000
SERVICE = MEAN_SIZE * 1000  # ns
PACKETS = 50_000
SPEC = DirectionSpec(rate=RATE, queue=DropTail(limit=(10**9, "packets")), mtu=LARGEST_MTU)


class PoissonSource:
    """Pushes packets at exponential intervals, of one size or of exponential sizes."""

    def __init__(self, lab, packet, load, exponential_sizes):
        self.lab, self.packet, self.exponential_sizes = lab, packet, exponential_sizes
        self.arrivals, self.sizes = seeds.stream(1, "arrivals"), seeds.stream(1, "sizes")
        self.interval = SERVICE / load
        self.left = PACKETS

    def push(self, _, now):
        packet = self.packet(40)
        packet.size = round(self.sizes.expovariate(1 / MEAN_SIZE)) if self.exponential_sizes else MEAN_SIZE
        self.lab.link.push(packet, now)
        self.left -= 1
        if self.left:
            self.lab.clock.at(now + round(self.arrivals.expovariate(1 / self.interval)), self.push, None)


def offer(bench, packet, load, exponential_sizes, spec=SPEC):
    """A bench to which all packets have been offered, at `load` of the link's rate."""
    lab = bench(spec)
    lab.clock.at(0, PoissonSource(lab, packet, load, exponential_sizes).push, None)
    return lab.run()


def mean_wait(lab):
    """In units of the mean service time, over all packets, those that did not wait among them."""
    assert len(lab.arrived) == PACKETS
    return sum(waited for *_, waited in lab.notes.queued) / PACKETS / SERVICE


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_fixed_sizes_wait_as_in_an_m_d_1_queue(bench, packet, load):
    lab = offer(bench, packet, load, exponential_sizes=False)
    assert mean_wait(lab) == pytest.approx(load / (2 * (1 - load)), rel=0.05)


@pytest.mark.parametrize("load", [0.5, 0.7])
def test_exponential_sizes_wait_as_in_an_m_m_1_queue(bench, packet, load):
    lab = offer(bench, packet, load, exponential_sizes=True)
    assert mean_wait(lab) == pytest.approx(load / (1 - load), rel=0.05)


def test_a_short_queue_drops_as_in_an_m_m_1_k_queue(bench, packet):
    load, room = 0.8, 5  # one being sent, four waiting
    lab = offer(bench, packet, load, True, replace(SPEC, queue=DropTail(limit=(room - 1, "packets"))))
    blocked = (1 - load) * load**room / (1 - load ** (room + 1))
    assert lab.link.stats.drops / PACKETS == pytest.approx(blocked, rel=0.05)


def test_utilisation_is_the_load(bench, packet):
    lab = offer(bench, packet, 0.5, exponential_sizes=False)
    assert lab.link.busy(lab.clock.now) / lab.clock.now == pytest.approx(0.5, rel=0.02)
