"""The user timeout option (RFC 5482)."""

from __future__ import annotations

from typing import Any

import pytest

from testbed.clock import SECOND
from testbed.tcp.config import TcpConfig
from testbed.tcp.lifetime.user_timeout import KIND, advertise, advertised, agreed
from testbed.wire.segment import Segment


@pytest.mark.parametrize(
    ("timeout", "field", "read"),
    [(30, 30, 30), (32767, 32767, 32767), (32768, 0x8000 | 547, 547 * 60), (10**9, 0xFFFF, 32767 * 60)],
    ids=["seconds", "the last second", "the first minutes", "more than the field can say"],
)
def test_the_field_counts_seconds_or_minutes(timeout, field, read):
    segment = Segment(1, 2, 0, 0, 0, 0)
    advertise(segment, timeout * SECOND, 40)
    assert segment.unknown == ((KIND, field.to_bytes(2, "big")),)
    assert advertised(segment) == read * SECOND


def test_a_header_that_is_full_goes_without():
    segment = Segment(1, 2, 0, 0, 0, 0)
    advertise(segment, 5 * SECOND, 3)
    assert segment.unknown == ()


@pytest.mark.parametrize("body", [b"", b"\x01", b"\x00\x00", b"\x00\x01\x00"])
def test_a_field_that_says_nothing_is_ignored(body):
    segment = Segment(1, 2, 0, 0, 0, 0)
    segment.unknown = ((KIND, body),)
    assert advertised(segment) == 0


def test_the_longer_of_both_holds_within_limits():
    config = TcpConfig(user_timeout=200 * SECOND)
    assert [agreed(config, remote * SECOND) // SECOND for remote in (150, 500, 10**6)] == [200, 500, 3600]
    assert agreed(TcpConfig(), 5 * SECOND) == 100 * SECOND


def wait(s: Any, time: str) -> None:
    """Let `time` pass, whatever is sent meanwhile."""
    s.take()
    s.tick(time)
    s.take()


def option(seconds: int) -> dict[str, tuple[tuple[int, bytes], ...]]:
    return {"unknown": ((KIND, seconds.to_bytes(2, "big")),)}


def test_our_syn_tells_it_and_the_peers_is_followed(story):
    s = story(user_timeout=120 * SECOND, user_timeout_option=True, rto_max=60 * SECOND)
    s.open()
    s.expect("SYN", unknown=option(120)["unknown"])
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000, **option(300))
    s.expect("ACK")
    s.write(1000)
    wait(s, "299s")
    assert s.state == "ESTABLISHED"
    wait(s, "2s")
    assert (s.state, s.error) == ("CLOSED", "connection timed out")


def test_a_long_one_outlives_the_number_of_retransmissions(story):
    s = story(user_timeout_option=True, data_retries=3).established(**option(600))
    s.write(1000)
    wait(s, "599s")
    assert s.state == "ESTABLISHED"
    wait(s, "2s")
    assert s.state == "CLOSED"


def test_a_peer_that_does_not_ask_changes_nothing(story):
    s = story(user_timeout_option=True, data_retries=3).established()
    s.write(1000)
    wait(s, "60s")
    assert s.state == "CLOSED"


def test_switched_off_the_peers_wish_is_ignored(story):
    s = story(data_retries=3).established(**option(600))
    s.write(1000)
    wait(s, "60s")
    assert s.state == "CLOSED"
