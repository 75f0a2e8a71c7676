"""The harness itself: a test that cannot fail is a defect."""

from __future__ import annotations

import pytest

Failed = pytest.fail.Exception


def test_a_segment_that_nobody_expected_fails_the_next_step(story):
    s = story()
    s.open()
    with pytest.raises(Failed, match="nobody expected SYN seq 0"):
        s.tick("1ms")


def test_silence_where_a_segment_was_expected_fails(story):
    with pytest.raises(Failed, match="nothing was sent"):
        story().expect("SYN")


@pytest.mark.parametrize("wrong", [{"seq": 1}, {"ack": 7}, {"window": 1}, {"mss": 5}, {"at": "1s"}])
def test_every_field_is_compared(story, wrong):
    s = story()
    s.open()
    with pytest.raises(Failed, match="expected"):
        s.expect("SYN", **wrong)


def test_wrong_flags_fail_and_the_failure_tells_every_step(story):
    s = story()
    s.open()
    with pytest.raises(Failed) as failure:
        s.expect("SYN,ACK")
    assert "- open" in str(failure.value)
    assert "CLOSED -> SYN-SENT" in str(failure.value)
    assert "> SYN seq 0" in str(failure.value)


def test_numbers_are_relative_to_either_end(story):
    s = story().established()
    s.receive("ACK", data=10)
    segment = s.expect("ACK", seq=1, ack=11)
    assert segment.seq == (s.isn + 1) % 2**32
    assert segment.ack == (s.peer_isn + 11) % 2**32


def test_what_the_application_wrote_is_compared_with_what_was_sent(story):
    s = story().established()
    s.written = b"something else"
    with pytest.raises(Failed, match="not what was written"):
        s.connection.write(s.now, b"payload of the wrong bytes")
        s.settle()
