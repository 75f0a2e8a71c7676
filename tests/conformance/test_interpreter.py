"""The interpreter itself: that it reads the language, keeps its time, and that a script can fail."""

from __future__ import annotations

import pytest
from packetdrill.compare import encode_option, flag_bits, flag_letters, service_octet
from packetdrill.linux import Linux
from packetdrill.numbers import Numbers
from packetdrill.parser import parse
from packetdrill.plain import Plain
from packetdrill.profile import size_of
from packetdrill.runner import Runner
from packetdrill.script import CallEvent, Mismatch, Option, PacketEvent, ScriptError, Unsupported, Word

HANDSHAKE = """
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) win 10000 <mss 1460>
+.1 < S. 0:0(0) ack 1 win 10000 <mss 1000>
+0 > . 1:1(0) ack 1 win 10000
"""


def run(text: str, **options: object) -> Runner:
    script = parse(text)
    runner = Runner(script, Plain(script), **options)  # type: ignore[arg-type]
    runner.run()
    return runner


# -- the language ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "at", "until", "end"),
    [
        ("0.5", "absolute", 500_000_000, None, None),
        ("+.25", "relative", 250_000_000, None, None),
        ("+ 1.00", "relative", 1_000_000_000, None, None),
        ("*", "any", 0, None, None),
        ("+.1~+.2", "relative", 100_000_000, 200_000_000, None),
        ("1~2", "absolute", 1_000_000_000, 2_000_000_000, None),
        ("+0...0.200", "relative", 0, None, 200_000_000),
        ("0.000001234", "absolute", 1234, None, None),
    ],
)
def test_times(text: str, kind: str, at: int, until: int | None, end: int | None) -> None:
    moment = parse(f"{text} > . 1:1(0) ack 1").events[0].moment
    assert (moment.kind, moment.at, moment.until, moment.end) == (kind, at, until, end)


def packet(text: str) -> PacketEvent:
    body = parse(f"0 {text}").events[0].body
    assert isinstance(body, PacketEvent)
    return body


def test_packets() -> None:
    assert packet("< P. 1:1001(1000) ack 7 win 99 urg 3") == PacketEvent(True, "P.", 1, 1000, 7, 99, 3)
    assert packet("> R. 0:0(0)! ack 1").absolute
    assert packet("> S. ...(0) ack 1").seq is None
    assert packet("> . 1:1(0) ack 1 <...>").options is None
    assert packet("> (tos 0x20) S 0:0(0)").ip == "tos 0x20"
    assert packet("< 10 > 20 - 0:0(0) win 5").ports == (10, 20)
    message = "icmp unreachable frag_needed mtu 1200 [1:1461(1460)]"
    assert packet(f"< {message}").foreign == message
    assert packet("< [1:1461(1460)] icmp unreachable frag_needed mtu 1200").foreign == message
    assert packet("< F. 1:1(0) ack 1 win 1/udp(1 > 9811)").foreign == "udp encapsulation"


def test_options() -> None:
    assert packet("< S 0:0(0) win 1 <mss 1460, nop, wscale 6, sackOK, TS val 1 ecr 2, eol>").options == (
        Option("mss", (1460,)), Option("nop"), Option("wscale", (6,)), Option("sackOK"), Option("TS", (1, 2)),
        Option("eol"),
    )  # fmt: skip
    assert packet("> . 1:1(0) ack 1 <nop,nop,sack 3:5 7:9>").options[-1] == Option("sack", ((3, 5), (7, 9)))  # type: ignore[index]


def test_calls() -> None:
    body = parse(
        '0 f(3, ..., 0x10, A|B, "x" "y", [1, {a=2, b=htons(80)}], INADDR=inet_addr("1.2.3.4")) = -1 EAGAIN (no)'
    )
    assert body.events[0].body == CallEvent(
        "f", (3, ..., 16, Word(("A", "B")), "xy", [1, {"a": 2, "b": 80}], {"INADDR": "1.2.3.4"}), -1, "EAGAIN"
    )


def test_comments_conditions_options_and_commands() -> None:
    text = """--tolerance_usecs=7
// a comment with `quotes` and "more"
`set up`
/* of
   two lines */
0 `echo "// kept"`
#ifdef ONE
+0 %{ first }%
#endif
#ifdef TWO
+0 %{ second }%
#endif
`clean up`
"""
    script = parse(text, {"ONE"})
    assert script.options == {"tolerance_usecs": "7"}
    assert (script.setup, script.cleanup, script.mentions) == ("set up", "clean up", {"ONE", "TWO"})
    assert [event.body.text.strip() for event in script.events] == ['echo "// kept"', "first"]  # type: ignore[union-attr]
    assert [event.line for event in script.events] == [6, 8]


@pytest.mark.parametrize(
    "text",
    [
        "0 > . 1:5(3) ack 1",
        "0 nothing",
        "0 > Q 1:1(0)",
        "#ifdef X",
        "#endif",
        "0 f(1, 2 = 0",
        "+ > . 1:1(0)",
        "0 > . 1",
    ],
)
def test_what_is_no_script_is_refused(text: str) -> None:
    with pytest.raises(ScriptError):
        parse(text)


# -- a script can fail -------------------------------------------------------------------------------------------------


def test_a_handshake_passes() -> None:
    run(HANDSHAKE, tolerance=0, strict_end=True)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("> S 0:0(0)", "> S. 0:0(0)", "flags"),
        ("> . 1:1(0) ack 1 win 10000", "> . 2:2(0) ack 1 win 10000", "sequence number"),
        ("> . 1:1(0) ack 1 win 10000", "> . 1:1(0) ack 2 win 10000", "acknowledgement"),
        ("> . 1:1(0) ack 1 win 10000", "> . 1:1(0) ack 1 win 9999", "window"),
        ("> . 1:1(0) ack 1 win 10000", "> . 1:2(1) ack 1 win 10000", "length"),
        ("<mss 1460>", "<mss 1461>", "options"),
        ("<mss 1460>", "<mss 1460,nop,nop,sackOK>", "options"),
        ("<mss 1460>", "", "options"),
        ("+0 > . 1:1(0)", "+.1 > . 1:1(0)", "it was sent at"),
        ("EINPROGRESS", "EAGAIN", "connect"),
        ("= 3", "= 4", "socket"),
        (".1 <", "2.1 <", "flags: expected ., got S"),  # the SYN again, which nobody expects
    ],
)
def test_a_difference_is_found(old: str, new: str, complaint: str) -> None:
    assert HANDSHAKE.count(old) == 1
    with pytest.raises(Mismatch, match=complaint):
        run(HANDSHAKE.replace(old, new))


def test_what_is_missing_is_found() -> None:
    with pytest.raises(Mismatch, match="nothing was sent"):
        run(HANDSHAKE + "+0 > . 1:1(0) ack 1")


def test_what_nobody_expects_is_found_at_the_end_if_asked_for() -> None:
    text = HANDSHAKE + "+0 write(3, ..., 10) = 10"
    run(text)
    with pytest.raises(Mismatch, match="nobody expects"):
        run(text, strict_end=True)


def test_a_wrong_assertion_is_found() -> None:
    run(HANDSHAKE + "+0 %{ assert tcpi_state == ESTABLISHED }%")
    with pytest.raises(Mismatch, match="assertion"):
        run(HANDSHAKE + "+0 %{ assert tcpi_state == CLOSE_WAIT, tcpi_state }%")


def test_what_is_not_there_is_no_verdict() -> None:
    for line in ("+0 < icmp unreachable", "+0 epoll_create(1) = 5", "+0 `ifconfig`", "+0 < [ttl 3] . 1:1(0)"):
        with pytest.raises(Unsupported):
            run(HANDSHAKE + line)


def test_flags_may_be_a_number() -> None:
    assert flag_bits("SEWA") == 0x1C2
    assert flag_bits("P.5") == 0x158
    assert flag_letters(flag_bits(".6")) == "WA."


@pytest.mark.parametrize(("ip", "octet"), [("", 0), ("noecn", 0), ("ect1", 1), ("ect0", 2), ("tos 0x2", 2), ("ce", 3)])
def test_the_codepoint_of_a_packet(ip: str, octet: int) -> None:
    assert service_octet(ip) == octet


def test_counters_of_accurate_ecn() -> None:
    (option,) = packet("> . 1:1(0) ack 1 <ECN e1b 1 ceb 2>").options or ()
    assert encode_option(option, Numbers()) == bytes((174, 8, 0, 0, 1, 0, 0, 2))
    assert size_of(option) == 8


def test_a_message_about_a_segment_reaches_the_connection() -> None:
    text = HANDSHAKE + "+0 write(3, ..., 1000) = 1000\n+0 > P. 1:1001(1000) ack 1\n+0 < icmp {} [1:1001(1000)]\n"
    run(text.format("unreachable frag_needed mtu 640") + "+0 > . 1:601(600) ack 1\n+0 > P. 601:1001(400) ack 1")
    run(text.format("unreachable port_unreachable") + "+0 < . 1:1(0) ack 1001 win 65535")


# -- time --------------------------------------------------------------------------------------------------------------


def test_an_expected_time_has_a_tolerance() -> None:
    late = HANDSHAKE + "+0 write(3, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+{} > P. 1:11(10) ack 1"
    run(late.format("1.1"))  # it comes after 1 s; 12.5 % of 1.1 s are allowed
    with pytest.raises(Mismatch, match="it was sent at"):
        run(late.format("1.2"))
    with pytest.raises(Mismatch, match="it was sent at"):
        run(late.format("1.1"), tolerance=0)
    run(late.format("1"), tolerance=0)
    run(late.format(".5~+1.5"), tolerance=0)
    run("--tolerance_usecs=300000\n" + late.format("1.2"))
    run(late.replace("+{}", "*"))


def test_small_segments_add_up_to_what_is_expected() -> None:
    text = HANDSHAKE + "+0 write(3, ..., 3000) = 3000\n+0 > P. 1:3001(3000) ack 1"
    run(text, strict_end=True)
    with pytest.raises(Mismatch, match=r"flags: expected P\., got \."):  # the first of three
        run("--strict_segments\n" + text)
    with pytest.raises(Mismatch, match="flags"):
        run(text.replace("P.", "."))


def test_a_call_may_block_until_its_end() -> None:
    blocking = HANDSHAKE.replace("+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n", "").replace(
        "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)", "+0...0.1 connect(3, ..., ...) = 0"
    )
    run(blocking, tolerance=0)
    with pytest.raises(Mismatch, match="connect"):
        run(blocking.replace("0...0.1", "0...0.05"), tolerance=0)
    reading = blocking + "+0...0.2 read(3, ..., 100) = 5\n+.2 < P. 1:6(5) ack 1 win 100\n+0 > . 1:1(0) ack 6"
    run(reading, tolerance=0)
    with pytest.raises(Mismatch, match="read: expected 6"):
        run(reading.replace("= 5", "= 6"))


def test_poll_tells_what_is_ready() -> None:
    entry = "[{{fd=3, events=POLLIN|POLLOUT, revents={}}}]"
    run(HANDSHAKE + f"+0 poll({entry.format('POLLOUT')}, 1, 0) = 1")
    with pytest.raises(Mismatch, match="poll"):
        run(HANDSHAKE + f"+0 poll({entry.format('POLLIN')}, 1, 0) = 1")


# -- other systems -----------------------------------------------------------------------------------------------------


def test_a_script_in_linux_order() -> None:
    script = parse(
        """`./defaults.sh`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000,sackOK,TS val 100 ecr 0,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 700 ecr 100,nop,wscale 8>
+.1 < . 1:1(0) ack 1 win 257 <nop,nop,TS val 200 ecr 700>
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 5) = 5
+0 > P. 1:6(5) ack 1 <nop,nop,TS val 800 ecr 200>
+.1 < . 1:1(0) ack 6 win 257 <nop,nop,TS val 300 ecr 800>
+0 %{ assert tcpi_state == TCP_ESTABLISHED and tcpi_unacked == 0 and tcpi_snd_mss == 988 }%
"""
    )
    Runner(script, Linux(script), tolerance=0, strict_end=True).run()
