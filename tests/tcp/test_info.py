"""`Connection.info`: a snapshot by the names of Linux's `tcp_info`."""

from __future__ import annotations

import pytest

from testbed.tcp.info import FIELDS, STATES
from testbed.tcp.state import State


def info(s):
    return s.connection.info(s.now)


def shown(s, *names):
    numbers = info(s)
    return tuple(numbers[name] for name in names)


def test_every_number_is_there_and_has_its_line(story):
    s = story().established()
    assert list(info(s)) == list(FIELDS)
    assert all(isinstance(number, int) and number >= 0 for number in info(s).values())
    assert all(field.doc for field in FIELDS.values())


def test_it_can_be_asked_for_at_any_time(story):
    s = story()
    assert shown(s, "state", "options", "rtt", "rcv_wnd") == (7, 0, 0, 0)
    s.open()
    s.expect("SYN")
    assert shown(s, "state", "unacked") == (2, 1)
    s.receive("SYN,ACK", seq=0, ack=1)
    s.expect("ACK")
    assert shown(s, "state", "unacked") == (1, 0)


def test_states_have_linux_numbers():
    assert sorted(STATES.values()) == list(range(1, 12))
    assert set(STATES) == set(State)


def test_times_are_in_microseconds_and_milliseconds(story):
    s = story(rto_min=200_000_000).established(trip="80ms")
    s.tick("5s")
    assert shown(s, "rtt", "rttvar", "rto", "last_ack_recv") == (80_000, 40_000, 240_000, 5000)


@pytest.mark.parametrize(
    ("settings", "option", "bits"),
    [
        ({}, {}, 0),
        ({"timestamps": True}, {"timestamp": 1}, 1),
        ({"sack": True}, {"sack_permitted": True}, 2),
        ({"window_scaling": True}, {"window_scale": 3}, 4),
        ({"timestamps": True, "sack": True, "window_scaling": True}, {}, 0),
    ],
    ids=["none", "timestamps", "SACK", "window scaling", "offered only"],
)
def test_options_are_what_both_have_agreed_on(story, settings, option, bits):
    assert shown(story(**settings).established(**option), "options") == (bits,)


def test_segments_in_flight_lost_and_sent_again(story):
    s = story(sack=True, tail_loss_probe=False).established(sack_permitted=True)
    s.write(8000)
    s.take()
    assert shown(s, "unacked", "sacked", "lost", "retrans", "ca_state", "delivered") == (8, 0, 0, 0, 0, 1)
    s.tick("100ms")
    first = s.isn + 1 & 0xFFFFFFFF
    s.receive("ACK", ack=1, sack=((first + 5000 & 0xFFFFFFFF, first + 8000 & 0xFFFFFFFF),))
    numbers = info(s)
    assert (numbers["unacked"], numbers["sacked"], numbers["ca_state"], numbers["delivered"]) == (8, 3, 3, 4)
    assert numbers["lost"] + numbers["retrans"] == 5
    assert numbers["retrans"] == numbers["total_retrans"] == len(s.take())


def test_a_timeout_shows_in_state_and_backoff(story):
    s = story().established()
    s.write(1000)
    s.take()
    s.tick("1s")
    s.take()
    assert shown(s, "ca_state", "retransmits", "backoff", "total_rto", "retrans", "snd_cwnd") == (4, 1, 1, 1, 1, 1)


def test_what_waits_and_what_was_moved(story):
    s = story().established(window=3000)
    s.write(5000)
    s.take()
    assert shown(s, "notsent_bytes", "snd_wnd", "bytes_acked", "bytes_sent") == (2000, 3000, 0, 3000)
    s.receive("ACK", ack=3001, data=500, window=3000)
    s.take()
    assert shown(s, "notsent_bytes", "bytes_acked", "bytes_received", "data_segs_out") == (0, 3000, 500, 5)
    assert shown(s, "rcv_wnd", "last_data_recv") == (0xFFFF - 500, 0)


def test_windows_are_in_segments_and_an_unset_threshold_is_linux_infinity(story):
    s = story().established()
    assert shown(s, "snd_cwnd", "snd_ssthresh", "snd_mss", "advmss") == (10, 0x7FFFFFFF, 1000, 1000)


def test_the_path_mtu_counts_headers(story):
    assert shown(story().established(), "pmtu", "snd_mss") == (1040, 1000)
    assert shown(story(timestamps=True).established(timestamp=1), "pmtu", "snd_mss") == (1040, 988)


def test_closed_windows_are_probed(story):
    s = story().established(window=0)
    s.write(10)
    s.tick("1s")
    s.take()
    assert shown(s, "probes", "backoff") == (1, 1)


# -- what the sender waits for -----------------------------------------------------------------------------------------

WAITS = "busy_time", "rwnd_limited", "sndbuf_limited"


def test_a_sender_is_busy_until_all_is_acknowledged(story):
    s = story().established()
    s.tick("1s")
    assert shown(s, *WAITS) == (0, 0, 0)
    s.write(500)
    s.expect("ACK,PSH")
    s.tick("30ms")
    assert shown(s, *WAITS) == (30_000, 0, 0)
    s.receive("ACK", ack=501)
    s.tick("1s")
    assert shown(s, *WAITS) == (30_000, 0, 0)


def test_the_peers_window_holds_it_back(story):
    s = story().established(window=1500)
    s.write(5000)
    s.expect("ACK", length=1000)
    s.tick("30ms")
    assert shown(s, *WAITS) == (30_000, 30_000, 0)
    s.receive("ACK", ack=1001, window=20_000)
    s.take()
    s.tick("20ms")
    assert shown(s, *WAITS) == (50_000, 30_000, 0)


def test_a_full_send_buffer_holds_it_back(story):
    s = story(send_buffer=2000).established()
    assert s.write(5000) == 2000
    s.take()
    s.tick("30ms")
    assert shown(s, *WAITS) == (30_000, 0, 30_000)
    s.receive("ACK", ack=2001)
    s.tick("1s")
    assert shown(s, *WAITS) == (30_000, 0, 30_000)


def test_the_congestion_window_is_only_busy(story):
    s = story(initial_window=2).established()
    s.write(5000)
    s.take()
    s.tick("30ms")
    assert shown(s, *WAITS) == (30_000, 0, 0)


def test_a_connection_that_is_over_waits_no_more(story):
    s = story().established()
    s.write(500)
    s.take()
    s.tick("30ms")
    s.receive("RST", seq=1)
    s.tick("1s")
    assert shown(s, *WAITS) == (30_000, 0, 0)


def test_segments_with_data_are_counted_apart(story):
    s = story().established()
    s.receive("ACK", data=100)
    s.take()
    s.receive("ACK", seq=1, data=100)  # again
    s.take()
    assert shown(s, "data_segs_in", "segs_in") == (2, 3)
