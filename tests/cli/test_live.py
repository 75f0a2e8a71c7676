"""The live table, read off the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

import testbed
from testbed.cli.progress.live import LiveTable, live_rows
from testbed.cli.progress.pace import Pace
from testbed.experiment.reading.load import PlannedRun
from testbed.experiment.world.snapshot import DirectionView, EndView, Snapshot
from testbed.sweeps.standing import Progress

SECOND = 1_000_000_000

TWO_FLOWS = """
duration: 60s
topology:
  hosts: [left, right]
  links:
    path: {ends: [left, right], rate: 10Mbit/s, delay: 10ms}
    unlimited: {ends: [left, right]}
traffic:
  - {name: download, app: bulk, from: left, to: right}
  - {name: later, app: bulk, from: left, to: right, start: 5s, size: 1MB}
timeline:
  - {at: 4s, set: {links.path.rate: 20Mbit/s}}
"""

Planned = Callable[[str], PlannedRun]


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    def plan(text: str) -> PlannedRun:
        file = tmp_path / "live.yaml"
        file.write_text(text, encoding="utf-8")
        return testbed.check(file).runs[0]

    return plan


def end(
    read: int = 0, state: str = "ESTABLISHED", *, cwnd: int = 23_168, again: int = 0, done: bool = False
) -> EndView:
    return EndView(read, cwnd, 42_000_000, again, state, done)


def flow(name: str, read: int, **more: Any) -> dict[str, EndView]:
    """A flow whose server has read so much."""
    return {f"{name}.client": end(0, **more), f"{name}.server": end(read, cwnd=14_480, again=0)}


def seen(run: PlannedRun, *moments: tuple[float, Snapshot], width: int = 80, height: int = 24) -> list[str]:
    """The screen after snapshots at those seconds, without its head."""
    pace = Pace()
    for seconds, snapshot in moments:
        pace.add(int(seconds * SECOND), snapshot)
    flows, links = live_rows(Progress(run, 0, 1, int(moments[-1][0] * SECOND), None, moments[-1][1]), pace)
    console = Console(width=width, height=height, color_system=None)
    with console.capture() as captured:
        console.print(LiveTable(Text("title"), 0.5, "reached", flows, links))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    assert len(lines) < height, "or the terminal scrolls"
    assert all(len(line) <= width for line in lines)
    assert (lines[0], lines[2]) == ("title", "reached")
    return lines[3:]


def test_a_flow_has_its_sender_s_window_and_the_goodput_of_the_last_second(planned: Planned) -> None:
    moments = [
        (seconds, Snapshot(flow("download", int(seconds**2 * 100_000), again=1234), {})) for seconds in (1, 2, 3)
    ]
    screen = seen(planned(TWO_FLOWS), *moments)
    assert screen[1] == "flow      state            goodput       cwnd    srtt  retransmitted"
    assert screen[2] == "download  ESTABLISHED     4 Mbit/s    23.2 kB    42ms          1,234"


def test_the_sender_may_be_the_server(planned: Planned) -> None:
    ends = {"download.client": end(5000, cwnd=1000), "download.server": end(10, cwnd=77_000)}
    assert "77.0 kB" in seen(planned(TWO_FLOWS), (1, Snapshot(ends, {})))[2]


def test_a_flow_that_has_not_begun_says_when_it_will(planned: Planned) -> None:
    ends = {"later.client": end(state=""), "later.server": end(state="")}
    assert seen(planned(TWO_FLOWS), (1, Snapshot(ends, {})))[3].split() == ["later", "from", "5s", "–", "–", "–", "–"]


def test_what_nobody_has_told_of_is_left_open(planned: Planned) -> None:
    screen = seen(planned(TWO_FLOWS), (6, Snapshot({"later.server": end(state="")}, {})))
    assert screen[2].split() == ["download", "–", "–", "–", "–"]
    assert screen[3].split() == ["later", "–", "–", "–", "–"]


def test_a_link_has_what_it_used_of_its_rate_of_the_moment(planned: Planned) -> None:
    def moment(seconds: int) -> tuple[float, Snapshot]:
        return seconds, Snapshot({}, {"path": DirectionView(seconds * 625_000, 17, 3)})

    run = planned(TWO_FLOWS)
    assert seen(run, moment(2), moment(3))[-2].split() == ["path", "10", "Mbit/s", "50%", "17", "3"]
    assert seen(run, moment(4), moment(5))[-2].split() == ["path", "20", "Mbit/s", "25%", "17", "3"]


def test_a_link_without_a_rate_has_no_queue_and_no_row(planned: Planned) -> None:
    screen = seen(planned(TWO_FLOWS), (1, Snapshot({}, {"unlimited": DirectionView(1000, 0, 0)})))
    assert [line.split()[0] for line in screen[-2:]] == ["path", "path.reverse"]


def test_a_narrow_terminal_loses_the_least_important_columns(planned: Planned) -> None:
    snapshot = Snapshot(flow("download", 1), {"path": DirectionView(1, 0, 0)})
    screen = seen(planned(TWO_FLOWS), (1, snapshot), width=40)
    assert screen[1].split() == ["flow", "state", "goodput"]
    assert screen[5].split() == ["link", "used", "queued", "dropped"]
    assert seen(planned(TWO_FLOWS), (1, snapshot), width=12)


def test_a_long_name_keeps_both_its_ends(planned: Planned) -> None:
    screen = seen(planned(TWO_FLOWS.replace("download", "download-of-the-large-file")), (1, Snapshot({}, {})), width=40)
    assert screen[2].split()[0] == "downloa…e-file"


MANY = """
topology:
  hosts: [left, right]
  links:
""" + "".join(f"    n{number}: {{ends: [left, right], rate: 1Mbit/s}}\n" for number in range(20))
MANY += "traffic:\n" + "".join(
    f"  - {{name: f{number}, app: bulk, from: left, to: right, size: 1B}}\n" for number in range(30)
)


def names(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def test_what_has_no_room_is_counted(planned: Planned) -> None:
    ends = {name: one for number in range(30) for name, one in flow(f"f{number}", 1, done=number < 25).items()}
    ends |= {f"f{number}.server": end(1, done=number < 25) for number in range(30)}
    directions = {"n7": DirectionView(5, 0, 0), "n9.reverse": DirectionView(0, 0, 2)}
    screen = seen(planned(MANY), (1, Snapshot(ends, directions)), height=24)
    assert len(screen) == 24 - 1 - 3
    assert names(screen[1:10]) == ["flow", "f0", "f1", "f25", "f26", "f27", "f28", "f29", "…"]
    assert screen[9] == "… and 23 more"
    assert names(screen[11:]) == ["link", "n0", "n0.reverse", "n1", "n1.reverse", "n2", "n7", "n9.reverse", "…"]
    assert screen[-1] == "… and 33 more"


@pytest.mark.parametrize("text", [TWO_FLOWS, MANY], ids=["few", "many"])
def test_it_never_takes_more_lines_than_there_are(planned: Planned, text: str) -> None:
    run = planned(text)
    for height in range(4, 40):
        seen(run, (1, Snapshot({}, {})), height=height)


def test_a_second_is_looked_back_upon_and_no_more() -> None:
    pace = Pace()
    assert pace.goodput("a") == 0
    for tenth, read in ((0, 0), (5, 1000), (10, 2000), (15, 2000), (20, 2000), (21, 2000)):
        pace.add(tenth * SECOND // 10, Snapshot(flow("a", read), {}))
    assert pace.goodput("a") == 0
    assert pace.goodput("b") == 0
    pace.add(40 * SECOND, Snapshot(flow("a", 3000), {}))
    assert pace.goodput("a") == pytest.approx(8 * 1000 / (40 - 2.1))
