"""From a spec to a world, through a run, to its numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.api import Result
from testbed.clock import Clock
from testbed.errors import ConfigError
from testbed.experiment.reading.load import load
from testbed.experiment.world.world import World
from testbed.metrics.table import COUNTERS, FLOW, LINK, METRICS, RUN
from testbed.sweeps.standing import Progress
from testbed.trace.tracer import SILENT

Write = Callable[..., Path]
ROOT = Path(__file__).parents[2]


def result_of(file: Path, **settings: Any) -> Result:
    return testbed.run(file, set=settings, results=None)


def test_a_world_has_machines_links_and_routes_as_the_file_says() -> None:
    text = f"topology: {ROOT}/topologies/dumbbell.yaml"
    text += "\ntraffic: [{name: a, app: bulk, from: left1, to: right2, size: 1B}]"
    world = world_of(text)
    assert [hex(host.address) for host in world.hosts.values()] == [hex(0x0A000000 + n) for n in range(1, 7)]
    assert world.hosts["router1"].ip.forwarding
    assert not world.hosts["left1"].ip.forwarding
    assert set(world.hosts["router1"].ip.interfaces) == {"bottleneck", "left1-router1", "left2-router1"}
    right2 = world.hosts["right2"].address
    assert world.hosts["left1"].routes[right2].name == "left1-router1"
    assert world.hosts["router1"].routes[right2].name == "bottleneck"
    assert set(world.directions) >= {"bottleneck", "bottleneck.reverse"}


def world_of(text: str) -> World:
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        return World(load(file.name).runs[0].spec, Clock(), SILENT)


def test_a_queue_without_a_limit_holds_the_bandwidth_delay_product_of_the_longest_way_across() -> None:
    text = f"topology: {ROOT}/topologies/dumbbell.yaml"
    text += "\ntraffic: [{name: a, app: bulk, from: left1, to: right1, size: 1B}]"
    links = world_of(text).spec.topology.links
    assert links["bottleneck"].forward.queue.limit == (37, "packets"), "10 Mbit/s times 44 ms, in packets of 1500 B"
    assert links["left1-router1"].reverse.queue.limit == (367, "packets")
    assert links["left2-router1"].forward.queue.limit == (17, "packets"), "nobody crosses it: its own 2 ms"


def test_a_transfer_is_complete_and_its_numbers_add_up(pair: Callable[..., Path]) -> None:
    run = result_of(pair("expect: [a.complete, a.goodput > 4 Mbit/s, count(a.client sent SYN) == 1]")).runs[0]
    flow = run["flows"]["a"]
    assert (run["status"], run["stalled"], run["error"]) == ("complete", [], None)
    assert flow["bytes_delivered"] == 100_000
    assert flow["goodput"] == pytest.approx(8 * 100_000 / flow["completion_time"])
    assert flow["rtt_min"] >= 0.020
    assert flow["client"]["states"][:3] == ["CLOSED", "SYN-SENT", "ESTABLISHED"]
    assert flow["server"]["states"][:3] == ["CLOSED", "LISTEN", "SYN-RECEIVED"]
    assert flow["client"]["states"][-1] == flow["server"]["states"][-1] == "CLOSED"
    assert run["links"]["link"]["bytes_sent"] > 100_000
    assert 0 < run["links"]["link"]["utilisation"] <= 1
    assert [row["ok"] for row in run["expect"]] == [True, True, True]


def test_the_numbers_end_when_the_last_application_does(pair: Callable[..., Path]) -> None:
    """Not minutes later, with TIME-WAIT: a link's utilisation would be that of an idle link."""
    run = result_of(pair()).runs[0]
    assert run["flows"]["a"]["completion_time"] <= run["end_time"] < 1.0


def test_the_duration_ends_a_run_that_would_go_on(write: Write) -> None:
    text = """
topology: {hosts: [a, b], links: {l: {ends: [a, b], rate: 1Mbit/s, delay: 1ms, queue: 1000 packets}}}
duration: 2s
traffic: [{name: x, app: bulk, from: a, to: b}]
"""
    run = result_of(write(text)).runs[0]
    assert (run["status"], run["end_time"]) == ("complete", 2.0)
    assert run["flows"]["x"]["goodput"] == pytest.approx(960_000, rel=0.05)
    assert not run["flows"]["x"]["complete"]


def test_the_timeline_changes_the_links(pair: Callable[..., Path]) -> None:
    slow = "timeline: [{at: 1ms, set: {links.link.rate: 1Mbit/s}}]"
    before, after = (result_of(pair(more))["flows"]["a"]["completion_time"] for more in ("", slow))
    assert after > 4 * before


def test_a_run_without_progress_says_who_waits_for_what(write: Write) -> None:
    text = """
topology: {hosts: [a, b], links: {l: {ends: [a, b]}}}
traffic: [{name: x, app: dialogue, from: a, to: b, steps: ["client: connect", "server: read 10"]}]
"""
    run = result_of(write(text)).runs[0]
    assert run["status"] == "stalled"
    assert any("b waits for step 2, 'server: read 10'" in line for line in run["stalled"])


def test_a_cut_link_ends_in_a_time_out_of_the_flow_not_of_the_run(pair: Callable[..., Path]) -> None:
    run = result_of(pair(), **{"links.link.loss": "100%"}).runs[0]
    assert "timed out" in run["flows"]["a"]["error"]
    assert not run["flows"]["a"]["complete"]


def test_flows_on_one_host_do_not_meet(write: Write) -> None:
    flows = "".join(f"  - {{name: f{n}, app: bulk, from: a, to: b, size: {n}kB}}\n" for n in range(1, 9))
    text = f"topology: {{hosts: [a, b], links: {{l: {{ends: [a, b], rate: 10Mbit/s}}}}}}\ntraffic:\n{flows}"
    run = result_of(write(text)).runs[0]
    assert [flow["bytes_delivered"] for flow in run["flows"].values()] == [n * 1000 for n in range(1, 9)]


@pytest.mark.parametrize("app", ["{app: sink, to: b}", "{app: on-off, from: a, to: b, burst: 1kB, bursts: 3}",
                                 "{app: request-response, from: a, to: b, count: 5}"])  # fmt: skip
def test_every_application_comes_to_its_end(write: Write, app: str) -> None:
    text = f"topology: {{hosts: [a, b], links: {{l: {{ends: [a, b]}}}}}}\ntraffic: [{{name: x, {app[1:]}]"
    run = result_of(write(text)).runs[0]
    assert (run["status"], run["flows"]["x"]["error"]) == ("complete", None)


@pytest.mark.parametrize("switched_off", ["state", "segment", "cwnd", "drop", "mark", "icmp", "queue", "app"])
def test_switching_rows_off_changes_nothing_that_happens(pair: Callable[..., Path], switched_off: str) -> None:
    full = result_of(pair()).runs[0]
    less = result_of(pair(), **{f"trace.{switched_off}": "false"}).runs[0]
    assert less["flows"] == full["flows"]
    assert less["links"] == full["links"]
    assert switched_off in full["rows"]
    assert switched_off not in less["rows"]


def test_telling_of_progress_changes_nothing_that_happens(pair: Callable[..., Path], monkeypatch: Any) -> None:
    """Also not when it is told after every slice."""
    told: list[Progress] = []
    silent = testbed.run(pair(), results=None)
    spoken = testbed.run(pair(), results=None, tell=told.append)
    assert spoken["trace_sha256"] == silent["trace_sha256"]


def test_a_topology_alone_has_nothing_to_run() -> None:
    testbed.check(ROOT / "topologies" / "dumbbell.yaml")
    with pytest.raises(ConfigError, match="has no traffic to run"):
        testbed.run(ROOT / "topologies" / "dumbbell.yaml", results=None)


def test_every_number_of_a_run_is_in_the_table_of_metrics(pair: Callable[..., Path]) -> None:
    run = result_of(pair()).runs[0]
    assert set(run["flows"]["a"]) == set(METRICS[FLOW])
    assert set(run["links"]["link"]) - {"reverse"} == set(METRICS[LINK])
    assert set(run["links"]["link"]["reverse"]) == set(METRICS[LINK])
    assert set(run["flows"]["a"]["client"]) == {"states", *COUNTERS}
    assert set(METRICS[RUN]) <= set(run)
