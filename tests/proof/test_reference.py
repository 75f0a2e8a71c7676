"""The reference experiments: published figures, held against what comes out. Each file names its source.

What an expectation cannot say is here: the exact time of each packet, and what a congestion control keeps inside. Those
in `long/` take minutes, and are run by `make figures` only.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import polars
import pytest

import testbed
from testbed.clock import MILLISECOND, SECOND
from testbed.experiment.world.world import World
from testbed.trace.tracer import ConnectionTracer, FourTuple, Tracer

Build = Callable[..., World]

REFERENCE = Path(__file__).parents[2] / "experiments" / "reference"
FILES = sorted(REFERENCE.glob("*.yaml"))
LONG = sorted((REFERENCE / "long").glob("*.yaml"))
SLOW = {
    "buffer-utilisation", "cubic-buffer", "cubic-response", "cubic-through-codel", "data-centre", "fairness",
    "lossy-path", "parking-lot", "parking-lot-reno", "periodic-loss", "random-loss", "round-trip-unfairness",
    "standing-queue",
}  # fmt: skip
"""Those that take more than about a second."""


@pytest.mark.parametrize(
    "file", [pytest.param(file, marks=pytest.mark.slow if file.stem in SLOW else ()) for file in FILES],
    ids=lambda file: file.stem,
)  # fmt: skip
def test_the_published_figures_come_out(file: Path) -> None:
    result = testbed.run(file, results=None)
    missed = [(run["id"], row["text"], row["value"]) for run in result.runs for row in run["expect"] if not row["ok"]]
    assert missed == []
    assert result.ok


@pytest.mark.parametrize("file", [*FILES, *LONG], ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_reference_names_its_source_and_expects_something(file: Path) -> None:
    assert "Published" in file.read_text(encoding="utf-8").split("name:", maxsplit=1)[0]
    assert all(run.spec.expect for run in testbed.check(file).runs)


def test_a_short_timeout_cures_incast() -> None:
    """Vasudevan et al. 2009: eight times 256 KiB at 943.7 Mbit/s, with a least retransmission timeout of 1 ms."""
    (run,) = testbed.run(REFERENCE / "incast.yaml", set={"tcp.rto_min": "1ms"}, results=None).runs
    slowest = max(flow["completion_time"] for flow in run["flows"].values())
    assert sum(flow["timeouts"] for flow in run["flows"].values()) > 0
    assert 8 * 256 * 1024 * 8 / slowest == pytest.approx(943.7e6, rel=0.1)


# -- what a control keeps inside --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_alpha_is_what_dctcp_s_analysis_says(tmp_path: Path) -> None:
    """Alizadeh et al. 2010, section 3.3: alpha²(1 - alpha/4) = (2W + 1)/(W + 1)², for W = 19.3 packets 0.32."""
    (run,) = testbed.run(REFERENCE / "data-centre.yaml", results=tmp_path).runs
    rows = run.trace("control").filter(polars.col("variable") == "alpha")
    for host in ("left1", "left2"):
        alpha = rows.filter((polars.col("host") == host) & (polars.col("t") > SECOND))["value"]
        assert len(alpha) > 100
        assert alpha.mean() == pytest.approx(0.32, rel=0.15)


@pytest.mark.slow
def test_cubic_s_window_through_codel_is_what_ns_3_s_own_test_has(tmp_path: Path) -> None:
    """Its header: the first cut at 0.4593 s, down to 173 segments, and the next at 236 and 234."""
    (run,) = testbed.run(REFERENCE / "cubic-through-codel.yaml", results=tmp_path).runs
    rows = run.trace("cwnd").filter(polars.col("host") == "sender").select("t", "cause", "cwnd").rows()
    cuts = [(t, before[2] / 1448) for before, (t, cause, _) in pairwise(rows) if cause == "fast retransmit"]
    overshoot = [cwnd / 1448 for t, _, cwnd in rows if SECOND / 2 < t < 4 * SECOND]
    assert cuts[0][0] == pytest.approx(0.4593 * SECOND, rel=0.1)
    assert min(overshoot) == pytest.approx(173, rel=0.1)
    assert [cwnd for t, cwnd in cuts if t > 4 * SECOND] == pytest.approx([236, 234], rel=0.1)


# -- times, to the nanosecond -----------------------------------------------------------------------------------------


class Times(Tracer):
    """When each end of a flow sent and received segments."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, str, str]] = []  # time, host, direction, reason

    def connection(self, host: str, label: str, four_tuple: FourTuple) -> ConnectionTracer:
        return SegmentTimes(self.rows, host)

    def of(self, host: str, direction: str, reason: str = "") -> list[int]:
        return [row[0] for row in self.rows if row[1:3] == (host, direction) and reason in row[3]]


class SegmentTimes(ConnectionTracer):
    def __init__(self, rows, host):
        self.rows, self.host = rows, host

    def segment(self, now, direction, segment, reason):
        self.rows.append((now, self.host, direction, segment.reason))


TWO_ROUTERS = """
topology:
  hosts: [a, b]
  routers: [r1, r2]
  links:
    one: {ends: [a, r1], rate: 10Mbit/s, delay: 1ms}
    two: {ends: [r1, r2], rate: 7Mbit/s, delay: 20ms}
    three: {ends: [r2, b], delay: 7ms}
traffic: [{name: x, app: bulk, from: a, to: b, size: 1000B}]
"""


def test_a_packet_takes_its_transmission_times_and_its_delays(build: Build) -> None:
    """Exactly the sum over the links of length/rate + delay, each transmission time to the nearest nanosecond."""
    times = Times()
    build(TWO_ROUTERS, times).clock.run(SECOND)
    syn = 8 * (20 + 40)  # bits: IPv4 header, TCP header with all options of a SYN
    transmission = syn * 100 + round(syn * 1000 / 7)  # ns at 10 Mbit/s, and at 7 Mbit/s
    one_way = transmission + 28 * MILLISECOND
    assert times.of("b", "received")[0] == one_way
    assert times.of("a", "received")[0] == 2 * one_way


def test_the_timeouts_double_until_the_greatest(build: Build) -> None:
    """RFC 6298 section 5.5: 1, 2, 4, … s from the first SYN, at most 60 s apart; the same for data."""
    times = Times()
    build((REFERENCE / "retransmission-backoff.yaml").read_text(encoding="utf-8"), times).clock.run(200 * SECOND)
    assert [now / SECOND for now in times.of("caller", "sent")] == [0, 1, 3, 7, 15, 31, 63, 123]
    assert [now / SECOND for now in times.of("writer", "sent") if now > 10 * SECOND] == [11, 12, 14, 18, 26, 42, 74]
