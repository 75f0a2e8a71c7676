"""What the peer has selectively acknowledged, as ranges of sequence numbers that neither touch nor overlap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class Ranges:
    """Ascending [start, end) pairs; there are seldom many."""

    __slots__ = ("_ends", "_starts", "total")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.total = 0  # bytes in all of them

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __len__(self) -> int:
        return len(self._starts)

    def pairs(self) -> list[tuple[int, int]]:
        """All of them, ascending."""
        return list(zip(self._starts, self._ends, strict=True))

    def add(self, left: int, right: int) -> tuple[int, int, int] | None:
        """Add [`left`, `right`). None when all of it was known; else where the news begins, and the range that it
        has become a part of."""
        starts, ends = self._starts, self._ends
        first = bisect_left(ends, left)  # of those that it touches
        last = bisect_right(starts, right, first)  # the first that it does not touch
        if first == last:
            starts.insert(first, left)
            ends.insert(first, right)
            self.total += right - left
            return left, left, right
        if starts[first] <= left and right <= ends[first]:
            return None
        news = ends[first] if starts[first] <= left else left
        start, end = min(left, starts[first]), max(right, ends[last - 1])
        self.total += end - start - sum(ends[first:last]) + sum(starts[first:last])
        starts[first:last] = [start]
        ends[first:last] = [end]
        return news, start, end

    def cut(self, upto: int) -> None:
        """Forget everything before `upto`."""
        starts, ends = self._starts, self._ends
        while ends and ends[0] <= upto:
            self.total -= ends.pop(0) - starts.pop(0)
        if starts and starts[0] < upto:
            self.total -= upto - starts[0]
            starts[0] = upto

    def clear(self) -> None:
        """Forget everything."""
        self._starts.clear()
        self._ends.clear()
        self.total = 0

    def contains(self, left: int, right: int) -> bool:
        """Whether all of [`left`, `right`) is in one of them."""
        return any(start <= left and right <= end for start, end in zip(self._starts, self._ends, strict=True))

    def below_which_lost(self, threshold: int, mss: int) -> int:
        """Below which number a segment that has not arrived is lost, by RFC 6675's IsLost: `threshold` ranges, or
        more than `threshold` - 1 full segments' bytes, lie above it. 0: none."""
        above = 0
        for count, (start, end) in enumerate(reversed(self.pairs()), start=1):
            above += end - start
            if count >= threshold or above > (threshold - 1) * mss:
                return start
        return 0
