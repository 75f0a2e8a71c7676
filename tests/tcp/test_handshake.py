"""Opening: three segments, two SYNs that cross, and what else may come meanwhile (RFC 9293 section 3.5)."""

from __future__ import annotations

import pytest

# -- three segments ----------------------------------------------------------------------------------------------------


def test_the_end_that_opens_passes_syn_sent(story):
    s = story()
    s.open()
    assert s.state == "SYN-SENT"
    s.expect("SYN", seq=0, mss=1000, window=0xFFFF)
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK", seq=1, ack=1)
    assert s.state == "ESTABLISHED"
    assert s.events == ["connected"]


def test_the_end_that_is_opened_passes_syn_received(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    assert s.state == "SYN-RECEIVED"
    s.expect("SYN,ACK", seq=0, ack=1, mss=1000, window=0xFFFF)
    assert s.events == []
    s.receive("ACK", seq=1, ack=1)
    assert s.state == "ESTABLISHED"
    assert s.events == ["connected"]


def test_the_syn_has_no_acknowledgement_and_our_own_number_on_the_wire(story):
    s = story()
    s.open()
    syn = s.expect("SYN", seq=0)
    assert syn.ack == 0
    assert syn.seq == s.isn


def test_data_written_before_the_handshake_leaves_with_its_last_acknowledgement(story):
    s = story()
    s.open()
    s.expect("SYN")
    s.write(100)
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK,PSH", seq=1, ack=1, length=100)


def test_data_may_ride_on_the_acknowledgement_of_syn_ack(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive("ACK", seq=1, ack=1, data=50)
    s.expect("ACK", ack=51)
    assert s.events == ["connected", "readable"]


def test_a_fin_may_ride_on_the_acknowledgement_of_syn_ack(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive("ACK,FIN", seq=1, ack=1)
    s.expect("ACK", ack=2)
    assert s.state == "CLOSE-WAIT"
    assert s.events == ["connected", "peer closed"]


# -- what the ends tell each other -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offered", "largest"), [(500, 500), (1000, 1000), (4000, 1000), (None, 536)])
def test_segments_are_no_larger_than_the_peer_said_and_our_interface_carries(story, offered, largest):
    s = story().established(mss=offered)
    s.write(3000)
    assert {len(segment.payload) for segment in s.take()[:-1]} == {largest}


def test_a_peer_with_an_absurdly_small_mss_gets_its_data_all_the_same(story):
    s = story(timestamps=True, passive=True).established(mss=5, timestamp=1)
    s.write(10)
    assert sum(len(segment.payload) for segment in s.take()) > 0


def test_no_more_leaves_than_the_window_of_the_syn_ack_allows(story):
    s = story().established(window=2500)
    s.write(10_000)
    s.expect_data(1, 1001)


def test_a_small_receive_buffer_is_the_window_that_is_offered(story):
    s = story(receive_buffer=5000)
    s.open()
    s.expect("SYN", window=5000)


def test_text_and_fin_on_a_syn_ack_are_taken(story):
    """RFC 9293 section 3.10.7.3, fourth: "continue processing at the sixth step" """
    s = story()
    s.open()
    s.expect("SYN")
    s.receive("SYN,ACK,FIN", seq=0, ack=1, data=20, mss=1000)
    s.expect("ACK", seq=1, ack=22)
    assert s.state == "CLOSE-WAIT"
    assert len(s.read()) == 20


def test_text_on_a_syn_that_crosses_ours_waits_for_the_handshake_to_end(story):
    """RFC 9293 section 3.10.7.3, fourth: "queue them for processing after the ESTABLISHED state has been reached" """
    s = story()
    s.open()
    s.expect("SYN")
    s.receive("SYN", seq=0, data=20, mss=1000)
    s.expect("SYN,ACK", seq=0, ack=1)
    assert s.read() == b""
    s.receive("ACK", seq=21, ack=1)
    s.expect("ACK", ack=21)
    assert len(s.read()) == 20


def test_text_and_fin_on_a_syn_to_a_listener_are_left_to_be_repeated(story):
    s = story(passive=True)
    s.receive("SYN,FIN", seq=0, data=20, mss=1000)
    s.expect("SYN,ACK", ack=1)
    s.receive("ACK", seq=1, ack=1, data=20)
    s.expect("ACK", ack=21)
    assert s.state == "ESTABLISHED"


# -- simultaneous open (figure 8) --------------------------------------------------------------------------------------


def test_two_syns_that_cross_make_one_connection(story):
    s = story()
    s.open()
    s.expect("SYN", seq=0)
    s.receive("SYN", seq=0, mss=1000)
    assert s.state == "SYN-RECEIVED"
    s.expect("SYN,ACK", seq=0, ack=1)
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK", seq=1, ack=1)
    assert s.state == "ESTABLISHED"
    assert s.events == ["connected"]
    s.write(10)
    s.expect("ACK,PSH", seq=1, length=10)


def test_simultaneous_open_ends_by_a_plain_acknowledgement_as_well(story):
    s = story()
    s.open()
    s.expect("SYN")
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive("ACK", seq=1, ack=1)
    assert s.state == "ESTABLISHED"


def test_the_window_of_a_syn_ack_that_crosses_is_not_scaled(story):
    s = story(window_scaling=True)
    s.open()
    s.expect("SYN")
    s.receive("SYN", seq=0, mss=1000, window_scale=7, window=3000)
    s.expect("SYN,ACK")
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000, window_scale=7, window=3000)
    s.expect("ACK")
    s.write(10_000)
    s.expect_data(1, 1001, 2001)


def test_a_refused_simultaneous_open_is_a_refusal(story):
    s = story()
    s.open()
    s.expect("SYN")
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive("RST", seq=1)
    assert s.state == "CLOSED"
    assert s.error == "connection refused"


# -- what else may come in SYN-SENT (section 3.10.7.3) -----------------------------------------------------------------


@pytest.mark.parametrize("ack", [0, 2, 1000])
def test_an_acknowledgement_of_what_was_never_sent_is_reset_and_ignored(story, ack):
    s = story()
    s.open()
    s.expect("SYN")
    s.receive("SYN,ACK", seq=0, ack=ack, mss=1000)
    s.expect("RST", seq=ack)
    assert s.state == "SYN-SENT"


def test_a_reset_with_such_an_acknowledgement_is_ignored(story):
    s = story()
    s.open()
    s.expect("SYN")
    s.receive("RST,ACK", seq=0, ack=2)
    s.receive("RST", seq=0)
    assert s.state == "SYN-SENT"


def test_a_reset_that_acknowledges_our_syn_is_a_refusal(story):
    s = story()
    s.open()
    s.expect("SYN")
    s.receive("RST,ACK", seq=0, ack=1)
    assert s.state == "CLOSED"
    assert s.error == "connection refused"
    assert s.events == ["failed", "closed"]


@pytest.mark.parametrize("flags", ["ACK", "FIN,ACK", "FIN", "PSH"])
def test_anything_without_syn_and_rst_is_ignored(story, flags):
    s = story()
    s.open()
    s.expect("SYN")
    s.receive(flags, seq=0, ack=1)
    assert s.state == "SYN-SENT"


def test_close_before_an_answer_ends_it_without_a_word(story):
    s = story()
    s.open()
    s.expect("SYN")
    s.close()
    assert s.state == "CLOSED"
    assert s.events == ["closed"]


# -- what else may come in SYN-RECEIVED --------------------------------------------------------------------------------


def test_the_syn_again_is_answered_with_syn_ack_again(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK", seq=0, ack=1)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK", seq=0, ack=1)
    assert s.state == "SYN-RECEIVED"


def test_the_syn_again_gives_the_timestamp_to_echo(story):
    """RFC 7323 section 4.3: the peer's round trip begins with the SYN that is answered, not with the one before."""
    s = story(passive=True, timestamps=True)
    for timestamp, echo in ((100, 100), (1100, 1100), (600, 1100)):
        s.receive("SYN", seq=0, timestamp=timestamp)
        s.expect("SYN,ACK", timestamp_echo=echo)


@pytest.mark.parametrize("ack", [0, 2, 77])
def test_a_wrong_acknowledgement_of_our_syn_is_reset(story, ack):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive("ACK", seq=1, ack=ack)
    s.expect("RST", seq=ack)
    assert s.state == "SYN-RECEIVED"


@pytest.mark.parametrize("flags", ["RST", "SYN"])
def test_a_reset_or_another_syn_returns_a_passive_end_to_listen(story, flags):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.receive(flags, seq=1)
    assert s.state == "LISTEN"
    assert s.error == ""
    assert s.events == ["closed"]


def test_close_in_syn_received_sends_fin_and_goes_to_fin_wait_1(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.close()
    assert s.state == "FIN-WAIT-1"
    s.expect("FIN,ACK", seq=1, ack=1)
    s.receive("ACK", seq=1, ack=2)
    assert s.state == "FIN-WAIT-2"


def test_close_with_data_waits_for_the_handshake(story):
    s = story(passive=True)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK")
    s.write(10)
    s.close()
    assert s.state == "SYN-RECEIVED"
    s.receive("ACK", seq=1, ack=1)
    assert s.state == "FIN-WAIT-1"
    s.expect("FIN,ACK,PSH", seq=1, length=10)


# -- the handshake's acknowledgement is lost ---------------------------------------------------------------------------


def test_a_syn_ack_that_comes_again_is_acknowledged_again(story):
    s = story().established()
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("ACK", seq=1, ack=1)
    assert s.state == "ESTABLISHED"
