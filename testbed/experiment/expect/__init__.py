"""Expectations: `a.goodput > 3 Mbit/s`, checked before a run and judged after it.

`parser` has the grammar and `words` its words, `names` what can be spoken of, `kinds` the units, `nodes` the parts,
`aggregates` those parts that take several runs together, and `comparisons` what is judged over a whole sweep.
"""

from __future__ import annotations

from testbed.experiment.expect.comparisons import check_comparison, judge_comparison, settings_of
from testbed.experiment.expect.kinds import ExpectationError
from testbed.experiment.expect.nodes import Selection
from testbed.experiment.expect.parser import parse
from testbed.experiment.expect.single import check, check_metric, judge

__all__ = [
    "ExpectationError", "Selection", "check", "check_comparison", "check_metric", "is_comparison", "judge",
    "judge_comparison", "metrics_of", "settings_of",
]  # fmt: skip


def is_comparison(text: str) -> bool:
    """Whether `text` speaks of several runs. Raises ExpectationError."""
    return parse(text).comparison


def metrics_of(text: str) -> tuple[str, ...]:
    """The metrics that `text` speaks of, by their paths. Raises ExpectationError."""
    return parse(text).metrics
