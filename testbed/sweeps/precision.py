"""`repeat: until ±2% at 95%`: how many repetitions of a setting are enough, found out while they are made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from testbed.experiment.language.repeat import Precision
from testbed.experiment.status import COMPLETE
from testbed.metrics.table import value_at
from testbed.statistics.intervals import mean_interval

GOODPUT = "goodput"

Document = Mapping[str, Any]


def more(precision: Precision, done: Sequence[Document]) -> int:
    """How many repetitions the setting needs that has the runs `done` so far; 0 if these are enough, or the most.

    As many as the spread so far lets expect, but never more than there are already: the first guess may be poor.
    """
    room = precision.most - len(done)
    if room <= 0 or is_enough(precision, done) or not _samples(precision, done):
        return 0
    expected = max(_needed(precision, values) for values in _samples(precision, done))
    return max(1, min(room, len(done), expected - len(done)))


def is_enough(precision: Precision, done: Sequence[Document]) -> bool:
    """Whether the mean of every value that is asked for is known well enough."""
    samples = _samples(precision, done)
    return bool(samples) and all(len(values) >= 2 and _width(precision, values) <= 1 for values in samples)


def _samples(precision: Precision, done: Sequence[Document]) -> list[list[float]]:
    """Of each value that is asked for, what each run had; only what went to its end counts."""
    whole = [document for document in done if document["status"] == COMPLETE]
    names = (
        [precision.metric]
        if precision.metric
        else [f"{flow}.{GOODPUT}" for flow in (whole or [{"flows": ()}])[0]["flows"]]
    )
    samples = [[value for one in whole if (value := _number(one, name)) is not None] for name in names]
    return [values for values in samples if values]


def _number(document: Document, name: str) -> float | None:
    value = value_at(document, name)
    return float(value) if isinstance(value, int | float) else None


def _width(precision: Precision, values: Sequence[float]) -> float:
    """Half of the interval's width, as a part of what is wanted: at most 1 is enough."""
    low, high = mean_interval(values, precision.confidence)
    wanted = precision.share * abs(math.fsum(values) / len(values))
    half = (high - low) / 2
    return 0.0 if half == 0 else half / wanted if wanted else math.inf


def _needed(precision: Precision, values: Sequence[float]) -> int:
    if len(values) < 2:
        return 2
    width = _width(precision, values)
    return precision.most if math.isinf(width) else math.ceil(len(values) * width**2)
