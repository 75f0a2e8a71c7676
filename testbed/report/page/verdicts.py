"""What is true of a run, first: how it ended, what was expected of it, and what makes its numbers doubtful."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from testbed.experiment.status import COMPLETE, INVALID
from testbed.report.page.markup.html import NOTHING, Html, section, tag
from testbed.report.tables import REAL, Run, ending, lateness, seconds, told, tunnel_faults

GOOD = "good"
BAD = "bad"
WARN = "warn"
PLAIN = "plain"


def verdict(kind: str, *told: object) -> Html:
    """A line with its sign: GOOD, BAD, WARN or PLAIN."""
    return tag("li", *told, class_=kind)


def verdicts(run: Run) -> Html:
    """The section."""
    lines = [_status(run), *_expected(run), *_flows(run), *_machines(run), *_real_time(run)]
    return section("verdicts", "Verdicts", tag("ul", *lines, class_="verdicts"))


def expectation(row: Mapping[str, Any]) -> Html:
    """What was expected, and what came."""
    seen = tag("span", told(row), class_="seen") if told(row) and row["value"] is not True else NOTHING
    return verdict(GOOD if row["ok"] else BAD, tag("code", row["text"]), seen)


def _status(run: Run) -> Html:
    if run["status"] == COMPLETE:
        return verdict(GOOD, f"Complete: {_lasted(run)}.")
    reasons = [tag("div", line) for line in run.get("stalled") or []]
    return verdict(BAD, tag("strong", ending(run)), *reasons)


def _lasted(run: Run) -> str:
    if run.get("end_time") is None:
        return "all applications did what they were to do, or their time was over"
    return f"{seconds(run['end_time'])} of {run['clock']} time, in {seconds(run.get('wall_time'))} by the wall"


def _expected(run: Run) -> Iterator[Html]:
    rows = run.get("expect") or []
    yield from (expectation(row) for row in rows)
    if not rows:
        yield verdict(PLAIN, "Nothing was expected of it: the file has no ", tag("code", "expect:"), ".")


def _flows(run: Run) -> Iterator[Html]:
    going = []
    for name, flow in (run.get("flows") or {}).items():
        if flow.get("error"):
            yield verdict(BAD, f"{name}: {flow['error']}")
        elif not flow["complete"]:
            going.append(name)
    if going:
        named = ", ".join(going[:6]) + (f" and {len(going) - 6} others" if len(going) > 6 else "")
        yield verdict(WARN, f"Still going when the run ended: {named}.")


def _machines(run: Run) -> Iterator[Html]:
    for machine, reasons in (run.get("machine_drops_by_reason") or {}).items():
        yield verdict(WARN, f"{machine} refused {', '.join(f'{count:,} × {why}' for why, count in reasons.items())}.")


def _real_time(run: Run) -> Iterator[Html]:
    if run["clock"] != REAL:
        return
    yield verdict(WARN if run.get("late") else PLAIN, f"Real time: {lateness(run['lateness'])}.")
    if run.get("late") and run["status"] != INVALID:
        yield verdict(WARN, run["late"])
    for direction, counters in (run.get("tunnels") or {}).items():
        yield from (verdict(WARN, f"{direction}: {line}") for line in tunnel_faults(counters))
    for name, agent in (run.get("agents") or {}).items():
        if agent.get("error"):
            yield verdict(BAD, f"{name}: {agent['error']}")
