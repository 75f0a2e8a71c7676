"""A run in real time, from a file to its folder, by processes of this computer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.api import Result

PAIR = """
name: pair
seed: 1
clock: real
topology:
  hosts: [here, there]
  links: {wire: {ends: [here, there], rate: 10Mbit/s, delay: 10ms}}
tcp: {msl: 10min}
"""
TRANSFER = PAIR + "traffic: [{name: a, app: bulk, from: here, to: there, size: 100kB}]\n"
DUMBBELL = Path(__file__).parents[2] / "topologies" / "dumbbell.yaml"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """`run(text, path=value, …)`: however late everything is, for others may keep the machine busy."""

    def call(text: str, **options: Any) -> Result:
        file = tmp_path / "file.yaml"
        file.write_text(text)
        return testbed.run(file, results=tmp_path / "results", allow_late=True, **options)

    return call


def children() -> list[str]:
    """Processes that this one has started and not seen off."""
    return [pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]


def open_files() -> int:
    """How many this process has."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_transfer_is_complete_and_waits_for_no_time_wait(run: Any) -> None:
    result = run(TRANSFER)
    flow = result["flows"]["a"]
    assert (result["status"], result["error"], result["stalled"]) == ("complete", None, [])
    assert flow["bytes_delivered"] == 100_000
    assert flow["client"]["states"][-2:] == ["TIME-WAIT", "CLOSED"]
    states = result.runs[0].trace("state")
    assert states["t"].is_sorted()
    assert states["t"].to_list()[-1] > 1200e9  # and nobody has waited so long


def test_a_run_leaves_no_process_and_no_open_file(run: Any) -> None:
    run(TRANSFER)  # the first loads libraries, which keep what they open
    before = children(), open_files()
    run(TRANSFER)
    assert (children(), open_files()) == before


def test_nothing_is_earlier_than_the_network_allows(run: Any) -> None:
    result = run(TRANSFER)
    rows = result.runs[0].trace("segment")
    syn = {row["host"]: row["t"] for row in rows.filter(rows["flags"] == "SYN").to_dicts()}
    assert syn["there"] - syn["here"] >= 10_000_000
    assert set(result["tunnels"]) == {"wire", "wire.reverse"}
    assert result["tunnels"]["wire"]["sent"] == result["tunnels"]["wire"]["received"] > 70
    assert 0 <= result["lateness"]["p50"] <= result["lateness"]["p99"] <= result["lateness"]["max"]
    assert set(result["lateness"]["links"]) == {"wire", "wire.reverse"}


def test_machines_may_share_a_process(run: Any) -> None:
    result = run(TRANSFER + "processes: 1\n")
    assert {name: one["machines"] for name, one in result["agents"].items()} == {"here": ["here", "there"]}
    assert result["status"] == "complete"
    assert result["tunnels"] == {}
    assert result["lateness"]["links"]["wire"]["max"] > 0


def test_a_sweep_runs_one_after_the_other_and_each_has_its_own_processes(run: Any) -> None:
    result = run(TRANSFER + "matrix: {links.wire.delay: [5ms, 40ms]}\n")
    assert [one["status"] for one in result] == ["complete", "complete"]
    near, far = (one["flows"]["a"]["rtt_min"] for one in result)
    assert near >= 0.01
    assert far >= 0.08  # however busy the machine is, nothing is early


def test_a_duration_ends_it(run: Any) -> None:
    result = run(PAIR + "duration: 700ms\ntraffic: [{name: a, app: bulk, from: here, to: there}]\n")
    assert result["status"] == "complete"
    assert result["end_time"] == 0.7
    assert result.runs[0].trace("segment")["t"].max() <= 700_000_000


def test_who_waits_for_what_will_never_happen_has_stalled(run: Any) -> None:
    steps = '["client: connect", "client: write 10", "server: read 20"]'
    result = run(PAIR + f"traffic: [{{name: a, app: dialogue, from: here, to: there, steps: {steps}}}]\n")
    assert result["status"] == "stalled"
    assert any("there waits for" in line and "read 20" in line for line in result["stalled"])


def test_the_ends_of_a_dialogue_hear_of_each_other_through_the_controller(run: Any) -> None:
    steps = ["client: connect", "client: write 10", "server: read 10", "client: wait 100ms", "server: write 20",
             "client: read 20", "both: close", "both: expect closed"]  # fmt: skip
    traffic = f"traffic: [{{name: a, app: dialogue, from: here, to: there, steps: {steps}}}]\n"
    result = run(PAIR.replace("10min", "50ms") + traffic)  # for here somebody does wait for the end of TIME-WAIT
    assert (result["status"], result["flows"]["a"]["complete"]) == ("complete", True)
    assert result["flows"]["a"]["client"]["bytes_read"] == 20


def test_a_change_reaches_both_directions_wherever_they_are(run: Any) -> None:
    text = TRANSFER.replace("100kB", "400kB") + "timeline: [{at: 150ms, set: {links.wire.delay: 100ms}}]\n"
    rows = run(text).runs[0].trace("segment")
    last = {
        (one["host"], one["direction"]): one["t"] for one in rows.filter(rows["flags"].str.contains("FIN")).to_dicts()
    }
    for sender, receiver in (("here", "there"), ("there", "here")):
        assert last[receiver, "received"] - last[sender, "sent"] >= 100_000_000


def test_it_can_be_called_from_within_an_event_loop(run: Any) -> None:
    async def notebook() -> Result:
        return run(TRANSFER)  # type: ignore[no-any-return]

    assert asyncio.run(notebook())["status"] == "complete"


def test_neighbours_of_a_larger_network(run: Any) -> None:
    traffic = "[{name: a, app: bulk, from: left1, to: right1, size: 50kB}]"
    result = run(f"clock: real\nprocesses: 3\ntopology: {DUMBBELL}\ntraffic: {traffic}\n")
    assert (result["status"], result["flows"]["a"]["bytes_delivered"]) == ("complete", 50_000)
    assert len(result["agents"]) == 3


def test_a_port_that_two_flows_want_is_found_before_any_agent_starts(run: Any) -> None:
    same = "{{name: {name}, app: sink, to: there, port: 80}}"
    text = PAIR + f"traffic: [{same.format(name='a')}, {same.format(name='b')}]\n"
    with pytest.raises(testbed.ConfigError, match="port 80"):
        run(text)


def test_agents_that_cannot_join_are_a_mistake_in_the_input(run: Any) -> None:
    with pytest.raises(testbed.ConfigError, match="--listen"):
        run(TRANSFER + "agents: {far: [there]}\n")
