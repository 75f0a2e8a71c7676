"""How often which value: a histogram whose bins are as wide as their values, so that it stays small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import Any, Final

_BITS: Final = 8
"""Leading bits of a value that are kept: a bin is at most 1/128 of its value wide, its middle 0.4 % off."""

_EXACT: Final = 1 << _BITS
_PENDING: Final = 1024  # values that wait to be put into bins, all at once


class Histogram:
    """Values are whole and not negative; `count`, `total`, `least` and `greatest` are exact, the rest to 0.4 %."""

    __slots__ = ("_bins", "_count", "_greatest", "_least", "_pending", "_total")

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self._pending: list[int] = []
        self._count = 0
        self._total = 0
        self._least: int | None = None
        self._greatest: int | None = None

    def add(self, value: int) -> None:
        """Count `value`."""
        self._pending.append(value)
        if len(self._pending) >= _PENDING:
            self._settle()

    def add_equal(self, value: int, times: int) -> None:
        """Count `value` so many times; `times` is not large."""
        self._pending += [value] * times
        if len(self._pending) >= _PENDING:
            self._settle()

    def add_zeros(self, times: int) -> None:
        """Count 0 so many times."""
        if times > 0:
            self._settle()
            self._count += times
            self._bins[0] += times
            self._widen([0])

    def merge(self, other: Histogram) -> None:
        """Count all that `other` has counted."""
        other._settle()
        self._settle()
        self._bins.update(other._bins)
        self._count += other._count
        self._total += other._total
        self._widen([end for end in (other._least, other._greatest) if end is not None])

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        self._settle()
        ends = {"total": self._total, "least": self._least, "greatest": self._greatest}
        return {"bins": [[key, times] for key, times in sorted(self._bins.items())], **ends}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Histogram:
        """What `as_dict` gave."""
        histogram = cls()
        histogram._bins.update(dict(data["bins"]))
        histogram._count = sum(histogram._bins.values())
        histogram._total, histogram._least, histogram._greatest = data["total"], data["least"], data["greatest"]
        return histogram

    @property
    def count(self) -> int:
        return self._count + len(self._pending)

    @property
    def total(self) -> int:
        self._settle()
        return self._total

    @property
    def least(self) -> int | None:
        """None when nothing was counted, as below."""
        self._settle()
        return self._least

    @property
    def greatest(self) -> int | None:
        self._settle()
        return self._greatest

    @property
    def mean(self) -> float | None:
        return self.total / self._count if self.count else None

    def percentile(self, share: float) -> int | None:
        """The least value that is not exceeded by `share` (0 to 1) of those counted: the nearest rank."""
        self._settle()
        if self._least is None or self._greatest is None:
            return None
        rank = max(1, ceil(share * self._count))
        for key in sorted(self._bins):
            rank -= self._bins[key]
            if rank <= 0:
                return min(max(_middle(key), self._least), self._greatest)
        return self._greatest

    def _settle(self) -> None:
        """Put what is pending into its bins."""
        pending = self._pending
        if not pending:
            return
        self._count += len(pending)
        self._total += sum(pending)
        self._widen(pending)
        self._bins.update(  # a bin's number: how far its values are shifted, and their leading bits
            [
                shift << _BITS | value >> shift if (shift := value.bit_length() - _BITS) > 0 else value
                for value in pending
            ]
        )
        pending.clear()

    def _widen(self, values: list[int]) -> None:
        """Have the ends take in `values`."""
        if values:
            least, greatest = min(values), max(values)
            self._least = least if self._least is None else min(least, self._least)
            self._greatest = greatest if self._greatest is None else max(greatest, self._greatest)


def _middle(key: int) -> int:
    shift, leading = key >> _BITS, key & _EXACT - 1
    return (leading << shift) + ((1 << shift) - 1) // 2
