"""What is said of several runs at once: `median(a.goodput[tcp.sack=on])`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from statistics import fmean, median
from typing import Any, Final

from testbed.experiment.expect.kinds import FLAG, NUMBER, ExpectationError, Kind, Unit
from testbed.experiment.expect.nodes import Absent, Choice, Facts, Node, verdict

AGGREGATES: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "median": median, "mean": fmean, "min": min, "max": max,
}  # fmt: skip
"""Of numbers. Beside them there are p1 to p99, and those of conditions."""

CONDITIONS: Final[dict[str, Callable[[Sequence[bool]], float]]] = {
    "count": sum, "share": lambda verdicts: sum(verdicts) / len(verdicts),
}  # fmt: skip
"""How many runs, or which part of them."""

_PERCENTILE: Final = re.compile(r"p([1-9]\d?)")


def aggregate_called(name: str) -> bool:
    """Whether there is an aggregate with that name."""
    return name in AGGREGATES or name in CONDITIONS or _PERCENTILE.fullmatch(name) is not None


def percentile(numbers: Sequence[float], percent: int) -> float:
    """Between the two nearest of the numbers, as numpy has it by default."""
    ordered = sorted(numbers)
    at = (len(ordered) - 1) * percent / 100
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


class Aggregate(Node):
    """One number of many runs."""

    def __init__(self, name: str, inner: Node, choice: Choice) -> None:
        self._name = name
        self._inner = inner
        self._choice = choice

    def kind(self, facts: Facts) -> Kind:
        one = facts.one()
        facts.runs(self._choice)
        kind = self._inner.kind(one)
        if self._name in CONDITIONS:
            if kind != FLAG:
                remedy = f"as in {self._name}(a.complete) or {self._name}(a.timeouts > 0)"
                raise ExpectationError(f"{self._name}() takes what is true or false of a run, not {kind}", remedy)
            return NUMBER
        if not isinstance(kind, Unit):
            remedy = f"share({'…'}) tells how often it is so" if kind == FLAG else "as in median(a.goodput)"
            raise ExpectationError(f"{self._name}() takes a number of each run, not {kind}", remedy)
        return kind

    def value(self, facts: Facts) -> Any:
        runs = facts.runs(self._choice)
        if self._name in CONDITIONS:
            return CONDITIONS[self._name]([bool(verdict(self._inner, run)) for run in runs])
        numbers = [number for number in (_number(self._inner, run) for run in runs) if number is not None]
        if len(numbers) < len(runs):
            raise Absent(f"no value in {len(runs) - len(numbers)} of {len(runs)} runs")
        called = _PERCENTILE.fullmatch(self._name)
        return percentile(numbers, int(called[1])) if called else AGGREGATES[self._name](numbers)


def _number(node: Node, facts: Facts) -> float | None:
    try:
        number: float = node.value(facts)
    except Absent:
        return None
    return number
