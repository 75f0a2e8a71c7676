"""Many runs of one experiment as one table: a row for each setting and flow, medians over the repetitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from testbed.comparison.factors import telling
from testbed.experiment.status import COMPLETE, went_well
from testbed.report.axes import short
from testbed.report.tables import (
    NOTHING,
    REAL,
    RETRANSMITTED,
    Row,
    Run,
    ending,
    lateness,
    rate,
    seconds,
    share,
    table_of,
    together,
    told,
    tunnel_faults,
    written,
)

Setting = tuple[tuple[str, str], ...]
"""(path, value) for each axis."""

WIDEST = 1_000
"""Columns of a terminal that there is not."""


def sweep_tables(runs: Sequence[Run]) -> Group:
    """The whole sweep: its rows, and which expectations were not met how often."""
    name, settings = runs[0]["name"], by_setting(runs)
    repeats = sorted({len(group) for group in settings.values()})
    counted = " to ".join(map(str, dict.fromkeys((repeats[0], repeats[-1]))))
    title = f"{name} · {len(runs)} runs" + (f", medians of {counted} repetitions" if repeats[-1] > 1 else "")
    remarks = [*_real_time(runs), *(Text(line, "red") for line in _failures(runs))]
    head = Text.assemble((name, "bold"), title.removeprefix(name))
    return Group(Text(""), head, Text(""), Rows(settings), Text(""), *remarks, *([Text("")] if remarks else []))


def comparison_lines(expect: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    """What was expected of several runs together, and what came: a line for each."""
    for row in expect:
        sign, style = ("✓", "green") if row["ok"] else ("✗", "bold red")
        yield Text.assemble((f"{sign} ", style), row["text"], (f"   {told(row)}".rstrip(), "dim"))


def _failures(runs: Sequence[Run]) -> Iterator[str]:
    for what, rows in unmet(runs).items():
        seen = together(rows)
        yield f"✗ {what}   {len(rows)} of {len(runs)} runs{f': {seen}' if seen else ''}"
    ended = Counter(run["status"] for run in runs if run["status"] != COMPLETE)
    for what, count in ended.items():
        yield f"✗ {what}   {count} of {len(runs)} runs"
        first = next((run for run in runs if run["status"] == what), None)
        if first is not None:
            yield f"  {first['id']}: {ending(first)}"


def unmet(runs: Sequence[Run]) -> dict[str, list[Row]]:
    """The rows of each expectation that some runs did not meet, by its text."""
    rows: dict[str, list[Row]] = {}
    for run in runs:
        for row in run["expect"]:
            if not row["ok"]:
                rows.setdefault(row["text"], []).append(row)
    return rows


def _real_time(runs: Sequence[Run]) -> Iterator[Text]:
    """How late the latest run by the wall clock was, and what all of them lost between their processes."""
    real = [run for run in runs if run["clock"] == REAL]
    if not real:
        return
    latest = max(real, key=lambda run: run["lateness"]["p99"])
    yield Text(f"the latest run: {lateness(latest['lateness'])}", "dim")
    counted = sum((Counter(one) for run in real for one in run["tunnels"].values()), Counter())
    yield from (Text(f"· {line}", "yellow") for line in tunnel_faults(counted))


class Rows:
    """A row for each setting and flow: what differs comes first, then the medians. Of axes that advance together, one
    is there; where all have no room beside the numbers, their values share a column.
    """

    def __init__(self, settings: Mapping[Setting, list[Run]]) -> None:
        self._runs = list(settings.values())
        known = dict.fromkeys(path for setting in settings for path, _ in setting)
        rows = [dict.fromkeys(known, NOTHING) | dict(setting) for setting in settings]
        self._axes = telling(list(known), rows)
        self._settings = [[row[axis] for axis in self._axes] for row in rows]
        self._flows = list(dict.fromkeys(name for runs in self._runs for run in runs for name in run["flows"]))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = self._table(short(self._axes), self._settings)
        if Measurement.get(console, options.update(max_width=WIDEST), whole).maximum > options.max_width:
            whole = self._table([", ".join(short(self._axes))], [[", ".join(setting)] for setting in self._settings])
        yield whole

    def _table(self, headings: Sequence[str], settings: Sequence[Sequence[str]]) -> Table:
        several = len(self._flows) > 1
        words = [*headings, *(["flow"] if several else [])]
        table = table_of(*words, numbers=("runs", "goodput", "time", RETRANSMITTED, "RTT", "ok"))
        for setting, group in zip(settings, self._runs, strict=True):
            for at, name in enumerate(self._flows):
                shown = setting if at == 0 else [""] * len(setting)
                table.add_row(*shown, *([name] if several else []), *_numbers(group, name))
        return table


def by_setting(runs: Sequence[Run]) -> dict[Setting, list[Run]]:
    """The runs that differ by their seed alone, together, in the order of the sweep."""
    groups: dict[Setting, list[Run]] = {}
    for run in runs:
        setting = tuple((path, written(value)) for path, value in run["params"].items())
        groups.setdefault(setting, []).append(run)
    return groups


def _numbers(group: list[Run], name: str) -> Iterator[Text | str]:
    yield from medians(group, name)
    good = sum(went_well(run) for run in group)
    yield (Text("✓", "green") if good == len(group) else Text(f"✗ {len(group) - good} of {len(group)}", "bold red"))


def medians(group: Sequence[Run], name: str) -> Iterator[str]:
    """How many runs there are, and of the flow called `name`: goodput, time, what was retransmitted, RTT."""
    flows = [run["flows"][name] for run in group if name in run["flows"]]
    yield str(len(group))
    yield rate(_median(flows, "goodput"))
    yield seconds(_median(flows, "completion_time"))
    yield share(_median(flows, "retransmission_share"))
    yield seconds(_median(flows, "rtt_p50"))


def _median(flows: list[Mapping[str, Any]], metric: str) -> float | None:
    known = [flow[metric] for flow in flows if flow.get(metric) is not None]
    return median(known) if known else None
