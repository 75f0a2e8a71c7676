"""What RFC 9293 section 3.10.7, with RFC 5961, says of one segment in one state: the judge of `test_matrix`.

Written from the RFC's text and not from the code that it judges. Sequence numbers are relative to both sides' initial
ones; the peer's window and ours are `plain.WINDOW`.
"""

from __future__ import annotations

from dataclasses import dataclass

from packetdrill.plain import WINDOW

OPENING = """
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR | O_NONBLOCK) = 0
"""
LISTENING = (
    OPENING
    + """
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
"""
)
CONNECTING = (
    OPENING
    + """
+0 connect(3, ..., ...) = -1 EINPROGRESS
+0 > S 0:0(0) win 10000 <...>
"""
)
CONNECTED = (
    CONNECTING
    + """
+.1 < S. 0:0(0) ack 1 win 10000 <mss 1000>
+0 > . 1:1(0) ack 1 win 10000
"""
)
CLOSED_FIRST = (
    CONNECTED
    + """
+.1 shutdown(3, SHUT_WR) = 0
+0 > F. 1:1(0) ack 1 win 10000
"""
)
CLOSED_SECOND = (
    CONNECTED
    + """
+.1 < F. 1:1(0) ack 1 win 10000
+0 > . 1:1(0) ack 2 win 10000
"""
)


@dataclass(frozen=True)
class Situation:
    """A state, the script that leads there, and the numbers that hold then."""

    state: str
    script: str
    una: int = 0
    nxt: int = 0
    rcv: int = 0
    passive: bool = False


SITUATIONS = {
    "CLOSED": Situation("CLOSED", OPENING),
    "LISTEN": Situation("LISTEN", LISTENING),
    "SYN-SENT": Situation("SYN-SENT", CONNECTING, 0, 1),
    "SYN-RECEIVED after LISTEN": Situation("SYN-RECEIVED", LISTENING + """
+0 < S 0:0(0) win 10000 <mss 1000>
+0 > S. 0:0(0) ack 1 win 10000 <mss 1460>
""", 0, 1, 1, passive=True),
    "SYN-RECEIVED after SYN-SENT": Situation("SYN-RECEIVED", CONNECTING + """
+.1 < S 0:0(0) win 10000 <mss 1000>
+0 > S. 0:0(0) ack 1 win 10000 <mss 1460>
""", 0, 1, 1),
    "ESTABLISHED": Situation("ESTABLISHED", CONNECTED, 1, 1, 1),
    "FIN-WAIT-1": Situation("FIN-WAIT-1", CLOSED_FIRST, 1, 2, 1),
    "FIN-WAIT-2": Situation("FIN-WAIT-2", CLOSED_FIRST + "+.1 < . 1:1(0) ack 2 win 10000", 2, 2, 1),
    "CLOSE-WAIT": Situation("CLOSE-WAIT", CLOSED_SECOND, 1, 1, 2),
    "CLOSING": Situation("CLOSING", CLOSED_FIRST + """
+.1 < F. 1:1(0) ack 1 win 10000
+0 > . 2:2(0) ack 2 win 10000
""", 1, 2, 2),
    "LAST-ACK": Situation("LAST-ACK", CLOSED_SECOND + """
+.1 shutdown(3, SHUT_WR) = 0
+0 > F. 1:1(0) ack 2 win 10000
""", 1, 2, 2),
    "TIME-WAIT": Situation("TIME-WAIT", CLOSED_FIRST + """
+.1 < F. 1:1(0) ack 2 win 10000
+0 > . 2:2(0) ack 2 win 10000
""", 2, 2, 2),
}  # fmt: skip


@dataclass(frozen=True)
class Arrival:
    """A segment that comes. `ack` counts only with the flag `.`."""

    flags: str
    seq: int
    ack: int
    size: int = 0

    @property
    def length(self) -> int:
        """SEG.LEN"""
        return self.size + ("S" in self.flags) + ("F" in self.flags)

    def has(self, flag: str) -> bool:
        """Whether a flag, by its letter, is set."""
        return flag in self.flags


@dataclass(frozen=True)
class Answer:
    """What is sent in return (a line of a script without its time; "" for silence), and the state that follows."""

    line: str
    state: str


def answer(situation: Situation, arrival: Arrival) -> Answer:
    """The RFC's answer."""
    match situation.state:
        case "CLOSED":
            return _closed(arrival)
        case "LISTEN":
            return _listen(arrival)
        case "SYN-SENT":
            return _syn_sent(situation, arrival)
    return _synchronised(situation, arrival)


def _closed(arrival: Arrival) -> Answer:
    """Section 3.10.7.1."""
    if arrival.has("R"):
        return Answer("", "CLOSED")
    if arrival.has("."):
        return Answer(_reset(arrival.ack), "CLOSED")
    return Answer(f"> R. 0:0(0)! ack {arrival.seq + arrival.length} win 0", "CLOSED")


def _listen(arrival: Arrival) -> Answer:
    """Section 3.10.7.2. A connection that a SYN makes shows itself by its state; a listener has none to show."""
    if arrival.has("R"):
        return Answer("", "CLOSED")
    if arrival.has("."):
        return Answer(_reset(arrival.ack), "CLOSED")
    if arrival.has("S"):
        return Answer(f"> S. 0:0(0) ack {arrival.seq + 1} win 10000 <...>", "SYN-RECEIVED")
    return Answer("", "CLOSED")


def _syn_sent(situation: Situation, arrival: Arrival) -> Answer:
    """Section 3.10.7.3."""
    if arrival.has(".") and not situation.una < arrival.ack <= situation.nxt:
        line = "" if arrival.has("R") else _reset(arrival.ack)
        return Answer(line, "SYN-SENT")
    if arrival.has("R"):
        return Answer("", "CLOSED" if arrival.has(".") else "SYN-SENT")
    if not arrival.has("S"):
        return Answer("", "SYN-SENT")
    if not arrival.has("."):  # text waits; a FIN is left to be repeated
        return Answer(f"> S. 0:0(0) ack {arrival.seq + 1} win 10000 <...>", "SYN-RECEIVED")
    state = "CLOSE-WAIT" if arrival.has("F") else "ESTABLISHED"
    return Answer(_ack(situation, arrival.seq + arrival.length, unread=arrival.size), state)


def _reset(seq: int) -> str:
    """<SEQ=SEG.ACK><CTL=RST>"""
    return f"> R {seq & 0xFFFFFFFF}:{seq & 0xFFFFFFFF}(0) win 0"


def _ack(situation: Situation, expected: int | None = None, unread: int = 0) -> str:
    """<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"""
    rcv = situation.rcv if expected is None else expected
    return f"> . {situation.nxt}:{situation.nxt}(0) ack {rcv} win {WINDOW - unread}"


def _acceptable(situation: Situation, arrival: Arrival) -> bool:
    """Table 6 of section 3.4, and the right edge for a plain acknowledgement, as Linux and FreeBSD have it."""
    left, right = situation.rcv, situation.rcv + WINDOW
    if arrival.length == 0 and not arrival.has("R") and arrival.seq == right:
        return True
    return left <= arrival.seq < right or (arrival.length > 0 and left <= arrival.seq + arrival.length - 1 < right)


def _synchronised(situation: Situation, arrival: Arrival) -> Answer:
    """Section 3.10.7.4, steps one to four."""
    state = situation.state
    stay = Answer(_ack(situation), state)
    if state == "SYN-RECEIVED" and arrival.has("S") and not arrival.has("R") and arrival.seq == situation.rcv - 1:
        if not arrival.has("."):  # the peer's SYN again: our SYN,ACK was lost
            return Answer("> S. 0:0(0) ack 1 win 10000 <...>", state)
        if not situation.passive:  # the SYN,ACK of figure 8
            return _fifth(situation, Arrival(arrival.flags, arrival.seq + 1, arrival.ack, arrival.size), acked=True)
    if not _acceptable(situation, arrival):
        if arrival.has("R"):
            return Answer("", state)
        return _old_acknowledgement(situation, arrival, stay)
    if arrival.has("R"):  # RFC 5961 section 3.2
        return Answer("", "CLOSED") if arrival.seq == situation.rcv else stay
    if arrival.has("S"):  # RFC 5961 section 4.2
        return Answer("", "CLOSED") if state == "SYN-RECEIVED" and situation.passive else stay
    return _fifth(situation, arrival)


def _old_acknowledgement(situation: Situation, arrival: Arrival, stay: Answer) -> Answer:
    """A segment left of the window is answered and dropped, but what it acknowledges is acknowledged: the RFC asks
    for that with a closed window, and BSD does it always."""
    known = arrival.has(".") and not arrival.has("S") and arrival.seq <= situation.rcv
    if known and situation.state != "SYN-RECEIVED" and situation.una < arrival.ack <= situation.nxt:
        after = _fin_acknowledged(situation.state)
        return Answer("" if after == "CLOSED" else stay.line, after)
    return stay


def _fin_acknowledged(state: str) -> str:
    after = {"FIN-WAIT-1": "FIN-WAIT-2", "CLOSING": "TIME-WAIT", "LAST-ACK": "CLOSED"}
    return after.get(state, state)


def _fifth(situation: Situation, arrival: Arrival, acked: bool = False) -> Answer:
    """Fifth: check the ACK field."""
    state = situation.state
    if not arrival.has("."):
        return Answer("", state)
    if state == "SYN-RECEIVED":
        if not situation.una < arrival.ack <= situation.nxt:
            return Answer(_reset(arrival.ack), state)
        return _text(situation, "ESTABLISHED", arrival, acked)
    if arrival.ack > situation.nxt:
        return Answer(_ack(situation), state)
    if arrival.ack < situation.una - WINDOW:
        return Answer(_ack(situation), state)  # RFC 5961 section 5.2
    if situation.una < arrival.ack:
        state = _fin_acknowledged(state)
    if state == "CLOSED":
        return Answer("", state)
    if state == "TIME-WAIT":  # whatever is not our last acknowledgement's echo is acknowledged
        moved = situation.state != "TIME-WAIT"
        echo = (arrival.seq, arrival.ack, arrival.length) == (situation.rcv, situation.nxt, 0)
        silent = (moved and not arrival.has("F")) or echo
        return Answer("" if silent else _ack(situation), state)
    return _text(situation, state, arrival)


def _text(situation: Situation, state: str, arrival: Arrival, acked: bool = False) -> Answer:
    """Seventh and eighth: text and FIN. `acked`: an acknowledgement is owed anyway."""
    rcv, after = situation.rcv, state
    open_for_text = state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2")
    unread = 0
    if arrival.size and open_for_text:
        acked = True
        if arrival.seq <= rcv < arrival.seq + arrival.size:
            unread = arrival.seq + arrival.size - rcv
            rcv += unread
    if arrival.has("F"):
        acked = True
        if open_for_text and arrival.seq + arrival.size == rcv:
            rcv += 1
            after = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING", "FIN-WAIT-2": "TIME-WAIT"}[state]
    return Answer(_ack(situation, rcv, unread) if acked else "", after)
