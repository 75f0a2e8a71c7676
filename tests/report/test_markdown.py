"""The summary for the page of a CI job."""

from __future__ import annotations

from typing import Any

from testbed.report.ci.markdown import MOST, markdown
from testbed.report.ci.outcome import Outcome


def run(sack: bool, number: int, goodput: float, **more: Any) -> dict[str, Any]:
    flow = {"goodput": goodput, "completion_time": 1.5, "retransmission_share": 0.01, "rtt_p50": 0.04}
    row = {"text": "a.goodput > 3 Mbit/s", "ok": goodput > 3e6, "value": goodput, "unit": "bit/s"}
    row |= {} if row["ok"] else {"sign": ">", "bound": 3e6}
    return {
        "id": f"tcp.sack={str(sack).lower()},repeat={number}", "name": "small", "clock": "virtual", "seed": number,
        "params": {"tcp.sack": sack}, "repeat": number, "status": "complete", "flows": {"a": flow}, "expect": [row],
        **more,
    }  # fmt: skip


BETTER = {
    "text": "median(a.goodput[sack=on]) > 2 * median(a.goodput[sack=off])",
    "ok": True,
    "value": 8e6,
    "unit": "bit/s",
}
RUNS = [run(True, 1, 8e6), run(True, 2, 9e6), run(False, 1, 2e6), run(False, 2, 4e6)]

PAGE = """\
## ❌ small · 4 runs

- ✅ `median(a.goodput[sack=on]) > 2 * median(a.goodput[sack=off])`: 8 Mbit/s
- ❌ `a.goodput > 3 Mbit/s`: not in 1 of 4 runs, came 2 Mbit/s

| sack | flow | runs | goodput | time | retransmitted | RTT |  |
| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |
| true | a | 2 | 8.5 Mbit/s | 1.5s | 1% | 40ms | ✅ |
| false | a | 2 | 3 Mbit/s | 1.5s | 1% | 40ms | ❌ 1 of 2 |

### What failed

- `tcp.sack=false,repeat=1`: `a.goodput > 3 Mbit/s`: expected \\> 3 Mbit/s, came 2 Mbit/s

Results: `results/small/x`
"""


def test_verdicts_come_first_then_medians_then_failures() -> None:
    assert markdown([Outcome("small", RUNS, [BETTER], "results/small/x")]) == PAGE


def test_one_run_has_its_values_beside_its_verdicts() -> None:
    page = markdown([Outcome("small", [run(True, 1, 2e6) | {"params": {}}])])
    assert "- ❌ `a.goodput > 3 Mbit/s`: expected \\> 3 Mbit/s, came 2 Mbit/s\n" in page
    assert "What failed" not in page


def test_all_well_is_told_in_the_heading() -> None:
    page = markdown([Outcome("small", RUNS[:2], [BETTER])])
    assert page.startswith("## ✅ small · 2 runs\n")
    assert "- ✅ `a.goodput > 3 Mbit/s`: in all 2 runs\n" in page


def test_runs_that_broke_are_told() -> None:
    broken = run(False, 1, 0.0, status="failed", error="agent | died", flows={})
    page = markdown([Outcome("small", [RUNS[0], broken])])
    assert "- ❌ 1 of 2 runs not completed: failed: agent \\| died\n" in page
    assert "- `tcp.sack=false,repeat=1`: failed: agent \\| died\n" in page


def test_an_experiment_that_broke_off_says_why() -> None:
    assert "## ❌ small\n\n- ❌ no space left\n" in markdown([Outcome("small", error="no space left")])


def test_a_long_list_is_cut() -> None:
    page = markdown([Outcome("small", [run(False, number, 1e6) for number in range(MOST + 7)])])
    assert page.count("came 1 Mbit/s\n") == MOST + 1
    assert "- … and 7 more\n" in page


def test_every_row_of_a_table_has_as_many_cells() -> None:
    odd = run(True, 1, 8e6, params={"tcp.sack": "a|b"})
    rows = [line for line in markdown([Outcome("small", [odd])]).splitlines() if line.startswith("|")]
    assert len(rows) == 3
    assert {line.replace("\\|", "").count("|") for line in rows} == {9}
