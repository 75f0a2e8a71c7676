"""Writes the reference pages from the program: `python docs/generate.py`. A test fails when they differ.

A page is a function that returns its text; `PAGES` says where each goes.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import tempfile
import typing
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click
import examples

from testbed import units
from testbed.cli import cli
from testbed.control.collecting import validity
from testbed.experiment import spec
from testbed.experiment.expect import parser
from testbed.experiment.language import axes, repeat
from testbed.experiment.language.reader import hints, key_of
from testbed.experiment.reading.json_schema import field_docs
from testbed.experiment.status import STATUSES
from testbed.link import drop_rule
from testbed.link.delay import JITTERS
from testbed.link.loss import LOSSES
from testbed.link.qdisc import QDISCS
from testbed.link.spec import DirectionSpec
from testbed.metrics import table as metrics
from testbed.tcp.config import TcpConfig
from testbed.tcp.congestion import CONTROLS
from testbed.tcp.info import FIELDS
from testbed.trace.vocabulary import KINDS
from testbed.traffic import APPS
from testbed.traffic.dialogue import script
from testbed.units import Quantity

HERE = Path(__file__).parent

PLAYED = [HERE.parent / "README.md", *sorted(page for page in HERE.rglob("*.md") if "_build" not in page.parts)]
"""Pages whose examples are carried out."""

GALLERY, DRAWINGS = HERE / "pictures.md", HERE / "pictures"
"""The page whose examples draw, and where their drawings are kept."""

GENERATED = "<!-- Written by docs/generate.py from the program. Edit there, then run `make docs`. -->\n"


def cli_page() -> str:
    """Every command's help, as the program gives it."""
    parts = [GENERATED, "# The command line\n"]
    with click.Context(cli, info_name="testbed", **cli.context_settings | {"terminal_width": 88}) as context:
        parts.append(f"```\n{cli.get_help(context)}\n```\n")
        for name in sorted(cli.commands):
            command = cli.commands[name]
            with click.Context(command, parent=context, info_name=name, terminal_width=88) as inner:
                parts.append(f"## testbed {name}\n\n```\n{command.get_help(inner)}\n```\n")
    return "\n".join(parts)


def language_page() -> str:
    """Every key of an experiment file, every plug and its keys, every unit."""
    parts = [GENERATED, "# The language of experiments\n", INTRODUCTION]
    for title, keys, remark in PLACES:
        parts += [f"## {title}\n", *([f"{remark}\n"] if remark else []), *settings_table(*keys), ""]
    for title, table, remark in PLUGS:
        parts += [f"## {title}\n", f"{remark}\n"]
        for name, plug in table.items():
            parts += [f"### `{name}`\n", f"{first_paragraph(plug)}\n"]
            parts += [*settings_table(plug), ""] if dataclasses.fields(plug) else []
    for title, module, remark in GRAMMARS:
        parts += [f"## {title}\n", f"{remark}\n", f"{after_first_paragraph(module)}\n"]
    return "\n".join(parts)


def tcp_settings_page() -> str:
    """Every setting of `TcpConfig`: its default, and what it means."""
    text = (
        "Under `tcp:` in an experiment file: for every host, for one host, or for one flow; the nearest to\n"
        "the connection decides. As an axis of a sweep: `tcp.<setting>`.\n"
    )
    return "\n".join([GENERATED, "# Settings of our TCP\n", text, *settings_table(TcpConfig), ""])


def tcp_info_page() -> str:
    """Every number of a connection's snapshot."""
    text = (
        "`Socket.info()`, `Connection.info(now)`, and `info` in what `testbed ss RUN --json` prints: the names are\n"
        "those of Linux's `tcp_info` without `tcpi_`, the units its units.\n"
    )
    parts = [GENERATED, "# A connection's snapshot\n", text, "| name | unit | |", "|---|---|---|"]
    parts += [f"| `{name}` | {field.unit} | {field.doc} |" for name, field in FIELDS.items()]
    return "\n".join([*parts, ""])


def trace_page() -> str:
    """Every kind of row, and its columns."""
    parts = [
        GENERATED,
        "# The trace\n",
        "`testbed trace RUN --kind KIND` prints these rows, in order of time.\n",
    ]
    for kind in KINDS.values():
        parts += [f"## {kind.name}\n", f"{kind.doc}\n", "| column | type | unit | |", "|---|---|---|---|"]
        parts += [f"| `{column.name}` | {column.type} | {column.unit} | {column.doc} |" for column in kind.columns]
        parts.append("")
    return "\n".join(parts)


def metrics_page() -> str:
    """Every number of a run."""
    text = (
        "What `testbed run --json` prints of each run, and what `expect:` may speak of. Times are in seconds,\n"
        "sizes in bytes, rates in bit/s, shares from 0 to 1. `testbed compare` says who *beats* whom where more, or\n"
        "less, is better; of the others it says who has more.\n"
    )
    parts = [GENERATED, "# Metrics\n", text]
    headings = {
        metrics.FLOW: "## Of a flow: `flows.NAME`, in an expectation `NAME.metric`\n",
        metrics.LINK: "## Of a link: `links.NAME`, the other direction below `reverse`\n",
        metrics.RUN: "## Of the run\n",
    }
    for scope, heading in headings.items():
        parts += [heading, "| metric | unit | better | |", "|---|---|---|---|"]
        parts += [
            f"| `{name}` | {metric.unit} | {better(name)} | {metric.doc} |"
            for name, metric in metrics.METRICS[scope].items()
        ]
        parts.append("")
    parts += ["## How a run ended: its `status`\n", "| status | |", "|---|---|"]
    parts += [f"| `{name}` | {doc} |" for name, doc in STATUSES.items()]
    parts += ["", "## What was expected: a row of `expect`\n"]
    parts += ["Of a run below `runs`, of several runs together below `experiments`.\n", "| key | |", "|---|---|"]
    parts += [f"| `{name}` | {doc} |" for name, doc in metrics.EXPECT.items()]
    parts += ["", "## Of a run in real time\n", "| key | |", "|---|---|"]
    parts += [f"| `{name}` | {doc} |" for name, doc in metrics.REAL_TIME.items()]
    parts += ["", "### When it is invalid\n", f"{after_first_paragraph(validity)}\n"]
    parts += ["## Of an end: `flows.NAME.client` and `.server`\n", "| counter | better | |", "|---|---|---|"]
    parts += [f"| `{name}` | {better(name)} | {doc} |" for name, doc in metrics.COUNTERS.items()]
    parts += ["| `states` | | The states that it went through, in order. |", ""]
    return "\n".join(parts)


def better(metric: str) -> str:
    """Whether one wants more of it, or less."""
    return {metrics.HIGHER: "more", metrics.LOWER: "less"}.get(metrics.BETTER.get(metric, metrics.NEITHER), "")


# -- what the language is made of --------------------------------------------------------------------------

INTRODUCTION = """\
A file is YAML 1.2: `no` and `10:30` are texts, a key that stands twice is an error. A quantity carries its unit:
`20ms`, `10Mbit/s`, `64KiB`, `1%`, `100 packets`; names of units are exact, so that `Mbit` is not `mbit`. Every
problem of a file is reported at once, with its line. `testbed schema` prints a JSON Schema for editors.

A path names one value: `links.bottleneck.loss.p`, `traffic.a.size`, `tcp.rto_min`. Paths are used by `set`, by
`--set` on the command line, by the axes of `matrix` and, below `links`, by the `timeline`.
"""

PLACES: list[tuple[str, tuple[type, ...], str]] = [
    ("An experiment", (spec.ExperimentKeys,), ""),
    ("A topology", (spec.TopologyKeys,), "In a file of its own, or below `topology:`."),
    (
        "A host",
        (spec.HostKeys,),
        "`hosts: {left1: {address: 10.1.0.1}}`; a list of names will do where nothing is special.",
    ),
    ("A link", (spec.LinkKeys, DirectionSpec), ""),
    ("A flow", (spec.FlowKeys,), "An entry of `traffic`; beside these stand the keys of its application."),
    ("A change", (spec.ChangeKeys,), "An entry of `timeline`."),
    ("Values at equal distances", (axes.RangeKeys,), "In place of the list of an axis: `{range: [0%, 5%], step: 1%}`."),
    (
        "Values at equal ratios",
        (axes.LogspaceKeys,),
        "In place of the list of an axis: `{logspace: [1Mbit/s, 1Gbit/s], points: 4}`.",
    ),
    (
        "Repetitions until enough is known",
        (repeat.RepeatKeys,),
        "Below `repeat:`; `repeat: until ±2% at 95%` is short for `{until: ±2%, at: 95%}`.",
    ),
    ("What is recorded", (spec.TraceKeys,), "Below `trace:`."),
    ("What is captured", (spec.CaptureKeys,), "Below `capture:`; `capture: pcapng` is short for `{format: pcapng}`."),
]

PLUGS: list[tuple[str, dict[str, Any], str]] = [
    ("Applications", APPS, "`app:` of a flow."),
    ("Loss", LOSSES, "`loss:` of a link: `1%` is short for `{model: bernoulli, p: 1%}`."),
    ("Jitter", JITTERS, "`jitter:` of a link: `{model: normal, deviation: 2ms}`."),
    ("Queues", QDISCS, "`queue:` of a link: `{discipline: droptail, limit: 100 packets}`."),
    ("Congestion control", CONTROLS, "`congestion:` of the TCP settings."),
]


GRAMMARS: list[tuple[str, ModuleType, str]] = [
    ("Sweeps", axes, "`matrix`, `zip`, `include` and `exclude` of an experiment."),
    ("Repetitions", repeat, "`repeat:` of an experiment."),
    ("Steps of a dialogue", script, "`steps:` of the application `dialogue`, a list."),
    ("Exact drops", drop_rule, "`drop:` of a link, a list: `[3, the first FIN from left1]`."),
    ("Expectations", parser, "`expect:` of an experiment, a list. Metrics are on [their own page](metrics.md)."),
]


# -- reading a class ---------------------------------------------------------------------------------------


def settings_table(*owners: type) -> list[str]:
    """A row for each field of specs: its name in a file, the kind of its value, its default, its docstring."""
    rows = ["| key | a | default | |", "|---|---|---|---|"]
    for owner in owners:
        docs = field_docs(owner)
        defaults = {key_of(field): field.default for field in dataclasses.fields(owner)}
        for key, hint in hints(owner).items():
            default = "" if defaults[key] is dataclasses.MISSING else shown(hint, defaults[key])
            doc = docs[key].replace("|", "\\|")
            rows.append(f"| `{key}` | {kind_of(hint)} | {default} | {doc} |")
    return rows


def first_paragraph(owner: type) -> str:
    return " ".join((inspect.getdoc(owner) or "").partition("\n\n")[0].split())


def after_first_paragraph(module: ModuleType) -> str:
    return (inspect.getdoc(module) or "").partition("\n\n")[2]


def quantity_of(hint: Any) -> Quantity | None:
    """The quantity that a hint speaks of, `X | None` too."""
    notes = [*getattr(hint, "__metadata__", ())]
    notes += [note for part in typing.get_args(hint) for note in getattr(part, "__metadata__", ())]
    return next((note for note in notes if isinstance(note, Quantity)), None)


def kind_of(hint: Any) -> str:
    """What is to be written, in a word."""
    quantity = quantity_of(hint)
    if quantity is not None:
        return quantity.name
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in typing.get_args(hint))
    return {bool: "`true` or `false`", str: "text", int: "number", float: "number"}.get(hint, "")


def shown(hint: Any, default: Any) -> str:
    """A default as one would write it; nothing where absence is the default."""
    quantity = quantity_of(hint)
    if default is None or default == "" or default == () or dataclasses.is_dataclass(default):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    show = {
        "duration": units.show_duration,
        "size": units.show_size,
        "rate": units.show_rate,
        "share": units.show_share,
        "confidence": units.show_share,
        "window": lambda window: f"{window[0]} {window[1]}",
    }
    if quantity is None or quantity.name not in show or not default:
        return f"`{default if not isinstance(default, float) else f'{default:g}'}`"
    return f"`{show[quantity.name](default)}`"


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "language.md": language_page,
    "metrics.md": metrics_page,
    "tcp-info.md": tcp_info_page,
    "tcp-settings.md": tcp_settings_page,
    "trace.md": trace_page,
}


# -- pages with examples -------------------------------------------------------------------------------------


class Played(NamedTuple):
    """A page whose examples have been carried out."""

    text: str
    """The page with its pictures taken anew."""
    drawings: dict[str, str]
    """Every SVG that they left, by its file's name; those of pictures.md are kept."""


def played(page: Path) -> Played:
    """Carry out the examples of a page."""
    with tempfile.TemporaryDirectory() as folder:
        text = examples.play(page, Path(folder))
        return Played(text, {drawing.name: drawing.read_text() for drawing in sorted(Path(folder).glob("*.svg"))})


def main(names: list[str]) -> None:
    """Write the pages called so, or all."""
    for name, page in PAGES.items():
        (HERE / name).write_text(page())
        print(HERE / name)
    for page in PLAYED:
        if names and page.stem not in names:
            continue
        text, drawings = played(page)
        page.write_text(text)
        print(page)
        if page == GALLERY:
            for name, drawing in drawings.items():
                (DRAWINGS / name).write_text(drawing)


if __name__ == "__main__":
    main(sys.argv[1:])
