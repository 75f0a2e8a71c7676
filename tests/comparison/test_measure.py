"""What a metric's name means of these runs."""

from __future__ import annotations

import pytest

from testbed.comparison.measure import SUMMED, measure
from testbed.errors import ConfigError
from testbed.metrics.table import BETTER, COUNTERS, FLOW, HIGHER, LOWER, METRICS, NEITHER


@pytest.fixture
def two(document, flow):
    flows = {"a": flow(2e6, rtt_p50=0.04), "b": flow(6e6, rtt_p50=0.06, client={"timeouts": 4})}
    return [document(1, {}, flows=flows)]


@pytest.mark.parametrize(
    ("metric", "of", "value", "title"),
    [
        ("goodput", None, 8e6, "goodput (sum of a, b)"),
        ("goodput", "b", 6e6, "goodput of b"),
        ("a.goodput", None, 2e6, "goodput of a"),
        ("rtt_p50", None, 0.05, "rtt_p50 (mean of a, b)"),
        ("b.client.timeouts", None, 4, "timeouts of b.client"),
        ("links.path.drops", None, 3, "drops of links.path"),
        ("links.path.reverse.drops", None, 0, "drops of links.path.reverse"),
        ("links.path.drops_by_reason.loss", None, 3, "drops (loss) of links.path"),
        ("links.path.drops_by_reason.mtu", None, 0, "drops (mtu) of links.path"),
        ("jain", None, 1, "jain"),
    ],
)
def test_names_lead_to_numbers(two, metric, of, value, title):
    found = measure(metric, two, of)
    assert (found.value(two[0]), found.title) == (pytest.approx(value), title)


@pytest.mark.parametrize(
    ("metric", "remedy"),
    [
        ("goodputt", "did you mean 'goodput'?"),
        ("a.godput", "did you mean 'goodput'?"),
        ("links.pat.drops", "did you mean 'path'?"),
        ("links.path.drop", "did you mean 'drops'?"),
        ("links.path", "which number of link 'path'?"),
        ("b.client.timeout", "did you mean 'timeouts'?"),
        ("c.goodput", "as in a.goodput"),
        ("app", "there is no metric 'app'"),
    ],
)
def test_what_is_not_there_is_refused_with_a_remedy(two, metric, remedy):
    with pytest.raises(ConfigError, match=remedy.replace("?", r"\?")):
        measure(metric, two)


def test_an_unknown_flow_is_refused(two):
    with pytest.raises(ConfigError, match="there is no flow 'c'"):
        measure("goodput", two, "c")


def test_a_flow_without_the_number_leaves_the_run_without(document, flow):
    run = document(1, {}, flows={"a": flow(1e6), "b": flow(None)})
    assert measure("goodput", [run]).value(run) is None


def test_every_metric_knows_its_direction():
    known = {name for scope in METRICS.values() for name in scope} | set(COUNTERS)
    assert set(BETTER) <= known
    assert set(METRICS[FLOW]) >= SUMMED


@pytest.mark.parametrize(("metric", "better"), [("goodput", HIGHER), ("rtt_p50", LOWER), ("links.path.drops", LOWER)])
def test_directions(two, metric, better):
    assert measure(metric, two).better == better


def test_of_some_metrics_neither_way_is_better(two):
    assert measure("segments_sent", two).better == NEITHER


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("goodput", 8_912_345, "8.91 Mbit/s"),
        ("rtt_p50", 0.0431, "43.1ms"),
        ("rtt_p50", 0.0, "0s"),
        ("retransmission_share", 0.0123, "1.23 %"),
        ("links.path.drops", 1234, "1,234"),
        ("links.path.drops", 123456, "123,456"),
        ("goodput", None, "–"),
    ],
)
def test_numbers_are_shown_with_their_unit(two, metric, value, shown):
    assert measure(metric, two).show(value) == shown
