"""Expectations: `a.goodput > 3 Mbit/s`, checked before a run and judged after it.

`parser` has the grammar and `words` its words, `names` what can be spoken of, `kinds` the units, `nodes` the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from testbed.experiment.expect.kinds import FLAG, ExpectationError, show, unit_name
from testbed.experiment.expect.names import Results, Vocabulary
from testbed.experiment.expect.nodes import Absent, Selection
from testbed.experiment.expect.parser import parse

__all__ = ["ExpectationError", "Selection", "check", "judge"]


def check(text: str, *, flows: Sequence[str], links: Sequence[str], segments: bool = True) -> None:
    """Whether `text` says something of a run with these flows and links. Raises ExpectationError."""
    kind = parse(text).kind(Vocabulary(flows, links, segments=segments))
    if kind != FLAG:
        raise ExpectationError(f"{kind} is not true or false", "compare it, as in a.goodput > 3 Mbit/s")


def judge(text: str, summary: dict[str, Any], counter: Callable[[Selection], int]) -> dict[str, Any]:
    """A row of the results: `text`, whether it is `ok`, and the `value` of what it speaks of, with its `unit`."""
    vocabulary = Vocabulary(list(summary["flows"]), list(summary["links"]))
    facts = Results(vocabulary, summary, counter)
    node = parse(text)
    ok = bool(node.value(facts))
    kind = node.subject.kind(facts)
    try:
        value = show(node.subject.value(facts), kind)
    except Absent:
        value = None
    return {"text": text, "ok": ok, "value": value, "unit": unit_name(kind)}
