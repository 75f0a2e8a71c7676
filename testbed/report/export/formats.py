"""Which formats there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from testbed.errors import ConfigError
from testbed.report.export.files import put
from testbed.report.export.flent import flent
from testbed.report.export.iperf3 import iperf3
from testbed.report.export.tables import tables
from testbed.report.export.xplot import xplot
from testbed.store.folder import experiment_of, read_run


class Format(NamedTuple):
    """A format: what it is, and the files that it makes of a run's folder, by name."""

    doc: str
    suffix: str
    """Of the file; or of the folder, where a run becomes several files."""
    single: bool
    files: Callable[[Path], Iterator[tuple[str, Iterator[bytes]]]]


FORMATS: Final[Mapping[str, Format]] = {
    "flent": Format("A data file of flent (version 4): goodput, cwnd, RTT of each sender.", ".flent.gz", True, flent),
    "iperf3": Format("A JSON document a flow, with the keys of `iperf3 -J`.", "-iperf3", False, iperf3),
    "xplot": Format("Time-sequence graphs as of tcptrace, one each end of a connection.", "-xplot", False, xplot),
    "csv": Format("The summaries and every kind of rows as comma-separated values.", "-csv", False, tables),
}  # fmt: skip


def export(run: Path, name: str, output: Path | None = None, *, force: bool = False) -> list[Path]:
    """Write `run` in a format; the answer is what was written.

    `output` is the file, or the folder where a run becomes several files; if it is not given, one is made in the
    working folder. Files that are there already are refused, or replaced with `force`. Raises ConfigError.
    """
    if name not in FORMATS:
        raise ConfigError.of(f"no format {name!r}", file="--format", suggestion=", ".join(FORMATS))
    form = FORMATS[name]
    target = output if output is not None else Path(_name(run) + form.suffix)
    return put(form.files(run), target, single=form.single, force=force)


def _name(run: Path) -> str:
    """`quickstart-20261122T101500Z-1a2b3c4d`, and the run's own name where its experiment has several."""
    document, experiment = read_run(run), experiment_of(run)
    parts = [document["name"], experiment.name if experiment != run else "", document["id"]]
    return "-".join(part for part in parts if part and part != "run")
