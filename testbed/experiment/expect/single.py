"""Expectations of one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from testbed.experiment.expect.kinds import FLAG, ExpectationError, Kind, Unit, show, unit_name
from testbed.experiment.expect.names import Results, Vocabulary
from testbed.experiment.expect.nodes import Absent, Facts, Node, Selection
from testbed.experiment.expect.parser import parse


def check(text: str, *, flows: Sequence[str], links: Sequence[str], segments: bool = True) -> None:
    """Whether `text` says something of a run with these flows and links. Raises ExpectationError."""
    kind = parse(text).node.kind(Vocabulary(flows, links, segments=segments))
    if kind != FLAG:
        raise ExpectationError(f"{kind} is not true or false", "compare it, as in a.goodput > 3 Mbit/s")


def check_metric(name: str, *, flows: Sequence[str], links: Sequence[str]) -> None:
    """Whether `name` is a number of a run with these flows and links. Raises ExpectationError."""
    kind = Vocabulary(flows, links).kind(tuple(name.split(".")))
    if not isinstance(kind, Unit):
        raise ExpectationError(f"{name} is {kind}, and has no mean", "such as a.goodput")


def judge(text: str, summary: dict[str, Any], counter: Callable[[Selection], int]) -> dict[str, Any]:
    """A row of the results: `text`, whether it is `ok`, and the `value` of what it speaks of, with its `unit`.

    A row that is not ok has also the `sign` and the `bound` that the value was to keep, in the same unit.
    """
    vocabulary = Vocabulary(list(summary["flows"]), list(summary["links"]))
    facts = Results(vocabulary, summary, counter)
    node = parse(text).node
    ok = bool(node.value(facts))
    part = node.deciding(facts)
    kind = part.subject.kind(facts)
    try:
        value = show(part.subject.value(facts), kind)
    except Absent:
        value = None
    return {
        "text": text,
        "ok": ok,
        "value": value,
        "unit": unit_name(kind),
        **({} if ok else bound_of(part, facts, kind)),
    }


def bound_of(part: Node, facts: Facts, kind: Kind) -> dict[str, Any]:
    """The `sign` and the `bound` of a comparison: a value, or the two ends of a range."""
    try:
        found = part.bound(facts)
    except Absent:
        return {}
    if found is None:
        return {}
    sign, bound = found
    shown = [show(end, kind) for end in bound] if isinstance(bound, tuple) else show(bound, kind)
    return {"sign": sign, "bound": shown}
