"""Marks instead of drops (ECN): what a link tells and counts, whatever the discipline."""

from __future__ import annotations

import dataclasses

import pytest

from testbed.link.qdisc.codel import Codel
from testbed.link.qdisc.droptail import DropTail
from testbed.link.qdisc.fq_codel import FqCodel
from testbed.link.qdisc.pie import Pie
from testbed.link.qdisc.red import Red
from testbed.link.spec import DirectionSpec
from testbed.wire.packet import CE, ECT0, ECT1, NOT_ECT

MBIT, MS = 10**6, 10**6
ENDLESS = (10**9, "packets")
ACTIVE = {
    "red": Red(limit=ENDLESS, min=(5, "packets"), max=(10_000, "packets"), weight=0.1, max_probability=1.0),
    "codel": Codel(limit=ENDLESS),
    "fq-codel": FqCodel(limit=ENDLESS),
    "pie": Pie(limit=ENDLESS, mark_up_to=1.0),
}


@pytest.fixture
def overload(bench, packet):
    """Two seconds of a packet each ms over a link that takes 1.2 ms for each."""

    def run(queue, ecn, damage=None, **impairments):
        lab = bench(DirectionSpec(rate=10 * MBIT, queue=queue, **impairments))
        packets = [packet(seq=number, ecn=ecn) for number in range(2000)]
        for each in packets:
            each.raw = damage
        lab.push_all(packets, apart=MS)
        return lab.run()

    return run


@pytest.mark.parametrize("ecn", [ECT0, ECT1])
@pytest.mark.parametrize("queue", ACTIVE.values(), ids=ACTIVE)
def test_what_allows_it_is_marked_and_arrives(overload, queue, ecn):
    lab = overload(queue, ecn)
    marked = [p for _, p, _ in lab.notes.marked]
    assert len(lab.arrived) == 2000
    assert {p.segment.seq for p in marked} == {p.segment.seq for _, p in lab.arrived if p.ecn == CE}
    assert lab.link.stats.marked == len(marked) > 10
    assert lab.link.stats.drops == 0


@pytest.mark.parametrize(("ecn", "damage"), [(NOT_ECT, None), (ECT0, b"as it came")], ids=["not-ECT", "corrupted"])
@pytest.mark.parametrize("queue", ACTIVE.values(), ids=ACTIVE)
def test_what_does_not_or_cannot_is_dropped(overload, queue, ecn, damage):
    lab = overload(queue, ecn, damage)
    assert lab.notes.marked == []
    assert lab.link.stats.drops > 10
    assert {p.ecn for _, p in lab.arrived} == {ecn}


@pytest.mark.parametrize("queue", ACTIVE.values(), ids=ACTIVE)
def test_with_ecn_off_everybody_is_dropped_alike(overload, queue):
    off = dataclasses.replace(queue, ecn=False)
    lab = overload(off, ECT0)
    assert lab.link.stats.marked == 0
    assert lab.numbers == overload(off, NOT_ECT).numbers


@pytest.mark.parametrize(("limit", "above"), [((10, "packets"), (4, "packets")), ((15_000, "bytes"), (6000, "bytes"))])
def test_droptail_marks_what_finds_more_than_its_threshold(bench, packet, limit, above):
    lab = bench(DirectionSpec(rate=10 * MBIT, queue=DropTail(limit=limit, mark_above=above)))
    lab.push_all(packet(seq=number, ecn=ECT0) for number in range(13))
    lab.run()
    # 0 is being sent, 1 to 10 wait, and the others find no room; 6 is the first that finds five waiting
    assert [(p.segment.seq, reason) for _, p, reason in lab.notes.marked] == [
        (number, "above threshold") for number in range(6, 11)
    ]
    assert lab.numbers == list(range(11))


def test_droptail_lets_by_what_does_not_allow_it(overload):
    lab = overload(DropTail(limit=ENDLESS, mark_above=(5, "packets")), NOT_ECT)
    assert (len(lab.arrived), lab.link.stats.marked) == (2000, 0)


def test_a_mark_on_one_link_stands_on_the_next(overload):
    lab = overload(DropTail(limit=ENDLESS, mark_above=(5, "packets")), CE)
    assert {p.ecn for _, p in lab.arrived} == {CE}
    assert lab.link.stats.marked == 0  # it was none of this link's


def test_a_twin_of_a_marked_packet_is_marked(overload):
    lab = overload(ACTIVE["codel"], ECT0, duplicate=1.0)
    assert sum(p.ecn == CE for _, p in lab.arrived) == 2 * lab.link.stats.marked > 0


@pytest.mark.parametrize("queue", ACTIVE.values(), ids=ACTIVE)
def test_a_link_may_change_to_it_and_back(bench, packet, queue):
    plain = DirectionSpec(rate=10 * MBIT, queue=DropTail(limit=ENDLESS))
    lab = bench(plain)
    lab.push_all([packet(seq=number, ecn=ECT0) for number in range(2000)], apart=MS)
    lab.change(dataclasses.replace(plain, queue=queue), at=500 * MS)
    lab.change(plain, at=1500 * MS)
    lab.run()
    assert lab.numbers == list(range(2000))
    assert all(500 * MS <= now <= 1500 * MS for now, _, _ in lab.notes.marked)
    assert lab.notes.marked
