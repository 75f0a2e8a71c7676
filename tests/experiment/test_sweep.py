"""Sweeps: every combination its own run, with its name and its seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from testbed.experiment.language.reader import hints
from testbed.experiment.language.sweep import MAX_ID, run_id
from testbed.experiment.reading.load import load
from testbed.tcp.config import SETTINGS, TcpConfig
from testbed.tcp.congestion import CONTROLS, ControlSpec
from testbed.units import Duration, Size

Pair = Callable[..., Path]
HINTS = hints(TcpConfig)


def test_without_a_sweep_there_is_one_run_with_the_seed_itself(pair: Pair) -> None:
    (run,) = load(pair("seed: 5")).runs
    assert (run.id, run.params, run.repeat, run.spec.seed) == ("run", {}, 1, 5)


def test_a_matrix_is_every_combination_in_the_order_of_the_file(pair: Pair) -> None:
    plan = load(pair("matrix: {tcp.rto_min: [200ms, 1s], links.link.loss: [0%, 1%]}"))
    assert [run.id for run in plan.runs] == [
        "tcp.rto_min=200ms,links.link.loss=0%", "tcp.rto_min=200ms,links.link.loss=1%",
        "tcp.rto_min=1s,links.link.loss=0%", "tcp.rto_min=1s,links.link.loss=1%",
    ]  # fmt: skip
    assert plan.runs[2].params == {"tcp.rto_min": "1s", "links.link.loss": "0%"}
    assert plan.runs[0].spec.flows["a"].client_tcp.rto_min == 200_000_000
    assert {run.spec.seed for run in plan.runs} == {1}


def axis(setting: str) -> list[str]:
    """Values of a setting of TCP as they may stand in a file: all, where there are few."""
    default, hint = getattr(TcpConfig(), setting), HINTS[setting]
    if hint is ControlSpec:
        return list(CONTROLS)
    if hint is bool:
        return ["true", "false"]
    if isinstance(default, str):
        return [f"'{value}'" for value in get_args(hint)]
    unit, more = {Duration: ("ns", 1_000_000), Size: ("B", 1460)}.get(hint, ("", 1))
    return [f"{default or 0}{unit}", f"{(default or 0) + more}{unit}"]


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_of_tcp_can_be_an_axis(pair: Pair, setting: str) -> None:
    values = axis(setting)
    runs = load(pair(f"matrix: {{tcp.{setting}: [{', '.join(values)}]}}")).runs
    found = [getattr(run.spec.flows["a"].client_tcp, setting) for run in runs]
    assert len(found) == len(values) > 1
    assert all(value not in found[:number] for number, value in enumerate(found))


def test_the_same_repetition_has_the_same_seed_in_every_setting(pair: Pair) -> None:
    runs = load(pair("matrix: {tcp.rto_min: [200ms, 1s]}\nrepeat: 3\nseed: 9")).runs
    seeds = [run.spec.seed for run in runs]
    assert seeds[:3] == seeds[3:]
    assert len(set(seeds)) == 3
    assert seeds[0] == 9
    assert runs[4].id == "tcp.rto_min=1s,repeat=2"


def test_more_repetitions_leave_the_first_ones_as_they_were(pair: Pair) -> None:
    few, many = (load(pair(f"repeat: {count}")).runs for count in (2, 12))
    assert [run.spec.seed for run in many[:2]] == [run.spec.seed for run in few]
    assert [run.id for run in many[8:11]] == ["repeat=09", "repeat=10", "repeat=11"]


def test_another_seed_changes_every_repetition(pair: Pair) -> None:
    one, other = ({run.spec.seed for run in load(pair(f"repeat: 5\nseed: {seed}")).runs} for seed in (1, 2))
    assert not one & other


def test_an_axis_that_the_command_line_sets_is_fixed(pair: Pair) -> None:
    plan = load(pair("matrix: {tcp.rto_min: [200ms, 1s], tcp.msl: [1s, 2s]}"), {"tcp.rto_min": "300ms"})
    assert [run.id for run in plan.runs] == ["tcp.msl=1s", "tcp.msl=2s"]
    assert plan.runs[0].spec.flows["a"].client_tcp.rto_min == 300_000_000


def test_the_seed_can_be_an_axis(pair: Pair) -> None:
    assert [run.spec.seed for run in load(pair("matrix: {seed: [4, 5]}")).runs] == [4, 5]


def test_run_names_fit_any_file_system() -> None:
    cases: list[dict[str, Any]] = [
        {"links.l.rate": "10Mbit/s"}, {"links.l.queue": "100 packets"}, {"tcp.nagle": True}, {"x": "a" * 300},
        {"links.l.loss": {"model": "periodic", "every": 3}}, {"links.l.loss": {"model": "periodic", "every": 4}},
        {"links.l.delay": "5 s"}, {"links.l.delay": "5µs"}, {"links.l.delay": "5us"}, {"x": "ä b"}, {"x": "ö_b"},
    ]  # fmt: skip
    names = [run_id(params, 1, 1) for params in cases]
    assert names[:3] == ["links.l.rate=10Mbit_s", "links.l.queue=100_packets", "tcp.nagle=true"]
    assert len(set(names)) == len(names)
    assert all(len(name) <= MAX_ID and "/" not in name for name in names)
