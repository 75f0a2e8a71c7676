"""The two buffers, against the simplest thing that could be right: a byte array."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.tcp.receiving.reassembly import Reassembly
from testbed.tcp.sending.send_buffer import SendBuffer

SMALL = settings(derandomize=True, deadline=None, max_examples=150, database=None)

LENGTH = 200
TEXT = bytes(range(LENGTH))

FIRSTS = [1, 2**32 - 3]

PIECES = st.lists(st.tuples(st.integers(0, LENGTH - 1), st.integers(0, 60)), max_size=30)


# -- reassembly --------------------------------------------------------------------------------------------------------


@SMALL
@given(first=st.sampled_from(FIRSTS), pieces=PIECES, reads=st.lists(st.integers(0, 80), max_size=10))
def test_whatever_comes_in_whatever_order_is_read_as_it_was_written(first, pieces, reads):
    reassembly = Reassembly(first)
    have = bytearray(LENGTH)  # the reference: 1 for each byte that has come
    read = b""
    for number, (start, size) in enumerate(pieces):
        before = in_order(have)
        data = TEXT[start : start + size]
        have[start : start + len(data)] = b"\x01" * len(data)
        assert reassembly.insert(first + start, data) == in_order(have) - before
        if number < len(reads):
            read += reassembly.read(reads[number])
        assert reassembly.next - first == in_order(have)
        assert reassembly.unread == in_order(have) - len(read)
        assert_islands(reassembly, have, first)
    read += reassembly.read(LENGTH)
    assert read == TEXT[: in_order(have)]


def in_order(have: bytearray) -> int:
    end = have.find(0)
    return LENGTH if end < 0 else end


def assert_islands(reassembly: Reassembly, have: bytearray, first: int) -> None:
    """The islands are the stretches of ones beyond the first nought, and hold the bytes that belong there."""
    expected, place = [], in_order(have)
    while (start := have.find(1, place)) >= 0:
        place = have.find(0, start)
        place = LENGTH if place < 0 else place
        expected.append((first + start, first + place))
    assert [(island.start, island.end) for island in reassembly.islands] == expected
    assert sorted(reassembly.blocks(100)) == expected
    for island in reassembly.islands:
        assert b"".join(island.pieces) == TEXT[island.start - first : island.end - first]


@SMALL
@given(pieces=PIECES)
def test_the_first_block_is_always_the_one_that_has_just_grown(pieces):
    """RFC 2018 section 4: the first block holds the segment that triggered the acknowledgement."""
    reassembly = Reassembly(0)
    for start, size in pieces:
        before = {(island.start, island.end) for island in reassembly.islands}
        fresh = reassembly.insert(start, TEXT[start : start + size])
        grown = {(island.start, island.end) for island in reassembly.islands} - before
        if grown and not fresh:
            assert reassembly.blocks(1) == tuple(grown)


def test_of_two_copies_of_a_byte_the_first_is_kept():
    reassembly = Reassembly(0)
    reassembly.insert(2, b"CD")
    reassembly.insert(0, b"abcdef")
    assert reassembly.read(10) == b"abCDef"


def test_the_first_copy_is_kept_beyond_a_hole_as_well():
    reassembly = Reassembly(0)
    reassembly.insert(3, b"DE")
    reassembly.insert(2, b"cdefg")
    reassembly.insert(0, b"ab")
    assert reassembly.read(10) == b"abcDEfg"


def test_islands_that_touch_become_one():
    reassembly = Reassembly(0)
    reassembly.insert(2, b"c")
    reassembly.insert(4, b"e")
    assert len(reassembly.islands) == 2
    reassembly.insert(3, b"d")
    assert reassembly.blocks(4) == ((2, 5),)


# -- the send buffer ---------------------------------------------------------------------------------------------------


@SMALL
@given(
    first=st.sampled_from(FIRSTS),
    steps=st.lists(st.tuples(st.sampled_from(["write", "release", "slice"]), st.integers(0, 100)), max_size=60),
)
def test_the_send_buffer_gives_back_what_was_written_and_not_released(first, steps):
    buffer = SendBuffer(first, 150)
    written, released, ends = b"", 0, set()
    for step, amount in steps:
        if step == "write":
            data = bytes((len(written) + place) & 0xFF for place in range(amount))
            taken = buffer.write(data)
            assert taken == min(amount, 150 - (len(written) - released))
            written += data[:taken]
            ends |= {len(written)} if taken else set()
        elif step == "release":
            released = min(released + amount, len(written))
            buffer.release(first + released)
        elif released < len(written):
            place = released + amount % (len(written) - released)
            size = min(amount + 1, len(written) - place)
            assert buffer.cut(first + place, size) == (written[place : place + size], place + size in ends)
        assert buffer.room == 150 - (len(written) - released)
        assert (buffer.start, buffer.end) == (first + released, first + len(written))


@pytest.mark.parametrize("writes", [1, 63, 64, 65, 500])
def test_many_acknowledged_writes_leave_nothing_behind(writes):
    buffer = SendBuffer(0, 10_000)
    for number in range(writes):
        buffer.write(b"xy")
        buffer.release(2 * number + 2)
    assert buffer.room == 10_000
    buffer.write(b"last")
    assert buffer.cut(2 * writes, 4) == (b"last", True)
    assert len(buffer._writes) <= 65
