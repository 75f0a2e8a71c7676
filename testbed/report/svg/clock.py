"""Times as a drawing shows them: in one unit, with as many digits as tell all of them apart from their neighbours."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

SECONDS_FROM: Final = 10_000_000_000
"""A drawing of this length (ns) or longer is in seconds, others in milliseconds."""

SMALLEST: Final = 1_000
"""ns: nothing shorter is told."""


class Clock:
    """Shows the times (ns) that it was made of."""

    def __init__(self, times: Collection[int]) -> None:
        seconds = max(times, default=0) >= SECONDS_FROM
        self.unit = "s" if seconds else "ms"
        self._power = 9 if seconds else 6
        most = self._power - len(str(SMALLEST)) + 1
        self._digits = min(most, max((self._digits_of(time) for time in times), default=0))

    def show(self, time: int) -> str:
        """`30`, `1030.5`."""
        return f"{time / 10**self._power:.{self._digits}f}"

    def _digits_of(self, time: int) -> int:
        return len(f"{time % 10**self._power:0{self._power}}".rstrip("0"))
