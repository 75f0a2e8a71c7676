"""RST: sent, received, never answered, and not believed from strangers (RFC 9293 section 3.10.7.4, RFC 5961)."""

from __future__ import annotations

import pytest

from testbed.clock import SECOND
from testbed.tcp.lifetime.reset import reset_for
from testbed.tcp.state import Event
from testbed.wire.segment import ACK, FIN, PSH, RST, SYN, Segment

# -- for a connection that does not exist (section 3.10.7.1) -----------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "seq", "ack", "data", "answer"),
    [
        (SYN, 100, 0, b"", (RST | ACK, 0, 101)),
        (SYN | FIN, 100, 0, b"xy", (RST | ACK, 0, 104)),
        (FIN, 2**32 - 1, 0, b"", (RST | ACK, 0, 0)),
        (PSH, 2**32 - 1, 0, b"abc", (RST | ACK, 0, 2)),
        (ACK, 100, 77, b"", (RST, 77, 0)),
        (SYN | ACK, 100, 77, b"", (RST, 77, 0)),
        (FIN | ACK, 100, 2**32 - 1, b"data", (RST, 2**32 - 1, 0)),
    ],
)
def test_the_answer_is_one_that_the_sender_must_believe(flags, seq, ack, data, answer):
    segment = Segment(1, 2, seq, ack, flags, 1000, data)
    reset = reset_for(segment)
    assert reset is not None
    assert (reset.flags, reset.seq, reset.ack) == answer
    assert (reset.source_port, reset.destination_port) == (2, 1)


@pytest.mark.parametrize("flags", [RST, RST | ACK, RST | SYN, RST | FIN | ACK])
def test_a_reset_is_never_answered_by_a_reset(flags):
    assert reset_for(Segment(1, 2, 5, 6, flags, 0)) is None


# -- received ----------------------------------------------------------------------------------------------------------


def test_a_reset_with_exactly_the_expected_number_ends_the_connection(story):
    s = story().established()
    s.write(10)
    s.expect("ACK,PSH")
    s.receive("RST", seq=1)
    assert s.state == "CLOSED"
    assert s.error == "connection reset by peer"
    assert s.events == ["connected", "failed", "closed"]
    s.tick("1000s")


@pytest.mark.parametrize("seq", [2, 1000, 65534])
def test_a_reset_elsewhere_in_the_window_is_challenged(story, seq):
    """RFC 5961 section 3.2: the honest sender of a reset answers the challenge with an exact one."""
    s = story().established()
    s.receive("RST", seq=seq)
    s.expect("ACK", seq=1, ack=1, reason="challenge")
    assert s.state == "ESTABLISHED"
    s.receive("RST", seq=1)
    assert s.state == "CLOSED"


@pytest.mark.parametrize("seq", [0, -1, -1000, 65536, 100_000])
def test_a_reset_outside_the_window_is_dropped_in_silence(story, seq):
    s = story().established()
    s.receive("RST", seq=seq)
    assert s.state == "ESTABLISHED"


STATES = {
    "FIN-WAIT-1": ([Event.CLOSE], "connection reset by peer"),
    "FIN-WAIT-2": ([Event.CLOSE, Event.RECEIVE_ACK_OF_FIN], "connection reset by peer"),
    "CLOSE-WAIT": ([Event.RECEIVE_FIN], "connection reset by peer"),
    "CLOSING": ([Event.CLOSE, Event.RECEIVE_FIN], "connection reset by peer"),
    "LAST-ACK": ([Event.RECEIVE_FIN, Event.CLOSE], "connection reset by peer"),
    "TIME-WAIT": ([Event.CLOSE, Event.RECEIVE_ACK_OF_FIN, Event.RECEIVE_FIN], ""),
}


@pytest.mark.parametrize("state", STATES)
def test_a_reset_ends_every_state_and_is_an_error_where_something_was_still_to_come(story, state):
    causes, error = STATES[state]
    s = story().established().after(*causes)
    assert s.state == state
    s.receive("RST", seq=1)
    assert s.state == "CLOSED"
    assert s.error == error


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("flags", ["RST", "RST,ACK"])
def test_a_reset_with_a_wrong_number_is_never_answered_by_a_reset(story, state, flags):
    s = story().established().after(*STATES[state][0])
    s.receive(flags, seq=70_000)
    s.receive(flags, seq=500)
    assert all(not segment.flags & RST for segment in s.take())
    assert s.state == state


# -- SYN and ACK that cannot be true -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, 500, 100_000])
def test_a_syn_on_an_open_connection_is_challenged(story, seq):
    """RFC 5961 section 4.2"""
    s = story().established()
    s.receive("SYN", seq=seq)
    s.expect("ACK", seq=1, ack=1, reason="challenge")
    assert s.state == "ESTABLISHED"


def test_the_challenge_tells_our_numbers_and_not_the_attackers(story):
    """Otherwise a stale pair of ends would answer each other for ever."""
    s = story().established()
    s.receive("SYN", seq=30_000, ack=0)
    s.expect("ACK", seq=1, ack=1)


def test_a_peer_that_has_started_anew_answers_the_challenge_with_a_reset(story):
    """RFC 9293 figure 10: how a half-open connection is found out."""
    s = story().established()
    s.receive("SYN", seq=40_000)
    s.expect("ACK", seq=1, ack=1)
    s.receive("RST", seq=1)
    assert s.state == "CLOSED"


def test_an_acknowledgement_of_what_was_never_sent_is_answered_and_dropped(story):
    s = story().established()
    s.receive("ACK", ack=2, data=10)
    s.expect("ACK", seq=1, ack=1)
    assert s.read() == b""


def test_an_acknowledgement_older_than_the_largest_window_is_challenged(story):
    """RFC 5961 section 5.2"""
    s = story().established(window=1000)
    s.receive("ACK", ack=1 - 1000, window=1000, data=10)
    s.expect("ACK", ack=11)  # the oldest that is believed
    s.receive("ACK", ack=1 - 1001, window=1000, data=10)
    s.expect("ACK", ack=11, reason="challenge")


def test_data_with_an_old_acknowledgement_is_taken(story, stream):
    s = story().established()
    s.write(1000)
    s.expect_data(1)
    s.receive("ACK", ack=1001)
    s.receive("ACK", ack=501, data=100)
    s.expect("ACK", ack=101)
    assert s.read() == stream(1, 100)


# -- the limit of challenges (RFC 5961 section 7) ----------------------------------------------------------------------


def test_ten_challenges_are_answered_in_five_seconds(story):
    s = story().established()
    for number in range(15):
        s.receive("SYN", seq=500)
        assert len(s.take()) == (number < 10)
        s.tick("100ms")
    s.tick("3.5s")
    s.receive("SYN", seq=500)
    s.expect("ACK", at="5s")
    assert s.connection.stats.challenge_acks_sent == 11


def test_the_limit_can_be_set(story):
    s = story(challenge_ack_limit=1, challenge_ack_interval=SECOND).established()
    s.receive("RST", seq=500)
    s.expect("ACK")
    s.receive("RST", seq=500)
    s.tick("1s")
    s.receive("RST", seq=500)
    s.expect("ACK")


def exhausted(s):
    for _ in range(11):
        s.receive("SYN", seq=500)
        s.take()
    s.receive("SYN", seq=500)
    s.check_silence()
    return s


def test_an_attack_does_not_starve_duplicates_of_their_acknowledgement(story):
    s = story().established()
    s.receive("ACK", data=100)
    s.expect("ACK", ack=101)
    exhausted(s)
    for _ in range(20):
        s.receive("ACK", seq=1, data=100)
        s.expect("ACK", ack=101)


def test_an_attack_does_not_starve_window_probes(story):
    s = story(receive_buffer=1000).established()
    s.receive("ACK", data=1000)
    s.expect("ACK", window=0)
    exhausted(s)
    for _ in range(20):
        s.receive("ACK", seq=1001, data=1)
        s.expect("ACK", ack=1001, window=0)


def test_an_attack_does_not_starve_keep_alive_probes(story):
    s = exhausted(story().established())
    for _ in range(20):
        s.receive("ACK", seq=0)
        s.expect("ACK", ack=1)


def test_an_attack_does_not_starve_duplicate_acknowledgements_of_a_hole(story):
    s = exhausted(story().established())
    for seq in range(1001, 20_001, 1000):
        s.receive("ACK", seq=seq, data=1000)
        s.expect("ACK", ack=1)


# -- sent by us --------------------------------------------------------------------------------------------------------


def test_abort_sends_a_reset_and_forgets_everything(story):
    s = story().established()
    s.write(500)
    s.expect("ACK,PSH")
    s.abort()
    s.expect("RST,ACK", seq=501, ack=1, reason="abort")
    assert s.state == "CLOSED"
    assert s.events == ["connected", "closed"]
    assert s.write(10) == 0
    s.tick("1000s")


def test_abort_before_an_answer_sends_nothing(story):
    s = story()
    s.open()
    s.expect("SYN")
    s.abort()
    assert s.state == "CLOSED"


def test_abort_in_syn_received_resets(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.abort()
    s.expect("RST,ACK", seq=1, ack=1)


def test_abort_in_time_wait_sends_nothing(story):
    s = story().established()
    s.close()
    s.expect("FIN,ACK")
    s.receive("FIN,ACK", ack=2)
    s.expect("ACK")
    s.abort()
    assert s.state == "CLOSED"


def test_release_with_unread_data_resets_instead_of_closing(story):
    """RFC 2525 section 2.17, RFC 9293 section 3.6.1: the peer must not believe that somebody has read it."""
    s = story().established()
    s.receive("ACK", data=10)
    s.expect("ACK")
    s.release()
    s.expect("RST,ACK", seq=1, ack=11, reason="closed with unread data")
    assert s.state == "CLOSED"


def test_release_after_reading_everything_closes(story):
    s = story().established()
    s.receive("ACK", data=10)
    s.expect("ACK")
    s.read()
    s.release()
    s.expect("FIN,ACK", seq=1)
    assert s.state == "FIN-WAIT-1"


@pytest.mark.parametrize("acknowledged", [False, True])
def test_data_after_release_is_reset(story, acknowledged):
    s = story().established()
    s.release()
    s.expect("FIN,ACK", seq=1)
    if acknowledged:
        s.receive("ACK", ack=2)
    s.receive("ACK", ack=2 if acknowledged else 1, data=10)
    s.expect("RST,ACK", seq=2, ack=1, reason="data after close")
    assert s.state == "CLOSED"
    assert s.events[-1] == "closed"


def test_data_after_close_alone_is_welcome(story):
    s = story().established()
    s.close()
    s.expect("FIN,ACK")
    s.receive("ACK", ack=2, data=10)
    s.expect("ACK", ack=11)


def test_release_twice_and_abort_twice_change_nothing_more(story):
    s = story().established()
    s.release()
    s.expect("FIN,ACK")
    s.release()
    s.abort()
    s.expect("RST,ACK")
    s.abort()
    s.release()
    s.close()
    assert s.events.count("closed") == 1
