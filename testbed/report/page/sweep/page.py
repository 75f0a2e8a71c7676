"""The page of many runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from testbed.report.page.markup.document import document, words
from testbed.report.page.markup.html import NOTHING, Html, join, note, section, tag
from testbed.report.page.network.topology import topology
from testbed.report.page.parameters import parameters
from testbed.report.page.provenance import about
from testbed.report.page.sweep.comparisons import Comparisons, compared
from testbed.report.page.sweep.distributions import boxes, cumulative
from testbed.report.page.sweep.heat import heat, pairs
from testbed.report.page.sweep.listing import listing
from testbed.report.page.sweep.multiples import multiples
from testbed.report.page.sweep.origin import origin
from testbed.report.page.sweep.scatter import scatter
from testbed.report.page.sweep.settings import settings_table
from testbed.report.page.sweep.table import Sweep
from testbed.report.page.sweep.verdicts import expected, home_of, verdicts
from testbed.store.folder import experiment_of, read_runs

__all__ = ["home_of", "sweep_page"]


def sweep_page(folders: Sequence[Path], beside: Path) -> str:
    """The page of the runs in `folders`; `beside` is the folder that it will lie in."""
    sweep = Sweep(read_runs(folders), folders)
    comparisons = Comparisons(sweep, expected(sweep))
    sections = [
        verdicts(comparisons),
        _settings(comparisons),
        _trade_off(sweep),
        _spread(sweep),
        _maps(sweep),
        multiples(sweep),
        listing(sweep, beside),
        topology(sweep.runs[0]["spec"]),
        parameters(sweep.runs[0]["spec"], {path: ", ".join(values) for path, values in sweep.axes.items()}),
        origin(sweep),
    ]
    varied = words(*(f"{len(values)} × {path}" for path, values in sweep.axes.items()))
    told = words(f"{len(sweep.runs)} runs", varied, f"{len(sweep.settings)} settings")
    return document(sweep.name, told, [part for part in sections if part], {"runs": numbers(sweep)}, _about(sweep))


def _about(sweep: Sweep) -> Html:
    return join(about(home) for home in dict.fromkeys(map(experiment_of, sweep.folders)))


def _settings(comparisons: Comparisons) -> Html:
    """The metric chooser, the table, the comparison: the pictures below follow the same chooser."""
    sweep = comparisons.sweep
    if not sweep.offer.choices:
        return section("settings", "By setting", note("No run has any numbers: look at how they ended, above."))
    look = "Choose a metric: tables and pictures from here to the maps follow it."
    tables = [settings_table(sweep, choice) for choice in sweep.offer.choices]
    differences = [compared(comparisons, choice) for choice in sweep.offer.choices] if sweep.axes else []
    return section("settings", "By setting", _choosers(sweep), *tables, *differences, look=look)


def _choosers(sweep: Sweep) -> Html:
    metrics = [tag("option", metric.replace("_", " "), value=metric) for metric in sweep.offer.metrics]
    flows = [tag("option", flow, value=flow) for flow in sweep.offer.flows]
    chosen = [tag("label", "Metric ", tag("select", *metrics, data_chooses="metric"))]
    if len(flows) > 1:
        chosen.append(tag("label", "Flow ", tag("select", *flows, data_chooses="flowof")))
    return tag("div", *chosen, class_="tools")


def _trade_off(sweep: Sweep) -> Html:
    drawn = [scatter(sweep, flow) for flow in sweep.offer.flows]
    return section("trade-off", "Goodput against delay", *drawn) if drawn else NOTHING


def _spread(sweep: Sweep) -> Html:
    drawn = [picture for choice in sweep.offer.choices for picture in (boxes(sweep, choice), cumulative(sweep, choice))]
    return section("spread", "How runs spread", *drawn) if drawn else NOTHING


def _maps(sweep: Sweep) -> Html:
    known = pairs(sweep)
    if not known or not sweep.offer.choices:
        return NOTHING
    options = [tag("option", " × ".join(pair), value=" × ".join(pair)) for pair in known]
    chooser = tag("div", tag("label", "Axes ", tag("select", *options, data_chooses="pair")), class_="tools")
    maps = [one for choice in sweep.offer.choices for one in heat(sweep, choice)]
    return section("maps", "Two axes at once", chooser if len(known) > 1 else NOTHING, *maps)


def numbers(sweep: Sweep) -> dict[str, Any]:
    """The runs as columns: what was set, how each ended, and every metric of every choice."""
    runs = sweep.runs
    told: dict[str, Any] = {name: [run.get(name) for run in runs] for name in ("id", "seed", "repeat", "status")}
    told["trace_sha256"] = [run.get("trace_sha256") for run in runs]
    told["params"] = {path: [sweep.value_of(run, path) for run in runs] for path in sweep.axes}
    told["metrics"] = {
        choice.measure.title: {"unit": choice.measure.unit, "values": [sweep.value(run, choice) for run in runs]}
        for choice in sweep.offer.choices
    }
    return {"name": sweep.name, "runs": told}
