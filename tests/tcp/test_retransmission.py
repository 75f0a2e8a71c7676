"""The retransmission timer (RFC 6298 section 5): what it repeats, and when it gives up (RFC 9293 section 3.8.3)."""

from __future__ import annotations

import pytest

from testbed.clock import SECOND

# -- what is repeated --------------------------------------------------------------------------------------------------


def test_a_lost_syn_is_repeated_after_1_3_and_7_seconds(story):
    s = story()
    s.open()
    s.expect("SYN", seq=0, at="0ms")
    s.tick("7s")
    s.expect("SYN", seq=0, at="1s", reason="retransmission timeout")
    s.expect("SYN", seq=0, at="3s")
    s.expect("SYN", seq=0, at="7s")
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK")


def test_a_lost_syn_ack_is_repeated_as_well(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK", at="0ms")
    s.tick("3s")
    s.expect("SYN,ACK", seq=0, ack=1, at="1s")
    s.expect("SYN,ACK", seq=0, ack=1, at="3s")
    s.receive("ACK", seq=1, ack=1)
    assert s.state == "ESTABLISHED"


def test_lost_data_is_repeated_with_doubled_timeouts(story):
    s = story().established()
    s.write(10)
    s.expect("ACK,PSH", seq=1, at="0ms", reason="new data")
    s.tick("15s")
    for time in ("1s", "3s", "7s", "15s"):
        s.expect("ACK,PSH", seq=1, length=10, at=time, reason="retransmission timeout")
    s.receive("ACK", ack=11)
    s.tick("300s")  # and no more


def test_a_lost_fin_is_repeated(story):
    s = story().established()
    s.close()
    s.expect("FIN,ACK", seq=1, at="0ms")
    s.tick("3s")
    s.expect("FIN,ACK", seq=1, at="1s")
    s.expect("FIN,ACK", seq=1, at="3s")
    s.receive("ACK", ack=2)
    assert s.state == "FIN-WAIT-2"


def test_a_lost_fin_with_data_is_repeated_with_its_data(story):
    s = story().established()
    s.write(90)
    s.expect("ACK,PSH", seq=1, length=90)
    s.write(10)
    s.close()
    s.expect("FIN,ACK,PSH", seq=91, length=10)
    s.receive("ACK", ack=91)
    s.tick("1s")
    s.expect("FIN,ACK,PSH", seq=91, length=10)
    s.receive("ACK", ack=102)
    assert s.state == "FIN-WAIT-2"


def test_a_retransmission_carries_the_latest_acknowledgement_and_window(story):
    s = story(receive_buffer=65535).established()
    s.write(10)
    s.expect("ACK,PSH", ack=1)
    s.receive("ACK", ack=1, data=100)
    s.expect("ACK", ack=101)
    s.tick("1s")
    s.expect("ACK,PSH", seq=1, ack=101, window=65435)


# -- the timer (5.1 to 5.3) --------------------------------------------------------------------------------------------


def test_the_timer_starts_with_the_first_segment_and_not_again_with_the_second(story):
    s = story().established()
    s.write(1000)
    s.expect("ACK,PSH", seq=1)
    s.tick("600ms")
    s.write(1000)
    s.expect("ACK,PSH", seq=1001)
    s.tick("400ms")
    s.expect("ACK,PSH", seq=1, at="1s")


def test_an_acknowledgement_of_new_data_restarts_the_timer(story):
    s = story(rto_min=2 * SECOND).established()
    s.write(2000)
    s.expect_data(1, 1001)
    s.tick("900ms")
    s.receive("ACK", ack=1001)
    s.tick("2s")
    s.expect("ACK,PSH", seq=1001, at="2.9s")


def test_duplicate_acknowledgements_do_not_restart_the_timer(story):
    """A receiver that keeps acknowledging the same byte must not put retransmission off for ever."""
    s = story().established()
    s.write(2000)
    s.expect_data(1, 1001)
    for _ in range(2):
        s.tick("450ms")
        s.receive("ACK", ack=1)
    s.tick("100ms")
    s.expect("ACK", seq=1, at="1s")


def test_the_timer_is_off_when_everything_is_acknowledged(story):
    s = story().established()
    s.write(10)
    s.expect("ACK,PSH")
    s.receive("ACK", ack=11)
    assert s.connection.deadline is None


# -- after a timeout ---------------------------------------------------------------------------------------------------


def test_after_a_timeout_the_rest_follows_as_slow_start_lets_it(story):
    s = story().established()
    s.write(4000)
    s.expect_data(1, 1001, 2001, 3001)
    s.tick("1s")
    s.expect_data(1)
    s.receive("ACK", ack=1001)
    s.expect_data(1001, 2001, reason="retransmission timeout")
    s.receive("ACK", ack=3001)
    s.expect_data(3001)
    s.receive("ACK", ack=4001)
    assert s.connection.deadline is None


def test_what_has_arrived_before_the_timeout_is_not_sent_again(story):
    s = story().established()
    s.write(4000)
    s.expect_data(1, 1001, 2001, 3001)
    s.tick("1s")
    s.expect_data(1)
    s.receive("ACK", ack=4001)  # only the first was lost
    s.check_silence()
    assert s.connection.sender.next == s.isn + 4001


def test_part_of_a_segment_acknowledged_leaves_the_other_part_to_be_repeated(story):
    s = story().established()
    s.write(1000)
    s.expect_data(1)
    s.receive("ACK", ack=401)
    s.tick("1s")
    s.expect("ACK,PSH", seq=401, length=600)
    s.receive("ACK", ack=1001)
    assert s.connection.deadline is None


def test_data_starts_with_3_seconds_when_the_syn_was_lost(story):
    """(5.7)"""
    s = story()
    s.open()
    s.expect("SYN")
    s.tick("1s")
    s.expect("SYN")
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK")
    assert s.rto == 3 * SECOND
    s.write(10)
    s.expect("ACK,PSH", at="1s")
    s.tick("3s")
    s.expect("ACK,PSH", at="4s")


def test_data_starts_with_3_seconds_when_the_syn_ack_was_lost(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.tick("1s")
    s.expect("SYN,ACK")
    s.receive("ACK", seq=1, ack=1)
    assert s.rto == 3 * SECOND


def test_a_handshake_without_loss_keeps_1_second(story):
    s = story().established(trip="900ms")
    s.write(10)
    s.expect("ACK,PSH")
    assert s.rto == 2_700_000_000  # 3 times the sample


# -- giving up ---------------------------------------------------------------------------------------------------------


def test_a_syn_is_given_up_after_183_seconds(story):
    """MUST-23: R2 for a SYN is at least 3 minutes."""
    s = story()
    s.open()
    s.expect("SYN")
    s.tick("182s")
    assert len(s.take()) == 7
    assert s.state == "SYN-SENT"
    s.tick("1s")
    assert s.state == "CLOSED"
    assert s.error == "connection timed out"
    assert s.events == ["failed", "closed"]


def test_data_is_given_up_after_data_retries_expiries(story):
    s = story(data_retries=3).established()
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("14s")
    assert len(s.take()) == 3
    assert s.state == "ESTABLISHED"
    s.tick("1s")
    assert s.state == "CLOSED"
    assert s.error == "connection timed out"


def test_r2_lasts_longer_than_100_seconds_unless_told_otherwise(story):
    """SHLD-11"""
    s = story().established()
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("100s")
    s.take()
    assert s.state == "ESTABLISHED"


def test_r1_is_noted_after_three_retransmissions(story):
    s = story().established()
    s.write(10)
    s.take()
    s.tick("7s")
    s.take()
    assert "path may be bad" not in s.teller.app_events
    s.tick("8s")
    s.take()
    assert "path may be bad" in s.teller.app_events


def test_progress_begins_the_count_anew(story):
    s = story(data_retries=2).established()
    s.write(2000)
    s.expect_data(1, 1001)
    s.tick("3s")
    s.expect_data(1, 1)
    s.receive("ACK", ack=1001)
    s.expect_data(1001)
    s.tick("4s")
    s.expect_data(1001, at="7s")  # the timer stays backed off, the count does not
    s.tick("10s")
    s.expect_data(1001, at="15s")
    assert s.state == "ESTABLISHED"


def test_a_fin_is_given_up_as_data_is(story):
    s = story(data_retries=1).established()
    s.close()
    s.expect("FIN,ACK")
    s.tick("2s")
    s.expect("FIN,ACK")
    s.tick("1s")
    assert s.state == "CLOSED"
    assert s.error == "connection timed out"


# -- the user's timeout (section 3.9.1.1) ------------------------------------------------------------------------------


def test_the_user_timeout_ends_a_connection_whose_data_stays_unacknowledged(story):
    s = story(user_timeout=5 * SECOND).established()
    s.write(10)
    s.expect("ACK,PSH", at="0ms")
    s.tick("4s")
    s.expect("ACK,PSH", at="1s")
    s.expect("ACK,PSH", at="3s")
    s.tick("1s")
    s.expect("RST,ACK", seq=11, at="5s", reason="user timeout")
    assert s.state == "CLOSED"
    assert s.error == "connection timed out"
    assert s.teller.states[-1][2] == "user timeout"


def test_progress_restarts_the_user_timeout(story):
    s = story(user_timeout=2 * SECOND, rto_initial=10 * SECOND, rto_min=10 * SECOND).established()
    s.write(4000)
    s.take()
    for part in range(3):
        s.tick("1.5s")
        s.receive("ACK", ack=1000 * part + 1001)
    assert s.state == "ESTABLISHED"
    s.tick("2s")
    s.expect("RST,ACK", at="6.5s")


def test_partial_acknowledgements_are_progress_for_the_user_timeout(story):
    """The impatient variant restarts the retransmission timer once a recovery, but the user sees progress each time."""
    settings = {"rto_initial": 10 * SECOND, "rto_min": 10 * SECOND, "limited_transmit": False}
    s = story(user_timeout=2 * SECOND, **settings).established()
    s.write(8000)
    s.take()
    for _ in range(3):
        s.receive("ACK", ack=1)
    s.take()
    for part in range(1, 5):
        s.tick("1.5s")
        s.receive("ACK", ack=1000 * part + 1)
        s.take()
    assert s.state == "ESTABLISHED"


@pytest.mark.parametrize("first", ["user", "retries"])
def test_two_timers_that_give_up_at_the_same_instant_are_one_end(story, first):
    seconds = 3 if first == "retries" else 1
    s = story(user_timeout=seconds * SECOND, data_retries=1 if first == "retries" else 15).established()
    s.write(10)
    s.expect("ACK,PSH")
    s.tick("5s")
    s.take()
    assert s.state == "CLOSED"
    assert s.events.count("closed") == 1
