"""How fast a run goes, out of two of its snapshots: what flows delivered and links sent over the last second."""

from __future__ import annotations

from collections import deque
from typing import Final

from testbed.clock import SECOND
from testbed.experiment.world.snapshot import Snapshot

WINDOW: Final = SECOND
"""Of the run's own time: under the virtual clock it may be over before one has blinked."""


class Pace:
    """Remembers as many snapshots as the window takes. Rates are in bit/s, 0 where there is nothing to go by."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, Snapshot]] = deque([(0, Snapshot({}, {}))])  # nothing has happened at time 0

    def add(self, now: int, snapshot: Snapshot) -> None:
        """How the run stood at `now` (ns)."""
        if now == self._seen[-1][0]:
            self._seen.pop()
        self._seen.append((now, snapshot))
        while len(self._seen) > 1 and self._seen[1][0] <= now - WINDOW:
            self._seen.popleft()

    @property
    def latest(self) -> Snapshot:
        """The last that was added."""
        return self._seen[-1][1]

    def goodput(self, flow: str) -> float:
        """What both ends of `flow` read."""
        return self._rate(*(_bytes_read(snapshot, flow) for snapshot in self._both()))

    def throughput(self, direction: str) -> float:
        """What that direction of a link sent, headers included."""
        return self._rate(*(_bytes_sent(snapshot, direction) for snapshot in self._both()))

    def _both(self) -> tuple[Snapshot, Snapshot]:
        return self._seen[0][1], self._seen[-1][1]

    def _rate(self, before: int, after: int) -> float:
        duration = self._seen[-1][0] - self._seen[0][0]
        return 8 * (after - before) * SECOND / duration if duration > 0 else 0.0


def _bytes_read(snapshot: Snapshot, flow: str) -> int:
    ends = (snapshot.ends.get(f"{flow}.{role}") for role in ("client", "server"))
    return sum(end.bytes_read for end in ends if end is not None)


def _bytes_sent(snapshot: Snapshot, direction: str) -> int:
    seen = snapshot.directions.get(direction)
    return seen.bytes_sent if seen is not None else 0
