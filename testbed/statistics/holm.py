"""Several comparisons at once: who looks at twenty sees one that chance has made."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected, in the same order: that *any* of them is below 5 % by chance has a probability of 5 %.

    Holm 1979, "A simple sequentially rejective multiple test procedure": the least p counts as many times as there
    are comparisons, the next once less, and none comes out below one that was less. It holds however the comparisons
    hang together, and here they do: they share the baseline.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected
