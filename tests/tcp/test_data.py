"""Bytes from one end to the other: numbers, PSH, urgent data, and what the application sees (RFC 9293 section 3.7)."""

from __future__ import annotations

import pytest

# -- sending -----------------------------------------------------------------------------------------------------------


def test_a_long_write_is_cut_into_full_segments_and_only_the_last_is_pushed(story):
    s = story(nagle=False).established()
    s.write(2500)
    s.expect("ACK", seq=1, length=1000)
    s.expect("ACK", seq=1001, length=1000)
    s.expect("ACK,PSH", seq=2001, length=500)


def test_each_write_ends_with_psh(story):
    s = story(nagle=False).established()
    s.write(10)
    s.expect("ACK,PSH", seq=1, length=10)
    s.write(20)
    s.expect("ACK,PSH", seq=11, length=20)


def test_writes_that_share_a_segment_are_pushed_where_one_of_them_ends_with_it(story):
    s = story().established(window=1500)
    s.write(1000)
    s.expect("ACK,PSH", seq=1)
    s.write(300)
    s.write(1700)
    s.receive("ACK", ack=1001, window=5000)
    s.expect("ACK", seq=1001, length=1000)
    s.expect("ACK,PSH", seq=2001, length=1000)


def test_a_retransmission_is_pushed_like_the_original(story):
    s = story().established()
    s.write(10)
    s.expect("ACK,PSH", seq=1)
    s.tick("1s")
    s.expect("ACK,PSH", seq=1, length=10)


def test_data_crosses_the_end_of_the_number_space(story):
    s = story().established()
    s.write(5000)
    s.expect_data(1, 1001, 2001, 3001, 4001)
    s.receive("ACK", ack=5001)
    s.receive("ACK", data=1000)
    s.expect("ACK", ack=1001)
    assert len(s.read()) == 1000


def test_absolute_numbers_outlive_several_rounds_of_the_space(story):
    s = story(nagle=False).established()
    assert s.connection.sender.next == s.isn + 1
    for step in range(1, 40):
        s.write(1000)
        s.expect("ACK,PSH", seq=(step - 1) * 1000 + 1)
        s.receive("ACK", ack=step * 1000 + 1)
    assert s.connection.sender.una == s.isn + 39_001


# -- the send buffer ---------------------------------------------------------------------------------------------------


def test_bytes_are_kept_until_they_are_acknowledged(story):
    s = story(send_buffer=2000).established()
    assert s.write(3000) == 2000
    s.expect_data(1, 1001)
    assert s.write(1) == 0
    s.receive("ACK", ack=1001)
    assert s.connection.sender.buffer.room == 1000
    s.tick("1s")
    s.expect("PSH,ACK", seq=1001, length=1000)


def test_an_application_that_was_refused_room_is_told_when_there_is_some(story):
    s = story(send_buffer=4000).established()
    assert s.write(5000) == 4000
    s.expect_data(1, 1001, 2001, 3001)
    s.receive("ACK", ack=1001)
    assert s.events == ["connected", "writable"]
    s.receive("ACK", ack=4001)
    assert s.events == ["connected", "writable"]  # told once, for one refusal


def test_an_application_that_was_not_refused_is_not_told(story):
    s = story(send_buffer=4000).established()
    assert s.write(4000) == 4000
    s.expect_data(1, 1001, 2001, 3001)
    s.receive("ACK", ack=4001)
    assert s.events == ["connected"]


def test_room_that_a_refused_segments_acknowledgement_makes_is_told_as_well(story):
    """The wake-up must not be lost when the acknowledgement comes on a segment whose text is refused."""
    s = story(send_buffer=1000, receive_buffer=1000).established()
    s.receive("ACK", data=1000)
    s.expect("ACK", ack=1001, window=0)
    assert s.write(1500) == 1000
    s.expect("ACK,PSH", seq=1)
    s.receive("ACK", ack=1001, data=1)  # a probe of our closed window
    s.expect("ACK", ack=1001, window=0)
    assert s.events[-1] == "writable"


def test_nothing_can_be_written_after_close(story):
    s = story().established()
    s.close()
    s.expect("FIN,ACK")
    assert s.write(10) == 0


# -- receiving ---------------------------------------------------------------------------------------------------------


def test_bytes_are_read_in_order_and_once(story, stream):
    s = story().established()
    s.receive("ACK", data=700)
    s.expect("ACK", ack=701)
    assert s.read(300) == stream(1, 300)
    assert s.read(1000) == stream(301, 400)
    assert s.read(1000) == b""
    assert s.connection.stats.bytes_read == 700


def test_what_comes_behind_a_hole_waits_for_it(story, stream):
    s = story().established()
    s.receive("ACK", seq=1001, data=500)
    s.expect("ACK", ack=1)
    assert s.read() == b""
    assert "readable" not in s.events
    s.receive("ACK", seq=1, data=1000)
    s.expect("ACK", ack=1501)
    assert s.read() == stream(1, 1500)


def test_a_duplicate_is_acknowledged_and_not_delivered_again(story, stream):
    s = story().established()
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501)
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501)
    assert s.read() == stream(1, 500)
    assert s.connection.stats.duplicate_segments_received == 1


def test_a_segment_that_overlaps_what_is_known_gives_its_new_part(story, stream):
    s = story().established()
    s.receive("ACK", seq=1, data=500)
    s.expect("ACK", ack=501)
    s.receive("ACK", seq=201, data=800)
    s.expect("ACK", ack=1001)
    assert s.read() == stream(1, 1000)


def test_what_lies_beyond_the_window_is_cut_off(story, stream):
    s = story(receive_buffer=1500).established()
    s.receive("ACK", seq=1, data=1000)
    s.expect("ACK", ack=1001, window=500)
    s.receive("ACK", seq=1001, data=1000)
    s.expect("ACK", ack=1501, window=0)
    assert s.read() == stream(1, 1500)
    s.expect("ACK", ack=1501, window=1500)


def test_a_segment_wholly_outside_the_window_is_answered_and_dropped(story):
    s = story(receive_buffer=1500).established()
    s.receive("ACK", seq=1501, data=100)
    s.expect("ACK", ack=1)
    assert s.read() == b""


def test_a_segment_without_ack_is_dropped_in_silence(story):
    s = story().established()
    s.receive("PSH", seq=1, data=100)
    assert s.read() == b""


# -- urgent data (RFC 6093) --------------------------------------------------------------------------------------------


def test_urgent_data_points_to_the_byte_after_it(story):
    s = story(nagle=False).established()
    s.write(10)
    s.expect("ACK,PSH", seq=1)
    s.write(5, urgent=True)
    s.expect("ACK,PSH,URG", seq=11, length=5, urgent_pointer=5)
    s.write(10)
    s.expect("ACK,PSH", seq=16, urgent_pointer=0)


def test_every_segment_up_to_the_end_of_urgent_data_carries_the_pointer(story):
    s = story(nagle=False).established()
    s.write(2500, urgent=True)
    s.expect("ACK,URG", seq=1, urgent_pointer=2500)
    s.expect("ACK,URG", seq=1001, urgent_pointer=1500)
    s.expect("ACK,PSH,URG", seq=2001, urgent_pointer=500)


@pytest.mark.parametrize("ahead", [0, 3])
def test_the_receiver_stays_in_urgent_mode_until_it_has_read_so_far(story, ahead):
    s = story().established()
    s.receive("ACK,URG", data=10, urgent_pointer=10 + ahead)
    s.expect("ACK", ack=11)
    receiver = s.connection.receiver
    assert receiver.urgent == s.peer_isn + 11 + ahead
    s.receive("ACK", data=3)
    s.expect("ACK", ack=14)
    assert receiver.urgent == s.peer_isn + 11 + ahead  # urgent data is read in line, with the rest
    assert len(s.read()) == 13


def test_an_older_pointer_does_not_take_the_urgent_mark_back(story):
    s = story().established()
    s.receive("ACK,URG", seq=101, data=100, urgent_pointer=100)
    s.expect("ACK", ack=1)
    s.receive("ACK,URG", seq=1, data=100, urgent_pointer=50)
    s.expect("ACK", ack=201)
    assert s.connection.receiver.urgent == s.peer_isn + 201
