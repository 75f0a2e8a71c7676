"""What a full queue costs those who share it, and what each discipline does about it.

One bulk transfer fills a bottleneck of 10 Mbit/s, 50 ms round trip, whose buffer of 1000 packets holds 1.2 s of it.
Beside it somebody asks small questions, one after the other: their round trip is what a user feels. Droptail lets it
rise to the base plus the buffer (Gettys and Nichols, "Bufferbloat", 2011); CoDel holds the standing queue near its
target of 5 ms (RFC 8289), PIE near its 15 ms (RFC 8033); FQ-CoDel keeps the questions out of the queue (RFC 8290).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import testbed

BASE = 0.050
BUFFER = 1.2  # s: 1000 packets of 1500 bytes at 10 Mbit/s
LOAD = """
topology:
  hosts: [left, right]
  links:
    bottleneck: {ends: [left, right], rate: 10Mbit/s, delay: 25ms, queue: {discipline: droptail, limit: 1000 packets}}
duration: 20s
trace: {segment: false, cwnd: false, queue: false}
traffic:
  - {name: bulk, app: bulk, from: left, to: right}
  - name: ping
    app: request-response
    from: left
    to: right
    start: 5s
    request: 100B
    response: 100B
    think: 20ms
    tcp: {delayed_ack: 0s}
"""

Load = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """`load("codel")`: one run's document; each is made once."""
    file = tmp_path_factory.mktemp("bufferbloat") / "load.yaml"
    file.write_text(LOAD)
    known: dict[tuple[object, ...], dict[str, Any]] = {}

    def run(discipline: str, **settings: object) -> dict[str, Any]:
        key = discipline, *settings.items()
        if key not in known:
            changes = {"links.bottleneck.queue.discipline": discipline} | {
                f"tcp.{name}": v for name, v in settings.items()
            }
            known[key] = testbed.run(file, set=changes, results=None).runs[0]
        return known[key]

    return run


def test_without_management_the_round_trip_is_the_base_and_the_buffer(load: Load) -> None:
    ping = load("droptail")["flows"]["ping"]
    assert ping["rtt_max"] == pytest.approx(BASE + BUFFER, rel=0.05)
    assert ping["rtt_p50"] > BASE + BUFFER / 2


@pytest.mark.parametrize(("discipline", "target"), [("codel", 0.005), ("pie", 0.015)])
def test_managed_queues_stand_near_their_target(load: Load, discipline: str, target: float) -> None:
    link = load(discipline)["links"]["bottleneck"]
    assert target / 2 < link["queue_delay_mean"] < 2 * target
    assert load(discipline)["flows"]["ping"]["rtt_p50"] < BASE + 2 * target
    assert link["utilisation"] > 0.85


def test_with_a_line_of_its_own_nobody_waits_for_the_bulk(load: Load) -> None:
    ping = load("fq-codel")["flows"]["ping"]
    assert ping["rtt_p99"] < BASE + 0.005
    assert load("fq-codel")["links"]["bottleneck"]["queue_delay_max"] > 0.05  # the bulk's slow start waited


def test_the_transfer_pays_little_for_it(load: Load) -> None:
    most = load("droptail")["flows"]["bulk"]["goodput"]
    for discipline in ("red", "codel", "fq-codel", "pie"):
        assert load(discipline)["flows"]["bulk"]["goodput"] > 0.85 * most


@pytest.mark.parametrize("discipline", ["red", "codel", "fq-codel"])
def test_with_ecn_the_transfer_loses_nothing(load: Load, discipline: str) -> None:
    """PIE does drop: it marks no more once its probability is above 10 %, as slow start can make it (section 5.1)."""
    run = load(discipline, ecn="classic")
    assert run["links"]["bottleneck"]["marked"] > 0
    assert run["flows"]["bulk"]["retransmitted_segments"] == 0
    assert load(discipline)["flows"]["bulk"]["retransmitted_segments"] > 0


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_marks_are_on_the_wire(tmp_path: Path) -> None:
    """Counted by the link, told of in the trace, heard by the receiver, and read by tshark: the same marks."""
    file = tmp_path / "marks.yaml"
    file.write_text(LOAD + "capture: pcapng\n")
    changes = {"links.bottleneck.queue": "codel", "tcp.ecn": "classic", "duration": "6s", "trace.segment": True}
    run = testbed.run(file, set=changes, results=tmp_path / "results").runs[0]
    marks, segments = run.trace("mark"), run.trace("segment")
    heard = segments.filter((segments["direction"] == "received") & (segments["ecn"] == "CE"))
    command = ["tshark", "-r", str(run.folder / "captures" / "right.pcapng"), "-Y", "ip.dsfield.ecn == 3"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert run["links"]["bottleneck"]["marked"] == len(marks) == len(heard) == len(seen) > 0
