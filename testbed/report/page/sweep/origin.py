"""Where a sweep comes from: commands, seeds, versions, machines, files."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from testbed.experiment.layout import RESOLVED
from testbed.report.page.markup.html import Html, details, section, table, tag
from testbed.report.page.provenance import GIVEN, download, given
from testbed.report.page.sweep.table import Sweep
from testbed.report.tables import seconds, written
from testbed.store.folder import experiment_of, read_document


def origin(sweep: Sweep) -> Html:
    """The section."""
    experiments = list(dict.fromkeys(map(experiment_of, sweep.folders)))
    seeds = sorted({run["seed"] for run in sweep.runs})
    facts = {
        "Experiments": ", ".join(map(str, experiments)),
        "Clock": _each(run["clock"] for run in sweep.runs),
        "Seeds": _each(seeds),
        "Machines": _each(run.get("machine") for run in sweep.runs),
        "Processor time": seconds(sum(run.get("wall_time") or 0.0 for run in sweep.runs)),
    }
    told = [part for key, value in facts.items() for part in (tag("dt", key), tag("dd", value))]
    hashes = [(run["id"], tag("code", run.get("trace_sha256") or "–")) for run in sweep.runs]
    return section(
        "origin", "Where it comes from",
        tag("dl", *told),
        tag("p", "To repeat it:"), *(tag("pre", tag("code", command(folder))) for folder in experiments),
        download("runs", f"{sweep.name}.json"),
        details("Versions", table("Versions", ("library", "versions"), _versions(sweep), words=2)),
        details("Trace hashes (SHA-256)", table("Trace hashes", ("run", "hash"), hashes, words=2)),
        *(part for folder in experiments for part in given(folder)),
    )  # fmt: skip


def _each(values: Iterable[Any]) -> str:
    known = list(dict.fromkeys(str(value) for value in values if value is not None))
    return ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")


def _versions(sweep: Sweep) -> list[tuple[str, str]]:
    names = sorted({name for run in sweep.runs for name in run.get("versions") or {}})
    return [(name, _each((run.get("versions") or {}).get(name) for run in sweep.runs)) for name in names]


def command(experiment: Path) -> str:
    """What to type for the same runs."""
    words = ["testbed", "run", str(experiment / GIVEN)]
    if (experiment / RESOLVED).is_file():
        for path, value in (read_document(experiment, RESOLVED).get("set") or {}).items():
            words += ["--set", f"{path}={written(value)}"]
    return shlex.join(words)
