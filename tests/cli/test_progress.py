"""What is told while one waits."""

from __future__ import annotations

import re
from io import StringIO
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from testbed.cli.progress.telling import clock_face, telling
from testbed.experiment.world.snapshot import EndView, Snapshot
from testbed.sweeps.standing import Progress, Standing

SECOND = 1_000_000_000


def at(
    seconds: float,
    *,
    until: float | None = 60,
    index: int = 0,
    count: int = 1,
    clock: str = "virtual",
    read: int | None = None,
) -> Progress:
    network = SimpleNamespace(links={})
    flow = SimpleNamespace(name="a", roles=("client", "server"), start=0)
    spec = SimpleNamespace(name="quickstart", clock=clock, flows={"a": flow}, topology=network, timeline=())
    run: Any = SimpleNamespace(id="tcp.rto_min=1s", spec=spec)
    ending = None if until is None else int(until * SECOND)
    snapshot = None if read is None else Snapshot({"a.server": EndView(read, 0, 0, 0, "ESTABLISHED", False)}, {})
    return Progress(run, index, count, int(seconds * SECOND), ending, snapshot)


def told(*progress: Progress | Standing, every: float = 0.0) -> str:
    file = StringIO()
    with telling(Console(file=file, force_terminal=False, width=100), every) as (tell, _):
        for one in progress:
            tell(one)
    return file.getvalue()


def test_lines_where_there_is_no_terminal() -> None:
    assert told(at(0.34)) == "quickstart: 0.3s of 60s of virtual time\n"
    assert told(at(12.34, until=None)) == "quickstart: 12.3s of virtual time\n"


def test_a_line_has_the_goodput_of_all_flows() -> None:
    lines = told(at(1, until=None, read=125_000), at(2, until=None, read=375_000)).splitlines()
    assert [line.partition(" · ")[2] for line in lines] == ["1 Mbit/s", "2 Mbit/s"]


def test_the_time_left_is_the_wall_s_under_the_real_clock() -> None:
    assert told(at(12.34, clock="real")) == "quickstart: 12.3s of 60s of real time · 0:48 left\n"
    assert told(at(30, clock="real", index=1, count=3)).endswith(" · 1:30 left\n")
    assert "left" not in told(at(30, clock="real", index=1, count=3, until=None))


def test_the_time_left_is_reckoned_from_the_speed_so_far_under_the_virtual_clock() -> None:
    assert told(at(59.9)).endswith(" · 0:01 left\n")
    assert "left" not in told(at(0.1))


def test_a_line_of_a_sweep_says_which_run() -> None:
    assert told(at(1, index=2, count=20)).startswith("quickstart 3/20 tcp.rto_min=1s: 1.0s of 60s")


def test_the_next_run_of_a_sweep_has_its_own_pace() -> None:
    lines = told(at(9, count=2, read=9_000_000), at(1, index=1, count=2, read=125_000)).splitlines()
    assert "· 1 Mbit/s" in lines[1]


def test_a_quick_run_says_nothing() -> None:
    assert told(at(1), at(2), every=1000.0) == ""


def test_time_is_told_as_a_clock_does() -> None:
    assert [clock_face(seconds) for seconds in (0, 0.2, 59.5, 3599.5)] == ["0:00", "0:01", "1:00", "1:00:00"]
    assert clock_face(3725) == "1:02:05"


# -- on a terminal ---------------------------------------------------------------------------------------------------


def console(terminal: Any, name: str = "xterm") -> Console:
    return Console(file=terminal, width=80, height=24, _environ={"TERM": name})


def test_a_table_on_a_terminal_is_drawn_over_itself_and_vanishes_at_the_end(terminal: Any) -> None:
    with telling(console(terminal), draw_every=0.0) as (tell, _):
        assert terminal.screen == [""]
        for second in range(1, 31):
            tell(at(second, clock="real", read=second * 125_000))
        assert terminal.screen[0] == "quickstart"
        assert terminal.screen[2] == "30.0s of 60s of real time · 0:30 left"
        assert terminal.screen[5].split() == ["a", "ESTABLISHED", "1", "Mbit/s", "–", "–", "0"]
        assert len(terminal.screen) == 6
    assert set(terminal.screen) == {""}


def test_a_table_is_not_drawn_more_often_than_one_can_look(terminal: Any) -> None:
    with telling(console(terminal), draw_every=1000.0) as (tell, _):
        for second in range(1, 31):
            tell(at(second))
        assert terminal.screen[2] == "1.0s of 60s of virtual time"


def test_before_anything_is_known_there_is_only_the_bar(terminal: Any) -> None:
    with telling(console(terminal)) as (tell, _):
        tell(at(0, until=None))
        assert [bool(line) for line in terminal.screen] == [True, True, True]


def test_lines_on_a_terminal_that_cannot_move_its_cursor(terminal: Any) -> None:
    with telling(console(terminal, "dumb"), 0.0) as (tell, _):
        tell(at(1))
    assert terminal.getvalue() == "quickstart: 1.0s of 60s of virtual time\n"


# -- many runs at once -------------------------------------------------------------------------------------------------


def standing(done: int, count: int = 200, taken_over: int = 0, reached: tuple[float, ...] = ()) -> Standing:
    runs = tuple((at(0).run, int(seconds * SECOND)) for seconds in reached)
    for run, _ in runs:
        run.spec.duration = 30 * SECOND
    return Standing("compare", done, taken_over, count, runs)


def test_a_line_of_many_runs_says_how_many_are_done() -> None:
    assert told(standing(0, reached=(1, 2))) == "compare 0/200 runs · 2 at work\n"
    assert re.fullmatch(r"compare 37/200 runs · 2 at work · \d+:\d\d left\n", told(standing(37, reached=(1, 2))))


def test_what_was_taken_over_says_nothing_of_the_time_left() -> None:
    assert "left" not in told(standing(120, taken_over=120))


def test_many_runs_on_a_terminal_are_a_bar_and_a_line_for_each_that_is_at_work(terminal: Any) -> None:
    with telling(console(terminal), draw_every=0.0) as (tell, _):
        tell(standing(3, count=6, reached=(4.2, 12.5)))
        assert terminal.screen[0] == "compare"
        assert set(terminal.screen[1]) <= set("━╸╺")
        assert terminal.screen[2].startswith("3/6 runs · 2 at work · 0:0")
        assert terminal.screen[3:] == ["  tcp.rto_min=1s  4.2s of 30s", "  tcp.rto_min=1s  12.5s of 30s"]
        tell(standing(5, count=6, reached=(1.0,)))
        assert len(terminal.screen) - 1 == terminal.screen.index("  tcp.rto_min=1s  1.0s of 30s") + 1
    assert set(terminal.screen) == {""}


def test_more_runs_than_lines_do_not_scroll(terminal: Any) -> None:
    with telling(console(terminal), draw_every=0.0) as (tell, _):
        tell(standing(3, reached=(1.0,) * 64))
        assert len(terminal.screen) <= 24


def test_what_is_said_stays(terminal: Any) -> None:
    with telling(console(terminal), draw_every=0.0) as (tell, say):
        tell(standing(3))
        say("continuing results/compare/1: 3 of 200 runs are done")
        tell(standing(4))
    assert [line for line in terminal.screen if line] == ["continuing results/compare/1: 3 of 200 runs are done"]
