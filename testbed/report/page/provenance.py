"""Where a run comes from: seed, versions, machine, hash, and the command that repeats it."""

from __future__ import annotations

import shlex
from itertools import takewhile
from pathlib import Path
from typing import Final

from testbed.report.page.markup.html import NOTHING, Html, details, section, table, tag
from testbed.report.tables import Run, seconds, written
from testbed.store.folder import experiment_of

SAME: Final = "To repeat it, with the same trace to the byte:"
AGAIN: Final = "To repeat it; in real time no two runs are alike:"

GIVEN: Final = "experiment.yaml"
"""The file as it was given, in the experiment's folder."""


def provenance(run: Run, folder: Path, embedded: str = "summary") -> Html:
    """The section. `folder` is the run's."""
    facts = {
        "Experiment": run["name"], "Run": run["id"], "Folder": folder, "Started": run.get("started"),
        "Clock": run["clock"], "Seed": run["seed"], "Repetition": run.get("repeat"),
        "Wall time": seconds(run.get("wall_time")), "Machine": run.get("machine"),
        "Trace SHA-256": tag("code", run.get("trace_sha256") or "no trace"),
    }  # fmt: skip
    told = [part for key, value in facts.items() if value is not None for part in (tag("dt", key), tag("dd", value))]
    rows = sorted((run.get("rows") or {}).items())
    versions = sorted((run.get("versions") or {}).items())
    return section(
        "origin", "Where it comes from",
        tag("dl", *told),
        tag("p", SAME if run["clock"] == "virtual" else AGAIN),
        tag("pre", tag("code", command(run, experiment_of(folder)))),
        download(embedded, f"{run['name']}-{run['id']}.json"),
        details("Versions", table("Versions", ("library", "version"), versions, words=2)),
        details("Rows recorded", table("Rows recorded", ("kind", "rows"), [(kind, f"{n:,}") for kind, n in rows])),
        *given(experiment_of(folder)),
    )  # fmt: skip


def about(experiment: Path) -> Html:
    """What the file says of itself: the comment that it begins with. Its first line is shown at once."""
    file = experiment / GIVEN
    lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
    told = [line.removeprefix("#").removeprefix(" ") for line in takewhile(lambda line: line.startswith("#"), lines)]
    if not told:
        return NOTHING
    if len(told) == 1:
        return tag("p", told[0], class_="about")
    return details(told[0], tag("pre", "\n".join(told[1:]).strip("\n")), class_="about")


def download(embedded: str, file: str) -> Html:
    """A button that saves the page's own data."""
    button = tag("button", "Download the numbers (JSON)", type="button", data_download=embedded, data_file=file)
    return tag("div", button, class_="tools")


def given(experiment: Path) -> list[Html]:
    """The files as they were written, comments and all."""
    texts = {path.name: path.read_text(errors="replace") for path in sorted(experiment.glob("*.yaml"))}
    return [details(f"The file as it was given: {name}", tag("pre", tag("code", text))) for name, text in texts.items()]


def command(run: Run, experiment: Path) -> str:
    """What to type for the same run; the trace hash will be the same."""
    words = ["testbed", "run", str(experiment / GIVEN), "--seed", str(run["seed"])]
    for path, value in run["params"].items():
        words += ["--set", f"{path}={written(value)}"]
    if run["clock"] == "real":
        words += ["--clock", "real"]
    return shlex.join(words)
