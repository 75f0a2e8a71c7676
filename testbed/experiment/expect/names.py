"""What an expectation can speak of, before a run and after it.

a.goodput                       a metric of flow a
a.client.states                 the states that its client's end went through
a.server.segments_sent          a counter of its server's end
links.l1.drops                  a metric of link l1, from its first end to its second
links.l1.reverse.drops          … and the other way
links.l1.drops_by_reason.loss   drops for one reason
jain, end_time, status          of the whole run
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from testbed.experiment.expect.kinds import FLAG, NUMBER, SIZE, TEXT, WORDS, ExpectationError, Kind, from_metric
from testbed.experiment.expect.nodes import Facts, Selection
from testbed.experiment.language.document import nearest
from testbed.metrics.table import COUNTERS, FLOW, GROUP, LINK, METRICS, RUN, Metric, value_at
from testbed.metrics.table import FLAG as FLAG_UNIT
from testbed.metrics.table import TEXT as TEXT_UNIT

_FLOW: Final = {name: metric for name, metric in METRICS[FLOW].items() if metric.unit != GROUP}
_LINK: Final = {name: metric for name, metric in METRICS[LINK].items() if metric.unit != GROUP}
_RUN: Final = {name: metric for name, metric in METRICS[RUN].items() if metric.unit != GROUP}


class Vocabulary(Facts):
    """What can be said of a run with these flows and links. It has kinds, and no values."""

    def __init__(self, flows: Sequence[str], links: Sequence[str], *, segments: bool = True) -> None:
        self.flows = flows
        self.links = links
        self._segments = segments

    def kind(self, path: tuple[str, ...]) -> Kind:
        return self.found(path)[0]

    def found(self, path: tuple[str, ...]) -> tuple[Kind, float]:
        """The kind of the metric at `path`, and what brings its value to bytes and seconds."""
        first, *rest = path
        if first == "links":
            return self._of_link(rest)
        if first in self.flows:
            return self._of_flow(first, rest)
        if len(path) == 1 and first in _RUN:
            return _kind(_RUN[first])
        known = [*self.flows, *_RUN, "links"]
        what = "flow or metric" if rest else "metric of the whole run"
        raise ExpectationError(f"there is no {what} {first!r}", nearest(first, known))

    def value(self, path: tuple[str, ...]) -> Any:
        raise NotImplementedError("there is no run yet")

    def count(self, selection: Selection) -> int:
        if not self._segments:
            raise ExpectationError("count() needs the rows that 'trace' has switched off", "trace: {segment: true}")
        return 0

    def _of_flow(self, flow: str, rest: list[str]) -> tuple[Kind, float]:
        if len(rest) == 2 and rest[0] in ("client", "server"):
            if rest[1] == "states":
                return WORDS, 1.0
            if rest[1] in COUNTERS:
                return (SIZE if rest[1].startswith("bytes") else NUMBER), 1.0
            known = ["states", *COUNTERS]
            raise ExpectationError(f"the {rest[0]}'s end has no counter {rest[1]!r}", nearest(rest[1], known))
        if len(rest) == 1 and rest[0] in _FLOW:
            return _kind(_FLOW[rest[0]])
        name = ".".join(rest)
        known = [*_FLOW, "client.states", "server.states"]
        raise ExpectationError(f"flow {flow!r} has no metric {name!r}", nearest(name, known))

    def _of_link(self, rest: list[str]) -> tuple[Kind, float]:
        if not rest or rest[0] not in self.links:
            name = rest[0] if rest else ""
            raise ExpectationError(f"there is no link {name!r}", nearest(name, self.links))
        metric = rest[2:] if rest[1:2] == ["reverse"] else rest[1:]
        if len(metric) == 2 and metric[0] == "drops_by_reason":
            return NUMBER, 1.0
        if len(metric) == 1 and metric[0] in _LINK:
            return _kind(_LINK[metric[0]])
        name = ".".join(metric)
        raise ExpectationError(f"link {rest[0]!r} has no metric {name!r}", nearest(name, _LINK))


def _kind(metric: Metric) -> tuple[Kind, float]:
    if metric.unit == FLAG_UNIT:
        return FLAG, 1.0
    return (TEXT, 1.0) if metric.unit == TEXT_UNIT else from_metric(metric.unit)


class Results(Facts):
    """The summary of a run that is over."""

    def __init__(self, vocabulary: Vocabulary, summary: dict[str, Any], counter: Callable[[Selection], int]) -> None:
        self._vocabulary = vocabulary
        self._summary = summary
        self._counter = counter

    def kind(self, path: tuple[str, ...]) -> Kind:
        return self._vocabulary.kind(path)

    def value(self, path: tuple[str, ...]) -> Any:
        _, scale = self._vocabulary.found(path)
        value = value_at(self._summary, ".".join(path))
        if value is None or isinstance(value, bool | str | list):
            return value
        return value if scale == 1.0 else value * scale

    def count(self, selection: Selection) -> int:
        return self._counter(selection)
