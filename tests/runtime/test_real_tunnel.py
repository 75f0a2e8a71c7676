"""Packets cross a tunnel as they would a link; whatever else comes is counted and goes nowhere."""

from __future__ import annotations

import asyncio
import socket
import time as wall
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from testbed.clock import MILLISECOND, Clock
from testbed.runtime.gso import MOST_SEGMENTS
from testbed.runtime.real import RealTime
from testbed.runtime.tunnel import Tunnel
from testbed.wire.codec import encode
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, Segment


class Side:
    """One process's end, as far as the tunnel can tell."""

    def __init__(self, offload: bool = True, buffer: int = 2**20) -> None:
        self.clock = Clock()
        self.time = RealTime(self.clock, asyncio.get_running_loop())
        self.tunnel = Tunnel(self.time, "l1", "127.0.0.1", offload=offload, buffer=buffer)
        self.got: list[tuple[Packet, int]] = []
        self.tunnel.inlet("there", lambda packet, now: self.got.append((packet, now)))
        self.push = self.tunnel.outlet("here")

    def send(self, *packets: Packet) -> None:
        """Have them leave the link now."""
        self.clock.catch_up()
        for packet in packets:
            self.clock.at(self.clock.now, self.push, packet)

    def close(self) -> None:
        self.tunnel.close()
        self.time.close()


class Ends:
    """Both, connected."""

    def __init__(self, offload: bool = True, buffer: int = 2**20) -> None:
        self.left, self.right = Side(offload, buffer), Side(offload, buffer)
        self.left.tunnel.connect(self.right.tunnel.address)
        self.right.tunnel.connect(self.left.tunnel.address)

    def begin(self) -> Ends:
        start = wall.monotonic_ns()
        self.left.time.begin(start)
        self.right.time.begin(start)
        return self


@pytest_asyncio.fixture(params=[True, False], ids=["runs", "one by one"])
async def ends(request: pytest.FixtureRequest) -> AsyncIterator[Ends]:
    both = Ends(request.param)
    yield both
    both.left.close()
    both.right.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it; ten seconds are enough for anybody."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def packet(number: int, size: int = 100) -> Packet:
    segment = Segment(49152, 80, number, 4, ACK, 5, bytes([number % 256]) * size)
    segment.timestamp, segment.header_size = number, 32
    return Packet(0x0A000001, 0x0A000002, segment)


# -- packets ---------------------------------------------------------------------------------------------------------


async def test_packets_arrive_in_order_and_whole(ends: Ends) -> None:
    ends.begin()
    packets = [packet(number, size) for number in range(70) for size in (1448, 1448, 700, 0)]
    ends.left.send(*packets)
    await until(lambda: len(ends.right.got) == len(packets))
    assert [encode(one) for one, _ in ends.right.got] == [encode(one) for one in packets]
    assert ends.left.tunnel.stats.sent == ends.right.tunnel.stats.received == len(packets)


async def test_the_largest_packet_of_a_link_crosses(ends: Ends) -> None:
    ends.begin()
    ends.left.send(packet(1, 65_000 - 52))
    await until(lambda: bool(ends.right.got))
    assert ends.right.got[0][0].size == 65_000


async def test_both_directions_are_one_tunnel(ends: Ends) -> None:
    ends.begin()
    ends.left.send(packet(1))
    ends.right.send(packet(2))
    await until(lambda: bool(ends.right.got and ends.left.got))
    assert [one.segment.seq for one, _ in ends.left.got + ends.right.got] == [2, 1]


async def test_nobody_arrives_before_he_left_and_the_lateness_is_counted(ends: Ends) -> None:
    for number in range(20):
        ends.left.clock.at(number * MILLISECOND, ends.left.push, packet(number))
    ends.begin()
    await until(lambda: len(ends.right.got) == 20)
    assert all(now > one.segment.seq * MILLISECOND for one, now in ends.right.got)
    late = ends.left.time.lateness.directions["here"]
    assert late.count == 20
    assert (late.least or 0) > 0


async def test_what_comes_before_the_start_waits_for_it(ends: Ends) -> None:
    """Its sender's clock is ahead of ours."""
    order: list[str] = []
    ends.right.tunnel.inlet("there", lambda packet, now: order.append(f"SYN at {now}"))
    ends.right.clock.at(0, lambda subject, now: order.append("server listens"), None)
    ends.left.time.begin(wall.monotonic_ns())
    ends.left.send(packet(1))
    await until(lambda: ends.right.tunnel.stats.received == 1)
    assert order == []
    ends.right.time.begin(wall.monotonic_ns())
    assert order == ["server listens", "SYN at 0"]


async def test_after_the_end_nothing_arrives_or_leaves(ends: Ends) -> None:
    """The run's end is an entry of the heap, which a datagram that comes later brings about."""
    ends.right.clock.at(30 * MILLISECOND, lambda subject, now: ends.right.time.freeze(), None)
    ends.begin()
    wall.sleep(0.04)
    ends.left.send(packet(1))
    await until(lambda: ends.right.time.frozen)
    await asyncio.sleep(0.01)
    assert ends.right.got == []
    for number in range(100):
        ends.right.clock.at(10**12, ends.right.push, packet(number, 1448))
    ends.right.clock.run()
    assert ends.right.tunnel.stats.sent == 0
    assert ends.right.time.lateness.directions["here"].count == 0


# -- corruption and damage -------------------------------------------------------------------------------------------


async def test_a_corrupted_packet_arrives_as_it_has_become(ends: Ends) -> None:
    ends.begin()
    broken = packet(1)
    data = bytearray(encode(broken))
    data[60] ^= 0xFF
    broken.raw = bytes(data)
    ends.left.send(broken)
    await until(lambda: bool(ends.right.got))
    [(got, _)] = ends.right.got
    assert got.raw == broken.raw
    assert got.segment.seq == 1
    assert got.destination == broken.destination
    assert ends.right.tunnel.stats.malformed == 0


async def test_what_cannot_be_a_packet_is_malformed(ends: Ends) -> None:
    ends.begin()
    for data in (b"", b"x", b"x" * 39, b"x" * 40):
        broken = packet(1)
        broken.raw = data
        ends.left.send(broken)
    await until(lambda: ends.right.tunnel.stats.received == 4)
    assert ends.right.tunnel.stats.malformed == 3
    assert [one.raw for one, _ in ends.right.got] == [b"x" * 40]


# -- strangers -------------------------------------------------------------------------------------------------------


async def test_strangers_are_counted_and_turned_away(ends: Ends) -> None:
    ends.begin()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(5):
            stranger.sendto(encode(packet(666)), ends.right.tunnel.address)
    ends.left.send(packet(1))
    await until(lambda: ends.right.tunnel.stats.strangers == 5 and bool(ends.right.got))
    assert [one.segment.seq for one, _ in ends.right.got] == [1]
    assert ends.right.tunnel.stats.received == 1


async def test_who_came_before_the_peer_was_known_is_a_stranger() -> None:
    left, right = Side(), Side()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(3):
            stranger.sendto(encode(packet(666)), right.tunnel.address)
    left.tunnel.connect(right.tunnel.address)
    right.tunnel.connect(left.tunnel.address)
    right.time.begin(wall.monotonic_ns())
    await until(lambda: right.tunnel.stats.strangers == 3)
    assert right.got == []
    left.close()
    right.close()


# -- what is lost ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1000, 60_000])
@pytest.mark.parametrize("offload", [True, False], ids=["runs", "one by one"])
async def test_what_overflows_is_counted(offload: bool, size: int) -> None:
    """The receiver looks away until its buffer is full. Of a run that finds no room, the kernel may count one."""
    both = Ends(offload, buffer=2**17).begin()
    left, right = both.left.tunnel, both.right.tunnel
    count = 2000 if size == 1000 else 100
    for at in range(0, count, 50):
        for number in range(at, at + 50):
            both.left.push(packet(number, size), 0)
        both.left.time.settle()
    await until(lambda: bool(both.right.got))  # there is room again
    both.left.send(packet(count))
    await until(lambda: both.right.got[-1][0].segment.seq == count)
    lost = left.stats.sent - right.stats.received
    assert left.stats.sent == count + 1
    assert 0 < right.stats.overflowed <= lost <= right.stats.overflowed * (MOST_SEGMENTS if offload else 1)
    counted = right.stats.overflowed
    both.left.close()
    both.right.close()
    assert right.stats.overflowed == counted


async def test_what_the_system_does_not_take_is_counted(ends: Ends) -> None:
    ends.begin()
    ends.left.send(packet(1, 65_535 - 52))
    await until(lambda: ends.left.tunnel.stats.refused == 1)
    assert ends.left.tunnel.stats.sent == 0


async def test_a_peer_that_has_gone_is_survived(ends: Ends) -> None:
    ends.begin()
    ends.right.close()
    for number in range(5):
        ends.left.send(packet(number))
        await asyncio.sleep(0.002)
    assert not ends.left.time.failed.done()


# -- what is held ----------------------------------------------------------------------------------------------------


async def test_the_buffer_that_was_given_is_known(ends: Ends) -> None:
    assert ends.left.tunnel.receive_buffer > 0


async def test_a_closed_tunnel_gives_its_port_back() -> None:
    both = Ends().begin()
    addresses = [both.left.tunnel.address, both.right.tunnel.address]
    both.left.close()
    both.right.close()
    for address in addresses:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(address)


async def test_a_mistake_at_the_other_end_of_a_packet_ends_the_run(ends: Ends) -> None:
    def breaks(packet: Packet, now: int) -> None:
        raise ZeroDivisionError("a mistake")

    ends.right.tunnel.inlet("there", breaks)
    ends.begin()
    ends.left.send(packet(1))
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        await asyncio.wait_for(ends.right.time.failed, 10)
