"""Many runs of one experiment as one table: a row for each setting and flow, medians over the repetitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from testbed.report.tables import (
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


def sweep_tables(runs: Sequence[Run]) -> Group:
    """The whole sweep: its rows, and which expectations were not met how often."""
    name, settings = runs[0]["name"], by_setting(runs)
    repeats = sorted({len(group) for group in settings.values()})
    counted = " to ".join(map(str, dict.fromkeys((repeats[0], repeats[-1]))))
    title = f"{name} · {len(runs)} runs" + (f", medians of {counted} repetitions" if repeats[-1] > 1 else "")
    remarks = [*_real_time(runs), *(Text(line, "red") for line in _failures(runs))]
    head = Text.assemble((name, "bold"), title.removeprefix(name))
    return Group(Text(""), head, Text(""), _rows(settings, runs), Text(""), *remarks, *([Text("")] if remarks else []))


def comparison_lines(expect: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    """What was expected of several runs together, and what came: a line for each."""
    for row in expect:
        sign, style = ("✓", "green") if row["ok"] else ("✗", "bold red")
        yield Text.assemble((f"{sign} ", style), row["text"], (f"   {told(row)}".rstrip(), "dim"))


def _failures(runs: Sequence[Run]) -> Iterator[str]:
    for what, rows in unmet(runs).items():
        seen = together(rows)
        yield f"✗ {what}   {len(rows)} of {len(runs)} runs{f': {seen}' if seen else ''}"
    ended = Counter(run["status"] for run in runs if run["status"] != "complete")
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


def _rows(settings: dict[Setting, list[Run]], runs: Sequence[Run]) -> Table:
    """A row for each setting and flow; what differs comes first, then the medians."""
    axes = list(dict.fromkeys(path for setting in settings for path, _ in setting))
    flows = list(dict.fromkeys(name for run in runs for name in run["flows"]))
    words = [*short(axes), *(["flow"] if len(flows) > 1 else [])]
    table = table_of(*words, numbers=("runs", "goodput", "time", RETRANSMITTED, "RTT", "ok"))
    for setting, group in settings.items():
        values = dict(setting)
        for name in flows:
            shown = [values.get(axis, "") for axis in axes] + ([name] if len(flows) > 1 else [])
            table.add_row(*shown, *_numbers(group, name))
    return table


def short(paths: list[str]) -> list[str]:
    """Each path's last word, or as many as tell it from the others: `tcp.rto_min` -> `rto_min`."""

    def tail(path: str, words: int) -> str:
        return ".".join(path.split(".")[-words:])

    shown = []
    for path in paths:
        words = 1
        while sum(tail(other, words) == tail(path, words) for other in paths) > 1 and tail(path, words) != path:
            words += 1
        shown.append(tail(path, words))
    return shown


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


def went_well(run: Run) -> bool:
    """Completed, and as expected."""
    return run["status"] == "complete" and all(expectation["ok"] for expectation in run["expect"])


def _median(flows: list[Mapping[str, Any]], metric: str) -> float | None:
    known = [flow[metric] for flow in flows if flow.get(metric) is not None]
    return median(known) if known else None
