"""Keep-alive: off by default, never while anything else tells that the peer lives (RFC 9293 section 3.8.4)."""

from __future__ import annotations

import pytest

from testbed.clock import SECOND
from testbed.tcp.config import TcpConfig

SOON = {"keepalive": True, "keepalive_idle": 100 * SECOND, "keepalive_interval": 10 * SECOND, "keepalive_probes": 3}


def test_it_is_off_unless_asked_for_and_waits_two_hours():
    """MUST-25 and MUST-28"""
    assert TcpConfig().keepalive is False
    assert TcpConfig().keepalive_idle == 2 * 3600 * SECOND


def test_an_idle_connection_without_it_says_nothing(story):
    s = story().established()
    s.tick("1000000s")


@pytest.mark.parametrize("passive", [False, True])
def test_a_probe_is_an_empty_segment_with_the_number_before_the_next(story, passive):
    s = story(passive=passive, **SOON).established()
    s.tick("100s")
    s.expect("ACK", seq=0, ack=1, length=0, at="100s", reason="keep-alive probe")


def test_a_probe_after_data_points_before_the_next_byte_too(story):
    s = story(**SOON).established()
    s.write(10)
    s.expect("ACK,PSH")
    s.receive("ACK", ack=11)
    s.tick("100s")
    s.expect("ACK", seq=10, length=0)


@pytest.mark.parametrize("timestamps", [True, False])
def test_a_probe_is_an_acknowledgement_outside_the_window_and_no_push_with_data(story, timestamps):
    """picotcp#93: it had PSH, and a number within the window, so that the peer did not answer. libvma PR928: it had no
    timestamp, so that the peer dropped it (RFC 7323 section 3.2)."""
    s = story(**SOON, timestamps=timestamps).established(timestamp=77 if timestamps else None)
    s.receive("ACK", data=500, timestamp=78 if timestamps else None)
    s.expect("ACK", ack=501)
    s.tick("100s")
    probe = s.expect("ACK", seq=0, ack=501, length=0, at="100s")
    assert (probe.timestamp is not None, probe.timestamp_echo) == (timestamps, 78 if timestamps else 0)
    s.receive("ACK", seq=501, timestamp=100_078 if timestamps else None)
    s.tick("99s")
    s.check_silence()
    s.tick("1s")
    s.expect("ACK", seq=0, length=0, at="200s")


def test_an_answer_keeps_the_connection_and_the_next_probe_waits_the_full_time(story):
    s = story(**SOON).established()
    s.tick("101s")
    s.expect("ACK", seq=0, at="100s")
    s.receive("ACK")
    s.tick("99s")
    s.check_silence()
    s.tick("10s")
    s.expect("ACK", seq=0, at="201s")


def test_unanswered_probes_end_it(story):
    s = story(**SOON).established()
    s.tick("129s")
    for time in ("100s", "110s", "120s"):
        s.expect("ACK", seq=0, at=time)
    assert s.state == "ESTABLISHED"
    s.tick("1s")
    s.expect("RST,ACK", seq=1, at="130s", reason="keep-alive timeout")
    assert s.state == "CLOSED"
    assert s.error == "connection timed out"
    assert s.teller.states[-1][2] == "keep-alive timeout"


def test_whatever_is_heard_puts_the_probe_off(story):
    s = story(**SOON).established()
    s.tick("90s")
    s.receive("ACK", data=1)
    s.expect("ACK")
    s.tick("99s")
    s.check_silence()
    s.tick("1s")
    s.expect("ACK", at="190s")


def test_outstanding_data_needs_no_probe(story):
    """The retransmission timer finds out what there is to find."""
    s = story(**SOON, data_retries=15).established()
    s.tick("95s")
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("60s")
    assert all(segment.payload for segment in s.take())


def test_data_written_while_probes_are_unanswered_takes_over(story):
    s = story(**SOON).established()
    s.tick("105s")
    s.expect("ACK", seq=0)
    s.write(10)
    s.expect("ACK,PSH", seq=1)
    s.tick("60s")
    assert all(segment.payload for segment in s.take())
    assert s.state == "ESTABLISHED"


def test_our_answer_to_the_peers_probe(story):
    s = story().established()
    s.receive("ACK", seq=0)
    s.expect("ACK", seq=1, ack=1)
    s.receive("ACK", seq=0, data=b"?")  # older stacks send one octet
    s.expect("ACK", seq=1, ack=1)
    assert s.read() == b""


def test_probes_stop_with_the_connection(story):
    s = story(**SOON).established()
    s.receive("FIN,ACK")
    s.expect("ACK")
    s.close()
    s.expect("FIN,ACK")
    s.receive("ACK", ack=2)
    s.tick("1000s")


def test_a_half_closed_connection_is_kept_alive_as_well(story):
    s = story(**SOON).established()
    s.close()
    s.expect("FIN,ACK")
    s.receive("ACK", ack=2)
    s.tick("100s")
    s.expect("ACK", seq=1, length=0)


def test_probes_in_time_wait_are_none(story):
    s = story(**SOON).established()
    s.close()
    s.expect("FIN,ACK")
    s.receive("FIN,ACK", ack=2)
    s.expect("ACK")
    s.tick("240s")
    assert s.state == "CLOSED"
