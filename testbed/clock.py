"""The one heap that orders what happens next.

Time is an integer of nanoseconds since the experiment began. The clock never reads the machine's: a driver
advances it, by as much as it likes (virtual time) or as the wall allows (real time), and both call `run`.
An action is called as `action(subject, now)`, where `now` is the time that it asked for. Entries due at the
same instant run in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any, Final

Action = Callable[[Any, int], None]

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
FOREVER: Final = 1 << 62
"""Later than anything that will happen: about 146 years."""


def _nothing() -> None:
    """A clock that stands still between two entries is never behind."""


class Clock:
    """A heap of what is due, and the time of what is being done."""

    __slots__ = ("_heap", "_order", "_stopped", "catch_up", "now")

    def __init__(self, now: int = 0) -> None:
        self.now = now
        self.catch_up: Callable[[], None] = _nothing
        """For whoever acts from outside the heap, such as a coroutine: makes `now` true first. Set by the driver."""
        self._heap: list[tuple[int, int, Action, Any]] = []
        self._order = 0
        self._stopped = False

    def at(self, due: int, action: Action, subject: Any) -> None:
        """Call `action(subject, due)` at `due` (ns). A time in the past is due at once, after what is due already."""
        self._order += 1
        heappush(self._heap, (due if due > self.now else self.now, self._order, action, subject))

    def next_due(self) -> int | None:
        """When the head of the heap is due (ns), or None when nothing will ever happen.

        The head may be an alarm that has moved; running it then only puts it back.
        """
        return self._heap[0][0] if self._heap else None

    def run(self, until: int = FOREVER) -> None:
        """Do, in order, everything due by `until`, including what that adds; then return.

        `now` ends at the time of the last action done: advancing it further is for the driver to decide.
        """
        heap = self._heap
        self._stopped = False
        while heap and not self._stopped:
            entry = heappop(heap)
            due, _, action, subject = entry
            if due > until:
                heappush(heap, entry)  # once a call; looking before taking would cost every entry a little
                return
            self.now = due
            action(subject, due)

    def work(self, until: int, most: int) -> int:
        """As `run`, but do no more than `most`: a driver that falls behind has other work too. Says how many it did."""
        heap = self._heap
        done = 0
        while done < most and heap and heap[0][0] <= until:
            due, _, action, subject = heappop(heap)
            self.now = due
            action(subject, due)
            done += 1
        return done

    def pending(self) -> Iterator[tuple[int, Action, Any]]:
        """What is to come, in no order: when (ns), what, and of whom."""
        return ((due, action, subject) for due, _, action, subject in self._heap)

    def step(self) -> bool:
        """Do the next action, if there is one; say whether there was."""
        if not self._heap:
            return False
        due, _, action, subject = heappop(self._heap)
        self.now = due
        action(subject, due)
        return True

    def clear(self) -> None:
        """Let nothing that is to come happen: the run is over."""
        self._heap.clear()

    def stop(self) -> None:
        """Make the `run` in progress return after the action in progress."""
        self._stopped = True


class Alarm:
    """A deadline that moves often: setting it later costs nothing, for its entry in the heap is re-made lazily.

    A retransmission timer moves at every acknowledgement; cancelling and pushing each time would leave the heap
    full of dead entries.
    """

    __slots__ = ("_action", "_clock", "_queued", "_subject", "due")

    def __init__(self, clock: Clock, action: Action, subject: Any) -> None:
        self._clock = clock
        self._action = action
        self._subject = subject
        self._queued = FOREVER  # when our live entry in the heap is due
        self.due: int | None = None

    @property
    def subject(self) -> Any:
        """Whose alarm it is."""
        return self._subject

    def set(self, due: int | None) -> None:
        """Ring at `due` (ns) instead of whenever was asked before; None silences."""
        self.due = due
        if due is not None and due < self._queued:
            self._queued = due
            self._clock.at(due, Alarm._wake, self)

    @staticmethod
    def _wake(alarm: Alarm, now: int) -> None:
        if now < alarm._queued or alarm._queued == FOREVER:
            return  # an entry that an earlier deadline has replaced, or a leftover
        alarm._queued = FOREVER
        due = alarm.due
        if due is None:
            return
        if due > now:
            alarm.set(due)
            return
        alarm.due = None
        alarm._action(alarm._subject, now)
