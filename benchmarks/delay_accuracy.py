"""How exact a delay is by the wall: 10,000 packets a second through a link of 5 ms, beside plain asyncio timers.

    python benchmarks/delay_accuracy.py [--seconds N] [--rate N]

All ways take turns of a second, so that a neighbour on the machine disturbs them alike:

    link       a link inside one process: from when a packet should have arrived until it did
    tunnel     a link to another process, to the delivery there: the tunnel and the other's waking up are in it
    asyncio    the event loop's own timers, each set to a packet's very instant
    uvloop     the same

Below 0 is early.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Final

import uvloop

from testbed.clock import MICROSECOND, MILLISECOND, SECOND, Clock
from testbed.link.link import Link
from testbed.link.spec import DirectionSpec
from testbed.runtime.real import RealTime
from testbed.runtime.tunnel import Tunnel
from testbed.trace.tracer import SILENT_LINK
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, Segment

DELAY: Final = 5 * MILLISECOND
SIZE: Final = 1000
SETTLING: Final = 50 * MILLISECOND
"""Before the first packet, and after the last."""

BINS: Final = (-200, 0, 25, 50, 75, 100, 150, 200, 500, 1000, 2000, 5000, 1_000_000)
"""Upper ends of the histogram's bins, in µs."""

Deliver = Callable[[Packet, int], None]


class Source:
    """Pushes a packet onto a link every `gap` ns. Its number is its sequence number."""

    def __init__(self, clock: Clock, deliver: Deliver, gap: int, count: int) -> None:
        self._clock = clock
        self._link = Link("l1", DirectionSpec(delay=DELAY), clock, 1, deliver, SILENT_LINK)
        self._gap = gap
        self._count = count
        clock.at(0, Source._push, self)

    def _push(self, now: int) -> None:
        number = now // self._gap
        self._link.push(Packet(1, 2, Segment(1, 2, number, 0, ACK, 0, bytes(SIZE))), now)
        if number + 1 < self._count:
            self._clock.at(now + self._gap, Source._push, self)


def by_link(gap: int, count: int) -> list[int]:
    """Lateness (ns) of every packet of a link within a process."""
    late: list[int] = []

    async def main() -> None:
        clock = Clock()
        wall = RealTime(clock, asyncio.get_running_loop())
        Source(clock, lambda packet, due: late.append(wall.now() - due), gap, count)
        wall.begin(time.monotonic_ns() + SETTLING)
        await asyncio.sleep((gap * count + DELAY + 2 * SETTLING) / SECOND)
        wall.close()

    _run(uvloop.new_event_loop, main)
    return late


def by_tunnel(gap: int, count: int) -> list[int]:
    """Lateness of every packet when the link leads to another process."""
    here, there = get_context("fork").Pipe()
    other = get_context("fork").Process(target=_receive, args=(there, gap, count))
    other.start()

    async def main() -> None:
        clock = Clock()
        wall = RealTime(clock, asyncio.get_running_loop())
        tunnel = Tunnel(wall, "l1", "127.0.0.1")
        start = _meet(tunnel, here, time.monotonic_ns() + 2 * SETTLING)
        Source(clock, tunnel.outlet("l1"), gap, count)
        wall.begin(start)
        await asyncio.sleep((start + gap * count + DELAY + SETTLING - time.monotonic_ns()) / SECOND)
        tunnel.close()
        wall.close()

    _run(uvloop.new_event_loop, main)
    late: list[int] = here.recv()
    other.join()
    return late


def _receive(pipe: Connection, gap: int, count: int) -> None:
    """The other process: hand back how late packets were delivered."""
    late: list[int] = []

    async def main() -> None:
        clock = Clock()
        wall = RealTime(clock, asyncio.get_running_loop())
        tunnel = Tunnel(wall, "l1", "127.0.0.1")
        tunnel.inlet("l1", lambda packet, now: late.append(wall.now() - packet.segment.seq * gap - DELAY))
        start = _meet(tunnel, pipe, 0)
        wall.begin(start)
        await asyncio.sleep((start + gap * count + DELAY + SETTLING - time.monotonic_ns()) / SECOND)
        tunnel.close()
        wall.close()

    _run(uvloop.new_event_loop, main)
    pipe.send(late)


def _meet(tunnel: Tunnel, pipe: Connection, start: int) -> int:
    """Connect with the tunnel's other end; the start is the later of what both propose."""
    pipe.send((tunnel.address, start))
    peer, other = pipe.recv()
    tunnel.connect(peer)
    return max(start, int(other))


def by_timers(make_loop: Callable[[], asyncio.AbstractEventLoop]) -> Callable[[int, int], list[int]]:
    """Lateness of as many timers of an event loop."""

    def measure(gap: int, count: int) -> list[int]:
        late: list[int] = []

        async def main() -> None:
            loop = asyncio.get_running_loop()
            start = time.monotonic_ns() + SETTLING

            def arrive(due: int) -> None:
                late.append(time.monotonic_ns() - due)

            for number in range(count):
                pushed = start + number * gap
                if pushed > time.monotonic_ns() + MILLISECOND:
                    await asyncio.sleep(0.001)
                due = pushed + DELAY
                loop.call_later((due - time.monotonic_ns()) / SECOND, arrive, due)
            await asyncio.sleep((DELAY + SETTLING) / SECOND)

        _run(make_loop, main)
        return late

    return measure


def _run(make_loop: Callable[[], asyncio.AbstractEventLoop], main: Callable[[], object]) -> None:
    gc.collect()
    gc.disable()
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(main())  # type: ignore[arg-type]
    gc.enable()


WAYS: Final[dict[str, Callable[[int, int], list[int]]]] = {
    "link": by_link,
    "tunnel": by_tunnel,
    "asyncio": by_timers(asyncio.new_event_loop),
    "uvloop": by_timers(uvloop.new_event_loop),
}


def show(late: dict[str, list[int]]) -> None:
    """The histograms side by side, and the percentiles, in µs."""
    print(f"{'µs':>16}" + "".join(f"{way:>24}" for way in late))
    for below, end in zip((None, *BINS), BINS, strict=False):
        shares = [_share(values, below, end) for values in late.values()]
        if any(shares):
            name = f"below {end}" if below is None else f"{below} to {end}" if end < BINS[-1] else f"over {below}"
            print(f"{name:>16}" + "".join(f"{share:>8.2%} {'█' * round(14 * share):<15}" for share in shares))
    for name, rank in (("least", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)):
        print(f"{name:>16}" + "".join(f"{_rank(values, rank) / MICROSECOND:>12.0f}{'':12}" for values in late.values()))


def _share(values: list[int], low: int | None, end: int) -> float:
    floor = -SECOND if low is None else low * MICROSECOND
    return sum(floor <= value < end * MICROSECOND for value in values) / len(values)


def _rank(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    """Measure in turns, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5, help="for each way")
    parser.add_argument("--rate", type=int, default=10_000, help="packets a second")
    arguments = parser.parse_args()
    late: dict[str, list[int]] = {way: [] for way in WAYS}
    for _ in range(arguments.seconds):
        for way, measure in WAYS.items():
            late[way] += measure(SECOND // arguments.rate, arguments.rate)
    show(late)


if __name__ == "__main__":
    main()
