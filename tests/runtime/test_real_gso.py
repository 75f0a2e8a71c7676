"""Runs of datagrams in one call, and what happens where the system will not have them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.runtime.gso import LARGEST, MOST_SEGMENTS, SOL_UDP, UDP_SEGMENT, Receiver, Sender


class Wire:
    """In place of a connected socket: keeps what is sent, and fails as it is told."""

    def __init__(self, knows: bool = True) -> None:
        self.calls: list[list[bytes]] = []
        self.errors: list[OSError | None] = []
        self._knows = knows

    def getsockopt(self, level: int, option: int) -> int:
        if (level, option) == (SOL_UDP, UDP_SEGMENT) and self._knows:
            return 0
        raise OSError(errno.ENOPROTOOPT, "no such option")

    def send(self, datagram: bytes) -> None:
        self._take([datagram])

    def sendmsg(self, run: list[bytes], ancillary: list[Any]) -> None:
        [(level, kind, size)] = ancillary
        assert (level, kind) == (SOL_UDP, UDP_SEGMENT)
        assert int.from_bytes(size, "little") == len(run[0])
        self._take(list(run))

    def _take(self, run: list[bytes]) -> None:
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.calls.append(run)


def sender(wire: Wire) -> Sender:
    return Sender(cast(socket.socket, wire))


RUN = [b"a" * 100, b"b" * 100, b"c" * 100, b"d" * 60]


@given(st.lists(st.sampled_from([0, 1, 40, 40, 40, 52, 1500, 1500, 1500, 9000, 65_000]), max_size=300))
def test_every_run_is_one_that_the_kernel_takes(sizes: list[int]) -> None:
    wire = Wire()
    datagrams = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    assert sender(wire).send(datagrams) == len(datagrams)
    assert [one for run in wire.calls for one in run] == datagrams
    for run in wire.calls:
        lengths = [len(one) for one in run]
        assert len(run) == 1 or (len(run) <= MOST_SEGMENTS and sum(lengths) <= LARGEST)
        assert set(lengths[:-1]) <= {lengths[0]}
        assert len(run) == 1 or 0 < lengths[-1] <= lengths[0]


def test_a_run_ends_with_a_shorter_one() -> None:
    wire = Wire()
    sender(wire).send([*RUN, *RUN])
    assert wire.calls == [RUN, RUN]


@pytest.mark.parametrize("refusal", [errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.EOPNOTSUPP])
def test_who_is_refused_a_run_goes_one_by_one_for_good(refusal: int) -> None:
    wire = Wire()
    wire.errors = [OSError(refusal, "no")]
    one = sender(wire)
    assert one.send(RUN) == 4
    assert wire.calls == [[datagram] for datagram in RUN]
    assert not one.offload
    assert one.send(RUN) == 4
    assert len(wire.calls) == 8


def test_a_kernel_that_does_not_know_runs_is_not_asked_for_one() -> None:
    wire = Wire(knows=False)
    assert sender(wire).send(RUN) == 4
    assert wire.calls == [[datagram] for datagram in RUN]


@pytest.mark.parametrize("full", [BlockingIOError(errno.EAGAIN, "full"), OSError(errno.ENOBUFS, "full")])
def test_what_finds_no_room_is_lost_and_not_waited_for(full: OSError) -> None:
    wire = Wire()
    wire.errors = [full, full] if full.errno == errno.ENOBUFS else [full]
    one = sender(wire)
    assert one.send([*RUN, *RUN]) == 4
    assert wire.calls == [RUN]
    assert one.offload


@pytest.mark.parametrize("count", [1, 4])
def test_an_error_of_an_earlier_datagram_costs_no_later_one(count: int) -> None:
    wire = Wire()
    wire.errors = [ConnectionRefusedError(errno.ECONNREFUSED, "nobody there")]
    assert sender(wire).send(RUN[:count]) == count
    assert wire.calls == [RUN[:count]]


# -- a real pair -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for one in (left, right):
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
    left.connect(right.getsockname())
    right.connect(left.getsockname())
    yield left, right
    left.close()
    right.close()


@pytest.mark.parametrize("sends", [True, False])
@pytest.mark.parametrize("receives", [True, False])
def test_datagrams_stay_what_they_are(pair: tuple[socket.socket, socket.socket], sends: bool, receives: bool) -> None:
    """Whoever of both knows runs, or neither."""
    left, right = Sender(pair[0], sends), Receiver(pair[1], receives)
    datagrams = [*RUN, b"", b"x", *[bytes([n]) * 1500 for n in range(50)], b"y" * LARGEST, b"z" * 40]
    got = []
    for at in range(0, len(datagrams), 10):
        assert left.send(datagrams[at : at + 10]) == len(datagrams[at : at + 10])
        while some := right.receive():
            got += some
    assert got == datagrams


def test_nothing_waits(pair: tuple[socket.socket, socket.socket]) -> None:
    assert Receiver(pair[1]).receive() == []


def test_a_peer_that_has_gone_is_no_error(pair: tuple[socket.socket, socket.socket]) -> None:
    left, receiver = Sender(pair[0]), Receiver(pair[0])
    pair[1].close()
    for _ in range(4):
        left.send([b"hello", b"world"])
        assert receiver.receive() == []


def test_what_is_too_large_for_a_datagram_is_lost(pair: tuple[socket.socket, socket.socket]) -> None:
    assert Sender(pair[0]).send([b"x" * (LARGEST + 1), b"y"]) == 1
