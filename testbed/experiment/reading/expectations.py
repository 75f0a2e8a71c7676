"""`expect` of a file: what is expected of each run, and what of all runs together, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from testbed.errors import ConfigProblem
from testbed.experiment.expect import ExpectationError, check, check_comparison, check_metric, is_comparison
from testbed.experiment.language.document import Document, Path, problem
from testbed.experiment.language.reader import Reader
from testbed.experiment.spec import ExperimentSpec

Settings = Sequence[Mapping[str, Any]]


def read_expectations(reader: Reader, spec: ExperimentSpec) -> tuple[str, ...]:
    """Those of one run, which can be understood and speak of what there is."""
    flows = list(reader.mapping(("traffic",)))
    links = list(reader.mapping(("links",)))
    kept = []
    for index, text in _written(reader.document):
        try:
            if not is_comparison(text):
                check(text, flows=flows, links=links, segments=spec.trace.segment)
                kept.append(text)
        except ExpectationError as error:
            reader.problem(("expect", index), str(error), error.suggestion)
    return tuple(kept)


class Comparisons(NamedTuple):
    """What is expected of several runs: what can be judged, what cannot (see `Plan.left_out`), what is wrong."""

    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    problems: list[ConfigProblem]


def read_comparisons(document: Document, settings: Settings, written: Settings, spec: ExperimentSpec) -> Comparisons:
    """Those of all runs, whose axes have these `settings`; `written` are those of the file without overrides."""
    flows, links = list(spec.flows), list(spec.topology.links)
    kept, left_out, problems = [], [], []
    for index, text in _written(document):
        try:
            if is_comparison(text):
                check_comparison(text, flows=flows, links=links, settings=settings)
                kept.append(text)
        except ExpectationError as error:
            try:
                check_comparison(text, flows=flows, links=links, settings=written)
                left_out.append(text)
            except ExpectationError:
                problems.append(problem(document, ("expect", index), str(error), error.suggestion))
    return Comparisons(tuple(kept), tuple(left_out), problems)


def check_precision(document: Document, spec: ExperimentSpec) -> list[ConfigProblem]:
    """What is wrong with the metric that is to be known well enough."""
    path: Path = ("repeat", "metric")
    metric = document.at(path) if isinstance(document.at(("repeat",)), dict) else None
    if not isinstance(metric, str):
        return []
    try:
        check_metric(metric, flows=list(spec.flows), links=list(spec.topology.links))
    except ExpectationError as error:
        return [problem(document, path, str(error), error.suggestion)]
    return []


def _written(document: Document) -> list[tuple[int, str]]:
    written = document.at(("expect",))
    texts = enumerate(written if isinstance(written, list) else [written])
    return [(index, text) for index, text in texts if isinstance(text, str)]
