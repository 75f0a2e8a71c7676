"""Closing: four segments, three, both at once, one half only, and what is lost meanwhile (RFC 9293 section 3.6)."""

from __future__ import annotations

import pytest

from testbed.clock import SECOND
from testbed.wire.segment import ACK, FIN, Segment


@pytest.fixture
def reach(story):
    """`reach(state)`: a connection that has come there by segments, with `peer_next` and `sent_upto` right."""

    def go(state, **settings):
        s = story(**settings).established()
        if state in ("CLOSE-WAIT", "LAST-ACK"):
            s.receive("FIN,ACK")
            s.expect("ACK", ack=2)
        if state != "CLOSE-WAIT":
            s.close()
            s.expect("FIN,ACK", seq=1)
        if state == "CLOSING":
            s.receive("FIN,ACK", ack=1)
            s.expect("ACK", seq=2, ack=2)
        if state in ("FIN-WAIT-2", "TIME-WAIT"):
            s.receive("ACK", ack=2)
        if state == "TIME-WAIT":
            s.receive("FIN,ACK", ack=2)
            s.expect("ACK", seq=2, ack=2)
        assert s.state == state
        return s

    return go


# -- the one that closes first -----------------------------------------------------------------------------------------


def test_four_segments_seen_from_the_end_that_begins(story):
    s = story().established()
    s.close()
    s.expect("FIN,ACK", seq=1, ack=1, reason="close")
    assert s.state == "FIN-WAIT-1"
    s.receive("ACK", ack=2)
    assert s.state == "FIN-WAIT-2"
    s.receive("FIN,ACK")
    s.expect("ACK", seq=2, ack=2)
    assert s.state == "TIME-WAIT"
    assert s.events == ["connected", "peer closed"]
    s.tick("240s")
    assert s.state == "CLOSED"
    assert s.events == ["connected", "peer closed", "closed"]
    assert s.error == ""


def test_three_segments_when_the_fin_rides_on_the_acknowledgement(story):
    s = story().established()
    s.close()
    s.expect("FIN,ACK", seq=1)
    s.receive("FIN,ACK", ack=2)
    s.expect("ACK", seq=2, ack=2)
    assert [new for _, new, _ in s.teller.states[-3:]] == ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]


def test_both_close_at_once(story):
    s = story().established()
    s.close()
    s.expect("FIN,ACK", seq=1, ack=1)
    s.receive("FIN,ACK", ack=1)
    s.expect("ACK", seq=2, ack=2)
    assert s.state == "CLOSING"
    s.receive("ACK", ack=2)
    assert s.state == "TIME-WAIT"


def test_in_simultaneous_close_a_lost_fin_is_repeated(reach):
    s = reach("CLOSING")
    s.tick("1s")
    s.expect("FIN,ACK", seq=1, ack=2)
    s.receive("ACK", ack=2)
    assert s.state == "TIME-WAIT"


def test_in_closing_the_peers_fin_again_is_acknowledged_again(reach):
    s = reach("CLOSING")
    s.receive("FIN,ACK", seq=1, ack=1)
    s.expect("ACK", ack=2)
    assert s.state == "CLOSING"


# -- the one that is closed --------------------------------------------------------------------------------------------


def test_four_segments_seen_from_the_other_end(story):
    s = story().established()
    s.receive("FIN,ACK")
    s.expect("ACK", seq=1, ack=2)
    assert s.state == "CLOSE-WAIT"
    assert s.events == ["connected", "peer closed"]
    s.close()
    s.expect("FIN,ACK", seq=1, ack=2)
    assert s.state == "LAST-ACK"
    s.receive("ACK", ack=2)
    assert s.state == "CLOSED"
    assert s.error == ""


def test_three_segments_when_the_application_closes_as_it_hears_of_the_fin(story):
    """The host tells the application before it pulls: the FIN then carries the acknowledgement."""
    s = story().established()
    s.connection.receive(s.now, peer_fin(s))
    s.connection.close(s.now)
    s.settle()
    s.expect("FIN,ACK", seq=1, ack=2)
    assert s.state == "LAST-ACK"


def peer_fin(s):
    return Segment(5001, 40000, (s.peer_isn + 1) % 2**32, (s.isn + 1) % 2**32, FIN | ACK, 65535)


def test_in_last_ack_the_fin_is_repeated(reach):
    s = reach("LAST-ACK")
    s.tick("1s")
    s.expect("FIN,ACK", seq=1, ack=2)


@pytest.mark.parametrize("state", ["CLOSE-WAIT", "LAST-ACK"])
def test_the_peers_fin_again_is_answered(reach, state):
    """Silence would leave the peer repeating it."""
    s = reach(state)
    s.receive("FIN,ACK", seq=1, ack=1)
    s.expect("ACK", ack=2)
    assert s.state == state


# -- half close --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["FIN-WAIT-1", "FIN-WAIT-2"])
def test_after_close_data_still_comes_in(reach, stream, state):
    s = reach(state)
    ack = 1 if state == "FIN-WAIT-1" else 2
    s.receive("ACK", ack=ack, data=500)
    s.expect("ACK", seq=2, ack=501)
    assert s.read() == stream(1, 500)
    assert s.state == state


def test_after_the_peers_fin_data_still_goes_out(reach):
    s = reach("CLOSE-WAIT")
    s.write(1500)
    s.expect("ACK", seq=1, ack=2, length=1000)
    s.receive("ACK", ack=1001)
    s.expect("ACK,PSH", seq=1001, length=500)
    s.close()
    s.expect("FIN,ACK", seq=1501)


def test_a_half_close_may_last(reach):
    s = reach("FIN-WAIT-2")
    s.tick("1000000s")
    assert s.state == "FIN-WAIT-2"


def test_what_was_written_before_close_goes_first(story):
    s = story().established(window=1000)
    s.write(2500)
    s.expect_data(1)
    s.close()
    assert s.state == "FIN-WAIT-1"
    s.receive("ACK", ack=1001, window=1000)
    s.expect_data(1001)
    s.receive("ACK", ack=2001, window=1000)
    s.expect("FIN,ACK,PSH", seq=2001, length=500)


def test_the_fin_waits_for_room_in_the_window(story):
    s = story().established(window=1000)
    s.write(1000)
    s.expect_data(1)
    s.close()
    s.receive("ACK", ack=1001, window=1000)
    s.expect("FIN,ACK", seq=1001, length=0)


def test_a_fin_leaves_though_nothing_was_ever_written(story):
    s = story().established()
    s.close()
    s.expect("FIN,ACK", seq=1, length=0)


def test_a_second_close_changes_nothing(reach):
    s = reach("FIN-WAIT-1")
    s.close()
    assert s.state == "FIN-WAIT-1"


# -- the peer's FIN in trouble -----------------------------------------------------------------------------------------


def test_a_fin_with_data_counts_after_the_data(story, stream):
    s = story().established()
    s.receive("FIN,ACK", data=100)
    s.expect("ACK", ack=102)
    assert s.read() == stream(1, 100)
    assert s.events == ["connected", "readable", "peer closed"]


def test_a_fin_beyond_a_hole_waits_for_it(story, stream):
    s = story().established()
    s.receive("FIN,ACK", seq=501, data=100)
    s.expect("ACK", ack=1)
    assert s.state == "ESTABLISHED"
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=602)
    assert s.state == "CLOSE-WAIT"
    assert s.read() == stream(1, 600)


def test_a_fin_whose_data_does_not_fit_the_window_waits_for_the_rest(story, stream):
    s = story(receive_buffer=500).established()
    s.receive("FIN,ACK", seq=1, data=600)
    s.expect("ACK", ack=501)
    assert s.state == "ESTABLISHED"
    s.read()
    s.expect("ACK", ack=501, window=500)
    s.receive("FIN,ACK", seq=501, data=100)
    s.expect("ACK", ack=602)
    assert s.state == "CLOSE-WAIT"
    assert s.read() == stream(501, 100)


def test_a_fin_that_comes_with_data_already_known_counts(story, stream):
    """The data was repeated together with a FIN that it had not the first time."""
    s = story().established()
    s.receive("ACK", seq=1, data=100)
    s.expect("ACK", ack=101)
    s.receive("FIN,ACK", seq=1, data=100)
    s.expect("ACK", ack=102)
    assert s.state == "CLOSE-WAIT"
    assert s.read() == stream(1, 100)


def test_text_beyond_the_peers_fin_is_ignored(story, stream):
    s = story().established()
    s.receive("FIN,ACK", seq=101, data=100)
    s.expect("ACK", ack=1)
    s.receive("ACK", seq=201, data=300)  # nobody honest sends it
    s.expect("ACK", ack=1)
    s.receive("ACK", seq=1, data=100)
    s.expect("ACK", ack=202)
    assert s.state == "CLOSE-WAIT"
    assert s.read() == stream(1, 200)


def test_an_acknowledgement_of_data_and_fin_at_once_moves_on(story):
    s = story().established()
    s.write(100)
    s.expect("ACK,PSH")
    s.close()
    s.expect("FIN,ACK", seq=101)
    s.receive("ACK", ack=102)
    assert s.state == "FIN-WAIT-2"


def test_an_acknowledgement_of_data_alone_does_not(story):
    s = story().established()
    s.write(100)
    s.expect("ACK,PSH")
    s.close()
    s.expect("FIN,ACK", seq=101)
    s.receive("ACK", ack=101)
    assert s.state == "FIN-WAIT-1"
    s.receive("ACK", ack=102)
    assert s.state == "FIN-WAIT-2"


def test_the_peers_fin_acknowledging_our_data_and_fin_in_closing(reach):
    s = reach("CLOSING")
    s.receive("FIN,ACK", seq=1, ack=2)  # its FIN again, and now it has ours
    s.expect("ACK", ack=2)
    assert s.state == "TIME-WAIT"


# -- TIME-WAIT ---------------------------------------------------------------------------------------------------------


def test_time_wait_lasts_twice_the_segment_lifetime(reach):
    s = reach("TIME-WAIT", msl=30 * SECOND)
    s.tick("59.999999999s")
    assert s.state == "TIME-WAIT"
    s.tick("1ns")
    assert s.state == "CLOSED"


def test_a_lost_last_acknowledgement_is_sent_again_and_the_wait_begins_anew(reach):
    s = reach("TIME-WAIT")
    s.tick("200s")
    s.receive("FIN,ACK", seq=1, ack=2)
    s.expect("ACK", seq=2, ack=2)
    s.tick("239s")
    assert s.state == "TIME-WAIT"
    s.tick("1s")
    assert s.state == "CLOSED"


def test_other_segments_in_time_wait_do_not_prolong_it(reach):
    s = reach("TIME-WAIT")
    s.tick("200s")
    s.receive("ACK", seq=2, ack=2)
    s.tick("40s")
    assert s.state == "CLOSED"


def test_data_can_still_be_read_in_time_wait(story, stream):
    s = story().established()
    s.close()
    s.expect("FIN,ACK")
    s.receive("FIN,ACK", ack=2, data=100)
    s.expect("ACK", ack=102)
    assert s.state == "TIME-WAIT"
    assert s.read() == stream(1, 100)


# -- the orphan --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("early", [True, False])
def test_an_orphan_does_not_wait_for_the_peers_fin_for_ever(reach, early):
    s = reach("FIN-WAIT-1" if early else "FIN-WAIT-2")
    s.release()
    if early:
        s.receive("ACK", ack=2)
    assert s.state == "FIN-WAIT-2"
    s.tick("59s")
    assert s.state == "FIN-WAIT-2"
    s.tick("1s")
    assert s.state == "CLOSED"
    assert s.error == ""
    assert s.teller.states[-1][2] == "FIN-WAIT-2 timeout"


def test_the_orphans_time_can_be_switched_off(reach):
    s = reach("FIN-WAIT-2", fin_wait_2_timeout=0)
    s.release()
    s.tick("1000000s")
    assert s.state == "FIN-WAIT-2"


def test_an_orphan_whose_peer_closes_in_time_ends_as_usual(reach):
    s = reach("FIN-WAIT-2")
    s.release()
    s.receive("FIN,ACK")
    s.expect("ACK", ack=2)
    assert s.state == "TIME-WAIT"
    s.tick("239s")
    assert s.state == "TIME-WAIT"
