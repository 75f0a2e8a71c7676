"""What the loss models lose: how much, and in what company."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest

from testbed import seeds
from testbed.errors import UnitError
from testbed.link.loss.bernoulli import Bernoulli
from testbed.link.loss.gilbert_elliott import GilbertElliott
from testbed.link.loss.periodic import Periodic

PACKETS = 400_000


def fates(spec, packets=PACKETS, seed=1):
    model = spec.build(seeds.stream(seed, "loss"))
    return [model.lost(0) for _ in range(packets)]


def share(losses):
    return sum(losses) / len(losses)


def mean_burst(losses):
    bursts = [len(list(run)) for lost, run in groupby(losses) if lost]
    return sum(bursts) / len(bursts)


def test_bernoulli_loses_its_share_one_by_one():
    losses = fates(Bernoulli(p=0.02))
    assert share(losses) == pytest.approx(0.02, rel=0.03)
    assert mean_burst(losses) == pytest.approx(1 / 0.98, rel=0.01)


def test_bernoulli_of_nought_and_of_all():
    assert not any(fates(Bernoulli(p=0.0), 1000))
    assert all(fates(Bernoulli(p=1.0), 1000))


@pytest.mark.parametrize(
    ("spec", "expected_share", "expected_burst"),
    [
        (GilbertElliott(p=0.01, r=0.25), 0.03846, 4.0),
        (GilbertElliott(p=0.005, r=0.2), 0.02439, 5.0),
        (GilbertElliott(p=0.05), 0.05, 1 / 0.95),  # r = 1-p: independent
    ],
)
def test_gilbert_elliott_loses_in_bursts(spec, expected_share, expected_burst):
    losses = fates(spec)
    assert share(losses) == pytest.approx(expected_share, rel=0.05)
    assert mean_burst(losses) == pytest.approx(expected_burst, rel=0.05)


def test_gilbert_elliott_with_survivors_in_the_bad_state_and_losses_in_the_good():
    # NeST's example, `gemodel 10% 4% 25% 4%`: 1-h is 25 %, 1-k is 4 %.
    assert share(fates(GilbertElliott(p=0.1, r=0.04, h=0.75, k=0.96))) == pytest.approx(0.190, rel=0.03)


def test_gilbert_elliott_remembers_by_one_less_p_and_r():
    losses = fates(GilbertElliott(p=0.01, r=0.25))
    mean = share(losses)
    together = sum(a and b for a, b in pairwise(losses)) / (len(losses) - 1)
    assert (together - mean**2) / (mean - mean**2) == pytest.approx(1 - 0.01 - 0.25, rel=0.05)


@pytest.mark.parametrize(
    ("every", "offset", "lost"),
    [(1, 0, [1, 2, 3, 4]), (3, 0, [3, 6, 9]), (4, 2, [6, 10]), (1000, 0, [])],
)
def test_periodic_loses_exactly_every_nth(every, offset, lost):
    losses = fates(Periodic(every=every, offset=offset), 4 if every == 1 else 10)
    assert [number for number, is_lost in enumerate(losses, 1) if is_lost] == lost


def test_periodic_refuses_a_period_of_nought():
    with pytest.raises(UnitError, match="every must be at least 1"):
        Periodic(every=0)
