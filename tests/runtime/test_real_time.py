"""The wall drives the heap: in order, never early, with its lateness counted, and with what breaks brought to light.

Time is the test's own: `Wall` shows what it is told, `Bell` rings when it is told. It starts at an odd, large number,
so that nobody can take the wall's time for the experiment's.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from testbed.clock import MILLISECOND, SECOND, Clock
from testbed.runtime import real
from testbed.runtime.lateness import Lateness
from testbed.runtime.real import RealTime
from testbed.runtime.timerfd import Timer
from testbed.runtime.waker import NEAR
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, Segment

START = 7_777_777_777_777_777


class Bell(Timer):
    """A timer that rings when the test has it ring."""

    def __init__(self) -> None:
        self.due: int | None = None
        self._ears, self._mouth = socket.socketpair()
        self._ears.setblocking(False)

    def fileno(self) -> int:
        return self._ears.fileno()

    def set(self, due: int | None) -> None:
        self.due = due
        with suppress(BlockingIOError):
            self._ears.recv(64)

    def close(self) -> None:
        self._ears.close()
        self._mouth.close()

    async def ring(self) -> None:
        """Have the loop see it."""
        self._mouth.send(b"!")
        await asyncio.sleep(0.01)


class Room:
    """A clock under a wall that shows START and what the test adds."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.clock = Clock()
        self.passed = 0
        self.bell = Bell()
        self.time = RealTime(self.clock, loop, wall=lambda: START + self.passed, timer=self.bell)
        self.seen: list[tuple[str, int]] = []

    def at(self, due: int, name: str) -> None:
        """Have `name` seen at `due`."""
        self.clock.at(due, lambda name, now: self.seen.append((name, now)), name)

    def begin(self) -> Room:
        self.time.begin(START)
        return self


@pytest_asyncio.fixture
async def room() -> AsyncIterator[Room]:
    one = Room(asyncio.get_running_loop())
    yield one
    one.time.close()


# -- order and time --------------------------------------------------------------------------------------------------


async def test_an_action_is_told_the_time_that_it_asked_for(room: Room) -> None:
    room.at(10 * MILLISECOND, "packet")
    room.begin()
    room.passed = 10 * MILLISECOND - 1
    await room.bell.ring()
    assert room.seen == []
    room.passed = 10 * MILLISECOND + 12_345
    await room.bell.ring()
    assert room.seen == [("packet", 10 * MILLISECOND)]
    assert room.time.lateness.work.greatest == 12_345


async def test_the_timer_is_set_to_the_head_of_the_heap(room: Room) -> None:
    room.at(3 * MILLISECOND, "second")
    room.at(MILLISECOND, "first")
    room.begin()
    assert room.bell.due == START + MILLISECOND
    room.passed = MILLISECOND
    await room.bell.ring()
    assert room.bell.due == START + 3 * MILLISECOND
    room.passed = 3 * MILLISECOND
    await room.bell.ring()
    assert room.bell.due is None
    assert [name for name, _ in room.seen] == ["first", "second"]


async def test_what_arrives_comes_after_all_that_was_due_by_then(room: Room) -> None:
    room.begin()
    room.at(4, "due before")
    room.at(6, "due after")
    room.passed = 5
    assert room.time.arrive() == 5
    assert room.clock.now == 5
    assert room.seen == [("due before", 4)]
    room.passed = 6
    room.time.settle()
    assert room.seen == [("due before", 4), ("due after", 6)]


async def test_a_start_to_come_is_waited_for(room: Room) -> None:
    """And what arrives too early, from a machine whose clock is ahead, finds everybody at his post."""
    room.at(0, "server listens")
    room.time.begin(START + SECOND)
    assert room.time.now() == -SECOND
    assert room.bell.due == START + SECOND
    now = room.time.arrive()
    assert (now, room.time.behind, room.seen) == (0, True, [])
    room.at(now, "early SYN")
    room.passed = SECOND
    await room.bell.ring()
    assert room.seen == [("server listens", 0), ("early SYN", 0)]


async def test_before_a_start_is_known_nothing_happens(room: Room) -> None:
    room.at(0, "application")
    room.passed = SECOND
    room.time.settle()
    room.time.arrive()
    assert room.time.behind
    assert room.seen == []


# -- falling behind --------------------------------------------------------------------------------------------------


async def test_who_is_behind_does_a_part_and_keeps_the_order(room: Room) -> None:
    """What arrives meanwhile goes to the heap, and is done after everything that was due before it."""
    for number in range(1, real.MOST + 11):
        room.at(number, f"{number}")
    room.begin()
    room.passed = SECOND
    assert room.time.arrive() == SECOND
    assert room.time.behind
    assert len(room.seen) == room.clock.now == real.MOST
    room.at(SECOND, "arrival")
    room.time.settle()
    assert not room.time.behind
    assert room.seen[-2:] == [(f"{real.MOST + 10}", real.MOST + 10), ("arrival", SECOND)]


async def test_who_is_behind_goes_on_at_the_loops_next_turn(room: Room) -> None:
    """Others have theirs in between."""
    for number in range(2 * real.MOST):
        room.at(number, f"{number}")
    room.passed = SECOND
    room.begin()
    asyncio.get_running_loop().call_soon(lambda: room.seen.append(("another", SECOND)))
    await asyncio.sleep(0.01)
    assert len(room.seen) == 2 * real.MOST + 1
    assert room.seen.index(("another", SECOND)) >= real.MOST


async def test_what_is_due_soon_is_waited_for_without_the_timer(room: Room) -> None:
    room.at(MILLISECOND, "packet")
    room.begin()
    assert room.bell.due == START + MILLISECOND
    room.passed = MILLISECOND - NEAR + 1
    room.time.settle()
    assert room.bell.due is None
    await asyncio.sleep(0.01)
    assert room.seen == []
    room.passed = MILLISECOND
    await asyncio.sleep(0.01)
    assert room.seen == [("packet", MILLISECOND)]


async def test_lateness_is_at_most_what_is_counted(room: Room) -> None:
    """Each entry counts from when the first of its slice was due until the last was done."""
    late: list[int] = []

    def slow(name: str, now: int) -> None:
        late.append(room.passed - now)
        room.passed += 1000

    for number in range(50):
        room.clock.at(number, slow, "packet")
    room.passed = 60
    room.begin()
    counted = room.time.lateness.work
    assert counted.count == 50
    assert counted.total >= sum(late)
    assert (counted.least or 0) >= min(late)


async def test_a_watched_direction_has_its_lateness_counted(room: Room) -> None:
    got: list[int] = []
    watched = room.time.watch("l1", lambda packet, now: got.append(now))
    room.clock.at(500, watched, Packet(1, 2, Segment(1, 2, 3, 4, ACK, 5)))
    room.passed = 720
    room.begin()
    late = room.time.lateness.directions["l1"]
    assert (late.count, late.greatest, got) == (1, 220, [500])


# -- coroutines ------------------------------------------------------------------------------------------------------


async def test_a_coroutine_acts_at_the_walls_time(room: Room) -> None:
    room.begin()
    room.at(MILLISECOND, "due before")
    room.passed = 2 * MILLISECOND
    room.clock.catch_up()
    assert room.clock.now == 2 * MILLISECOND
    assert room.seen == [("due before", MILLISECOND)]
    room.at(room.clock.now + MILLISECOND, "its packet")
    await asyncio.sleep(0.01)
    assert room.bell.due == START + 3 * MILLISECOND


async def test_until_it_lets_go_time_stands_still(room: Room) -> None:
    room.begin()
    room.passed = 1000
    room.clock.catch_up()
    room.passed = 2000
    room.clock.catch_up()
    assert room.clock.now == 1000
    await asyncio.sleep(0.01)
    room.clock.catch_up()
    assert room.clock.now == 2000


async def test_who_comes_from_the_heap_does_not_drive_it(room: Room) -> None:
    def act(name: str, now: int) -> None:
        room.clock.catch_up()
        room.seen.append((name, room.clock.now))

    room.clock.at(1, act, "handler")
    room.at(2, "next")
    room.passed = 3
    room.begin()
    assert room.seen == [("handler", 1), ("next", 2)]


async def test_what_waits_for_the_end_of_a_batch_is_done_once(room: Room) -> None:
    flushed: list[int] = []
    room.begin()
    room.time.at_settle(lambda: flushed.append(room.time.now()))
    room.passed = 5
    room.time.settle()
    room.time.settle()
    assert flushed == [5]


# -- the end ---------------------------------------------------------------------------------------------------------


async def test_frozen_time_stands_still_and_the_heap_can_be_run_by_hand(room: Room) -> None:
    room.at(MILLISECOND, "in time")
    room.at(240 * SECOND, "TIME-WAIT is over")
    room.begin()
    room.passed = 2 * MILLISECOND
    room.time.settle()
    room.time.freeze()
    room.passed = 3 * MILLISECOND
    await room.bell.ring()
    assert room.time.now() == 2 * MILLISECOND
    counted = room.time.lateness.work.count
    room.clock.run()
    assert room.seen == [("in time", MILLISECOND), ("TIME-WAIT is over", 240 * SECOND)]
    assert room.time.lateness.work.count == counted


async def test_whoever_freezes_from_within_is_the_last_to_act(room: Room) -> None:
    room.clock.at(5, lambda subject, now: room.time.freeze(), None)
    room.clock.at(5, lambda subject, now: room.clock.clear(), None)
    room.at(6, "too late")
    room.passed = 10
    room.begin()
    assert room.seen == []
    assert room.time.now() == 10


async def test_an_interrupt_inside_ends_it_and_is_no_failure(room: Room) -> None:
    """SIGTERM may come at any moment; who is told is whoever runs the loop."""

    def interrupts(name: str, now: int) -> None:
        raise KeyboardInterrupt

    room.clock.at(5, interrupts, "")
    room.at(6, "never")
    room.begin()
    room.passed = 7
    with pytest.raises(KeyboardInterrupt):
        room.time.settle()
    assert not room.time.failed.done()
    assert room.seen == []


async def test_what_breaks_inside_ends_it_and_is_told(room: Room) -> None:
    def breaks(name: str, now: int) -> None:
        raise ZeroDivisionError(name)

    room.clock.at(5, breaks, "a mistake")
    room.at(6, "never")
    room.begin()
    room.passed = 7
    await room.bell.ring()
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        await room.time.failed
    await room.bell.ring()
    assert room.seen == []


async def test_what_breaks_while_a_coroutine_acts_is_not_the_coroutines(room: Room) -> None:
    def breaks(name: str, now: int) -> None:
        raise ZeroDivisionError(name)

    room.begin()
    room.clock.at(5, breaks, "a mistake")
    room.passed = 7
    room.clock.catch_up()
    assert isinstance(room.time.failed.exception(), ZeroDivisionError)


async def test_nobody_waits_for_a_failure_for_ever(room: Room) -> None:
    room.begin()
    room.time.close()
    assert room.time.failed.cancelled()


# -- by the real wall ------------------------------------------------------------------------------------------------


async def test_by_the_real_wall_nothing_is_early() -> None:
    clock = Clock()
    time = RealTime(clock, asyncio.get_running_loop())
    over = asyncio.get_running_loop().create_future()
    seen: list[tuple[int, int]] = []

    def see(due: int, now: int) -> None:
        seen.append((now, time.now()))
        if len(seen) == 50:
            over.set_result(None)

    for number in range(50):
        clock.at(number * 700_001, see, number)
    time.begin(real.time.monotonic_ns() + 5 * MILLISECOND)
    await asyncio.wait_for(over, 10)
    time.close()
    assert [now for now, _ in seen] == [number * 700_001 for number in range(50)]
    assert all(wall >= now for now, wall in seen)
    assert time.lateness.work.count == 50


# -- what is kept of it ----------------------------------------------------------------------------------------------


def some(*values: int, direction: str) -> Lateness:
    lateness = Lateness()
    for value in values:
        lateness.work.add(value)
        lateness.of(direction).add(value)
    return lateness


def test_lateness_survives_json_and_is_put_together() -> None:
    parts = [some(100, 200, direction="l1"), some(5000, direction="l2"), some(300, direction="l1")]
    copies = [Lateness.from_dict(part.as_dict()) for part in parts]
    whole: dict[str, Any] = Lateness.together(copies).as_dict()
    assert whole == Lateness.together(parts).as_dict()
    together = Lateness.from_dict(whole)
    assert (together.work.count, together.work.greatest) == (4, 5000)
    assert {name: one.greatest for name, one in together.directions.items()} == {"l1": 300, "l2": 5000}
