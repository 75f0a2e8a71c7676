"""What SYN and SYN,ACK say of ECN, and what both ends agree on (RFC 3168 section 6.1.1, RFC 9768 section 3.1).

The three flags AE, CWR and ECE, in this order:

    SYN      111  accurate ECN, or less     011  classic ECN     000  none
    SYN,ACK  010  accurate, and the SYN came as not-ECT; 011: as ECT(1); 100: as ECT(0); 110: as CE
             001  classic                   000  none            111  none: it reflects what it does not know

A server's answer thus tells the client what the network does to codepoints, and the client's first acknowledgement
tells the server likewise. Where something on the path drops what it does not know, a repetition asks for less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.tcp.ecn.accurate_ecn import FIRST_BYTES, AccurateEcn
from testbed.tcp.ecn.classic import ClassicEcn, Ecn, ExactEcho, answer
from testbed.tcp.lifetime import closing
from testbed.tcp.state import Event
from testbed.wire.accurate_ecn import ORDER_0, Counters, counters, padded, put_counters
from testbed.wire.options import MAX_OPTIONS, options_size
from testbed.wire.packet import CE, ECT0, ECT1, NOT_ECT
from testbed.wire.segment import ACE, ACE_SHIFT, ACK, CWR, ECE, SYN, Segment

if TYPE_CHECKING:
    from testbed.tcp.config import TcpConfig
    from testbed.tcp.connection import Connection
    from testbed.tcp.stats import ConnectionStats

OFF: Final = "off"
CLASSIC: Final = "classic"
ACCURATE: Final = "accurate"

CODES: Final = {NOT_ECT: 0b010, ECT1: 0b011, ECT0: 0b100, CE: 0b110}
"""How a codepoint is told in the handshake (RFC 9768 tables 2 and 3)."""

CODEPOINTS: Final = {code: codepoint for codepoint, code in CODES.items()}

CLASSIC_SYN: Final = 0b011
CLASSIC_SYN_ACK: Final = 0b001
REFLECTED: Final = 0b111
RESERVED: Final = 0b101


def field(segment: Segment) -> int:
    """The three flags as a number."""
    return (segment.flags & ACE) >> ACE_SHIFT


class EcnSetup:
    """One end's side of the agreement.

    `mode` is entered on the first SYN or SYN,ACK that comes, and never changes (RFC 9768 section 3.1.5). `marked` says
    that the peer saw our SYN, or SYN,ACK, marked.
    """

    __slots__ = (
        "_answers", "_asked", "_capable_syn", "_heard", "_plain", "_retries", "_sent_as", "_served", "_sound", "_told",
        "_wanted", "_wants_option", "marked", "mode",
    )  # fmt: skip

    def __init__(self, config: TcpConfig, capable_syn: bool) -> None:
        """`capable_syn`: our SYN, or SYN,ACK, leaves with ECT (RFC 8257 section 3.6)."""
        self._wanted = config.ecn
        self._wants_option = config.ecn_option
        self._retries = config.ecn_retries
        self._capable_syn = capable_syn
        self.mode = OFF
        self.marked = False
        self._served = False  # the mode was entered on a SYN
        self._asked = 0  # SYNs sent
        self._answers = 0  # SYN,ACKs sent
        self._sent_as = NOT_ECT  # the codepoint of the last of them
        self._heard = NOT_ECT  # how the peer's latest SYN, or SYN,ACK, came
        self._plain = False  # a SYN or SYN,ACK without flags was sent or, to a server, came
        self._sound = True  # no codepoint has changed as none may
        self._told: Counters | None = None  # by the SYN,ACK

    # -- what leaves ---------------------------------------------------------------------------------------------------

    def leave(self, segment: Segment) -> None:
        """Complete our SYN, or SYN,ACK."""
        if segment.flags & ACK:
            self._answer(segment)
            self._answers += 1
        else:
            self._ask(segment)
            self._asked += 1
        self._plain = self._plain or not segment.flags & ACE
        if self._capable_syn and segment.flags & ACE:
            segment.ecn = ECT0
        self._sent_as = segment.ecn

    def _ask(self, segment: Segment) -> None:
        """After `ecn_retries` repetitions ECN may be what is in the way (RFC 3168 section 6.1.1.1, RFC 9768 section
        3.1.4.1)."""
        if self._asked <= self._retries:
            segment.flags |= ACE if self._wanted == ACCURATE else ECE | CWR

    def _answer(self, segment: Segment) -> None:
        """RFC 9768 section 3.2.3.2.2: the second time without the option, and then without flags."""
        if self.mode == CLASSIC and not self._plain:
            segment.flags |= ECE
        elif self.mode == ACCURATE and self._answers <= self._retries:
            segment.flags |= CODES[self._heard] << ACE_SHIFT
            if self._answers == 0 and self._wants_option and options_size(segment) + padded(3) <= MAX_OPTIONS:
                put_counters(segment, ORDER_0, FIRST_BYTES, 3)

    # -- what comes ----------------------------------------------------------------------------------------------------

    def hear(self, segment: Segment) -> None:
        """The first SYN, or SYN,ACK, has come."""
        code = field(segment)
        self._heard = segment.ecn
        if segment.flags & ACK:
            self.mode = self._agreed_by_server(code)
            if self.mode == ACCURATE:
                self._told = counters(segment)
                self._compare(code)
        else:
            self._served = True
            self.mode = self._asked_by_client(code)
            self._plain = code == 0

    def _asked_by_client(self, code: int) -> str:
        if self._wanted == CLASSIC:
            return CLASSIC if code & CLASSIC_SYN == CLASSIC_SYN else OFF
        if code == 0:
            return OFF
        return CLASSIC if code == CLASSIC_SYN else ACCURATE  # what is reserved counts as 111 (RFC 9768 section 3.1.3)

    def _agreed_by_server(self, code: int) -> str:
        if self._wanted == CLASSIC:
            return CLASSIC if code & CLASSIC_SYN == CLASSIC_SYN_ACK else OFF
        if code in (0, REFLECTED):
            return OFF
        return CLASSIC if code == CLASSIC_SYN_ACK else ACCURATE

    def hear_again(self, segment: Segment) -> bool:
        """A SYN comes again, or, in a simultaneous open, the peer's SYN,ACK; False if it contradicts what came before,
        so that nobody could know what the other end believes (RFC 9768 section 3.1.5)."""
        code = field(segment)
        classic = CLASSIC_SYN_ACK if segment.flags & ACK else CLASSIC_SYN
        if self.mode == OFF or self._wanted == CLASSIC:
            self._plain = self._plain or code == 0
            return True
        if code and (code == classic) != (self.mode == CLASSIC):
            return False
        self._plain = self._plain or code == 0
        if segment.flags & ACK:
            if self.mode == ACCURATE:
                self._compare(code)
        else:
            self._heard = segment.ecn
        return True

    def _compare(self, code: int) -> None:
        """RFC 9768 section 3.2.2.3: how what we sent has arrived. Not-ECT must stay; ECT may become anything but
        that."""
        if code == RESERVED:
            return  # counts as unchanged
        arrived = CODEPOINTS.get(code, self._sent_as)
        self.marked = arrived == CE
        self._sound = arrived == self._sent_as or (self._sent_as != NOT_ECT and arrived != NOT_ECT)

    # -- agreed --------------------------------------------------------------------------------------------------------

    def build(self, exact: bool, stats: ConnectionStats, initial: int) -> Ecn | None:
        """What the connection needs from now on. `exact`: the congestion control counts marks."""
        if self.mode == OFF:
            return None
        if self.mode == CLASSIC:
            return (ExactEcho if exact else ClassicEcn)(stats, not self._plain, initial)
        ecn = AccurateEcn(stats, self._sound, initial, self._wants_option)
        if not self._served:
            ecn.begin_as_client(CODES[self._heard], self._heard == CE, self._told)
        return ecn

    def settle(self, ecn: Ecn, last: Segment) -> None:
        """The handshake is over by the segment `last`. A client may send ECT although it once sent a plain SYN, if
        accurate ECN was agreed all the same (RFC 9768 section 3.1.5); nobody else may."""
        if not self._served:
            return
        if self._plain:
            ecn.capable = False
        if not isinstance(ecn, AccurateEcn) or last.flags & SYN or last.payload or last.sack:
            return
        self._compare(field(last))
        ecn.capable = ecn.capable and self._sound
        ecn.begin_as_server(field(last), counters(last))


def agree(connection: Connection, segment: Segment) -> None:
    """The peer's first SYN, or SYN,ACK, has come."""
    output, sender = connection.output, connection.sender
    setup = output.ecn_setup
    if setup is not None:
        setup.hear(segment)
        ecn = setup.build(sender.control.counts_marks, connection.stats, sender.initial)
        connection.ecn = output.ecn = sender.ecn = ecn
        if ecn is not None:
            ecn.spent(sender.next)


def settle(connection: Connection, now: int, last: Segment) -> None:
    """The handshake is over by the segment `last`, and the congestion control is in place."""
    setup, ecn, sender = connection.output.ecn_setup, connection.ecn, connection.sender
    if setup is None or ecn is None:
        return
    setup.settle(ecn, last)
    if setup.marked and (cause := answer(sender, now)):
        sender.tell(now, cause)
    if setup.mode == ACCURATE and last.flags & SYN:
        # Bare, and not with what the application writes now: it tells how the SYN,ACK came (RFC 9768 section 3.2.2.1).
        connection.output.emit(now, 0, sender.next, b"", "acknowledgement of SYN")


def hear_again(connection: Connection, now: int, segment: Segment) -> bool:
    """In SYN-RECEIVED the peer's SYN comes again, or its SYN,ACK. False: it contradicts the first, and is reset."""
    setup = connection.output.ecn_setup
    if setup is None or setup.hear_again(segment):
        return True
    closing.reset_peer(connection, now, "SYNs contradict each other")
    closing.finish(connection, now, Event.ABORT, "connection reset")
    return False


def syn_ack_again(connection: Connection, segment: Segment) -> None:
    """A SYN,ACK has come again to a client that had accepted it."""
    ecn = connection.ecn
    if isinstance(ecn, AccurateEcn) and segment.flags & ACK and connection.active:
        ecn.syn_ack_again(CODES[segment.ecn], segment.ecn == CE)
