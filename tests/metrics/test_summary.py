"""Counters and meters make the numbers that the run's JSON has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.metrics.histogram import Histogram
from testbed.metrics.meters import ConnectionMeter, LinkMeter
from testbed.metrics.summary import End, flow_summary, jain, link_summary, run_summary
from testbed.metrics.table import COUNTERS, FLOW, GROUP, LINK, METRICS, RUN
from testbed.tcp.stats import COUNTERS as COUNTED

SECOND = 1_000_000_000


class Counted:
    """A link direction's counters."""

    def __init__(self, **counts: Any) -> None:
        self.arrivals = self.packets_sent = self.bytes_sent = self.queue_max = 0
        self.duplicated = self.corrupted = self.marked = 0
        self.drops_by_reason: dict[str, int] = {}
        vars(self).update(counts)


def end(*reads: tuple[int, int], rtt: tuple[int, ...] = (), **counters: int) -> End:
    """One end that has read (now, bytes) and measured these round trips."""
    meter = ConnectionMeter()
    for now, length in reads:
        meter.app(now, "read", length)
    for sample in rtt:
        meter.rtt(0, sample)
    return End(counters, meter)


def flow(client: list[End], server: list[End], **settings: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"start": 0, "end": 10 * SECOND, "complete": True} | settings
    return flow_summary(source="left", destination="right", app="bulk", client=client, server=server, **known)


# -- flows -----------------------------------------------------------------------------------------------------------


def test_goodput_is_measured_from_the_start_to_the_last_byte_read() -> None:
    summary = flow([end()], [end((2 * SECOND, 1000), (3 * SECOND, 249_000))], start=SECOND)
    assert summary["bytes_delivered"] == 250_000
    assert summary["completion_time"] == 2.0
    assert summary["goodput"] == 1_000_000.0


def test_a_flow_that_stalls_is_measured_to_the_end() -> None:
    summary = flow([end()], [end((2 * SECOND, 250_000))], complete=False)
    assert summary["completion_time"] is None
    assert summary["goodput"] == 200_000.0


def test_a_flow_that_read_nothing_has_no_goodput_to_speak_of() -> None:
    summary = flow([end()], [end()], complete=False, error="connection refused")
    assert (summary["goodput"], summary["bytes_delivered"]) == (0.0, 0)
    assert summary["error"] == "connection refused"
    assert summary["rtt_p50"] is None
    assert summary["retransmission_share"] is None


def test_both_ends_are_added_up() -> None:
    client = end((1, 10), segments_sent=5, data_segments_sent=4, retransmitted_segments=1, timeouts=1)
    server = end((2, 20), segments_sent=3, data_segments_sent=0, retransmitted_segments=0, timeouts=0)
    summary = flow([client], [server])
    assert summary["bytes_delivered"] == 30
    assert summary["segments_sent"] == 8
    assert summary["retransmission_share"] == 0.25
    assert summary["client"]["segments_sent"] == 5
    assert summary["server"]["segments_sent"] == 3


def test_several_connections_are_added_up() -> None:
    summary = flow([end(timeouts=1), end(timeouts=2)], [end((5, 1)), end((7, 1))])
    assert summary["connections"] == 2
    assert summary["timeouts"] == summary["client"]["timeouts"] == 3
    assert summary["completion_time"] == 7e-9


def test_round_trips_of_both_ends_in_seconds() -> None:
    samples = tuple(range(10_000_000, 20_000_000, 100_000))
    summary = flow([end(rtt=samples)], [end(rtt=(40_000_000,))])
    assert (summary["rtt_min"], summary["rtt_max"]) == (0.01, 0.04)
    assert summary["rtt_p50"] == pytest.approx(0.015, rel=0.005)


def test_a_flow_that_never_connected() -> None:
    summary = flow([], [], complete=False)
    assert summary["connections"] == 0
    assert summary["client"] == {"states": []}


# -- links -----------------------------------------------------------------------------------------------------------


def test_a_link_that_was_busy_half_of_the_time() -> None:
    dropped = {"queue full": 10}
    counters = Counted(arrivals=1000, packets_sent=990, bytes_sent=1_250_000, drops_by_reason=dropped, marked=7)
    summary = link_summary(counters, Histogram(), busy=5 * SECOND, end=10 * SECOND)
    assert summary["utilisation"] == 0.5
    assert summary["throughput"] == 1_000_000.0
    assert (summary["drops"], summary["drop_share"]) == (10, 0.01)
    assert (summary["drops_by_reason"], summary["marked"]) == ({"queue full": 10}, 7)


def test_a_packet_that_did_not_wait_counts_as_no_delay() -> None:
    meter = LinkMeter()
    for waited in (100, 300):
        meter.queue(0, 0, 0, waited)
    summary = link_summary(Counted(packets_sent=4), meter.waits, busy=0, end=SECOND)
    assert summary["queue_delay_mean"] == 1e-7
    assert summary["queue_delay_p50"] == 0.0
    assert summary["queue_delay_max"] == pytest.approx(3e-7)
    assert meter.waits.count == 2, "a summary changes nothing"


def test_a_link_that_sent_nothing_has_no_delay() -> None:
    summary = link_summary(Counted(), Histogram(), busy=0, end=SECOND)
    assert summary["queue_delay_mean"] is None
    assert summary["drop_share"] is None


# -- the run ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(1e-3, 1e12), min_size=1, max_size=20))
def test_jains_index_lies_between_one_alone_and_all_alike(shares: list[float]) -> None:
    index = jain(shares)
    assert index is not None
    assert 1 / len(shares) - 1e-9 <= index <= 1 + 1e-9


@pytest.mark.parametrize(
    ("shares", "index"), [([5, 5, 5], 1.0), ([7, 0, 0, 0], 0.25), ([3, 1], 0.8), ([], None), ([0, 0], None)]
)
def test_jains_index(shares: list[float], index: float | None) -> None:
    assert jain(shares) == index


def test_the_run() -> None:
    flows: dict[str, dict[str, Any]] = {"a": {"goodput": 3.0}, "b": {"goodput": 1.0}, "c": {"goodput": None}}
    assert run_summary(flows, 2 * SECOND, {"r1": {"ttl": 4, "no route": 1}, "a": {}}) == {
        "jain": pytest.approx(16 / 30),
        "end_time": 2.0,
        "machine_drops": 5,
        "machine_drops_by_reason": {"r1": {"ttl": 4, "no route": 1}},
    }


# -- the vocabulary ----------------------------------------------------------------------------------------------------


def summary_of(scope: str) -> dict[str, Any]:
    flow_of = flow([end()], [end()])
    link = link_summary(Counted(), Histogram(), busy=0, end=SECOND)
    run = run_summary({"a": flow_of}, 1, {}) | {"status": "complete", "stalled": []}
    return {FLOW: flow_of, LINK: link, RUN: run}[scope]


@pytest.mark.parametrize("scope", METRICS)
def test_every_number_is_documented_and_every_document_has_its_number(scope: str) -> None:
    assert set(summary_of(scope)) == set(METRICS[scope])


@pytest.mark.parametrize("scope", METRICS)
def test_only_what_says_so_may_be_null(scope: str) -> None:
    found = summary_of(scope)
    for metric in METRICS[scope].values():
        assert metric.nullable or found[metric.name] is not None, metric.name
        assert (metric.unit == GROUP) == isinstance(found[metric.name], dict | list)
        assert metric.doc.endswith(".")


def test_every_counter_of_a_connection_is_documented() -> None:
    assert set(COUNTERS) == set(COUNTED)


def test_a_summary_is_json() -> None:
    for scope in METRICS:
        json.dumps(summary_of(scope), allow_nan=False)
