"""When a run in real time is too late to be believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from testbed.clock import MILLISECOND
from testbed.control.collecting.validity import why_late
from testbed.experiment.reading.load import load
from testbed.runtime.lateness import Lateness

FILE = """
topology:
  hosts: [left, right]
  routers: [middle]
  links:
    l: {{ends: [left, middle], delay: {delay}}}
    r: {{ends: [middle, right], rate: {rate}, delay: {delay}, queue: {queue}}}
traffic:
  - {{name: a, app: bulk, from: left, to: right, size: 300kB, tcp: {{rto_min: {rto_min}}}}}
"""
ALL = {"l", "l.reverse", "r", "r.reverse"}

Judge = Callable[..., str | None]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """What is said of a run over two links, whose packets were `late` by so many ms each."""

    def judged(
        late: Mapping[str, list[float]] = {},
        *,
        work: float = 0,
        delay: str = "10ms",
        rate: str = "100Mbit/s",
        queue: str = "1000 packets",
        rto_min: str = "1s",
        more: str = "",
        tunnels: Mapping[str, Mapping[str, int]] = {},
        crossing: set[str] = ALL,
    ) -> str | None:
        file = tmp_path / "validity.yaml"
        file.write_text(FILE.format(delay=delay, rate=rate, queue=queue, rto_min=rto_min) + more)
        lateness = Lateness()
        lateness.work.add(int(work * MILLISECOND))
        for direction, times in late.items():
            for time in times:
                lateness.of(direction).add(int(time * MILLISECOND))
        return why_late(load(file).runs[0].spec, lateness, tunnels, crossing)

    return judged


def test_a_punctual_run_is_believed(judge: Judge) -> None:
    assert judge() is None
    assert judge({direction: [0.2] * 98 + [3.0] * 2 for direction in ALL}) is None


def test_the_medians_of_a_round_trip_are_added_up(judge: Judge) -> None:
    """40 ms there and back, and 0.12 ms for a packet to be sent: 4.01 ms will do."""
    assert judge({direction: [0.9] * 100 for direction in ALL}) is None
    reason = judge({direction: [1.2] * 100 for direction in ALL})
    assert reason is not None
    assert "flow a" in reason
    assert "4.8ms late there and back" in reason


def test_short_round_trips_are_forgiven_a_millisecond(judge: Judge) -> None:
    assert judge({"l": [0.9] * 100}, delay="0ms") is None
    assert judge({"l": [1.1] * 100}, delay="0ms") is not None


def test_the_tail_of_one_direction_is_jitter(judge: Judge) -> None:
    assert judge({"r": [0.1] * 97 + [9.0] * 3}) is None
    reason = judge({"r": [0.1] * 97 + [11.0] * 3})
    assert reason is not None
    assert "r is 11ms late (p99)" in reason


@pytest.mark.parametrize("others", [1, 20, 500])
def test_one_packet_alone_may_be_late(judge: Judge, others: int) -> None:
    assert judge({"l": [0.1] * others + [100.0]}) is None


def test_two_of_a_few_may_not(judge: Judge) -> None:
    assert judge({"l": [0.1] * 20 + [100.0] * 2}) is not None


def test_what_comes_late_together_must_find_room(judge: Judge) -> None:
    """8 ms of 100 Mbit/s are 100 kB: two thirds of 100 packets."""
    assert judge({"l": [0.1] * 97 + [8.0] * 3}, queue="1000 packets") is None
    reason = judge({"l": [0.1] * 97 + [8.0] * 3}, queue="100 packets")
    assert reason is not None
    assert "100 kB come together to r" in reason
    assert judge({"l": [0.1] * 97 + [2.0] * 3}, queue="2 packets", rate="10Mbit/s") is None, "two packets always do"
    assert judge({"r": [0.1] * 97 + [8.0] * 3}, queue="100 packets") is None, "after it, there is no queue"


def test_a_timeout_must_not_have_gone_off_for_it(judge: Judge) -> None:
    assert judge(work=400) is None
    reason = judge(work=120, rto_min="200ms")
    assert reason is not None
    assert "120ms late" in reason


def test_a_packet_lost_between_processes_is_one_too_many(judge: Judge) -> None:
    counted = {"sent": 1000, "received": 999, "overflowed": 0, "refused": 0, "malformed": 3, "strangers": 5}
    assert judge(tunnels={"l": counted}) is None, "who is a stranger does no harm"
    assert judge(tunnels={"l": {**counted, "overflowed": 1}}) == "l: packets lost between processes: 1 overflowed"


def test_within_a_process_nothing_is_late(judge: Judge) -> None:
    """There, whoever is called late sees the time at which it was to be called."""
    late = {direction: [50.0] * 100 for direction in ALL}
    assert judge(late) is not None
    assert judge(late, crossing=set()) is None


def test_a_delay_that_becomes_shorter_counts(judge: Judge) -> None:
    shorter = "timeline: [{at: 1ms, set: {links.l.delay: 1ms, links.r.delay: 1ms}}]"
    late: dict[str, Any] = {"l": [2.5] * 100}
    assert judge(late) is None
    assert judge(late, more=shorter) is not None


def test_a_server_for_programs_has_no_round_trip(judge: Judge) -> None:
    assert judge(more="  - {name: b, app: sink, to: right}\nduration: 1s\n") is None
