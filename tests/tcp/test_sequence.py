"""Numbers that wrap on the wire and never within (RFC 9293 section 3.4), and where they begin (RFC 6528)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.tcp.sequence import initial_sequence, unwrap

SMALL = settings(derandomize=True, deadline=None, max_examples=200, database=None)

LOCAL, REMOTE = (0x0A000001, 49152), (0x0A000002, 5001)


@pytest.mark.parametrize(
    ("wire", "near", "absolute"),
    [
        (0, 2**32 - 1, 2**32),
        (2**32 - 1, 2**32, 2**32 - 1),
        (5, 3 * 2**32 + 4, 3 * 2**32 + 5),
        (2**32 - 1, 0, -1),
        (2**31 - 1, 0, 2**31 - 1),
        (2**31, 0, -(2**31)),
    ],
)
def test_the_nearest_number_with_these_32_bits_is_meant(wire, near, absolute):
    assert unwrap(wire, near) == absolute


@SMALL
@given(near=st.integers(0, 2**40), distance=st.integers(-(2**31), 2**31 - 1))
def test_any_number_less_than_half_the_space_away_comes_back(near, distance):
    assert unwrap((near + distance) % 2**32, near) == near + distance


def test_initial_numbers_advance_by_one_every_4_microseconds():
    secret = b"k" * 16
    first = initial_sequence(0, LOCAL, REMOTE, secret)
    assert initial_sequence(3_999, LOCAL, REMOTE, secret) == first
    assert initial_sequence(4_000, LOCAL, REMOTE, secret) == (first + 1) % 2**32
    assert initial_sequence(1_000_000_000, LOCAL, REMOTE, secret) == (first + 250_000) % 2**32


def test_initial_numbers_differ_by_quadruple_and_by_secret():
    numbers = {
        initial_sequence(0, LOCAL, REMOTE, b"a"),
        initial_sequence(0, LOCAL, REMOTE, b"b"),
        initial_sequence(0, (LOCAL[0], LOCAL[1] + 1), REMOTE, b"a"),
        initial_sequence(0, LOCAL, (REMOTE[0], REMOTE[1] + 1), b"a"),
        initial_sequence(0, REMOTE, LOCAL, b"a"),
    }
    assert len(numbers) == 5
    assert all(0 <= number < 2**32 for number in numbers)
