"""What a newcomer reads after a run, in 80 columns."""

from __future__ import annotations

from copy import deepcopy
from io import StringIO
from typing import Any

import pytest
from rich.console import Console, RenderableType

from testbed.report.sweep import comparison_lines, sweep_tables
from testbed.report.tables import counted, loss, rate, run_table, seconds, written

FLOW = {
    "app": "bulk",
    "from": "left1",
    "to": "right1",
    "bytes_delivered": 20_000_000,
    "goodput": 8_912_345.6,
    "completion_time": 17.914235,
    "complete": True,
    "error": None,
    "retransmitted_segments": 132,
    "retransmission_share": 0.00912,
    "rtt_p50": 0.0431,
}
LINK = {
    "packets_sent": 14000,
    "utilisation": 0.8912,
    "queue_delay_mean": 0.0123,
    "queue_delay_max": 0.0511,
    "drops": 132,
    "drop_share": 0.00912,
    "reverse": None,
}
RUN: dict[str, Any] = {
    "id": "1",
    "folder": "results/quickstart/1",
    "name": "quickstart",
    "clock": "virtual",
    "seed": 1,
    "params": {},
    "status": "complete",
    "wall_time": 1.91,
    "end_time": 17.95,
    "flows": {"a": FLOW},
    "links": {"bottleneck": LINK},
    "jain": 1.0,
    "expect": [],
    "spec": {
        "links": {"bottleneck": {"rate": 10_000_000, "delay": 20_000_000, "loss": {"model": "bernoulli", "p": 0.005}}}
    },
}

QUICKSTART = """
quickstart · seed 1 · 18s of virtual time in 1.91s

                                                            retrans-
flow  from → to       app   delivered      goodput   time     mitted     RTT
a     left1 → right1  bulk      20 MB  8.91 Mbit/s  17.9s  132 (0.91%)  43.1ms

link             rate  delay  loss   used  queued  longest      dropped
bottleneck  10 Mbit/s   20ms  0.5%  89.1%  12.3ms   51.1ms  132 (0.91%)
"""


def shown(what: RenderableType, width: int = 80) -> str:
    console = Console(file=StringIO(), width=width, color_system=None, markup=False, highlight=False)
    console.print(what)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]


def run(**changes: Any) -> dict[str, Any]:
    return deepcopy(RUN) | changes


def with_links(**links: Any) -> dict[str, Any]:
    wire = {"rate": None, "delay": 0, "loss": None}
    return run(links=links, spec={"links": {name: {**wire, "reverse": wire} for name in links}})


def test_the_first_table() -> None:
    assert words(shown(run_table(run()))) == words(QUICKSTART)


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


def test_eighty_columns_are_enough() -> None:
    assert max(len(line) for line in shown(run_table(run())).splitlines()) <= 80


def test_a_flow_that_did_not_finish_says_so() -> None:
    unfinished = FLOW | {"complete": False, "completion_time": None}
    assert "a was still going when the run ended" in shown(run_table(run(flows={"a": unfinished})))


def test_a_flow_that_failed_says_why() -> None:
    failed = FLOW | {"complete": False, "completion_time": None, "error": "connection refused"}
    assert "✗ a: connection refused" in shown(run_table(run(flows={"a": failed})))


def test_a_stalled_run_names_who_waits_for_what() -> None:
    text = shown(run_table(run(status="stalled", stalled=["a: server waits for data"])))
    assert "✗ stalled" in text
    assert "  a: server waits for data" in text


def test_expectations_come_with_what_was_seen() -> None:
    expect = [
        {"text": "a.goodput > 3 Mbit/s", "ok": True, "value": 8_912_345.6, "unit": "bit/s"},
        {"text": "a.timeouts == 0", "ok": False, "value": 2, "unit": ""},
    ]
    text = shown(run_table(run(expect=expect)))
    assert "✓ a.goodput > 3 Mbit/s" in text
    assert "✗ a.timeouts == 0   2" in text


def test_an_equality_that_holds_is_not_said_twice() -> None:
    expect = [{"text": "a.timeouts == 0", "ok": True, "value": 0, "unit": ""}]
    assert "✓ a.timeouts == 0\n" in shown(run_table(run(expect=expect)))


def test_fairness_needs_two_flows() -> None:
    assert "fairness" not in shown(run_table(run()))
    assert "fairness (Jain's index): 0.981" in shown(run_table(run(flows={"a": FLOW, "b": FLOW}, jain=0.98123)))


IDLE = LINK | {"drops": 0, "utilisation": 0.0}


def test_the_other_direction_of_a_link_is_shown_when_it_was_used() -> None:
    assert "↳ reverse" in shown(run_table(with_links(l=LINK | {"reverse": LINK})))
    assert "↳ reverse" not in shown(run_table(with_links(l=LINK | {"reverse": IDLE})))


def test_marks_are_told_of_even_where_a_link_made_no_difference() -> None:
    marking = IDLE | {"packets_sent": 200, "marked": 5}
    assert "· l marked 5 (2.5%) instead" in shown(run_table(with_links(l=marking | {"reverse": IDLE})))
    assert "· l ↳ reverse marked 5 (2.5%)" in shown(run_table(with_links(l=LINK | {"reverse": marking})))
    assert "marked" not in shown(run_table(with_links(l=LINK | {"reverse": IDLE})))


def test_links_that_made_no_difference_are_only_counted() -> None:
    text = shown(run_table(with_links(narrow=LINK, wide=IDLE, wider=IDLE | {"reverse": IDLE})))
    assert "wide" not in text
    assert "2 other links" in text


def test_where_no_link_made_a_difference_all_are_shown() -> None:
    text = shown(run_table(with_links(one=IDLE, two=IDLE)))
    assert "one" in text
    assert "other link" not in text


def test_a_link_that_lost_something_is_shown_however_idle() -> None:
    assert "lossy" in shown(run_table(with_links(lossy=IDLE | {"drops": 1})))


def test_what_there_is_not_is_a_dash() -> None:
    assert (seconds(None), rate(None), seconds(0), counted(0, None), counted(7, 7.0)) == ("–", "–", "0", "0", "7")


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        (None, "0"),
        ({"model": "bernoulli", "p": 0.01}, "1%"),
        ({"model": "periodic", "every": 1000, "offset": 0}, "1/1000"),
        ({"model": "gilbert-elliott", "p": 0.01, "r": 0.25}, "gilbert-elliott"),
    ],
)
def test_a_loss_model_in_a_word(spec: Any, word: str) -> None:
    assert loss(spec) == word


def sweep() -> list[dict[str, Any]]:
    runs = []
    for setting in ("0%", "1%"):
        for seed, goodput in ((1, 1e6), (2, 3e6), (3, 9e6)):
            flow = FLOW | {"goodput": goodput * (1 if setting == "0%" else 0.1)}
            runs.append(run(params={"links.bottleneck.loss": setting}, seed=seed, flows={"a": flow}))
    return runs


def test_a_sweep_has_a_row_a_setting_with_medians() -> None:
    text = shown(sweep_tables(sweep()))
    assert "quickstart · 6 runs, medians of 3 repetitions" in text
    rows = words(text)
    assert rows[-2][:4] == ["0%", "3", "3", "Mbit/s"]
    assert rows[-1][:4] == ["1%", "3", "300", "kbit/s"]


def test_a_sweep_counts_what_failed() -> None:
    runs = sweep()
    runs[0]["expect"] = [{"text": "a.goodput > 2 Mbit/s", "ok": False, "value": 1e6, "unit": "bit/s"}]
    text = shown(sweep_tables(runs))
    assert "✗ 1 of 3" in text
    assert "✗ a.goodput > 2 Mbit/s   1 of 6 runs" in text


def many_axes(lists: dict[str, list[Any]], flows: tuple[str, ...] = ("a",)) -> list[dict[str, Any]]:
    settings = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
    return [run(params=setting, flows=dict.fromkeys(flows, FLOW)) for setting in settings]


def test_of_axes_that_advance_together_a_sweep_has_one() -> None:
    axes = {"tcp.rack": [False, True], "tcp.tail_loss_probe": [False, True], "tcp.sack": [True, True]}
    text = shown(sweep_tables(many_axes(axes)))
    assert "rack" in text
    assert "tail_loss_probe" not in text
    assert "sack" not in text


def test_axes_that_have_no_room_share_a_column() -> None:
    axes = {f"tcp.a_long_name_{n}": [str(1000 + at // 2**n % 2) for at in range(32)] for n in range(5)}
    rows = shown(sweep_tables(many_axes(axes, ("a", "web"))), 80).splitlines()
    first = next(at for at, line in enumerate(rows) if line.startswith("1000, 1000, 1000, 1000"))
    assert all(len(line) <= 80 for line in rows)
    assert " Mbit/s " in rows[first]
    assert "a_long_name_4  " in shown(sweep_tables(many_axes(axes)), 200)


def test_what_an_included_combination_does_not_set_is_a_dash() -> None:
    settings: tuple[dict[str, Any], ...] = ({"tcp.sack": True, "tcp.mss": 1}, {"tcp.sack": False, "tcp.mss": 2},
                                            {"tcp.sack": True, "tcp.mss": 2}, {"tcp.mss": 3})  # fmt: skip
    rows = words(shown(sweep_tables([run(params=one, flows={"a": FLOW}) for one in settings])))
    assert [row[:2] for row in rows[-4:]] == [["true", "1"], ["false", "2"], ["true", "2"], ["–", "3"]]


def test_what_a_machine_refused_is_told() -> None:
    assert "r63 refused 3 × ttl" in shown(run_table(run(machine_drops_by_reason={"r63": {"ttl": 3}})))


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        (True, "true"),
        (None, "null"),
        ("200ms", "200ms"),
        ([1, False], "[1, false]"),
        ({"model": "periodic", "every": 9}, "{model: periodic, every: 9}"),
    ],
)
def test_a_parameter_is_shown_as_a_file_has_it(setting: object, text: str) -> None:
    assert written(setting) == text


# -- by the wall clock ------------------------------------------------------------------------------------------------

LATE = {
    "p50": 0.000141, "p99": 0.0039, "max": 0.0119,
    "links": {
        "bottleneck": {"p50": 0.0001, "p99": 0.004, "max": 0.01},
        "l1": {"p50": 0.0002, "p99": 0.001, "max": 0.1},
    },
}  # fmt: skip
FINE = {"sent": 100, "received": 100, "overflowed": 0, "refused": 0, "malformed": 0, "strangers": 0}


def in_real_time(**changes: Any) -> dict[str, Any]:
    real = {
        "clock": "real",
        "lateness": LATE,
        "late": None,
        "tunnels": {"bottleneck": FINE},
        "agents": {},
        "error": None,
    }
    return run(**real | changes)


def test_a_run_in_real_time_says_how_late_it_was() -> None:
    text = shown(run_table(in_real_time()), 120)
    assert "18s of real time" in text
    assert "late by 141µs (median), 3.9ms (p99), 11.9ms at most; bottleneck by 4ms (p99)" in text
    assert "datagrams" not in text
    assert "late by" not in shown(run_table(run()))


def test_what_the_tunnels_lost_is_told_apart_from_what_the_links_dropped() -> None:
    text = shown(run_table(in_real_time(tunnels={"bottleneck": FINE | {"overflowed": 1200, "strangers": 2}})), 120)
    assert "· bottleneck: 1,200 datagrams came while the receiver's buffer was full" in text
    assert "· bottleneck: 2 datagrams came from strangers" in text


def test_an_invalid_run_says_why() -> None:
    text = shown(run_table(in_real_time(status="invalid", late="bottleneck is 11ms late")))
    assert "✗ invalid: bottleneck is 11ms late" in text
    assert text.count("11ms late") == 1


def test_one_that_was_allowed_to_be_late_says_so_too() -> None:
    text = shown(run_table(in_real_time(late="bottleneck is 11ms late")))
    assert "· bottleneck is 11ms late" in text
    assert "✗" not in text


@pytest.mark.parametrize("status", ["incomplete", "interrupted", "failed"])
def test_a_run_that_was_broken_off_says_why(status: str) -> None:
    text = shown(run_table(in_real_time(status=status, error="agent right1 was killed (SIGKILL)")))
    assert f"✗ {status}: agent right1 was killed (SIGKILL)" in text


def test_agents_from_elsewhere_are_told_with_their_clocks() -> None:
    lab2 = {"machines": ["right1"], "host": "vm2", "clock_offset": -0.012, "clock_offset_error": 0.00004, "error": None}
    here = lab2 | {"machines": ["left1"], "host": "vm1"}
    spec = RUN["spec"] | {"agents": {"lab2": ["right1"]}}
    text = shown(run_table(in_real_time(agents={"lab2": lab2, "left1": here}, spec=spec)))
    assert "lab2 on vm2: its clock was 12ms off, ± 40µs" in text
    assert "vm1" not in text


def test_a_sweep_in_real_time_tells_of_the_latest_run_and_of_the_first_that_was_invalid() -> None:
    fine = in_real_time(id="one", params={"x": 1})
    late = in_real_time(
        id="two", params={"x": 2}, status="invalid", late="bottleneck is 11ms late", lateness=LATE | {"p99": 0.2},
        tunnels={"bottleneck": FINE | {"refused": 3}},
    )  # fmt: skip
    text = shown(sweep_tables([fine, late]), 120)
    assert "the latest run: late by 141µs (median), 200ms (p99)" in text
    assert "· 3 datagrams were not taken by the system" in text
    assert "✗ invalid   1 of 2 runs" in text
    assert "  two: invalid: bottleneck is 11ms late" in text


def row(text: str, ok: bool, **more: Any) -> dict[str, Any]:
    return {"text": text, "ok": ok, "value": 2e6, "unit": "bit/s", **more}


@pytest.mark.parametrize(
    ("expectation", "line"),
    [
        (row("median(a.goodput) > 1 Mbit/s", True), "✓ median(a.goodput) > 1 Mbit/s   2 Mbit/s"),
        (row("max(a.goodput) == 2 Mbit/s", True), "✓ max(a.goodput) == 2 Mbit/s"),
        (row("x > y for each loss", True, where="l.loss=1%"),
         "✓ x > y for each loss   2 Mbit/s, narrowest at l.loss=1%"),
        (row("x > 3 Mbit/s", False, sign=">", bound=3e6), "✗ x > 3 Mbit/s   2 Mbit/s"),
        (row("x > 3 * y", False, sign=">", bound=9e6, where="l.loss=1%"),
         "✗ x > 3 * y   2 Mbit/s, not > 9 Mbit/s at l.loss=1%"),
        (row("x > y", False, value=None, unit="", why="the run was not completed"),
         "✗ x > y   the run was not completed"),
    ],
)  # fmt: skip
def test_what_was_expected_of_several_runs_is_told_with_both_sides(expectation: dict[str, Any], line: str) -> None:
    assert [one.plain for one in comparison_lines([expectation])] == [line]


def test_a_failed_expectation_of_one_run_shows_what_it_was_compared_with() -> None:
    failed = row("a.goodput > 2 * b.goodput", False, sign=">", bound=9e6)
    assert "✗ a.goodput > 2 * b.goodput   2 Mbit/s, not > 9 Mbit/s" in shown(run_table(run(expect=[failed])))


def test_a_sweep_tells_what_came_where_something_else_was_expected() -> None:
    failed = [row("a.goodput > 3 Mbit/s", False, value=value) for value in (2e6, 1e6)]
    runs = [run(expect=[one], repeat=number) for number, one in enumerate(failed)]
    assert "✗ a.goodput > 3 Mbit/s   2 of 2 runs: 1 Mbit/s to 2 Mbit/s" in shown(sweep_tables(runs))


def test_a_sweep_until_enough_is_known_tells_between_how_many_repetitions() -> None:
    runs = [run(params={"tcp.sack": True}, repeat=1)] + [run(params={"tcp.sack": False}, repeat=n) for n in (1, 2, 3)]
    assert "medians of 1 to 3 repetitions" in shown(sweep_tables(runs))
