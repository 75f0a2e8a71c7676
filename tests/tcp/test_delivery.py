"""Delivery-rate samples: draft-cheng-iccrg-delivery-rate-estimation. A control that wants them writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from selective import acknowledge, in_flight, sent

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start, WindowBased

FIELDS = (
    "acked", "delivered", "lost", "prior_in_flight", "in_flight", "rtt", "total_delivered", "rate", "rate_delivered",
    "interval", "prior_delivered", "app_limited", "in_flight_then", "lost_since",
)  # fmt: skip


class Notes(WindowBased):
    """A window that stays, and what it was told."""

    samples = True

    def __init__(self, start: Start, taken: list[dict[str, Any]], lost: list[tuple[int, ...]]) -> None:
        super().__init__(start)
        self.taken, self.told = taken, lost

    def acknowledged(self, now: int, sample: Sample) -> str:
        self.taken.append({name: getattr(sample, name) for name in FIELDS})
        return ""

    def segment_lost(self, now: int, size: int, lost_since: int, in_flight_then: int, app_limited: bool) -> None:
        self.told.append((size, lost_since, in_flight_then))

    def grow(self, now: int, sample: Sample) -> str:
        return ""

    def reduced(self, in_flight: int) -> int:
        return self.cwnd


@dataclass(frozen=True, kw_only=True)
class NotesSpec(ControlSpec):
    taken: Any
    lost: Any

    def build(self, start: Start) -> Control:
        return Notes(start, self.taken, self.lost)


@pytest.fixture
def flight(story):
    """So many segments in flight, and more waiting; `s.taken` are the samples, `s.told` the losses."""

    def begin(segments=10, unsent=50_000, **settings):
        taken, lost = [], []
        s = in_flight(
            story, segments, unsent=unsent, congestion=NotesSpec(taken=taken, lost=lost),
            **{"rate_reduction": "off", **settings},
        )  # fmt: skip
        s.taken, s.told = taken, lost
        return s

    return begin


def test_a_window_acknowledged_at_once_was_delivered_in_a_round_trip(flight):
    s = flight()
    s.tick("100ms")
    acknowledge(s, 10_001)
    sample = s.taken[-1]
    assert (sample["rate_delivered"], sample["interval"]) == (10_000, 100 * MILLISECOND)
    assert sample["rate"] == 800_000  # 80 000 bits in 100 ms
    assert sample["rtt"] == 100 * MILLISECOND


def test_the_rate_is_that_of_the_acknowledgements_when_they_are_slower_than_the_sending(flight):
    """A bottleneck of a segment every 20 ms."""
    s = flight()
    s.tick("100ms")
    for ack in range(1001, 40_001, 1000):
        acknowledge(s, ack)
        s.tick("20ms")
    sample = s.taken[-1]
    assert sample["rate"] == 1000 * 8 * SECOND // (20 * MILLISECOND)
    assert sample["prior_delivered"] == sample["total_delivered"] - 10_000


def test_acknowledgements_in_a_heap_do_not_make_it_fast(flight):
    """What came within less than a round trip is over the longer of sending and acknowledging."""
    s = flight(20, unsent=0)
    s.tick("100ms")
    for ack in range(1001, 20_002, 1000):
        acknowledge(s, ack)
    assert max(sample["rate"] for sample in s.taken) == 20_000 * 8 * SECOND // (100 * MILLISECOND)


def test_a_slow_sender_is_not_a_fast_path(flight):
    """Segments 10 ms apart are acknowledged together: the send interval counts."""
    s = flight(1, unsent=0, initial_window=40, nagle=False)
    for _ in range(29):
        s.tick("10ms")
        s.write(1000)
        sent(s)
    acknowledge(s, 30_001)
    assert s.taken[-1]["interval"] == 290 * MILLISECOND


def test_what_is_acknowledged_late_and_all_at_once_took_as_long_as_it_took_to_send(flight):
    """A segment every 10 ms, and no acknowledgement between that of the first and that of all."""
    s = flight(1, unsent=0, initial_window=40, nagle=False)
    for number in range(1, 20):
        s.tick("10ms")
        if number == 10:
            acknowledge(s, 1001)
        s.write(1000)
        sent(s)
    s.tick("10ms")
    acknowledge(s, 20_001)
    assert s.taken[-1]["interval"] == 190 * MILLISECOND  # and not the 100 ms since the acknowledgement before


def test_after_silence_the_time_of_silence_does_not_count(flight):
    """With nothing in flight, C.first_send_time and C.delivered_time begin anew."""
    s = flight(2, unsent=0)
    s.tick("100ms")
    acknowledge(s, 2001)
    s.tick("500ms")
    s.write(2000)
    sent(s)
    s.tick("100ms")
    acknowledge(s, 4001)
    assert (s.taken[-1]["rate_delivered"], s.taken[-1]["interval"]) == (2000, 100 * MILLISECOND)


def test_what_is_selected_is_delivered_and_its_acknowledgement_later_is_not(flight):
    s = flight(rack=False)
    s.tick("100ms")
    acknowledge(s, 1, (2001, 4001))
    assert (s.taken[-1]["delivered"], s.taken[-1]["acked"], s.taken[-1]["total_delivered"]) == (2000, 0, 2000)
    acknowledge(s, 4001)
    assert (s.taken[-1]["delivered"], s.taken[-1]["acked"], s.taken[-1]["total_delivered"]) == (2000, 4000, 4000)


def test_of_several_segments_the_one_sent_last_makes_the_sample(flight):
    s = flight(2)
    s.tick("100ms")
    acknowledge(s, 1001)  # 2001 leaves, after 1000 bytes were delivered
    s.tick("100ms")
    acknowledge(s, 3001)
    assert s.taken[-1]["prior_delivered"] == 1000


def test_a_retransmission_is_a_sending_like_any_other(flight):
    """Its mark is of the last time, so that its acknowledgement is a good sample."""
    s = flight()
    s.tick("100ms")
    acknowledge(s, 1, (1001, 4001))
    delivered = s.taken[-1]["total_delivered"]
    s.tick("100ms")
    acknowledge(s, 10_001)
    assert s.taken[-1]["rtt"] == 0  # which of the copies it was is not known
    assert s.taken[-1]["prior_delivered"] == delivered - 3000 or s.taken[-1]["prior_delivered"] == 0


def test_while_the_application_has_no_more_the_samples_are_its_own(flight):
    s = flight(5, unsent=0, initial_window=10)
    s.tick("100ms")
    acknowledge(s, 5001)
    s.write(40_000)  # fills the window, but leaves before more has arrived than was there when it was not full
    assert sent(s) == [5001 + 1000 * number for number in range(10)]
    s.tick("100ms")
    assert len(acknowledge(s, 15_001)) == 10
    assert s.taken[-1]["app_limited"]
    s.tick("100ms")
    acknowledge(s, 25_001)
    assert not s.taken[-1]["app_limited"]


def test_a_write_that_does_not_fill_the_window_marks_what_leaves_next(flight):
    s = flight(5, unsent=0, initial_window=10)
    s.write(1000)
    sent(s)
    s.tick("100ms")
    acknowledge(s, 6001)
    assert s.taken[-1]["app_limited"]


def test_losses_while_the_application_had_no_more_do_not_make_the_samples_its_own_for_longer(flight):
    """s2n-quic PR1532: the end of such a time was counted without the segment that left last, and with what was lost,
    which would never arrive. Here it is sent again, and does."""
    s = flight(9, unsent=0, initial_window=10)
    s.tick("100ms")
    assert acknowledge(s, 1, (3001, 9001)) == [1, 1001, 2001]
    s.tick("100ms")
    acknowledge(s, 9001)
    s.write(60_000)
    assert len(sent(s)) == 10
    s.tick("100ms")
    assert len(acknowledge(s, 19_001)) == 10
    assert s.taken[-1]["app_limited"]  # left when the last of the nine had only just arrived
    s.tick("100ms")
    acknowledge(s, 29_001)
    assert not s.taken[-1]["app_limited"]


def test_a_full_window_is_not_the_applications(flight):
    s = flight(10, unsent=5000)
    s.tick("100ms")
    acknowledge(s, 10_001)
    assert not s.taken[-1]["app_limited"]


def test_losses_between_sending_and_arriving_are_counted(flight):
    s = flight()
    s.tick("100ms")
    acknowledge(s, 1, (3001, 6001))
    assert s.taken[-1]["lost"] == s.taken[-1]["lost_since"] == 3000
    assert [told[:2] for told in s.told] == [(1000, 1000), (1000, 2000), (1000, 3000)]


def test_what_was_in_flight_when_it_left_is_told_with_it(flight):
    s = flight()
    s.tick("100ms")
    acknowledge(s, 3001)
    assert s.taken[-1]["in_flight_then"] == 3000
    assert (s.taken[-1]["prior_in_flight"], s.taken[-1]["in_flight"]) == (10_000, 7000)


def test_nothing_is_delivered_twice(flight):
    s = flight()
    s.tick("100ms")
    acknowledge(s, 1, (1001, 4001))
    acknowledge(s, 1, (1001, 6001))
    acknowledge(s, 1, (3001, 6001), (8001, 9001))
    acknowledge(s, 6001, (8001, 9001))
    acknowledge(s, 10_001)
    assert sum(sample["delivered"] for sample in s.taken) == s.taken[-1]["total_delivered"] == 10_000


def test_without_sack_a_hole_that_is_filled_tells_of_the_retransmission(flight):
    """What waited beyond the hole was sent before it, and its round trip is not the path's."""
    s = flight(sack=False)
    s.tick("100ms")
    for _ in range(3):
        acknowledge(s, 1)
    s.tick("100ms")
    acknowledge(s, 10_001)
    assert s.taken[-1]["rtt"] == 0
