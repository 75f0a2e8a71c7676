"""The bytes that the application has written, kept until they are acknowledged."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

_LOW_WATER: Final = 64 * 1024
"""Bytes of room that make a full buffer worth writing to again, or an eighth of a smaller one."""

_TIDY: Final = 64
"""Acknowledged writes that may lie at the front before the lists are cut."""


class SendBuffer:
    """A stretch of sequence space [start, end) with its bytes, in the pieces in which they were written.

    The pieces are kept as they came, so that a segment within one is a single slice, and so that the end of a
    write, where PSH belongs (RFC 9293 section 3.9.1.2), is known without a mark.
    """

    __slots__ = ("_ends", "_first", "_writes", "capacity", "end", "low_water", "start")

    def __init__(self, start: int, capacity: int) -> None:
        self.capacity = capacity
        self.low_water = min(capacity // 8 + 1, _LOW_WATER)
        self.start = start
        self.end = start
        self._writes: list[bytes] = []
        self._ends: list[int] = []  # absolute number after the last byte of each write
        self._first = 0  # index of the first write that is still needed

    @property
    def room(self) -> int:
        """Bytes that may be written now."""
        return self.capacity - (self.end - self.start)

    def write(self, data: bytes, whole: bool = False) -> int:
        """Take as much of `data` as there is room for, or, if `whole`, all or nothing; return how much.

        What is taken whole is kept as it is, not copied: a thousand writes of one object cost one object.
        """
        room = self.capacity - (self.end - self.start)
        if whole and len(data) > room:
            return 0
        piece = bytes(data) if len(data) <= room else bytes(data[: max(room, 0)])
        if piece:
            self.end += len(piece)
            self._writes.append(piece)
            self._ends.append(self.end)
        return len(piece)

    def release(self, upto: int) -> None:
        """Forget everything before `upto`: the peer has it."""
        self.start = upto
        ends = self._ends
        first = self._first
        while first < len(ends) and ends[first] <= upto:
            self._writes[first] = b""
            first += 1
        if first >= _TIDY:
            del self._writes[:first], ends[:first]
            first = 0
        self._first = first

    def cut(self, seq: int, size: int) -> tuple[bytes, bool]:
        """The `size` bytes from `seq` on, all of which must be held, and whether a write ends with them."""
        index = bisect_right(self._ends, seq, self._first)
        piece = self._writes[index]
        offset = seq - (self._ends[index] - len(piece))
        data = piece[offset : offset + size]
        while len(data) < size:
            index += 1
            data += self._writes[index][: size - len(data)]
        return data, self._ends[index] == seq + size
