"""How large a packet may be to get through: path-MTU discovery (RFC 1191), and what is done when the answer changes.

Three sources: routers that say so (ICMP), probes (`tcp.mtu_probe`), and, where neither helps, silence: a black hole
swallows what is large (RFC 2923 section 2.1). Nothing is ever sent that may be fragmented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.tcp import timers
from testbed.tcp.config import TcpConfig
from testbed.tcp.path.mtu_search import MtuSearch
from testbed.tcp.path.resegment import cut_up

if TYPE_CHECKING:
    from testbed.tcp.sending.sender import Sender

OFF: Final = "off"
PROBE: Final = "probe"

BASE: Final = 1200
"""Bytes: a packet that is expected to pass everywhere; a search begins there [BASE_PLPMTU, RFC 8899 section 5.1.2]."""

LEAST: Final = 68
"""Bytes: what every link must carry (RFC 791 section 3.2); no message makes it less (RFC 1191 section 3)."""

_BLACK_HOLE_STEPS: Final = (BASE, 576)  # the latter is what every host must take (RFC 1122 section 3.3.2)

_PLATEAUS: Final = (65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, LEAST)  # RFC 1191 section 7.1

PATH_MTU: Final = "path MTU"
BLACK_HOLE: Final = "black hole"


class PathMtu:
    """What one connection believes of its path. Bytes of whole packets, IP header included."""

    __slots__ = ("ceiling", "header", "listens", "mtu", "searches", "suspicious")

    def __init__(self, config: TcpConfig) -> None:
        self.listens = config.path_mtu_discovery != OFF
        self.searches = config.path_mtu_discovery == PROBE  # or since a black hole was found
        self.suspicious = self.searches or config.black_hole_detection
        self.mtu = 0  # the largest packet to send; 0: nothing is known before the handshake
        self.ceiling = 0  # the largest that the first link and the peer take
        self.header = 0  # what a packet carries beside data: IP, TCP, timestamps

    def recall(self, mtu: int) -> None:
        """The machine remembers the path; 0: it does not. To be called before the handshake."""
        if self.listens:
            self.mtu = mtu

    def agree(self, size: int, header: int) -> int:
        """Both SYNs allow `size` bytes of data in a packet with `header` others; the answer is how many to send."""
        self.header = header
        self.ceiling = size + header
        limit = self.mtu or (BASE if self.searches else self.ceiling)
        self.mtu = min(limit, self.ceiling)
        return self.mtu - header


def begin(sender: Sender, now: int) -> None:
    """The connection is established, with less than the ceiling: look for more, now or later."""
    if sender.path.searches:
        _search(sender, sender.path.ceiling)
    else:
        _raise_later(sender, now)


def packet_too_large(sender: Sender, now: int, size: int, mtu: int) -> str:
    """A router has said that a packet of ours, of `size` bytes, did not fit into `mtu`; 0: it did not say into what.

    Why that is not believed, "" when it is.
    """
    path, search = sender.path, sender.search
    if not path.listens:
        return "path MTU discovery is off"
    mtu = max(mtu or next(plateau for plateau in _PLATEAUS if plateau < max(size, LEAST + 1)), LEAST)
    if mtu >= size:
        return "it would have fitted"
    if search is not None and search.told(mtu):
        probe_lost(sender, now)
        return "about a probe"
    if mtu >= path.mtu > 0:
        return "known"
    lower(sender, now, mtu, PATH_MTU)
    return ""


def suspect(sender: Sender, now: int) -> None:
    """The timer has expired again and again: perhaps large packets are what does not get through (RFC 4821 section 7.7,
    RFC 8899 section 4.3)."""
    path, head = sender.path, sender.board.records[0]
    smaller = next((step for step in _BLACK_HOLE_STEPS if step < path.mtu), path.mtu)
    if head.end - head.seq + path.header > smaller:
        too_large = path.mtu
        path.searches = True
        lower(sender, now, smaller, BLACK_HOLE)
        _search(sender, too_large - 1)


def lower(sender: Sender, now: int, mtu: int, cause: str) -> None:
    """No more than `mtu` gets through. What is in flight and larger is lost, but not to congestion.

    The window keeps its number of segments (see `Control.resized`); RFC 1191 section 6.5 would send one segment only
    and await its acknowledgement.
    """
    path, recovery = sender.path, sender.recovery
    path.mtu = mtu
    sender.search = None
    if not path.ceiling:
        return  # the handshake will ask
    sender.stats.path_mtu_reductions += 1
    _resize(sender, mtu - path.header)
    if cut_up(sender.board, sender.mss, cause):
        if not recovery.active:
            recovery.recover = sender.next  # duplicates that the holes cause are no new loss, as after a timeout
        sender.timers.set(timers.RETRANSMIT, now + sender.rtt.rto)
        sender.timers.stop(timers.TAIL_PROBE)
    _raise_later(sender, now)
    sender.tell(now, cause)


def grow(sender: Sender, now: int, mtu: int, cause: str) -> None:
    """Packets of `mtu` bytes are known, or hoped, to get through."""
    sender.path.mtu = mtu
    _resize(sender, mtu - sender.path.header)
    sender.tell(now, cause)


def expire(sender: Sender, now: int) -> None:
    """Some time has passed: the path may take more by now (RFC 1191 section 6.3; PMTU_RAISE_TIMER of RFC 8899)."""
    path = sender.path
    if path.searches and sender.search is None:
        _search(sender, path.ceiling)
    elif not path.searches and path.mtu < path.ceiling:
        grow(sender, now, path.ceiling, PATH_MTU)


def probe_lost(sender: Sender, now: int) -> None:
    """The probe did not arrive: send its data in segments that are known to."""
    search = sender.search
    assert search is not None
    search.failed()
    sender.stats.mtu_probes_lost += 1
    cut_up(sender.board, sender.mss, "MTU probe lost")
    conclude(sender, now)


def conclude(sender: Sender, now: int) -> None:
    """End the search if it has found what there is to find."""
    if sender.search is not None and sender.search.complete:
        sender.search = None
        _raise_later(sender, now)


def _resize(sender: Sender, mss: int) -> None:
    """Whoever thinks in segments learns their new size."""
    sender.mss = sender.output.payload_limit = mss
    sender.recovery.mss = mss
    sender.control.resized(mss)
    if sender.detection is not None:
        sender.detection.resized(mss)


def _search(sender: Sender, ceiling: int) -> None:
    search = MtuSearch(sender.path.mtu, ceiling, hopeful=ceiling == sender.path.ceiling)
    sender.search = None if search.complete else search


def _raise_later(sender: Sender, now: int) -> None:
    lifetime = sender.config.path_mtu_lifetime
    if lifetime and sender.path.mtu < sender.path.ceiling:
        sender.timers.set(timers.PATH_MTU, now + lifetime)
