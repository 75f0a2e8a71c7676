"""A path for tests of congestion controls: one bottleneck, and flows that tell their control what a sender would.

    path = Path(rate=10 * MBIT, buffer=50_000)
    flow = path.flow(CubicSpec().build(Start(1000, 10_000)), trip=50 * MILLISECOND)
    path.run(10 * SECOND)
    assert flow.delivered > 12_000_000

Nothing is left to chance. Segments are of one size, and the receiver tells of each that comes (selectively), so that
loss detection knows all: lost is what three later ones have overtaken. A timer finds what is lost at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count, takewhile

from testbed.clock import FOREVER, SECOND
from testbed.tcp.congestion.base import Control, Sample

MBIT = 10**6
THRESHOLD = 3


def heard(acked: int = 1000, limited: bool = True, **fields: int) -> Sample:
    """An acknowledgement by hand."""
    sample = Sample()
    sample.acked = sample.delivered = acked
    sample.limited = limited
    for name, value in fields.items():
        setattr(sample, name, value)
    return sample


class Path:
    """The bottleneck and the time. `rate`, `buffer` and `mark_above` may be changed on the way."""

    def __init__(self, rate: int, buffer: int, mark_above: int = FOREVER) -> None:
        """`buffer`: bytes that may wait; who comes when more than `mark_above` do is marked CE."""
        self.rate, self.buffer, self.mark_above = rate, buffer, mark_above
        self.now = 0
        self.drops = 0
        self._free_at = 0
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()

    def flow(self, control: Control, trip: int, **options: object) -> Flow:
        return Flow(self, control, trip, **options)  # type: ignore[arg-type]

    def at(self, time: int, action: Callable[[], None]) -> None:
        heappush(self._events, (time, next(self._order), action))

    def run(self, duration: int) -> None:
        until = self.now + duration
        while self._events and self._events[0][0] <= until:
            self.now, _, action = heappop(self._events)
            action()
        self.now = until

    @property
    def queue(self) -> int:
        """Bytes that wait or are being sent."""
        return max(self._free_at - self.now, 0) * self.rate // (8 * SECOND)

    def carry(self, size: int) -> tuple[int, bool]:
        """When a segment that comes now has passed the bottleneck (0: it was dropped), and whether it was marked."""
        queue = self.queue
        if queue and queue + size > self.buffer:
            self.drops += 1
            return 0, False
        self._free_at = max(self._free_at, self.now) + size * 8 * SECOND // self.rate
        return self._free_at, queue > self.mark_above


class Sent:
    """A segment, and how things stood when it was sent last."""

    arrived = resent = False
    order = sent_at = delivered = delivered_at = first_sent_at = in_flight = lost = 0
    app_limited = False


class Flow:
    """A sender and its receiver."""

    def __init__(
        self, path: Path, control: Control, trip: int, *, start: int = 0,
        writes: Iterable[tuple[int, int]] | None = None, lose: Callable[[int], bool] = lambda number: False,
    ) -> None:  # fmt: skip
        """`trip` is the round trip without a queue, `writes` (time, bytes) of the application, absent for no end of
        data from `start` on; `lose` says whether the n-th segment sent is lost, from 1."""
        self.path, self.control, self.trip, self.lose = path, control, trip, lose
        self.una = self.next = self.in_flight = self.delivered = self.sent = self.lost = self.written = 0
        self.recovering = self.repairing = False
        self.rtt = self.srtt = 0
        self.losses: list[int] = []  # when the control was told of one
        self.marks: list[int] = []
        self.timeouts: list[int] = []
        self.tell: Callable[[int, str], None] = lambda now, cause: None  # after each acknowledgement
        self._sample = Sample()
        self._flying: dict[int, Sent] = {}  # by order of sending
        self._held: dict[int, Sent] = {}  # not acknowledged cumulatively, by number
        self._again: list[Sent] = []
        self._recover = self._reacted = -1
        self._delivered_at = self._first_sent_at = self._app_limited = 0
        self._send_at = self._expires = 0
        for time, size in writes or [(start, FOREVER)]:
            path.at(time, lambda size=size: self._write(size))  # type: ignore[misc]

    def _write(self, size: int) -> None:
        self.written += size
        self.transmit()

    # -- sending -----------------------------------------------------------------------------------------------------

    def transmit(self) -> None:
        control, now, told = self.control, self.path.now, not self.control.samples
        while self.in_flight + control.mss <= control.cwnd and (self._again or self.next < self.written):
            if now < self._send_at:
                return
            if not self.in_flight:
                self._delivered_at = self._first_sent_at = now
            if not told:
                control.transmitted(now, self.in_flight, bool(self._app_limited))
                told = True
            self._send(self._again.pop(0) if self._again else self._fresh())
            if control.pacing_rate:
                self._send_at = now + control.mss * 8 * SECOND // control.pacing_rate
                self.path.at(self._send_at, self.transmit)
        if not self._again and self.next >= self.written and self.in_flight < control.cwnd:
            self._app_limited = max(self.delivered + self.in_flight, 1)

    def _fresh(self) -> Sent:
        segment = self._held[self.next] = Sent()
        self.next += self.control.mss
        return segment

    def _send(self, segment: Sent) -> None:
        self.sent += 1
        self.in_flight += self.control.mss
        segment.order, segment.sent_at = self.sent, self.path.now
        segment.delivered, segment.delivered_at = self.delivered, self._delivered_at
        segment.first_sent_at, segment.app_limited = self._first_sent_at, bool(self._app_limited)
        segment.in_flight, segment.lost = self.in_flight, self.lost
        if not self._flying:
            self._restart_timer()
        self._flying[self.sent] = segment
        passed, marked = self.path.carry(self.control.mss)
        if passed and not self.lose(self.sent):
            self.path.at(passed + self.trip, lambda order=self.sent: self._acknowledge(order, marked))  # type: ignore[misc]

    # -- an acknowledgement ------------------------------------------------------------------------------------------

    def _acknowledge(self, order: int, marked: bool) -> None:
        segment = self._flying.pop(order, None)
        if segment is None:
            return  # given up by the timer
        sample, control, now, size = self._sample, self.control, self.path.now, self.control.mss
        sample.prior_in_flight, sample.delivered = self.in_flight, size
        sample.limited = self.in_flight + size > control.cwnd
        segment.arrived = True
        self.in_flight -= size
        self.delivered += size
        self._measure(segment)
        before = self.una
        while self.una in self._held and self._held[self.una].arrived:
            del self._held[self.una]
            self.una += size
        over = self.recovering and self.una >= self._recover
        self.repairing = self.repairing and self.una < self._recover
        sample.lost = self._detect(order) * size
        if sample.lost and not self.recovering and not self.repairing:
            self.losses.append(now)
            control.lost(now, self.next - self.una)
            self.recovering, self._recover = True, self.next
        sample.acked, sample.una, sample.next = self.una - before, self.una, self.next
        sample.in_flight, sample.recovering, sample.repairing = self.in_flight, self.recovering, self.repairing
        sample.ece, sample.marked = marked, size * marked
        cause = control.acknowledged(now, sample)
        if over:
            self.recovering = False
            control.recovered(now, self.in_flight)
        elif marked and self.una > self._reacted and not self.recovering:
            self._reacted = self.next
            self.marks.append(now)
            control.marked(now, self.next - self.una)
        self._restart_timer()
        self.tell(now, cause)
        self.transmit()

    def _measure(self, segment: Sent) -> None:
        """The round trip, and the delivery rate."""
        sample, now = self._sample, self.path.now
        sample.rtt = 0 if segment.resent else now - segment.sent_at
        if sample.rtt:
            self.rtt = sample.rtt
            self.srtt += (self.rtt - self.srtt) // 8 if self.srtt else self.rtt
        sample.srtt = self.srtt
        self._delivered_at, self._first_sent_at = now, segment.sent_at
        if self.delivered > self._app_limited:
            self._app_limited = 0
        sample.total_delivered, sample.prior_delivered = self.delivered, segment.delivered
        sample.rate_delivered = self.delivered - segment.delivered
        sample.interval = max(segment.sent_at - segment.first_sent_at, now - segment.delivered_at)
        sample.rate = sample.rate_delivered * 8 * SECOND // sample.interval if sample.interval else 0
        sample.app_limited, sample.in_flight_then = segment.app_limited, segment.in_flight
        sample.lost_since = self.lost - segment.lost

    def _detect(self, newest: int) -> int:
        """Give up what was sent long enough before the `newest` that arrived; how many."""
        found = list(takewhile(lambda order: order + THRESHOLD <= newest, self._flying))
        for order in found:
            self._give_up(order)
        return len(found)

    def _give_up(self, order: int) -> None:
        segment, size = self._flying.pop(order), self.control.mss
        segment.resent = True
        self.in_flight -= size
        self.lost += size
        self._again.append(segment)
        if self.control.samples:
            since = self.lost - segment.lost
            self.control.segment_lost(self.path.now, size, since, segment.in_flight, segment.app_limited)

    # -- the timer ---------------------------------------------------------------------------------------------------

    def _restart_timer(self) -> None:
        runs = self._expires > self.path.now
        self._expires = self.path.now + max(SECOND, 2 * self.srtt)
        if not runs:
            self.path.at(self._expires, self._expire)

    def _expire(self) -> None:
        if self.path.now < self._expires:
            self.path.at(self._expires, self._expire)
        elif self._flying:
            self.timeouts.append(self.path.now)
            self.control.timed_out(self.path.now, self.next - self.una, self.recovering or self.repairing)
            for order in list(self._flying):
                self._give_up(order)
            self.recovering, self.repairing, self._recover = False, True, self.next
            self.transmit()
