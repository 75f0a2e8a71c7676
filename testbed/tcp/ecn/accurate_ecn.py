"""Accurate ECN: the receiver counts what comes marked, and every segment tells the count (RFC 9768).

Classic ECN says at most once in a round trip that there were marks. Here the flags AE, CWR and ECE are one field, ACE:
the number of marked packets, modulo eight. An option adds the bytes that came with each codepoint, so that neither lost
acknowledgements nor the short field make the count ambiguous. The sender keeps the same counters, and looks at what an
acknowledgement adds to them. There is no CWR: who counts needs no answer.

The handshake, in which either end tells the other how its SYN came, is in `tcp.ecn_setup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.tcp.ecn.classic import Ecn
from testbed.wire.accurate_ecn import CYCLE, ORDER_0, ORDER_1, ORDERS, Counters, counters, padded, put_counters
from testbed.wire.options import MAX_OPTIONS, options_size
from testbed.wire.packet import CE, ECT0, ECT1
from testbed.wire.segment import ACE, ACE_SHIFT, HEADER, Segment

if TYPE_CHECKING:
    from testbed.tcp.connection import Connection
    from testbed.tcp.recovery.scoreboard import Arrivals
    from testbed.tcp.sending.sender import Sender
    from testbed.tcp.stats import ConnectionStats

FIRST_PACKETS: Final = 5
FIRST_BYTES: Final = (0, 1, 1, 0)
"""What the counters begin with (section 3.2.1), the bytes by codepoint: a zero shows that something on the path has
cleared them."""

_ACE_CYCLE: Final = 8


def zeroed(told: Counters | None) -> bool:
    """Whether the first option of a connection was cleared on its way (section 3.2.3.2.4)."""
    return told is not None and 0 in (told.get(ECT0), told.get(ECT1))


class AccurateEcn(Ecn):
    """Both halves: what has come marked, as this end counts (r.cep and its companions in RFC 9768), and what has
    arrived marked at the peer, as far as it has told (s.cep and s.ceb)."""

    __slots__ = (
        "_bytes_told", "_changed", "_deaf", "_estimated", "_ever", "_first", "_handshake", "_newest", "_packets",
        "_packets_told", "_reads_option", "_received", "_sends_option", "_test_ack", "_test_data", "_unreported",
        "_was_marked",
    )  # fmt: skip

    def __init__(self, stats: ConnectionStats, capable: bool, initial: int, sends_option: bool) -> None:
        super().__init__(stats, capable, initial)
        # As a receiver.
        self._packets = FIRST_PACKETS  # r.cep
        self._received = list(FIRST_BYTES)  # by codepoint: r.e1b, r.e0b, r.ceb
        self._sends_option = sends_option
        self._changed = 0  # codepoints, one bit each, whose counters the next option is to tell
        self._ever = 0  # those whose counters have ever changed
        self._unreported = 0  # marked packets since our last segment
        self._was_marked = False  # the packet before was
        self._handshake = 0  # how the SYN,ACK came, to be told in the field of its acknowledgement (section 3.2.2.1)
        self._test_ack = self._test_data = False  # the next acknowledgement, or data, tries the option
        # As a sender.
        self._packets_told = FIRST_PACKETS  # s.cep
        self._bytes_told = 0  # s.ceb
        self._estimated = False  # some of them, for want of an option
        self._newest = 0  # the last sending that was known to have arrived
        self._reads_option = True
        self._first = True  # no acknowledgement has told anything yet
        self._deaf = False  # what the peer tells was cleared on its way

    def begin_as_client(self, handshake: int, marked: bool, told: Counters | None) -> None:
        """The SYN,ACK has come, marked or not; `handshake` is how to tell its codepoint, `told` what its option
        said."""
        self._handshake = handshake
        self._test_ack = self._test_data = self._sends_option
        self._reads_option = not zeroed(told)
        if marked:
            self._packets += 1
            self.stats.ce_received += 1

    def begin_as_server(self, code: int, told: Counters | None) -> None:
        """A bare acknowledgement of our SYN,ACK has come (table 4)."""
        self._reads_option = not zeroed(told)
        if code == 0:
            self._turn_deaf()  # note 1
        elif code == 0b110:
            self._packets_told += 1

    def syn_ack_again(self, handshake: int, marked: bool) -> None:
        """The SYN,ACK came again, for its acknowledgement was lost: the next tells how (section 3.2.2.1)."""
        self._handshake = handshake
        if marked and self._packets == FIRST_PACKETS:
            self._packets += 1

    # -- what leaves ---------------------------------------------------------------------------------------------------

    def leave(self, segment: Segment, seq: int, room: int) -> None:
        self._make_capable(segment, seq)
        bare = not segment.payload and not segment.sack
        code = self._handshake if bare and self._handshake else self._packets % _ACE_CYCLE
        segment.flags |= code << ACE_SHIFT
        self._handshake = self._unreported = 0
        tests = self._test_data if segment.payload else self._test_ack
        if self._sends_option and (tests or self._changed):
            self._put_option(segment, room, tests)

    def _put_option(self, segment: Segment, room: int, tests: bool) -> None:
        """Section 3.2.3.3: every counter that has ever changed, or less if it has to fit; but none is left out that has
        changed since the last option. A test shows them all."""
        kind, fields = (ORDER_0, 3) if tests else self._choose()
        room = min(room, MAX_OPTIONS + HEADER - segment.header_size)
        while fields and padded(fields) > room and not self._changed & 1 << ORDERS[kind][fields - 1]:
            fields -= 1
        if padded(fields) > room:
            return
        put_counters(segment, kind, self._received, fields)
        segment.header_size = HEADER + options_size(segment)
        self._changed = 0
        if segment.payload:
            self._test_data = False
        else:
            self._test_ack = False

    def _choose(self) -> tuple[int, int]:
        """The kind of option that tells with the fewest fields what there is to tell, and how many; the field that
        could be left out last."""
        ect0, ect1, ce = [self._ever & 1 << one for one in (ECT0, ECT1, CE)]
        if ect0 and ect1:
            return ORDER_0 if self._changed & 1 << ECT0 else ORDER_1, 3
        return ORDER_1 if ect1 else ORDER_0, 2 if ce else 1

    def overhead(self, data: bool) -> int:
        if self._test_data if data else self._test_ack:
            return padded(3)
        return padded(self._choose()[1]) if self._changed and self._sends_option else 0

    # -- what comes ----------------------------------------------------------------------------------------------------

    def arrived(self, connection: Connection, now: int, segment: Segment) -> None:
        codepoint, size = segment.ecn, len(segment.payload)
        if codepoint and size:
            self._received[codepoint] += size
            self._changed |= 1 << codepoint
            self._ever |= 1 << codepoint
        marked = codepoint == CE
        if marked:
            self.stats.ce_received += 1
            self._packets += 1
            self._unreported += 1
            self._acknowledge_mark(connection, size)
        self._was_marked = marked

    def _acknowledge_mark(self, connection: Connection, size: int) -> None:
        """When a mark is told at once (section 3.2.2.5.1): the first of several, and every second; every third if there
        is nothing to acknowledge but acknowledgements, so that these come to an end."""
        receiver = connection.receiver
        assert receiver is not None
        if size and not self._was_marked:
            receiver.acks.at_once("marks begin")
        elif self._unreported >= (2 if size or receiver.acks.due else 3):
            receiver.acks.at_once("marks")

    def hear(self, sender: Sender, segment: Segment, arrivals: Arrivals) -> None:
        sample = sender.sample
        sample.ece = False
        sample.marked = 0
        code = (segment.flags & ACE) >> ACE_SHIFT
        if self._first and code == 0:
            self._turn_deaf()  # section 3.2.2.4
        self._first = False
        if self._deaf:
            return
        told = counters(segment) if self._reads_option else None
        packets = (code - self._packets_told) % _ACE_CYCLE
        safest = _safest(packets, -(-arrivals.size // sender.mss))
        if told is None:
            packets = safest
            size = self._estimate(packets, arrivals.size, sender.mss)
        else:
            size = self._learn(told)
            self._compare(packets, size, arrivals)
            if size > packets * sender.mss:  # the field must have come round (appendix A.2.2)
                packets = safest
            self._estimated = False
        if arrivals.newest is not None:
            self._newest = arrivals.newest.order
        self._packets_told += packets
        sample.ece = packets > 0 or size > 0
        sample.marked = size
        self.stats.ece_received += sample.ece
        self.stats.segments_marked += packets
        self.stats.bytes_marked += size

    def _estimate(self, packets: int, arrived: int, mss: int) -> int:
        """The bytes that were marked, for want of an option (appendix A.3)."""
        size = min(packets * mss, arrived)
        self._bytes_told += size
        self._estimated = self._estimated or packets > 0
        return size

    def _learn(self, told: Counters) -> int:
        """The bytes that an option adds to what is known to be marked (appendix A.1); none if too many were
        estimated."""
        if CE not in told:
            return 0  # it has not changed
        added = (told[CE] - self._bytes_told) % CYCLE
        if added >= CYCLE // 2:
            added -= CYCLE
        self._bytes_told += added
        return max(added, 0)

    def _compare(self, packets: int, size: int, arrivals: Arrivals) -> None:
        """Marked bytes without marked packets: something on the path makes them up, unless the field has come round
        (section 3.2.3.2.5)."""
        newest = arrivals.newest
        if size and not packets and not self._estimated and newest and newest.order - self._newest < _ACE_CYCLE:
            self.capable = False

    def _turn_deaf(self) -> None:
        """The peer's counters do not reach us: do not send ECT, and believe nothing. What comes is still counted."""
        self.capable = False
        self._deaf = True


def _safest(packets: int, arrived: int) -> int:
    """How many of `arrived` packets may have been marked, if the field says `packets` (appendix A.2.1): it may have
    come round, once or more."""
    return arrived - (arrived - packets) % _ACE_CYCLE if arrived > packets else packets
