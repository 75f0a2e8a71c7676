"""Dynamic right-sizing: the receive buffer follows what the application takes in a round trip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

KIB = 1024
TUNED = {
    "auto_tuning": True, "receive_buffer": 1024 * KIB, "receive_buffer_initial": 16 * KIB, "window_scaling": True,
}  # fmt: skip
TRIP = "100ms"


def tuned(story: Callable[..., Any], **settings: Any) -> Any:
    """A server whose peer scales its windows by nothing, 100 ms away."""
    s = story(passive=True, **{**TUNED, **settings})
    return s.established(trip=TRIP, window_scale=0, **({"timestamp": 7} if settings.get("timestamps") else {}))


def one_round_trip(s: Any, size: int, *, reads: bool = True) -> None:
    """The peer sends `size` bytes, the application reads them, and a round trip passes."""
    while size > 0:
        s.receive("ACK", data=min(1000, size))
        size -= 1000
        if reads:
            s.take()
            s.read()
        s.take()
    s.tick(TRIP)


def window(s: Any) -> int:
    return s.connection.receiver.window


def test_the_first_window_is_the_initial_buffer_and_the_shift_is_the_largest_ones(story):
    s = story(passive=True, **TUNED)
    s.receive("SYN", seq=0, window_scale=0, mss=1000)
    s.expect("SYN,ACK", window=16 * KIB, window_scale=5)


@pytest.mark.parametrize("timestamps", [True, False], ids=["by timestamps", "by windows"])
def test_the_buffer_grows_with_what_is_read_in_a_round_trip(story, timestamps):
    s = tuned(story, timestamps=timestamps)
    sizes = []
    for size in (10_000, 16_000, 32_000, 64_000, 128_000):
        one_round_trip(s, min(size, window(s)))
        sizes.append(s.connection.receiver.buffer)
    assert sizes == sorted(sizes)
    assert sizes[-1] >= 2 * 128_000


def test_the_buffer_stops_at_its_maximum(story):
    s = tuned(story, timestamps=True, receive_buffer=64 * KIB)
    for _ in range(8):
        one_round_trip(s, min(64_000, window(s)))
    assert s.connection.receiver.buffer == 64 * KIB


def test_what_nobody_reads_does_not_enlarge_the_buffer(story):
    s = tuned(story, timestamps=True)
    for _ in range(4):
        one_round_trip(s, 4000, reads=False)
    assert s.connection.receiver.buffer == 16 * KIB


def test_a_slow_sender_gets_no_larger_buffer(story):
    s = tuned(story, timestamps=True)
    for _ in range(10):
        one_round_trip(s, 5000)
    assert s.connection.receiver.buffer == 16 * KIB


def test_bytes_beyond_a_hole_take_no_room_twice(story):
    """Data out of order counts once, when it is read: a hole neither shrinks the window nor stalls its growth."""
    s = tuned(story, timestamps=True)
    one_round_trip(s, 10_000)
    edge = s.connection.receiver.edge
    s.receive("ACK", seq=11_001, data=5000)
    s.take()
    assert s.connection.receiver.edge >= edge
    s.receive("ACK", seq=10_001, data=1000)
    s.take()
    assert len(s.read()) == 6000
    s.take()
    assert s.connection.receiver.edge >= edge + 6000


def test_without_it_the_buffer_is_what_it_is(story):
    s = tuned(story, auto_tuning=False, receive_buffer=64 * KIB)
    one_round_trip(s, 40_000)
    assert s.connection.receiver.buffer == 64 * KIB
