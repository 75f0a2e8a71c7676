"""One packet after another through a link: when it arrives, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.errors import UnitError
from testbed.link.loss.periodic import Periodic
from testbed.link.qdisc.droptail import DropTail
from testbed.link.rate import Serialiser
from testbed.link.spec import DirectionSpec

MBIT = 10**6
MS = 10**6
ENDLESS = DropTail(limit=(10**9, "packets"))


# -- time --------------------------------------------------------------------------------------------------


def test_one_packet_takes_its_size_over_the_rate_plus_the_delay(bench, packet):
    lab = bench(DirectionSpec(rate=10 * MBIT, delay=20 * MS))
    lab.push(packet(1500), at=7)
    assert lab.run().times == [7 + 1_200_000 + 20_000_000]


def test_a_time_that_is_no_whole_number_of_nanoseconds_is_rounded_half_up(bench, packet):
    for rate, expected in (
        (7 * MBIT, 1_714_286),
        (9 * MBIT, 1_333_333),
        (64 * 10**9, 188),
    ):  # …285.71, …333.3, 187.5
        lab = bench(DirectionSpec(rate=rate))
        lab.push(packet(1500))
        assert lab.run().times == [expected]


def test_packets_sent_back_to_back_do_not_drift(bench, numbered):
    lab = bench(DirectionSpec(rate=7 * MBIT, queue=ENDLESS))
    lab.push_all(numbered(700))
    each = Fraction(1500 * 8 * 10**9, 7 * MBIT)
    assert lab.run().times == [int(each * n + Fraction(1, 2)) for n in range(1, 701)]
    assert lab.times[-1] == 1_200_000_000


@given(
    rate=st.integers(1, 10**11),
    sizes=st.lists(st.integers(1, 65535), min_size=1, max_size=30),
    start=st.integers(0, 10**15),
)
def test_a_busy_serialiser_is_never_half_a_nanosecond_off(rate, sizes, start):
    serialiser, exact = Serialiser(rate), Fraction(start)
    serialiser.send(1, 0)  # leaves a remainder behind, which an idle link forgets
    now = exact = max(start, serialiser.free_at + 1)
    for size in sizes:
        exact += Fraction(size * 8 * 10**9, rate)
        now += serialiser.send(size, now)
        assert now == serialiser.free_at == int(exact + Fraction(1, 2))


def test_a_packet_that_comes_as_the_link_falls_idle_does_not_wait(bench, packet):
    lab = bench(DirectionSpec(rate=10 * MBIT))
    lab.push(packet(1500), at=0)
    lab.push(packet(1500), at=1_200_000)
    lab.run()
    assert lab.times == [1_200_000, 2_400_000]
    assert lab.notes.queued == []


def test_a_link_without_a_rate_only_delays(bench, numbered):
    lab = bench(DirectionSpec(delay=3 * MS))
    lab.push_all(numbered(1000), at=5)
    lab.run()
    assert set(lab.times) == {5 + 3 * MS}
    assert lab.numbers == list(range(1, 1001))
    assert lab.link.stats.busy_time == 0


# -- the queue ---------------------------------------------------------------------------------------------


def test_those_that_wait_are_told_of_when_they_leave_the_queue(bench, packet):
    lab = bench(DirectionSpec(rate=8 * MBIT))  # 1 byte a microsecond
    for size in (1000, 500, 100):
        lab.push(packet(size), at=10)
    lab.run()
    assert lab.notes.queued == [(1_000_010, 1, 100, 1_000_000), (1_500_010, 0, 0, 1_500_000)]
    assert [(now, duration) for now, _, duration in lab.notes.started] == [
        (10, 1_000_000), (1_000_010, 500_000), (1_500_010, 100_000),
    ]  # fmt: skip
    assert (lab.link.stats.packets_waited, lab.link.stats.queue_max) == (2, 2)


def test_a_full_queue_drops_the_one_that_comes(bench, numbered):
    lab = bench(DirectionSpec(rate=8 * MBIT, queue=DropTail(limit=(3, "packets"))))
    lab.push_all(numbered(6))
    lab.run()
    assert lab.numbers == [1, 2, 3, 4]  # one being sent, three waiting
    assert [(p.segment.seq, reason) for _, p, reason in lab.notes.dropped] == [
        (5, "queue full"),
        (6, "queue full"),
    ]


def test_a_limit_in_bytes_counts_bytes(bench, packet):
    lab = bench(DirectionSpec(rate=8 * MBIT, queue=DropTail(limit=(1000, "bytes"))))
    sizes = [100, 600, 500, 400]  # being sent; waits; would make 1100; makes 1000
    lab.push_all(packet(size, seq=size) for size in sizes)
    assert lab.run().numbers == [100, 600, 400]


def test_the_default_queue_is_one_bandwidth_delay_product(bench):
    assert bench(DirectionSpec(rate=10 * MBIT, delay=20 * MS)).link.queue_limit == (34, "packets")  # 33.3
    assert bench(DirectionSpec(rate=10 * MBIT)).link.queue_limit == (2, "packets")


def test_a_packet_that_comes_as_another_leaves_the_queue_does_not_overtake_it(bench, numbered):
    lab = bench(DirectionSpec(rate=10 * MBIT))
    first, second, third = numbered(3)
    lab.push(first)
    lab.push(second)
    lab.push(third, at=1_200_000)
    assert lab.run().numbers == [1, 2, 3]


def test_a_packet_costs_the_clock_one_entry_and_one_that_waits_two(bench, numbered):
    entries = []
    for apart in (5 * MS, 0):
        lab = bench(DirectionSpec(rate=10 * MBIT, delay=20 * MS))
        lab.push_all(numbered(4), apart=apart)
        steps = 0
        while lab.clock.step():
            steps += 1
        entries.append(steps - 4)  # less our own pushes
    assert entries == [4, 7]


# -- what is counted ---------------------------------------------------------------------------------------


def test_a_packet_above_the_mtu_is_dropped(bench, packet):
    lab = bench(DirectionSpec(mtu=1000))
    lab.push(packet(1000, seq=1))
    lab.push(packet(1001, seq=2))
    lab.run()
    assert lab.numbers == [1]
    assert lab.link.stats.drops_by_reason == {"mtu": 1}


def test_a_lost_packet_has_cost_the_links_time(bench, numbered):
    lab = bench(DirectionSpec(rate=10 * MBIT, loss=Periodic(every=2)))
    lab.push_all(numbered(3))
    lab.run()
    assert lab.times == [1_200_000, 3_600_000]
    assert [(now, reason) for now, _, reason in lab.notes.dropped] == [(1_200_000, "loss")]
    stats = lab.link.stats
    assert (stats.arrivals, stats.packets_sent, stats.bytes_sent, stats.drops) == (3, 3, 4500, 1)
    assert stats.busy_time == 3_600_000


def test_busy_time_counts_up_to_now(bench, numbered):
    lab = bench(DirectionSpec(rate=10 * MBIT, queue=ENDLESS))
    lab.push_all(numbered(2))
    lab.clock.run(until=1_500_000)
    assert lab.link.busy(1_500_000) == 1_500_000
    lab.run()
    assert lab.link.busy(5_000_000) == 2_400_000


def test_a_duplicate_arrives_right_behind_its_original(bench, numbered):
    lab = bench(DirectionSpec(duplicate=1.0, delay=MS))
    lab.push_all(numbered(2), apart=10)
    lab.run()
    assert lab.numbers == [1, 1, 2, 2]
    assert lab.arrived[0][1] is not lab.arrived[1][1]
    assert lab.link.stats.duplicated == 2


# -- changes while it runs ---------------------------------------------------------------------------------


def test_a_new_rate_holds_from_the_next_packet_on(bench, numbered):
    spec = DirectionSpec(rate=10 * MBIT, queue=ENDLESS)
    lab = bench(spec)
    lab.push_all(numbered(3))
    lab.change(replace(spec, rate=5 * MBIT), at=600_000)
    assert lab.run().times == [1_200_000, 3_600_000, 6_000_000]


def test_a_rate_taken_away_lets_the_queue_go_at_once(bench, numbered):
    spec = DirectionSpec(rate=10 * MBIT, queue=ENDLESS)
    lab = bench(spec)
    lab.push_all(numbered(4))
    lab.change(replace(spec, rate=None), at=600_000)
    lab.run()
    assert lab.times == [1_200_000] * 4
    assert lab.numbers == [1, 2, 3, 4]


def test_a_new_delay_leaves_what_is_on_the_way_alone(bench, numbered):
    spec = DirectionSpec(delay=50 * MS)
    lab = bench(spec)
    lab.push_all(numbered(2), apart=20 * MS)
    lab.change(replace(spec, delay=10 * MS), at=10 * MS)
    lab.run()
    assert list(zip(lab.numbers, lab.times, strict=True)) == [(2, 30 * MS), (1, 50 * MS)]


def test_a_shorter_queue_drops_those_at_its_end_and_keeps_the_others_waiting(bench, numbered):
    spec = DirectionSpec(rate=8 * MBIT, queue=ENDLESS)
    lab = bench(spec)
    lab.push_all(numbered(5, size=1000))
    lab.change(replace(spec, queue=DropTail(limit=(2, "packets"))), at=500_000)
    lab.run()
    assert lab.numbers == [1, 2, 3]
    assert lab.link.stats.drops_by_reason == {"queue full": 2}
    assert [waited for *_, waited in lab.notes.queued] == [1 * MS, 2 * MS]


def test_a_queue_emptied_by_a_change_does_not_send_two_at_once(bench, numbered):
    spec = DirectionSpec(rate=8 * MBIT, queue=ENDLESS)
    lab = bench(spec)
    first, second, third, fourth = numbered(4, size=1000)
    lab.push_all([first, second])
    lab.change(replace(spec, queue=DropTail(limit=(0, "packets"))), at=100)
    lab.change(spec, at=200)
    lab.push_all([third, fourth], at=300)
    lab.run()
    assert (lab.numbers, lab.times) == ([1, 3, 4], [1 * MS, 2 * MS, 3 * MS])


def test_a_change_of_one_thing_leaves_another_models_count_alone(bench, numbered):
    spec = DirectionSpec(loss=Periodic(every=3))
    lab = bench(spec)
    lab.push_all(numbered(6), apart=10)
    lab.change(replace(spec, delay=MS), at=15)
    assert lab.run().numbers == [1, 2, 4, 5]


def test_a_rate_of_nought_and_a_tiny_mtu_are_refused():
    with pytest.raises(UnitError, match=r"^rate must"):
        DirectionSpec(rate=0)
    with pytest.raises(UnitError, match=r"^mtu must"):
        DirectionSpec(mtu=67)
