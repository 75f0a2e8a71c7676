"""The numbers of RFC 6298, one by one, and Karn's rule."""

from __future__ import annotations

import pytest

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.config import TcpConfig
from testbed.tcp.sending.rtt import RoundTrip

MS = MILLISECOND


def quick(**settings: int) -> RoundTrip:
    """An estimator whose minimum does not hide the arithmetic."""
    return RoundTrip(TcpConfig(**{"rto_min": MS, **settings}))


def test_before_any_sample_the_timeout_is_1_s():
    """(2.1)"""
    assert RoundTrip(TcpConfig()).rto == SECOND


def test_the_first_sample_r_gives_srtt_r_rttvar_r_half_and_rto_3_r():
    """(2.2)"""
    rtt = quick()
    rtt.sample(100 * MS)
    assert (rtt.srtt, rtt.rttvar, rtt.rto) == (100 * MS, 50 * MS, 300 * MS)


def test_a_later_sample_moves_rttvar_by_a_quarter_first_and_then_srtt_by_an_eighth():
    """(2.3), with the old SRTT in RTTVAR's line."""
    rtt = quick()
    rtt.sample(100 * MS)
    rtt.sample(180 * MS)
    assert rtt.rttvar == 57_500_000  # 3/4 * 50 + 1/4 * |100 - 180|
    assert rtt.srtt == 110 * MS  # 7/8 * 100 + 1/8 * 180
    assert rtt.rto == 110 * MS + 4 * 57_500_000


def test_the_variation_counts_at_least_the_clocks_granularity():
    """(2.3): max(G, K*RTTVAR)."""
    rtt = quick()
    for _ in range(200):
        rtt.sample(100 * MS)
    assert rtt.rto == 101 * MS


def test_the_timeout_is_rounded_up_to_its_minimum():
    """(2.4)"""
    rtt = RoundTrip(TcpConfig())
    rtt.sample(10 * MS)
    assert rtt.rto == SECOND


def test_the_timeout_has_a_maximum():
    """(2.5)"""
    rtt = RoundTrip(TcpConfig())
    rtt.sample(50 * SECOND)
    assert rtt.rto == 60 * SECOND


def test_backing_off_doubles_up_to_the_maximum_and_a_sample_ends_it():
    """(5.5) and the note to (5.7)."""
    rtt = RoundTrip(TcpConfig())
    seen = []
    for _ in range(8):
        rtt.back_off()
        seen.append(rtt.rto // SECOND)
    assert seen == [2, 4, 8, 16, 32, 60, 60, 60]
    assert rtt.backed_off
    rtt.sample(100 * MS)
    assert rtt.rto == SECOND
    assert not rtt.backed_off


# -- in a connection ---------------------------------------------------------------------------------------------------


def test_the_handshake_gives_the_first_sample(story):
    s = story(rto_min=MS).established(trip="100ms")
    assert s.teller.samples == [100 * MS]
    assert s.rto == 300 * MS


def test_both_ends_of_a_handshake_measure_it(story):
    s = story(rto_min=MS, passive=True).established(trip="80ms")
    assert s.teller.samples == [80 * MS]


def test_data_is_measured_from_the_segment_to_its_acknowledgement(story):
    s = story(rto_min=MS).established(trip="100ms")
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("180ms")
    s.receive("ACK", ack=11)
    assert s.teller.samples == [100 * MS, 180 * MS]
    assert s.rto == 340 * MS


def test_a_retransmitted_segment_is_not_measured(story):
    """Karn's algorithm: (3)."""
    s = story().established(trip="100ms")
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("1s")
    s.expect("ACK,PSH", seq=1)
    s.tick("50ms")
    s.receive("ACK", ack=11)
    assert s.teller.samples == [100 * MS]


def test_the_doubled_timeout_stays_until_something_fresh_is_measured(story):
    """(5.7) and Karn's second half: the back-off is kept for the next segment."""
    s = story().established(trip="100ms")
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("1s")
    s.expect("ACK,PSH", seq=1)
    s.receive("ACK", ack=11)
    assert s.rto == 2 * SECOND
    s.write(10)
    s.expect("ACK,PSH", seq=11)
    s.tick("100ms")
    assert s.rto == 2 * SECOND
    s.receive("ACK", ack=21)
    assert s.rto == SECOND


def test_a_retransmitted_syn_is_not_measured(story):
    s = story()
    s.open()
    s.expect("SYN")
    s.tick("1s")
    s.expect("SYN")
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK")
    assert s.teller.samples == []


def test_with_timestamps_a_retransmitted_segment_can_be_measured(story):
    """RFC 7323 section 4: the echo tells which copy is acknowledged."""
    s = story(timestamps=True).established(trip="100ms", timestamp=1)
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("1s")
    s.expect("ACK,PSH", seq=1)
    s.tick("70ms")
    s.receive("ACK", ack=11)
    assert s.teller.samples == [100 * MS, 70 * MS]
    assert s.rto == SECOND


def test_one_sample_a_round_trip_goes_into_the_estimate(story):
    s = story(rto_min=MS).established(trip="100ms")
    s.write(4000)
    s.expect_data(1, 1001, 2001, 3001)
    s.tick("180ms")
    s.receive("ACK", ack=1001)
    after_one = s.rto
    s.receive("ACK", ack=2001)
    s.receive("ACK", ack=3001)
    assert s.rto == after_one == 340 * MS


@pytest.mark.parametrize("echo", [0, 0x7FFFFFFF])
def test_an_echo_of_what_was_never_sent_gives_no_absurd_sample(story, echo):
    s = story(timestamps=True).established(trip="100ms", timestamp=1)
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("1s")
    s.expect("ACK,PSH", seq=1)
    s.receive("ACK", ack=11, timestamp_echo=(s.our_timestamp + 1 + echo) & 0xFFFFFFFF)
    assert s.teller.samples == [100 * MS]
