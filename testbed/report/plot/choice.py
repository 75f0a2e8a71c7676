"""Which ends of connections and which links are meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from testbed.errors import ConfigError
from testbed.report.plot.plot import Document, Options
from testbed.report.series import Series, flow_series, link_series
from testbed.report.series.rows import BETWEEN

NAMED: Final = 16
"""How many names an error lists."""


def chosen_flows(run: Document, options: Options) -> dict[str, dict[str, Series]]:
    """The series of the ends that are meant, cut to the time that is; called as briefly as can be told apart."""
    found = flow_series(Path(run["folder"]))
    kept = {label: series for label, series in found.items() if options.flow is None or means(options.flow, label)}
    if not kept and options.flow is not None:
        flows = dict.fromkeys(name for label in found for name in (label.partition(BETWEEN)[0],))
        raise unknown("flow", options.flow, list(flows), str(run["folder"]))
    briefly = {label: label.partition(BETWEEN)[0] for label in kept}
    once = len(set(briefly.values())) == len(briefly)
    return {briefly[label] if once else label: _cut(series, options) for label, series in kept.items()}


def chosen_links(run: Document, options: Options) -> dict[str, dict[str, Series]]:
    """The series of the link directions that are meant, cut to the time that is."""
    found = link_series(Path(run["folder"]))
    if options.link is None:
        return {name: _cut(series, options) for name, series in found.items()}
    directions = [name for link in run.get("links", {}) for name in (link, f"{link}.reverse")]
    kept = {name: series for name, series in found.items() if options.link in (name, name.removesuffix(".reverse"))}
    if not kept and options.link not in directions:
        raise unknown("link", options.link, [*run.get("links", {})], str(run["folder"]))
    return {name: _cut(series, options) for name, series in kept.items()}


def means(wanted: str, label: str) -> bool:
    """Whether `wanted` means the end called `label`: itself, its connection, or its flow."""
    connection = label.partition(BETWEEN)[0]
    return wanted in (label, connection, connection.partition("/")[0])


def unknown(what: str, wanted: str, known: Collection[str], file: str) -> ConfigError:
    """The error of a name that is not there."""
    close = difflib.get_close_matches(wanted, known, n=1)
    listed = ", ".join(list(known)[:NAMED]) + (", …" if len(known) > NAMED else "")
    remedy = f"did you mean {close[0]!r}?" if close else f"there are: {listed or 'none'}"
    return ConfigError.of(f"no {what} {wanted!r}", file=file, suggestion=remedy)


def _cut(series: dict[str, Series], options: Options) -> dict[str, Series]:
    return {name: one.between(options.begin, options.end) for name, one in series.items()}
