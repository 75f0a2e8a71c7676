"""The largest of what was seen lately, by whatever clock the caller keeps: rounds, cycles."""

from __future__ import annotations

from collections import deque


class WindowedMax:
    """The largest value of the last ticks of a clock.

    Exact, where Kathleen Nichols' filter, which the draft suggests, keeps three samples: those that may still become
    the largest stand in a queue, each smaller than the one before it, at most one for each tick.
    """

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque()  # (tick, value)

    def update(self, value: int, tick: int, length: int) -> int:
        """Note `value`, seen at `tick`; the largest of the last `length` ticks, this one included."""
        samples = self._samples
        while samples and samples[-1][1] <= value:
            samples.pop()
        if not samples or samples[-1][0] < tick:  # else this tick has seen a larger one
            samples.append((tick, value))
        while samples[0][0] <= tick - length:
            samples.popleft()
        return samples[0][1]
