"""Two hosts for programs written as coroutines; tests that are coroutines run in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
import uvloop

from testbed.clock import MILLISECOND, Clock
from testbed.host.host import Host
from testbed.link.link import Link
from testbed.link.spec import DirectionSpec
from testbed.runtime.virtual import VirtualLoop
from testbed.tcp.config import TcpConfig
from testbed.trace.tracer import SILENT_LINK

DELAY = 10 * MILLISECOND
CONFIG = TcpConfig(msl=MILLISECOND, send_buffer=8000, receive_buffer=8000)

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "virtual": lambda: VirtualLoop(Clock()),
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def pytest_asyncio_loop_factories(config: Any, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    """Streams are for every loop, real time for real ones; all else here is about virtual time."""
    if item.path.name == "test_streams.py":
        return LOOPS
    real = item.path.name.startswith("test_real")
    return {name: make for name, make in LOOPS.items() if (name != "virtual") == real}


class Lan:
    """`left` and `right`, 10 ms apart, with buffers so small that they fill."""

    def __init__(self, clock: Clock, seed: int = 1, spec: DirectionSpec | None = None) -> None:
        self.clock = clock
        self.left = Host("left", 0x0A000001, clock, seed, config=CONFIG)
        self.right = Host("right", 0x0A000002, clock, seed, config=CONFIG)
        for name, source, target in (("l1", self.left, self.right), ("l1.reverse", self.right, self.left)):
            link = Link(name, spec or DirectionSpec(delay=DELAY), clock, seed, target.ip.receive, SILENT_LINK)
            source.routes[target.address] = source.attach(name, link)


@pytest.fixture
def make_lan() -> Callable[..., Lan]:
    return Lan


@pytest_asyncio.fixture
async def lan() -> AsyncIterator[Lan]:
    """A network on the test's loop. A loop that is not virtual has a task that turns the clock's handle."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop):
        yield Lan(loop.clock)
        return
    clock = Clock()
    turning = loop.create_task(_turn(clock))
    yield Lan(clock)
    turning.cancel()
    with suppress(asyncio.CancelledError):
        await turning


async def _turn(clock: Clock) -> None:
    while True:
        clock.step()
        await asyncio.sleep(0)
