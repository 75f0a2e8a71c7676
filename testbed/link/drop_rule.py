"""Exact drops: this packet and no other, by its number or in words.

A number counts the packets that come to the link in this direction, from 1. Words name the n-th of a kind:

    rule     = [ "the" ] which kind [ "segment" | "packet" ] [ "from" end ] [ "to" end ]
    which    = "first" … "tenth" | "1st" | "2nd" | "3rd" | "4th" … | "every"
    kind     = "SYN" | "SYN-ACK" | "FIN" | "RST" | "ACK" | "data" | "retransmission" | "segment" | "ICMP" | "packet"
    end      = the name of a machine [ ":" port ] | "port" number

so: "the first FIN from a", "the second SYN", "the third data segment to b:5001", "every ACK from port 5001".
Each rule counts by itself all that comes to the link, also what another rule drops.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from testbed.errors import UnitError
from testbed.units import Quantity
from testbed.wire.packet import NO_SEGMENT, Packet
from testbed.wire.segment import ACK, FIN, RST, SEQUENCE_MASK, SYN, Segment

_ORDINALS: Final = ("every", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
                    "ninth", "tenth")  # fmt: skip
_RULE: Final = re.compile(
    r"\s*(?:the\s+)?(\S+)\s+(\S+)(?:\s+(?:segment|packet))?"
    r"(?:\s+from\s+(port\s+\d+|\S+))?(?:\s+to\s+(port\s+\d+|\S+))?\s*",
    re.IGNORECASE,
)
_END: Final = re.compile(r"port\s+(?P<port>\d+)|(?P<host>[^:\s]+)(?::(?P<its_port>\d+))?", re.IGNORECASE)
_EXAMPLE: Final = "a drop is a packet's number, e.g. 3, or a rule, e.g. 'the first FIN from a'"


# -- the kinds -------------------------------------------------------------------------------------------


def _is_syn(segment: Segment) -> bool:
    return segment.flags & (SYN | ACK) == SYN


def _is_syn_ack(segment: Segment) -> bool:
    return segment.flags & (SYN | ACK) == SYN | ACK


def _is_fin(segment: Segment) -> bool:
    return segment.flags & FIN != 0


def _is_rst(segment: Segment) -> bool:
    return segment.flags & RST != 0


def _is_pure_ack(segment: Segment) -> bool:
    return segment.flags & (ACK | SYN | FIN | RST) == ACK and not segment.payload


def _is_data(segment: Segment) -> bool:
    return bool(segment.payload)


def _is_segment(segment: Segment) -> bool:
    return segment is not NO_SEGMENT


def _is_icmp(segment: Segment) -> bool:
    return segment is NO_SEGMENT


def _is_any(segment: Segment) -> bool:
    return True


def _takes_sequence(segment: Segment) -> bool:
    return segment.length > 0


KINDS: Final[dict[str, Callable[[Segment], bool]]] = {
    "SYN": _is_syn,
    "SYN-ACK": _is_syn_ack,
    "FIN": _is_fin,
    "RST": _is_rst,
    "ACK": _is_pure_ack,
    "data": _is_data,
    "retransmission": _takes_sequence,  # and begins below what its flow has shown before: see `Matcher`
    "segment": _is_segment,
    "ICMP": _is_icmp,
    "packet": _is_any,
}
"""FIN: any segment that carries one; data: any with payload; ACK: one with nothing else; ICMP: what carries none."""


# -- as written ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DropRule:
    """The n-th packet of a kind, or every one, between some ends."""

    kind: str
    """One of `KINDS`."""

    nth: int = 1
    """Which of them, from 1; 0: every one."""

    source: str = ""
    """Only packets that this machine sent."""

    source_port: int = 0
    """Only segments from this TCP port."""

    destination: str = ""
    """Only packets to this machine."""

    destination_port: int = 0
    """Only segments to this TCP port."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnitError(f"a rule cannot name {self.kind!r}: one of {', '.join(KINDS)}")

    def __str__(self) -> str:
        which = _ORDINALS[self.nth] if self.nth < len(_ORDINALS) else f"{self.nth}{_suffix(self.nth)}"
        rule = f"{which} {self.kind}" if self.nth == 0 else f"the {which} {self.kind}"
        for word, host, port in (
            ("from", self.source, self.source_port),
            ("to", self.destination, self.destination_port),
        ):
            if host or port:
                rule += f" {word} {host}{':' if host else 'port '}{port}" if port else f" {word} {host}"
        return rule


def drop(text: object) -> int | DropRule:
    """A packet's number, or the rule that the words say. Raises `UnitError`."""
    if isinstance(text, DropRule):
        return text
    if isinstance(text, int) and not isinstance(text, bool):
        if text < 1:
            raise UnitError(f"packets are numbered from 1, not {text}")
        return text
    match = _RULE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnitError(f"{_EXAMPLE}, not {text!r}")
    which, kind, source, destination = match.groups()
    source_host, source_port = _end(source)
    destination_host, destination_port = _end(destination)
    return DropRule(
        kind=_kind(kind), nth=_nth(which), source=source_host, source_port=source_port,
        destination=destination_host, destination_port=destination_port,
    )  # fmt: skip


Drop = Annotated[int | DropRule, Quantity("drop rule", drop, "the first FIN from a")]


def _nth(word: str) -> int:
    if word.lower() in _ORDINALS:
        return _ORDINALS.index(word.lower())
    match = re.fullmatch(r"([1-9]\d*)(st|nd|rd|th)", word.lower())
    if match is None or match[2] != _suffix(int(match[1])):
        raise UnitError(f"{word!r} does not say which: one of {', '.join(_ORDINALS)}, or e.g. '12th'; {_EXAMPLE}")
    return int(match[1])


def _suffix(number: int) -> str:
    """The letters of an ordinal: 1st, 2nd, 3rd, 4th, 11th, 21st."""
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _kind(word: str) -> str:
    for kind in KINDS:
        if kind.lower() == word.lower():
            return kind
    raise UnitError(f"a rule cannot name {word!r}: one of {', '.join(KINDS)}; {_EXAMPLE}")


def _end(text: str | None) -> tuple[str, int]:
    """The machine's name ("": any) and the port (0: any)."""
    if text is None:
        return "", 0
    match = _END.fullmatch(text)
    if match is None:
        raise UnitError(f"an end is a machine, e.g. 'a', with its port, e.g. 'a:5001', or a port alone, e.g. "
                        f"'port 5001', not {text!r}")  # fmt: skip
    return match["host"] or "", int(match["port"] or match["its_port"] or 0)


# -- at work ---------------------------------------------------------------------------------------------


class DropList:
    """Judges the packets of one link direction as they come."""

    __slots__ = ("_arrivals", "_matchers", "_numbers")

    def __init__(self, drops: tuple[int | DropRule, ...], addresses: Mapping[str, int]) -> None:
        self._arrivals = 0
        self._numbers = {entry for entry in drops if isinstance(entry, int)}
        self._matchers = [Matcher(rule, addresses) for rule in drops if isinstance(rule, DropRule)]

    def judge(self, packet: Packet) -> bool:
        """Whether `packet` is to be dropped. To be asked once about every packet that comes."""
        self._arrivals += 1
        dropped = self._arrivals in self._numbers
        for matcher in self._matchers:
            if matcher.judge(packet):
                dropped = True
        return dropped


class Matcher:
    """Counts one rule's packets. Raises `UnitError` for a machine that is not among `addresses`."""

    __slots__ = ("_destination", "_highest", "_is_kind", "_nth", "_rule", "_seen", "_source", "_tracks")

    def __init__(self, rule: DropRule, addresses: Mapping[str, int]) -> None:
        for name in (rule.source, rule.destination):
            if name and name not in addresses:
                raise UnitError(f"no machine is called {name!r}, as '{rule}' says: one of {', '.join(addresses)}")
        self._rule = rule
        self._source = addresses[rule.source] if rule.source else -1
        self._destination = addresses[rule.destination] if rule.destination else -1
        self._is_kind = KINDS[rule.kind]
        self._nth = rule.nth
        self._seen = 0
        self._tracks = rule.kind == "retransmission"
        self._highest: dict[tuple[int, int, int, int], int] = {}  # by flow: one past the highest byte that came

    def judge(self, packet: Packet) -> bool:
        """Whether `packet` is the one, or one of those, that the rule names."""
        segment = packet.segment
        if self._seen == self._nth > 0 or not self._is_kind(segment) or not self._is_between(packet):
            return False
        if self._tracks and not self._is_old(packet):
            return False
        self._seen += 1
        return self._nth in (0, self._seen)

    def _is_between(self, packet: Packet) -> bool:
        rule = self._rule
        segment = packet.segment
        return (
            self._source in (-1, packet.source)
            and self._destination in (-1, packet.destination)
            and rule.source_port in (0, segment.source_port)
            and rule.destination_port in (0, segment.destination_port)
        )

    def _is_old(self, packet: Packet) -> bool:
        """Whether the segment begins below the highest that its flow has shown (RFC 9293 section 3.4)."""
        segment = packet.segment
        flow = (packet.source, segment.source_port, packet.destination, segment.destination_port)
        end = (segment.seq + segment.length) & SEQUENCE_MASK
        highest = self._highest.setdefault(flow, segment.seq)
        old = _is_below(segment.seq, highest)
        if _is_below(highest, end):
            self._highest[flow] = end
        return old


def _is_below(a: int, b: int) -> bool:
    return 0 < (b - a) & SEQUENCE_MASK < 1 << 31
