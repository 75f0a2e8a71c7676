"""The axes of a sweep as people see them: their names as short as can be told apart, their values in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from testbed.experiment.expect.kinds import ExpectationError, quantity


def short(paths: Sequence[str]) -> list[str]:
    """Each path's last word, or as many as tell it from the others: `tcp.rto_min` -> `rto_min`."""

    def tail(path: str, words: int) -> str:
        return ".".join(path.split(".")[-words:])

    shown = []
    for path in paths:
        words = 1
        while sum(tail(other, words) == tail(path, words) for other in paths) > 1 and tail(path, words) != path:
            words += 1
        shown.append(tail(path, words))
    return shown


def in_order(values: Iterable[str]) -> list[str]:
    """Each once: as they came, or ascending where all are quantities."""
    each = list(dict.fromkeys(values))
    sizes = [magnitude(value) for value in each]
    known = [(size, value) for size, value in zip(sizes, each, strict=True) if size is not None]
    return [value for _, value in sorted(known)] if len(known) == len(each) else each


@cache
def magnitude(text: str) -> float | None:
    """How much a value is, if it is a quantity; false is less than true."""
    if text in ("false", "true"):
        return float(text == "true")
    try:
        return float(quantity(text)[0])
    except ExpectationError:
        return None
