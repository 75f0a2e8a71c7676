"""The same seed and the same file: the same trace, byte for byte, in any process. Another seed: another trace.

And chance is dealt out by name: what one part draws does not depend on whether another draws as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.clock import SECOND
from testbed.experiment.world.world import World
from testbed.trace.tracer import ConnectionTracer, FourTuple, LinkTracer, Tracer

Build = Callable[..., World]

ROOT = Path(__file__).parents[2]

EVERY_CHANCE = """
name: every-chance
topology:
  hosts: [a, b, c]
  routers: [r]
  links:
    a-r: {ends: [a, r], rate: 10Mbit/s, delay: 5ms, jitter: {model: normal, deviation: 1ms}, duplicate: 1%}
    b-r: {ends: [b, r], rate: 5Mbit/s, delay: 9ms, corrupt: 1%, loss: {model: gilbert-elliott, p: 1%, r: 30%}}
    c-r: {ends: [c, r], delay: 2ms, loss: 1%, reorder: {share: 2%, delay: 3ms}}
duration: 60s
traffic:
  - {name: x, app: bulk, from: a, to: b, size: 150kB}
  - {name: y, app: on-off, from: c, to: b, burst: 8kB, bursts: 6, distribution: pareto}
  - {name: z, app: request-response, from: b, to: a, count: 6, think: 40ms, distribution: exponential}
"""


def documents(file: Path, results: Path, *, seed: int, hash_seed: str) -> list[dict[str, Any]]:
    """What `testbed run --json` prints of its runs, less what is of the process and not of the experiment."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "testbed", "run", str(file), "--json", "--results", str(results)]
    done = subprocess.run([*command, "--seed", str(seed)], env=environment, capture_output=True, check=True, text=True)
    runs: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
    return [{key: value for key, value in run.items() if key not in ("folder", "wall_time")} for run in runs]


def test_one_seed_is_one_trace_in_every_process(tmp_path: Path) -> None:
    file = tmp_path / "every-chance.yaml"
    file.write_text(EVERY_CHANCE, encoding="utf-8")
    first = documents(file, tmp_path / "1", seed=1, hash_seed="1")
    again = documents(file, tmp_path / "2", seed=1, hash_seed="4711")
    other = documents(file, tmp_path / "3", seed=2, hash_seed="1")
    assert [run["status"] for run in first] == ["complete"]
    assert again == first
    assert other[0]["trace_sha256"] != first[0]["trace_sha256"]


# -- the streams are apart --------------------------------------------------------------------------------------------

NEIGHBOURS = """
topology:
  hosts: [a, b, c, d]
  links:
    ours: {{ends: [a, b], rate: 10Mbit/s, delay: 10ms, loss: 2% {ours}}}
    theirs: {{ends: [c, d], rate: 10Mbit/s, delay: 10ms {theirs}}}
traffic:
  - {{name: x, app: bulk, from: a, to: b, size: 300kB}}
  - {{name: y, app: bulk, from: c, to: d, size: 300kB}}
seed: 7
"""


class Ears(Tracer):
    """Hears all that happens to flow x, and which packets the link `ours` loses, by their number."""

    def __init__(self) -> None:
        self.story: list[tuple[object, ...]] = []
        self.fates: list[bool] = []  # packet by packet: was it lost?

    def connection(self, host: str, label: str, four_tuple: FourTuple) -> ConnectionTracer:
        return FlowEars(self.story, host) if label == "x" else ConnectionTracer()

    def link(self, name: str) -> LinkTracer:
        return LinkEars(self.fates) if name == "ours" else LinkTracer()


class FlowEars(ConnectionTracer):
    def __init__(self, story, host):
        self.story, self.host = story, host

    def segment(self, now, direction, segment, reason):
        self.story.append((now, self.host, direction, segment.seq, segment.ack, len(segment.payload), reason))

    def state(self, now, old, new, cause):
        self.story.append((now, self.host, old, new, cause))


class LinkEars(LinkTracer):
    def __init__(self, fates):
        self.fates = fates

    def sent(self, now, packet, duration):
        self.fates.append(False)

    def drop(self, now, packet, reason):
        if reason == "loss":
            self.fates[-1] = True


def heard(build: Build, *, ours: str = "", theirs: str = "") -> Ears:
    ears = Ears()
    build(NEIGHBOURS.format(ours=ours, theirs=theirs), ears).clock.run(600 * SECOND)
    return ears


@pytest.mark.parametrize(
    "impairment", ["loss: 5%", "jitter: 2ms", "duplicate: 3%", "corrupt: 2%", "reorder: {share: 5%, delay: 2ms}"]
)
def test_an_impairment_of_another_link_leaves_our_flow_alone(build: Build, impairment: str) -> None:
    alone, beside = heard(build), heard(build, theirs=f", {impairment}")
    assert len(alone.story) > 500
    assert beside.story == alone.story


@pytest.mark.parametrize("impairment", ["jitter: 2ms", "duplicate: 3%", "corrupt: 2%"])
def test_another_impairment_of_our_link_leaves_its_losses_alone(build: Build, impairment: str) -> None:
    """The flow does other things then, but its n-th packet is lost as before."""
    alone, beside = heard(build).fates, heard(build, ours=f", {impairment}").fates
    common = min(len(alone), len(beside))
    assert sum(alone[:common]) >= 3
    assert beside[:common] == alone[:common]
