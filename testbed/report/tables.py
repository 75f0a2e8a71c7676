"""What came of runs, as tables that fit a terminal of 80 columns.

Nothing here reads files or knows a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from testbed import units
from testbed.experiment.status import COMPLETE, INVALID

Run = Mapping[str, Any]
"""One run's document: `flows`, `links`, `expect`, …, and its `spec`, which the folder has (`folder.read_run`)."""

Row = Mapping[str, Any]
"""A row of `expect` in a run's document, or of an experiment's comparisons."""

RETRANSMITTED: Final = "retrans-\nmitted"

QUIET: Final = 0.05
"""A link that is used less than this, and drops nothing, is counted and not shown."""

SOME: Final = 6
"""Links that are shown when none of them mattered."""

REAL: Final = "real"

TUNNEL_FAULTS: Final = {
    "overflowed": "came while the receiver's buffer was full",
    "refused": "were not taken by the system",
    "lost": "were lost on the way",
    "malformed": "were no packets",
    "strangers": "came from strangers",
}
"""A tunnel's counters that should be zero."""

NOTHING: Final = "–"
"""What stands for a number that there is not."""


def run_table(run: Run) -> Group:
    """Everything that a newcomer wants to know of one run."""
    parts: list[RenderableType] = [Text(""), _title(run), Text(""), _flows(run["flows"])]
    if run["links"]:
        parts += [Text(""), _links(run["links"], run["spec"]["links"])]
    verdict = list(_verdict(run))
    return Group(*parts, Text(""), *verdict, *([Text("")] if verdict else []))


def _title(run: Run) -> Text:
    told = [run["name"], f"seed {run['seed']}"]
    told += [f"{path}={written(value)}" for path, value in run["params"].items()]
    if run.get("end_time") is not None:
        told.append(f"{seconds(run['end_time'])} of {run['clock']} time in {seconds(run['wall_time'])}")
    text = Text(" · ".join(told))
    text.stylize("bold", 0, len(run["name"]))
    return text


def _flows(flows: Mapping[str, Any]) -> Table:
    table = table_of("flow", "from → to", "app", numbers=("delivered", "goodput", "time", RETRANSMITTED, "RTT"))
    for name, flow in flows.items():
        table.add_row(
            name,
            f"{flow['from']} → {flow['to']}",
            flow["app"],
            units.show_size(flow["bytes_delivered"]),
            rate(flow["goodput"]),
            seconds(flow["completion_time"]),
            counted(flow["retransmitted_segments"], flow.get("retransmission_share")),
            seconds(flow.get("rtt_p50")),
        )
    return table


def _links(links: Mapping[str, Any], specs: Mapping[str, Any]) -> Group:
    """A row for each direction that mattered; the second of a link stands under the first."""
    table = table_of("link", numbers=("rate", "delay", "loss", "used", "queued", "longest", "dropped"))
    shown = {name: link for name, link in links.items() if _mattered(link) or _mattered(link["reverse"])}
    shown = shown or dict(islice(links.items(), SOME))
    for name, link in shown.items():
        spec = specs[name]
        table.add_row(name, *_direction(link, spec))
        if _mattered(link["reverse"]):
            table.add_row("  ↳ reverse", *_direction(link["reverse"], spec["reverse"]))
    remarks = list(_marks(links))
    others = len(links) - len(shown)
    if others:
        which = "1 other link" if others == 1 else f"{others} other links"
        remarks.append(Text(f"{which}: no drops, used below {share(QUIET)}", "dim"))
    return Group(table, *remarks)


def _marks(links: Mapping[str, Any]) -> Iterator[Text]:
    """What queues did where they might have dropped."""
    for name, link in links.items():
        for which, direction in ((name, link), (f"{name} ↳ reverse", link["reverse"] or {})):
            marked = direction.get("marked", 0)
            if marked:
                told = counted(marked, marked / direction["packets_sent"])
                yield Text(f"· {which} marked {told} instead of dropping them", "dim")


def _mattered(link: Mapping[str, Any] | None) -> bool:
    """Whether a direction may have shaped what came out."""
    return link is not None and (link["drops"] > 0 or (link["utilisation"] or 0) >= QUIET)


def _direction(link: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    """What was configured, and what came of it."""
    yield rate(spec["rate"], absent="∞")
    yield seconds(spec["delay"] / 1e9)
    yield loss(spec["loss"])
    yield share(link["utilisation"])
    yield seconds(link["queue_delay_mean"])
    yield seconds(link["queue_delay_max"])
    yield counted(link["drops"], link.get("drop_share"))


def _verdict(run: Run) -> Iterator[Text]:
    """What is true of the run as a whole, and what was expected of it."""
    if len(run["flows"]) > 1 and run.get("jain") is not None:
        yield Text(f"fairness (Jain's index): {run['jain']:.3f}")
    for machine, reasons in run.get("machine_drops_by_reason", {}).items():
        yield Text(f"· {machine} refused {', '.join(f'{count:,} × {why}' for why, count in reasons.items())}", "yellow")
    for name, flow in run["flows"].items():
        if flow.get("error"):
            yield Text(f"✗ {name}: {flow['error']}", "red")
        elif not flow["complete"]:
            yield Text(f"· {name} was still going when the run ended", "yellow")
    yield from _real_time(run)
    if run["status"] != COMPLETE:
        yield Text(f"✗ {ending(run)}", "bold red")
        yield from (Text(f"  {line}", "red") for line in run.get("stalled") or [])
    for expectation in run["expect"]:
        sign, style = ("✓", "green") if expectation["ok"] else ("✗", "bold red")
        yield Text.assemble((f"{sign} ", style), expectation["text"], (f"   {told(expectation)}".rstrip(), "dim"))


def ending(run: Run) -> str:
    """How it ended, and why: `invalid: tunnel l lost 3 packets`."""
    why = run.get("late") if run["status"] == INVALID else run.get("error")
    return f"{run['status']}: {why}" if why else str(run["status"])


def _real_time(run: Run) -> Iterator[Text]:
    """How late a run by the wall clock was, what was lost between its processes, and whose clock was another."""
    if run["clock"] != REAL:
        return
    yield Text(lateness(run["lateness"]), "dim")
    for direction, counters in run["tunnels"].items():
        yield from (Text(f"· {direction}: {line}", "yellow") for line in tunnel_faults(counters))
    for name, agent in run["agents"].items():
        if name in run["spec"].get("agents", {}):
            off, known = seconds(abs(agent["clock_offset"])), seconds(agent["clock_offset_error"])
            yield Text(f"{name} on {agent['host']}: its clock was {off} off, ± {known}", "dim")
    if run["late"] and run["status"] != INVALID:
        yield Text(f"· {run['late']}", "yellow")


def lateness(late: Mapping[str, Any]) -> str:
    """`late by 141µs (median), 3.9ms (p99), 11.9ms at most; bottleneck by 4ms (p99)`: the link that was latest."""
    text = f"late by {seconds(late['p50'])} (median), {seconds(late['p99'])} (p99), {seconds(late['max'])} at most"
    latest = max(late["links"], key=lambda name: late["links"][name]["p99"], default=None)
    return text if latest is None else f"{text}; {latest} by {seconds(late['links'][latest]['p99'])} (p99)"


def tunnel_faults(counters: Mapping[str, int]) -> Iterator[str]:
    """What a tunnel has lost, and what came that was none of ours."""
    for counter, meaning in TUNNEL_FAULTS.items():
        if counters.get(counter):
            yield f"{counters[counter]:,} datagrams {meaning}"


def table_of(*headings: str, numbers: tuple[str, ...]) -> Table:
    """An empty table without lines: columns of words, which may fold, then of numbers, which may not."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


# -- numbers ------------------------------------------------------------------------------------------------


def seconds(number: float | None) -> str:
    """0.0431 -> `43.1ms`."""
    if not number:
        return NOTHING if number is None else "0"
    return units.show_duration(float(f"{number * 1e9:.3g}"))


def rate(number: float | None, absent: str = NOTHING) -> str:
    """8912000 -> `8.91 Mbit/s`."""
    return absent if number is None else units.show_rate(float(f"{number:.3g}"))


def share(number: float | None) -> str:
    """0.0123 -> `1.23%`."""
    return NOTHING if number is None else f"{number * 100:.3g}%"


def loss(spec: Mapping[str, Any] | None) -> str:
    """A loss model in a word: `1%`, `1/1000`, or its name."""
    if spec is None:
        return "0"
    if spec["model"] == "bernoulli":
        return share(spec["p"])
    return f"1/{spec['every']}" if spec["model"] == "periodic" else str(spec["model"])


def counted(number: int, part: float | None) -> str:
    """(132, 0.009) -> `132 (0.9%)`; a part above one (handshakes count) says nothing, and is left out."""
    return f"{number:,} ({part * 100:.2g}%)" if number and part is not None and part < 1 else f"{number:,}"


def written(setting: object) -> str:
    """A parameter as a file has it: `true`, `200ms`, `{model: periodic, every: 100}`."""
    if isinstance(setting, bool) or setting is None:
        return {True: "true", False: "false", None: "null"}[setting]
    if isinstance(setting, Mapping):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in setting.items()) + "}"
    if isinstance(setting, list | tuple):
        return "[" + ", ".join(map(written, setting)) + "]"
    return str(setting)


def value(expectation: Mapping[str, Any]) -> str:
    """What an expectation saw, with its unit."""
    seen = expectation["value"]
    if isinstance(seen, bool):
        return written(seen)
    if not isinstance(seen, int | float):
        return " ".join(seen) if isinstance(seen, list) else NOTHING if seen is None else str(seen)
    show = {"bit/s": rate, "s": seconds, "B": units.show_size}.get(expectation["unit"])
    return show(seen) if show else f"{seen:,.6g}"


# -- expectations -------------------------------------------------------------------------------------------


def came(row: Row) -> str:
    """What was seen: `8.1 Mbit/s`, or why nothing was."""
    return str(row["why"]) if row.get("why") else value(row)


def wanted(row: Row) -> str:
    """What was to be seen: `> 9.3 Mbit/s`, `in [2s, 3s]`; the expectation's text where it is no comparison."""
    if "sign" not in row:
        return str(row["text"])
    return f"{row['sign']} {_bound(row)}"


def where(row: Row) -> str:
    """At which values of the axes, after the word "at"; "" where it speaks of all."""
    return f" at {row['where']}" if row.get("where") else ""


def told(row: Row) -> str:
    """What is said beside an expectation's text: `8.1 Mbit/s, not > 9.3 Mbit/s, at links.path.loss=1%`."""
    if row["ok"]:
        plain = "==" in row["text"] or row["value"] is True  # what was seen is what is written
        return "" if plain else f"{value(row)}{', narrowest' if row.get('where') else ''}{where(row)}"
    known = row.get("why") or "sign" not in row or _bound(row) in row["text"]
    return f"{came(row)}{'' if known else f', not {wanted(row)}'}{where(row)}"


def together(rows: Sequence[Row]) -> str:
    """What was seen in several runs: `971 kbit/s to 2.66 Mbit/s`; "" where it has no order."""
    numbers = [
        row["value"] for row in rows if isinstance(row["value"], int | float) and not isinstance(row["value"], bool)
    ]
    if not numbers:
        return ""
    ends = dict.fromkeys(value({**rows[0], "value": end}) for end in (min(numbers), max(numbers)))
    return " to ".join(ends)


def message(row: Row) -> str:
    """Of a row that is not ok: `expected > 9.3 Mbit/s, came 8.1 Mbit/s at links.path.loss=1%`."""
    seen = f"but {row['why']}" if row.get("why") else f"came {'nothing' if row['value'] is None else value(row)}"
    return f"expected {wanted(row)}, {seen}{where(row)}"


def _bound(row: Row) -> str:
    ends = row["bound"] if row["sign"] == "in" else [row["bound"]]
    shown = ["none" if end is None else value({"value": end, "unit": row["unit"]}) for end in ends]
    return f"[{', '.join(shown)}]" if row["sign"] == "in" else shown[0]
