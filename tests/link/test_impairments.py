"""Jitter, reordering, duplication and corruption; and that none disturbs another's draws."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed import seeds
from testbed.errors import UnitError
from testbed.link.corruption import Corruption
from testbed.link.delay import Exponential, Normal, Uniform
from testbed.link.loss.bernoulli import Bernoulli
from testbed.link.loss.gilbert_elliott import GilbertElliott
from testbed.link.loss.periodic import Periodic
from testbed.link.qdisc.droptail import DropTail
from testbed.link.reorder import Reorder
from testbed.link.spec import DirectionSpec
from testbed.wire.codec import Malformed, decode, encode

MS = 10**6
ENDLESS = DropTail(limit=(10**9, "packets"))
EVERYTHING = DirectionSpec(
    delay=10 * MS,
    jitter=Normal(deviation=2 * MS),
    loss=GilbertElliott(p=0.05, r=0.5),
    duplicate=0.1,
    corrupt=0.1,
    reorder=Reorder(share=0.1, delay=5 * MS),
)


# -- jitter ------------------------------------------------------------------------------------------------


def draws(spec, count=20_000):
    model = spec.build(seeds.stream(1, "jitter"))
    return [model.draw() for _ in range(count)]


def test_uniform_jitter_spreads_evenly_around_the_delay():
    drawn = draws(Uniform(spread=1000))
    assert (min(drawn), max(drawn)) == (-1000, 1000)
    assert fmean(drawn) == pytest.approx(0, abs=15)
    assert pstdev(drawn) == pytest.approx(1000 / 3**0.5, rel=0.02)


def test_normal_jitter_has_its_deviation():
    drawn = draws(Normal(deviation=1000))
    assert fmean(drawn) == pytest.approx(0, abs=25)
    assert pstdev(drawn) == pytest.approx(1000, rel=0.02)


def test_exponential_jitter_has_its_mean_and_never_hurries():
    drawn = draws(Exponential(mean=1000))
    assert min(drawn) >= 0
    assert fmean(drawn) == pytest.approx(1000, rel=0.03)
    assert pstdev(drawn) == pytest.approx(1000, rel=0.03)


JITTER_SPECS = st.one_of(
    st.builds(Uniform, spread=st.integers(0, 20 * MS)),
    st.builds(Normal, deviation=st.integers(0, 20 * MS)),
    st.builds(Exponential, mean=st.integers(0, 20 * MS)),
)


@settings(max_examples=30)
@given(jitter=JITTER_SPECS, delay=st.integers(0, 20 * MS), seed=st.integers(0, 100), apart=st.integers(0, 5 * MS))
def test_jitter_keeps_order_and_never_arrives_before_departure(bench, numbered, jitter, delay, seed, apart):
    lab = bench(DirectionSpec(rate=100 * 10**6, delay=delay, jitter=jitter, queue=ENDLESS), seed=seed)
    lab.push_all(numbered(30), apart=apart)
    lab.run()
    assert lab.numbers == list(range(1, 31))
    departures = [now + duration for now, _, duration in lab.notes.started]
    assert all(arrival >= left for arrival, left in zip(lab.times, departures, strict=True))


def test_jitter_reorders_when_told_to(bench, numbered):
    lab = bench(DirectionSpec(delay=10 * MS, jitter=Uniform(spread=5 * MS, reorder=True)))
    lab.push_all(numbered(50), apart=MS)
    lab.run()
    assert sorted(lab.numbers) == list(range(1, 51)) != lab.numbers


# -- reordering --------------------------------------------------------------------------------------------


def test_a_packet_held_back_is_overtaken(bench, numbered):
    lab = bench(DirectionSpec(delay=10 * MS, reorder=Reorder(share=0.05, delay=3 * MS + 1)))
    lab.push_all(numbered(400), apart=MS)
    lab.run()
    late = [n for i, n in enumerate(lab.numbers) if any(m > n for m in lab.numbers[:i])]
    assert 10 < len(late) < 30
    stats = lab.link.stats
    assert stats.held_back == len(late) + sum(n == 400 for n in late)
    place = {number: index for index, number in enumerate(lab.numbers)}
    alone = next(n for n in late if not {n + 1, n + 2, n + 3} & set(late))
    assert place[alone] == place[alone + 3] + 1  # exactly three went by


def test_holding_back_a_packet_does_not_delay_those_that_jitter_keeps_in_order(bench, numbered):
    lab = bench(DirectionSpec(delay=MS, jitter=Uniform(spread=0), reorder=Reorder(share=0.5, delay=100 * MS)))
    lab.push_all(numbered(40), apart=10)
    lab.run()
    assert {now - 10 * (number - 1) for number, now in zip(lab.numbers, lab.times, strict=True)} == {
        MS,
        101 * MS,
    }


def test_holding_back_for_no_time_is_refused():
    with pytest.raises(UnitError, match="delay must be"):
        Reorder(share=0.1, delay=0)


# -- corruption --------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([40, 41, 97, 1500]))
def test_corruption_flips_a_short_burst_that_no_receiver_accepts(bench, packet, seed, size):
    lab = bench(DirectionSpec(corrupt=1.0), seed=seed)
    sent = lab.push(packet(size, payload=(bytes(range(256)) * 6)[: size - 40], seq=seed))
    clean = encode(sent)
    lab.run()
    (_, received), *_ = lab.arrived
    assert received.raw is not None and len(received.raw) == len(clean)
    difference = int.from_bytes(received.raw, "big") ^ int.from_bytes(clean, "big")
    assert 0 < difference >> ((difference & -difference).bit_length() - 1) < 2**15
    assert isinstance(decode(received.raw), Malformed)
    assert lab.link.stats.corrupted == 1


def test_corruption_reaches_every_bit(bench, numbered):
    lab = bench(DirectionSpec(corrupt=1.0))
    packets = numbered(3000, size=40)
    clean = {p.segment.seq: int.from_bytes(encode(p), "big") for p in packets}
    lab.push_all(packets)
    lab.run()
    hit = 0
    for _, p in lab.arrived:
        hit |= clean[p.segment.seq] ^ int.from_bytes(p.raw, "big")
    assert hit == 2**320 - 1


def test_corruption_never_flips_nothing():
    corruption = Corruption(1.0, seeds.stream(1, "corrupt"))
    assert all(corruption.draw(40) for _ in range(150_000))  # 15 random bits are all 0 once in 32768 times


def test_a_packet_corrupted_twice_keeps_both_wounds(bench, packet):
    once, twice = bench(DirectionSpec(corrupt=1.0), seed=1), bench(DirectionSpec(corrupt=1.0), seed=2)
    sent = once.push(packet(100))
    once.run()
    first = sent.raw
    twice.push(sent)
    twice.run()
    assert len({encode(packet(100)), first, sent.raw}) == 3


# -- each draws for itself ---------------------------------------------------------------------------------


def story(bench, numbered, spec, seed=1, name="l1"):
    """All that happened: who arrived when and in what bytes, and who was lost."""
    lab = bench(spec, seed, name)
    lab.push_all(numbered(300, size=200), apart=MS)
    lab.run()
    arrived = [(now, p.segment.seq, p.raw) for now, p in lab.arrived]
    return arrived, [(now, p.segment.seq, reason) for now, p, reason in lab.notes.dropped]


def test_the_same_seed_tells_the_same_story_and_another_another(bench, numbered):
    assert story(bench, numbered, EVERYTHING) == story(bench, numbered, EVERYTHING)
    assert story(bench, numbered, EVERYTHING) != story(bench, numbered, EVERYTHING, seed=2)
    assert story(bench, numbered, EVERYTHING) != story(bench, numbered, EVERYTHING, name="l2")


def facts(bench, numbered, spec):
    lab = bench(spec)
    lab.push_all(numbered(300, size=200), apart=MS)
    return lab.run()


def lost(bench, numbered, spec):
    gone = {p.segment.seq for _, p, _ in facts(bench, numbered, spec).notes.dropped}
    return {number: number in gone for number in range(1, 301)}


def flipped(bench, numbered, spec):
    return {p.segment.seq: p.raw for _, p in facts(bench, numbered, spec).arrived}


def doubled(bench, numbered, spec):
    numbers = facts(bench, numbered, spec).numbers
    return {number: numbers.count(number) for number in set(numbers)}


def times(bench, numbered, spec):
    """How far from its due time each packet arrived, but for what holding back adds."""
    lab = facts(bench, numbered, replace(spec, reorder=None))
    return {p.segment.seq: now for now, p in lab.arrived}


def held(bench, numbered, spec):
    """Which packets are held back, seen where jitter does not blur it."""
    lab = facts(bench, numbered, replace(spec, jitter=Uniform(spread=1, reorder=True) if spec.jitter else None))
    return {p.segment.seq: now - p.segment.seq * MS > 11 * MS for now, p in lab.arrived}


SEEN = {"jitter": times, "loss": lost, "duplicate": doubled, "corrupt": flipped, "reorder": held}


@pytest.mark.parametrize("off", SEEN)
def test_turning_one_impairment_off_leaves_the_others_draws_alone(bench, numbered, off):
    spec = replace(EVERYTHING, jitter=Normal(deviation=2 * MS, reorder=True))
    without = replace(spec, **{off: getattr(DirectionSpec(), off)})
    for other in SEEN.keys() - {off}:
        before, after = SEEN[other](bench, numbered, spec), SEEN[other](bench, numbered, without)
        common = before.keys() & after.keys()
        assert len(common) > 200
        assert {n: before[n] for n in common} == {n: after[n] for n in common}, other


def test_a_changed_model_goes_on_with_its_stream(bench, numbered):
    """A second model built in mid-run must not repeat the draws of the first."""
    spec = DirectionSpec(loss=Bernoulli(p=0.5))
    lab = bench(spec)
    lab.push_all(numbered(200), apart=10)
    lab.change(replace(spec, loss=Bernoulli(p=0.500001)), at=995)
    lab.run()
    gone = {p.segment.seq for _, p, _ in lab.notes.dropped}
    assert [n in gone for n in range(1, 101)] != [n in gone for n in range(101, 201)]


# -- whatever is configured --------------------------------------------------------------------------------

SHARES = st.floats(0, 1)
ANY_SPEC = st.builds(
    DirectionSpec,
    rate=st.none() | st.integers(10**4, 10**9),
    delay=st.integers(0, 50 * MS),
    jitter=st.none() | JITTER_SPECS,
    loss=st.none() | st.builds(Bernoulli, p=SHARES) | st.builds(Periodic, every=st.integers(1, 9)),
    drop=st.lists(st.integers(1, 40)).map(tuple),
    duplicate=SHARES,
    corrupt=SHARES,
    reorder=st.none() | st.builds(Reorder, share=SHARES, delay=st.integers(1, 50 * MS)),
    mtu=st.integers(68, 1500),
)


@settings(max_examples=60, deadline=None)
@given(
    first=ANY_SPEC,
    then=ANY_SPEC,
    pushes=st.lists(st.tuples(st.integers(0, 30 * MS), st.integers(40, 1500)), max_size=40),
    change_at=st.integers(0, 30 * MS),
)
def test_every_packet_is_delivered_dropped_or_doubled_and_told_of(bench, packet, first, then, pushes, change_at):
    lab = bench(first)
    for number, (at, size) in enumerate(pushes, 1):
        lab.push(packet(size, seq=number), at=at)
    lab.change(then, at=change_at)
    lab.run()
    stats = lab.link.stats
    assert stats.arrivals == len(pushes)
    assert len(lab.arrived) == len(pushes) - stats.drops + stats.duplicated
    gone = [p.segment.seq for _, p, _ in lab.notes.dropped]
    assert sorted(gone + list(set(lab.numbers))) == list(range(1, len(pushes) + 1))
    assert len(lab.notes.started) == stats.packets_sent == stats.arrivals - stats.drops + lost_on_the_way(stats)
    assert len(lab.notes.queued) == stats.packets_waited
    assert_serialiser_never_overlaps(lab.notes.started)


def lost_on_the_way(stats):
    return stats.drops_by_reason.get("loss", 0)


def assert_serialiser_never_overlaps(started):
    free = 0
    for now, _, duration in started:
        assert now >= free
        free = now + duration
