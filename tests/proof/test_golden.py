"""Golden tables: what a flow gets over receive buffer and loss, what each congestion control makes of loss, round
trip and queue, and how several flows share, byte for byte.

They are no law: every change of behaviour shows in them as a readable diff, and is then either meant or a mistake.
To accept what is there now:

    python tests/proof/test_golden.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed.tcp.congestion import CONTROLS

GOLDEN = Path(__file__).parent / "golden"

HEADER = "# To write this file anew after a change that is meant: python tests/proof/test_golden.py\n#\n"

NO_ROWS = "trace: {state: false, segment: false, cwnd: false, drop: false, queue: false, app: false}"


def runs_of(text: str) -> list[Any]:
    """The runs of an experiment, in the order of its sweep."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "golden.yaml"
        file.write_text(text, encoding="utf-8")
        return testbed.run(file, results=None).runs


def table(rows: Iterable[Iterable[object]], width: int = 12) -> str:
    """The first column is as wide as the longest name of anything."""
    return "".join(f"{first!s:>12}" + "".join(f"{cell!s:>{width}}" for cell in row) + "\n" for first, *row in rows)


# -- one flow ---------------------------------------------------------------------------------------------------------

BUFFERS = ["8KiB", "16KiB", "32KiB", "64KiB", "128KiB", "1MiB"]
LOSSES = ["0%", "0.2%", "0.5%", "1%", "3%", "10%"]

ONE_FLOW = f"""
topology:
  hosts: [left, right]
  links: {{path: {{ends: [left, right], rate: 10Mbit/s, delay: 40ms, loss: 0%, reverse: {{loss: 0%}}}}}}
seed: 1
traffic: [{{name: a, app: bulk, from: left, to: right, size: 1MB}}]
matrix:
  tcp.receive_buffer: [{", ".join(BUFFERS)}]
  links.path.loss: [{", ".join(LOSSES)}]
{NO_ROWS}
"""


def goodput_over_buffer_and_loss() -> str:
    about = (
        "# Goodput in kbit/s of one flow of 1 MB across 10 Mbit/s with a round trip of 80 ms and a queue of one\n"
        "# bandwidth-delay product, all settings as they are by default (CUBIC, SACK, RACK-TLP, PRR): receive buffer\n"
        "# (down) over loss (across). Below: retransmission timeouts. One buffer a round trip is 819 kbit/s for 8KiB,\n"
        "# of which five whole segments are 724, and one of them waits until its acknowledgement has company.\n"
    )
    flows = [run["flows"]["a"] for run in runs_of(ONE_FLOW)]
    by_buffer = [flows[at : at + len(LOSSES)] for at in range(0, len(flows), len(LOSSES))]
    speeds = [[round(flow["goodput"] / 1000) for flow in row] for row in by_buffer]
    timeouts = [[flow["timeouts"] for flow in row] for row in by_buffer]
    tables = [table([["", *LOSSES], *([name, *row] for name, row in zip(BUFFERS, cells, strict=True))])
              for cells in (speeds, timeouts)]  # fmt: skip
    return HEADER + about + "\n" + "\n".join(tables)


# -- one flow, every control ------------------------------------------------------------------------------------------

RATES = ["0%", "1%", "5%"]
DELAYS = ["5ms", "50ms"]
QUEUES = ["10 packets", "100 packets"]

EVERY_CONTROL = f"""
topology:
  hosts: [left, right]
  links: {{path: {{ends: [left, right], rate: 10Mbit/s, delay: 5ms, queue: 10 packets, reverse: {{loss: 0%}}}}}}
seed: 1
traffic: [{{name: a, app: bulk, from: left, to: right, size: 1.5MB}}]
matrix:
  tcp.congestion: [{", ".join(CONTROLS)}]
  links.path.delay: [{", ".join(DELAYS)}]
  links.path.queue: [{", ".join(QUEUES)}]
  links.path.loss: [{", ".join(RATES)}]
{NO_ROWS}
"""


def goodput_of_controls() -> str:
    about = (
        "# Goodput in kbit/s of one flow of 1.5 MB across 10 Mbit/s: congestion control (down) over the round trip\n"
        "# (10 ms, where 8 packets fill the path, and 100 ms, where 83 do), the queue, and the loss (across).\n"
        "# Where nobody marks, DCTCP is Reno. Below: retransmitted segments.\n"
    )
    cases = [[f"{2 * int(delay[:-2])}ms" for delay in DELAYS for _ in QUEUES for _ in RATES],
             [queue.split()[0] for _ in DELAYS for queue in QUEUES for _ in RATES],
             [loss for _ in DELAYS for _ in QUEUES for loss in RATES]]  # fmt: skip
    flows = iter([run["flows"]["a"] for run in runs_of(EVERY_CONTROL)])
    by_control = {name: [next(flows) for _ in cases[0]] for name in CONTROLS}
    head = [[title, *cells] for title, cells in zip(("round trip", "queue", "loss"), cases, strict=True)]
    speeds = [[name, *(round(flow["goodput"] / 1000) for flow in row)] for name, row in by_control.items()]
    again = [[name, *(flow["retransmitted_segments"] for flow in row)] for name, row in by_control.items()]
    return HEADER + about + "\n" + "\n".join(table([*head, *cells], 8) for cells in (speeds, again))


# -- several flows ----------------------------------------------------------------------------------------------------

FLOWS = [1, 2, 4, 8, 16]


def sharing(flows: int) -> str:
    each = [f"{{name: f{n}, app: bulk, from: left, to: right, start: {n * 50}ms}}" for n in range(flows)]
    return f"""
topology:
  hosts: [left, right]
  routers: [gate]
  links:
    access: {{ends: [left, gate], rate: 100Mbit/s, delay: 1ms}}
    bottleneck: {{ends: [gate, right], rate: 5Mbit/s, delay: 19ms, queue: 30 packets}}
duration: 12s
seed: 1
traffic: [{", ".join(each)}]
{NO_ROWS}
"""


def fairness_over_flows() -> str:
    about = (
        "# CUBIC flows through one drop-tail bottleneck of 5 Mbit/s for 12 s, round trip 40 ms, started 50 ms apart:\n"
        "# their goodput together, the least and the greatest (kbit/s), Jain's index, packets that the queue dropped.\n"
    )
    rows: list[list[object]] = [["flows", "together", "least", "greatest", "jain", "drops"]]
    for count in FLOWS:
        (run,) = runs_of(sharing(count))
        speeds = [flow["goodput"] / 1000 for flow in run["flows"].values()]
        rows.append(
            [count, round(sum(speeds)), round(min(speeds)), round(max(speeds)), f"{run['jain']:.3f}",
             run["links"]["bottleneck"]["drops"]]
        )  # fmt: skip
    return HEADER + about + "\n" + table(rows)


TABLES: dict[str, Callable[[], str]] = {
    "goodput-over-buffer-and-loss.txt": goodput_over_buffer_and_loss,
    "goodput-of-controls.txt": goodput_of_controls,
    "fairness-over-flows.txt": fairness_over_flows,
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if "controls" in name else ()) for name in TABLES]
)
def test_the_golden_table_is_as_it_was(name: str) -> None:
    golden = (GOLDEN / name).read_text(encoding="utf-8")
    now = TABLES[name]()
    if now != golden:
        lines = unified_diff(golden.splitlines(), now.splitlines(), f"golden/{name}", "now", lineterm="", n=99)
        pytest.fail("\n".join([*lines, "", HEADER.splitlines()[0].lstrip("# ")]), pytrace=False)


if __name__ == "__main__":
    for name, make in TABLES.items():
        (GOLDEN / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"wrote {GOLDEN / name}\n")
