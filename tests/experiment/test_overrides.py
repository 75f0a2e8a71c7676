"""`set`, `--set`, the axes of a sweep and the timeline name values by one kind of path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testbed.errors import ConfigError
from testbed.experiment.reading.load import load
from testbed.link.loss.bernoulli import Bernoulli
from testbed.link.loss.gilbert_elliott import GilbertElliott

Pair = Callable[..., Path]


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("duration", "5s", lambda spec: spec.duration == 5 * 10**9),
        ("links.link.rate", "1Mbit/s", lambda spec: spec.topology.links["link"].reverse.rate == 10**6),
        ("links.link.loss", "1%", lambda spec: spec.topology.links["link"].forward.loss == Bernoulli(p=0.01)),
        ("links.link.loss.p", "2%", lambda spec: spec.topology.links["link"].forward.loss == Bernoulli(p=0.02)),
        ("links.link.loss", "{model: gilbert-elliott, p: 1%}",
         lambda spec: spec.topology.links["link"].forward.loss == GilbertElliott(p=0.01)),
        ("links.link.reverse.rate", "1Mbit/s", lambda spec: spec.topology.links["link"].forward.rate == 10**7),
        ("links.link.queue.limit", "7 packets",
         lambda spec: spec.topology.links["link"].forward.queue.limit == (7, "packets")),
        ("tcp.rto_min", "200ms", lambda spec: spec.flows["a"].client_tcp.rto_min == 2 * 10**8),
        ("hosts.left.tcp.nagle", "false", lambda spec: not spec.flows["a"].client_tcp.nagle),
        ("traffic.a.size", "1MB", lambda spec: spec.flows["a"].application.size == 10**6),
        ("traffic.a.server_tcp.receive_buffer", "8KiB", lambda spec: spec.flows["a"].server_tcp.receive_buffer == 8192),
        ("trace.segment", "false", lambda spec: not spec.trace.segment),
        ("capture", "pcapng", lambda spec: spec.capture.format == "pcapng"),
        ("seed", 7, lambda spec: spec.seed == 7),
        ("traffic.a.port", 80, lambda spec: spec.flows["a"].port == 80),
    ],
)  # fmt: skip
def test_a_path_reaches_its_value(pair: Pair, path: str, value: Any, read: Callable[[Any], bool]) -> None:
    assert read(load(pair(), {path: value}).runs[0].spec)


def test_the_command_line_comes_after_the_files_own_set(pair: Pair) -> None:
    plan = load(pair("set: {tcp.rto_min: 300ms, tcp.msl: 1s}"), {"tcp.rto_min": "400ms"})
    assert plan.runs[0].spec.flows["a"].client_tcp.rto_min == 400_000_000
    assert plan.runs[0].spec.flows["a"].client_tcp.msl == 1_000_000_000


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("tcp.rto_mim", "1s", "--set tcp.rto_mim=1s: tcp.rto_mim: unknown key 'rto_mim' (did you mean 'rto_min'?)"),
        ("links.lnk.mtu", "1kB",
         "--set links.lnk.mtu=1kB: links.lnk.mtu: there is no link 'lnk' (did you mean 'link'?)"),
        ("traffic.b.size", "1MB", "--set traffic.b.size=1MB: traffic.b.size: there is no flow 'b' (one of: a)"),
        ("hosts.lift.tcp.nagle", "true",
         "--set hosts.lift.tcp.nagle=true: hosts.lift.tcp.nagle: there is no host 'lift' (did you mean 'left'?)"),
        ("tcp.rto_min", "1", "--set tcp.rto_min=1: tcp.rto_min: a duration needs a unit, e.g. '20ms', not 1"),
        ("duration.x", "1", None),
        ("links.link", "{}", None),
        ("expect", "[a.goodput", None),
        ("", "1", None),
    ],
)  # fmt: skip
def test_a_wrong_path_is_refused_with_the_nearest(pair: Pair, path: str, value: str, problem: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        load(pair("duration: 5s"), {path: value})
    assert len(caught.value.problems) == 1
    assert problem is None or str(caught.value) == problem


def test_flow_settings_come_before_the_hosts_and_these_before_the_experiments(write: Callable[..., Path]) -> None:
    text = """
topology:
  hosts: {left: {tcp: {rto_min: 2s, msl: 2s, r1: 4}}, right: {}}
  links: {link: {ends: [left, right]}}
tcp: {rto_min: 1500ms, msl: 1s, rto_max: 90s}
traffic:
  - {name: a, app: bulk, from: left, to: right, size: 1B, tcp: {rto_min: 3s}, client_tcp: {r1: 5}}
"""
    flow = load(write(text)).runs[0].spec.flows["a"]
    assert (flow.client_tcp.rto_min, flow.client_tcp.msl) == (3_000_000_000, 2_000_000_000)
    assert (flow.client_tcp.rto_max, flow.client_tcp.r1) == (90_000_000_000, 5)
    assert (flow.server_tcp.rto_min, flow.server_tcp.msl, flow.server_tcp.r1) == (3_000_000_000, 1_000_000_000, 3)


def test_the_timeline_keeps_what_it_has_set_before(pair: Pair) -> None:
    spec = (
        load(
            pair("timeline:\n  - {at: 2s, set: {links.link.loss: 1%}}\n  - {at: 1s, set: {links.link.rate: 1Mbit/s}}\n")
        )
        .runs[0]
        .spec
    )
    first, second = spec.timeline
    assert (first.at, second.at) == (10**9, 2 * 10**9)
    assert first.directions["link"].rate == second.directions["link"].rate == 10**6
    assert first.directions["link"].loss is None
    assert second.directions["link.reverse"].loss == Bernoulli(p=0.01)
    queue = spec.topology.links["link"].forward.queue
    assert first.directions["link"].queue == queue, "a queue that nobody limits stays as it was"


def test_a_change_of_one_direction_leaves_the_other_alone(pair: Pair) -> None:
    spec = load(pair("timeline: [{at: 1s, set: {links.link.reverse.rate: 1Mbit/s}}]")).runs[0].spec
    assert set(spec.timeline[0].directions) == {"link.reverse"}


@pytest.mark.parametrize("given", [np.array([False, True]), (np.bool_(False), np.bool_(True)), ["false", "true"]])
def test_values_from_python_may_be_numpys_or_texts(given: Any, pair: Pair) -> None:
    plan = load(pair(), {"tcp.sack": given})
    assert [run.params for run in plan.runs] == [{"tcp.sack": False}, {"tcp.sack": True}]
