"""TCP Fast Open (RFC 7413), segment by segment: what may be the answer to a SYN with data, and what becomes of it."""

from __future__ import annotations

import pytest

from testbed.tcp.lifetime.fast_open import KIND, FastOpen, Jar

SERVER = 0x0A000002
COOKIE = b"12345678"


def visited(story, **settings):
    """A client that has the server's cookie and has written 300 bytes, which went with the SYN."""
    s = story(fast_open=True, **settings)
    jar = Jar(b"secret")
    jar.known[SERVER] = (COOKIE, 1000)
    s.connection.fast_open = FastOpen(jar, SERVER)
    s.connection.open_active(s.now)
    s.write(300)
    syn = s.expect("SYN", seq=0, length=300, unknown=((KIND, COOKIE),))
    assert s.written == syn.payload
    assert s.events == ["connected"]
    return s, jar


def test_all_of_it_is_acknowledged(story):
    s, jar = visited(story)
    s.tick("100ms")
    s.receive("SYN,ACK", seq=0, ack=301, mss=1000)
    s.expect("ACK", seq=301, ack=1)
    assert (s.state, s.events.count("connected")) == ("ESTABLISHED", 1)
    assert s.connection.info(s.now)["options"] == 32
    assert s.cwnd == 10_000
    assert jar.known[SERVER] == (COOKIE, 1000)


def test_a_part_of_it_is_acknowledged_and_the_rest_goes_again(story):
    s, _ = visited(story)
    s.receive("SYN,ACK", seq=0, ack=101, mss=1000)
    s.expect("PSH,ACK", seq=101, length=200, reason="fast open refused")
    assert s.cwnd == 10_000, "nothing was lost"


@pytest.mark.parametrize(("new", "trusted"), [(b"", False), (b"abcdefgh", True)], ids=["no cookie", "another cookie"])
def test_none_of_it_is_acknowledged_and_all_goes_again_at_once(story, new, trusted):
    s, jar = visited(story)
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000, unknown=((KIND, new),) if new else ())
    s.expect("PSH,ACK", seq=1, length=300)
    assert (jar.known.get(SERVER) == (new, 1000)) is trusted
    assert (SERVER in jar.distrusted) is not trusted
    s.receive("ACK", ack=301)
    assert s.connection.stats.bytes_acked == 300


def test_an_acknowledgement_of_more_than_was_sent_is_reset(story):
    s, _ = visited(story)
    assert s.receive("SYN,ACK", seq=0, ack=302) == "rejected"
    s.expect("RST", seq=302)
    assert s.state == "SYN-SENT"


def test_a_repeated_syn_carries_nothing(story):
    s, jar = visited(story)
    s.tick("1s")
    s.expect("SYN", at="1s", seq=0, length=0, unknown=())
    assert SERVER in jar.distrusted
    s.receive("SYN,ACK", seq=0, ack=1, mss=1000)
    s.expect("PSH,ACK", seq=1, length=300)


def test_the_first_syn_may_have_got_through_after_all(story):
    s, _ = visited(story)
    s.tick("1s")
    s.expect("SYN", length=0)
    s.receive("SYN,ACK", seq=0, ack=301, mss=1000)
    s.expect("ACK", seq=301)


def test_a_close_waits_for_the_handshake(story):
    s, _ = visited(story)
    s.close()
    assert s.state == "SYN-SENT"
    s.receive("SYN,ACK", seq=0, ack=301, mss=1000)
    s.expect("FIN,ACK", seq=301)
    assert s.state == "FIN-WAIT-1"


def test_text_on_the_syn_ack_is_taken_though_we_have_closed(story):
    s, _ = visited(story)
    s.close()
    s.receive("SYN,ACK", seq=0, ack=301, mss=1000, data=50)
    s.expect("FIN,ACK", seq=301, ack=51)
    assert len(s.read()) == 50
    s.take()


def test_two_that_open_at_once_lose_nothing(story):
    s, _ = visited(story)
    s.receive("SYN", seq=0, mss=1000)
    s.expect("SYN,ACK", seq=0, ack=1, length=0)
    s.receive("ACK", seq=1, ack=1)
    assert (s.state, s.events.count("connected")) == ("ESTABLISHED", 1)
    s.tick("4s")
    assert s.take()[0].payload == s.written, "what the peer ignored is sent again, at the latest by the timer"


def test_a_refusal_is_told(story):
    s, _ = visited(story)
    s.receive("RST,ACK", seq=0, ack=301)
    assert (s.state, s.error) == ("CLOSED", "connection refused")


def test_only_a_segments_worth_goes_with_the_syn(story):
    s = story(fast_open=True)
    jar = Jar(b"secret")
    jar.known[SERVER] = (COOKIE, 800)
    s.connection.fast_open = FastOpen(jar, SERVER)
    s.connection.open_active(s.now)
    s.write(3760)
    s.expect("SYN", length=760)
    s.receive("SYN,ACK", seq=0, ack=761, mss=1000)
    s.expect("ACK", seq=761, length=1000)
    s.expect_data(1761, 2761)


# -- the server --------------------------------------------------------------------------------------------------------


def serving(story, cookie=None, **settings):
    s = story(passive=True, fast_open=True, **settings)
    jar = Jar(b"secret")
    s.connection.fast_open = FastOpen(jar, SERVER)
    s.receive("SYN", seq=0, data=300, mss=1000, unknown=((KIND, jar.cookie(SERVER) if cookie is None else cookie),))
    return s, jar


def test_with_our_cookie_the_data_is_taken_and_acknowledged(story):
    s, _ = serving(story)
    s.expect("SYN,ACK", seq=0, ack=301, window=0xFFFF - 300, unknown=())
    assert s.state == "SYN-RECEIVED"
    assert len(s.read()) == 300
    s.take()
    s.write(2000)
    assert [len(segment.payload) for segment in s.take()] == [1000, 1000]
    s.receive("ACK", seq=301, ack=2001)
    assert s.state == "ESTABLISHED"
    assert s.connection.stats.bytes_acked == 2000


@pytest.mark.parametrize("cookie", [b"", b"87654321"], ids=["asked for", "wrong"])
def test_otherwise_the_data_is_left_and_the_right_cookie_given(story, cookie):
    s, jar = serving(story, cookie)
    s.expect("SYN,ACK", seq=0, ack=1, unknown=((KIND, jar.cookie(SERVER)),))
    assert s.read() == b""


def test_a_server_may_close_before_the_handshake_is_over(story):
    s, _ = serving(story)
    s.expect("SYN,ACK")
    s.read()
    s.take()
    s.close()
    s.expect("FIN,ACK", seq=1, ack=301)
    assert s.state == "FIN-WAIT-1"
    s.receive("ACK", seq=301, ack=2)
    assert s.state == "FIN-WAIT-2"
