"""A link on a bench: packets in at chosen times, a note of all that comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from testbed.clock import Clock
from testbed.link.link import Link
from testbed.link.spec import DirectionSpec
from testbed.trace.tracer import LinkTracer
from testbed.wire.packet import NOT_ECT, Packet
from testbed.wire.segment import ACK, Segment, read_flags

A, B = 0x0A000001, 0x0A000002


class Notes(LinkTracer):
    """Writes down what the link tells."""

    def __init__(self) -> None:
        self.queued: list[tuple[int, int, int, int]] = []
        self.dropped: list[tuple[int, Packet, str]] = []
        self.marked: list[tuple[int, Packet, str]] = []
        self.started: list[tuple[int, Packet, int]] = []

    def queue(self, now: int, packets: int, size: int, waited: int) -> None:
        self.queued.append((now, packets, size, waited))

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        self.dropped.append((now, packet, reason))

    def mark(self, now: int, packet: Packet, reason: str) -> None:
        self.marked.append((now, packet, reason))

    def sent(self, now: int, packet: Packet, duration: int) -> None:
        self.started.append((now, packet, duration))


class Bench:
    """`push(packet, at=…)`, then `run()`, then look at `arrived` and `notes`."""

    def __init__(self, spec: DirectionSpec, seed: int = 1, name: str = "l1") -> None:
        self.clock = Clock()
        self.notes = Notes()
        self.arrived: list[tuple[int, Packet]] = []
        addresses = {"a": A, "b": B}
        self.link = Link(name, spec, self.clock, seed, self._note_arrival, self.notes, addresses)

    def _note_arrival(self, packet: Packet, now: int) -> None:
        self.arrived.append((now, packet))

    def push(self, packet: Packet, at: int = 0) -> Packet:
        self.clock.at(at, self.link.push, packet)
        return packet

    def push_all(self, packets: Iterable[Packet], at: int = 0, apart: int = 0) -> None:
        for index, packet in enumerate(packets):
            self.push(packet, at + index * apart)

    def change(self, spec: DirectionSpec, at: int) -> None:
        self.clock.at(at, self.link.change, spec)

    def run(self) -> Bench:
        self.clock.run()
        return self

    @property
    def times(self) -> list[int]:
        return [now for now, _ in self.arrived]

    @property
    def numbers(self) -> list[int]:
        """The packets that arrived, by the sequence number that `numbered` gave them."""
        return [packet.segment.seq for _, packet in self.arrived]


def make_packet(
    size: int = 1500, seq: int = 0, flags: int | str = ACK, source: int = A, destination: int = B,
    source_port: int = 1000, destination_port: int = 5001, payload: bytes | None = None, ecn: int = NOT_ECT,
) -> Packet:  # fmt: skip
    """A packet of `size` bytes, filled with data, unless its `payload` is given."""
    bits = read_flags(flags) if isinstance(flags, str) else flags
    data = bytes(max(0, size - 40)) if payload is None else payload
    segment = Segment(source_port, destination_port, seq, 0, bits, 65535, data)
    packet = Packet(source, destination, segment)
    packet.ecn = ecn
    return packet


@pytest.fixture(scope="session")
def bench() -> type[Bench]:
    return Bench


@pytest.fixture(scope="session")
def packet() -> Callable[..., Packet]:
    return make_packet


@pytest.fixture(scope="session")
def numbered() -> Callable[..., list[Packet]]:
    """`numbered(5)`: packets whose sequence numbers are 1 to 5."""

    def make(count: int, size: int = 1500) -> list[Packet]:
        return [make_packet(size, seq=number) for number in range(1, count + 1)]

    return make
