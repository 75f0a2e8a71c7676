"""Timers that a loop can watch: not one of them rings early."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from testbed.runtime.timerfd import LibraryTimer, SystemTimer, ThreadTimer, Timer, best_timer

MILLISECOND = 1_000_000
LONG = 3600 * 1000 * MILLISECOND


@pytest.fixture(params=[SystemTimer, LibraryTimer, ThreadTimer])
def timer(request: pytest.FixtureRequest) -> Iterator[Timer]:
    if request.param is SystemTimer and not hasattr(os, "timerfd_create"):
        pytest.skip("os.timerfd_create is of Python 3.13, on Linux")
    if request.param is LibraryTimer and sys.platform != "linux":
        pytest.skip("the timerfd is Linux's")
    one = request.param()
    yield one
    one.close()


async def rung(timer: Timer, act: Callable[[], None] = lambda: None) -> int:
    """When it rang, after `act` (ns)."""
    loop = asyncio.get_running_loop()
    ringing = loop.create_future()

    def ring() -> None:
        if not ringing.done():
            ringing.set_result(time.monotonic_ns())
        timer.set(None)

    loop.add_reader(timer.fileno(), ring)
    act()
    try:
        return await asyncio.wait_for(ringing, 10)
    finally:
        loop.remove_reader(timer.fileno())


async def test_it_never_rings_early(timer: Timer) -> None:
    for wait in (1, 50_000, 300_000, MILLISECOND + 1, 3 * MILLISECOND):
        due = time.monotonic_ns() + wait
        timer.set(due)
        assert await rung(timer) >= due


async def test_what_is_over_rings_at_once(timer: Timer) -> None:
    timer.set(1)
    assert await rung(timer) > 1


async def test_setting_it_again_replaces_what_was_set(timer: Timer) -> None:
    timer.set(time.monotonic_ns() + LONG)
    due = time.monotonic_ns() + MILLISECOND
    timer.set(due)
    assert await rung(timer) >= due
    due = time.monotonic_ns() + 5 * MILLISECOND
    timer.set(due - 4 * MILLISECOND)
    timer.set(due)
    assert await rung(timer) >= due


async def test_what_has_rung_is_hushed_by_setting_it_anew(timer: Timer) -> None:
    """Nobody need read anything from it."""
    timer.set(1)
    await rung(timer)
    timer.set(1)
    await asyncio.sleep(0.02)
    due = time.monotonic_ns() + 5 * MILLISECOND
    timer.set(due)
    assert await rung(timer) >= due


async def test_silenced_it_keeps_silent(timer: Timer) -> None:
    timer.set(time.monotonic_ns() + MILLISECOND)
    timer.set(None)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await rung(timer)


def test_linux_has_a_timerfd() -> None:
    one = best_timer()
    assert isinstance(one, ThreadTimer) == (sys.platform != "linux")
    one.close()


def test_a_closed_timer_leaves_nothing_behind() -> None:
    timer = ThreadTimer()
    thread = timer._thread
    timer.set(time.monotonic_ns() + LONG)
    timer.close()
    assert not thread.is_alive()
