"""Whatever a link does short of cutting it: what is read is what was written, and both ends come to CLOSED."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.clock import MILLISECOND, SECOND
from testbed.link.delay import Normal, Uniform
from testbed.link.loss import LOSSES
from testbed.link.qdisc.droptail import DropTail
from testbed.link.reorder import Reorder
from testbed.link.spec import DirectionSpec

MS = MILLISECOND

SHARES = st.sampled_from([0.0, 0.0, 0.02, 0.1, 0.2])


@st.composite
def directions(draw: st.DrawFn) -> DirectionSpec:
    loss, reorder = draw(SHARES), draw(SHARES)
    rate = draw(st.sampled_from([None, 200_000, 5_000_000]))
    return DirectionSpec(
        rate=rate,
        delay=draw(st.sampled_from([0, 1 * MS, 40 * MS])),
        loss=LOSSES["bernoulli"](p=loss) if loss else None,
        duplicate=draw(SHARES),
        corrupt=draw(SHARES) / 2,
        reorder=Reorder(share=reorder, delay=draw(st.sampled_from([1, 5 * MS, 300 * MS]))) if reorder else None,
        queue=DropTail(limit=(draw(st.sampled_from([2, 5, 50])), "packets")),
    )


SETTINGS = st.fixed_dictionaries(
    {
        "receive_buffer": st.sampled_from([1, 700, 4000, 65_535, 1 << 20]),
        "send_buffer": st.sampled_from([1, 3000, 1 << 20]),
        "sack": st.booleans(),
        "timestamps": st.booleans(),
        "window_scaling": st.booleans(),
        "nagle": st.booleans(),
        "limited_transmit": st.booleans(),
        "delayed_ack": st.sampled_from([0, 40 * MS, 200 * MS]),
        "mss": st.sampled_from([0, 100, 536]),
        "rto_min": st.sampled_from([200 * MS, SECOND]),
        "syn_retries": st.just(30),
        "data_retries": st.just(30),
    }
)

SIZES = st.sampled_from([0, 1, 100, 5000, 40_000])


def size_for(size: int, tcp: dict[str, object]) -> int:
    """Buffers of one byte make stop-and-wait of single bytes: fewer of them say as much."""
    return min(size, 30) if 1 in (tcp["receive_buffer"], tcp["send_buffer"]) else size


def text(size: int, salt: int) -> bytes:
    return bytes((place * 31 + (place >> 8) * 7 + salt) & 0xFF for place in range(size))


@settings(derandomize=True, deadline=None, max_examples=60, database=None)
@given(
    isns=st.sampled_from([(0, 1), (2**32 - 2, 2**32 - 3), (2**32 - 20_000, 2**31 - 100)]),
    seed=st.integers(1, 1000),
    forth=directions(),
    back=directions(),
    tcp=SETTINGS,
    sizes=st.tuples(SIZES, SIZES),
    closes=st.sampled_from([("first", "after peer"), ("after peer", "first"), ("first", "first")]),
)
def test_what_is_read_is_what_was_written_and_both_ends_close(
    new_pair, person, isns, seed, forth, back, tcp, sizes, closes
):
    p = new_pair(isns, forth, back, seed, **tcp)
    alice = person(text(size_for(sizes[0], tcp), 1), closes[0])
    bob = person(text(size_for(sizes[1], tcp), 2), closes[1])
    p.listen(bob)
    p.connect(alice)
    p.run()
    assert bob.heard == alice.text
    assert alice.heard == bob.text
    assert p.diary.states["a"][-1] == p.diary.states["b"][-1] == "CLOSED"
    assert p.a.sockets == p.b.sockets == []


@pytest.mark.parametrize(
    "jitter",
    [Uniform(spread=20 * MS, reorder=True), Normal(deviation=15 * MS, reorder=True)],
    ids=["uniform", "normal"],
)
def test_a_link_that_reorders_nearly_everything_is_borne(new_pair, person, jitter):
    p = new_pair((2**32 - 2, 7), DirectionSpec(delay=20 * MS, jitter=jitter, rate=10_000_000))
    alice, bob = person(text(100_000, 3), "first"), person()
    p.listen(bob)
    p.connect(alice)
    p.run()
    assert bob.heard == alice.text


def test_loss_in_both_directions_of_a_two_way_transfer_is_no_deadlock(new_pair, person):
    """Both ends have holes to report: retransmissions with SACK blocks must still fit the link."""
    lossy = DirectionSpec(rate=2_000_000, delay=20 * MS, loss=LOSSES["bernoulli"](p=0.08))
    p = new_pair((5, 2**32 - 500), lossy, seed=3, rto_min=200 * MS)
    alice, bob = person(text(150_000, 1), "first"), person(text(150_000, 2), "first")
    p.listen(bob)
    p.connect(alice)
    p.run()
    assert (alice.heard, bob.heard) == (bob.text, alice.text)
    assert p.forth.stats.drops_by_reason.get("mtu", 0) == p.back.stats.drops_by_reason.get("mtu", 0) == 0
