"""Putting the peer's bytes in order, whatever the network did to them (RFC 9293 section 3.10.7.4, seventh).

Bytes before `next` are in order: some wait for the application, the others were read. Beyond a hole lie islands,
which never touch or overlap. Where two copies of a byte differ, the first to arrive is kept.
"""

from __future__ import annotations

from collections import deque
from itertools import islice


class Island:
    """Bytes [start, end) beyond a hole."""

    __slots__ = ("end", "pieces", "start")

    def __init__(self, start: int, end: int, pieces: list[bytes]) -> None:
        self.start = start
        self.end = end
        self.pieces = pieces


class Reassembly:
    """The receive buffer's contents. Absolute sequence numbers."""

    __slots__ = ("_latest", "_ready", "islands", "next", "unread")

    def __init__(self, first: int) -> None:
        self.next = first
        self.unread = 0
        self.islands: list[Island] = []
        self._ready: deque[bytes] = deque()
        self._latest: dict[Island, None] = {}  # the same islands, the one that grew last at the end

    def insert(self, seq: int, data: bytes) -> int:
        """Take `data` at `seq`; return how many bytes came into order. The caller has cut it to the window."""
        before = self.next
        if seq < before:
            data = data[before - seq :]
            seq = before
        if not data:
            return 0
        if seq > before:
            self._store(seq, data)
            return 0
        if self.islands and self.islands[0].start < seq + len(data):
            self._latest[self._merge(seq, data)] = None  # part of it has come before, and is kept
        else:
            self.append(data)
        while self.islands and self.islands[0].start <= self.next:
            island = self.islands.pop(0)
            del self._latest[island]
            self._join(island)
        return self.next - before

    def append(self, data: bytes) -> None:
        """Take `data`, which comes next, and after which there is a hole or nothing."""
        self._ready.append(data)
        size = len(data)
        self.unread += size
        self.next += size

    def held(self, start: int, end: int) -> tuple[int, int] | None:
        """The first stretch of [start, end) that has come before, or None (RFC 2883 section 4)."""
        if start < self.next:
            return start, min(end, self.next)
        for island in self.islands:
            if island.start < end and island.end > start:
                return max(start, island.start), min(end, island.end)
        return None

    def read(self, limit: int) -> bytes:
        """Up to `limit` bytes in order, which are then forgotten."""
        ready = self._ready
        if len(ready) == 1 and len(ready[0]) <= limit:  # an application that reads each segment as it comes
            self.unread = 0
            return ready.popleft()
        taken = []
        while ready and limit > 0:
            piece = ready.popleft()
            if len(piece) > limit:
                ready.appendleft(piece[limit:])
                piece = piece[:limit]
            taken.append(piece)
            limit -= len(piece)
        data = taken[0] if len(taken) == 1 else b"".join(taken)
        self.unread -= len(data)
        return data

    def blocks(self, most: int) -> tuple[tuple[int, int], ...]:
        """Up to `most` islands, the one that grew last first (RFC 2018 section 4)."""
        return tuple((island.start, island.end) for island in islice(reversed(self._latest), most))

    def _join(self, island: Island) -> None:
        """The hole before `island` is closed; what arrived twice is cut off its front."""
        for piece in island.pieces:
            overlap = self.next - island.start
            island.start += len(piece)
            if overlap < len(piece):
                self.append(piece[overlap:] if overlap > 0 else piece)

    def _store(self, seq: int, data: bytes) -> None:
        """Keep `data` beyond a hole, filling only what is missing; islands that touch become one."""
        last = self.islands[-1] if self.islands else None
        if last is None or last.end < seq:  # the usual case: beyond everything
            last = Island(seq, seq + len(data), [data])
            self.islands.append(last)
        elif last.end == seq:  # or just after it
            last.pieces.append(data)
            last.end += len(data)
            del self._latest[last]
        else:
            last = self._merge(seq, data)
        self._latest[last] = None

    def _merge(self, seq: int, data: bytes) -> Island:
        """Keep `data` where it meets islands, or lies between them; return the island that it is in now."""
        end = seq + len(data)
        merged: list[Island] = []
        fresh = Island(seq, seq, [])
        cursor = seq
        for island in self.islands:
            if island.end < seq or island.start > end:
                merged.append(island)
                continue
            if island.start > cursor:
                fresh.pieces.append(data[cursor - seq : island.start - seq])
            fresh.start = min(fresh.start, island.start)
            fresh.pieces.extend(island.pieces)
            cursor = max(cursor, island.end)
            del self._latest[island]
        if cursor < end:
            fresh.pieces.append(data[cursor - seq :])
        fresh.end = max(end, cursor)
        merged.append(fresh)
        merged.sort(key=_start)
        self.islands = merged
        return fresh


def _start(island: Island) -> int:
    return island.start
