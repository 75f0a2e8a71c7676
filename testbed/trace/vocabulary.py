"""What a trace says: its kinds of rows, their columns, and each column's unit and meaning. Nowhere else.

Tables, `testbed trace`, axis labels and the reference pages are made from this. Times count from the start of
the experiment. An absent value is null, and only a column that says so has any.
"""

from __future__ import annotations

from typing import Final

INTEGER: Final = "integer"
NUMBER: Final = "number"
TEXT: Final = "text"


class Column:
    """One column: its name, its type, its unit ("" for none) and what it means."""

    __slots__ = ("doc", "name", "nullable", "type", "unit")

    def __init__(self, name: str, type: str, unit: str, doc: str, *, nullable: bool = False) -> None:  # noqa: A002
        self.name = name
        self.type = type
        self.unit = unit
        self.doc = doc
        self.nullable = nullable

    def __repr__(self) -> str:
        return f"Column({self.name!r}, {self.type!r}, {self.unit!r})"


class Kind:
    """One kind of rows: what a row stands for, and its columns in order."""

    __slots__ = ("columns", "doc", "name")

    def __init__(self, name: str, doc: str, *columns: Column) -> None:
        self.name = name
        self.doc = doc
        self.columns = columns

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]


def _text(name: str, doc: str, *, nullable: bool = False) -> Column:
    return Column(name, TEXT, "", doc, nullable=nullable)


def _integer(name: str, unit: str, doc: str, *, nullable: bool = False) -> Column:
    return Column(name, INTEGER, unit, doc, nullable=nullable)


def _number(name: str, unit: str, doc: str, *, nullable: bool = False) -> Column:
    return Column(name, NUMBER, unit, doc, nullable=nullable)


_T: Final = _integer("t", "ns", "When it happened.")
_HOST: Final = _text("host", "The machine's name.")
_CONNECTION: Final = _text("connection", "The connection's label: its flow's name, with a number after the first.")
_FLAGS: Final = _text("flags", "The flags that are set, e.g. `SYN,ACK`; `-` for none.")
_SEQ: Final = _integer("seq", "", "Sequence number on the wire, modulo 2^32.")
_ACK: Final = _integer("ack", "", "Acknowledgement number on the wire, modulo 2^32.")
_LENGTH: Final = _integer("length", "B", "Payload.")

_STATE: Final = Kind(
    "state",
    "A connection changed its state.",
    _T,
    _HOST,
    _CONNECTION,
    _text("from", "The state before, by its name in RFC 9293."),
    _text("to", "The state after."),
    _text("cause", "What brought it about: a segment received, a call, a timer."),
)

_SEGMENT: Final = Kind(
    "segment",
    "A segment was sent, received or dropped.",
    _T,
    _text("host", "Whose segment: who sent it, or received it; for a dropped one, who had sent it."),
    _CONNECTION,
    _text("direction", "`sent`, `received` or `dropped`."),
    _FLAGS,
    _SEQ,
    _ACK,
    _LENGTH,
    _integer("window", "", "The window field as it stands in the header, before scaling."),
    _text("reason", "Why it was sent, what became of it when it was not just accepted, or why it was dropped."),
    _integer("urgent_pointer", "B", "The urgent pointer, counted from `seq`."),
    _text("sack", "The SACK blocks, newest first: `1000-2000 3000-4000`.", nullable=True),
    _integer("mss", "B", "The MSS option.", nullable=True),
    _integer("window_scale", "bit", "The window scale option.", nullable=True),
    _integer("timestamp", "", "TSval of the timestamps option, in the sender's ticks.", nullable=True),
    _integer("timestamp_echo", "", "TSecr of the timestamps option, in the receiver's ticks.", nullable=True),
    _text("ecn", "The IP header's codepoint, as it was sent or as it came: `not-ECT`, `ECT(0)`, `ECT(1)` or `CE`."),
    _text("accurate_ecn", "The counters of the accurate ECN option: `ECT(0) 1001 CE 0 ECT(1) 1`.", nullable=True),
    _text("link", "The link direction, or the machine, that dropped it.", nullable=True),
)

_CWND: Final = Kind(
    "cwnd",
    "A sender's view changed.",
    _T,
    _HOST,
    _CONNECTION,
    _text("cause", "What changed it."),
    _integer("cwnd", "B", "Congestion window."),
    _integer("ssthresh", "B", "Slow-start threshold."),
    _integer("srtt", "ns", "Smoothed round-trip time; 0 before the first sample."),
    _integer("rto", "ns", "Retransmission timeout."),
    _integer("in_flight", "B", "Sent and believed to be in the network."),
    _integer("peer_window", "B", "The peer's receive window, scaled."),
)

_CONTROL: Final = Kind(
    "control",
    "A congestion control changed what it keeps inside: BBR its state and estimates, CUBIC its epoch, DCTCP alpha.",
    _T,
    _HOST,
    _CONNECTION,
    _text("variable", "Which, by the name that it has in the control's text: see `docs/congestion-control.md`."),
    _number("value", "", "What it is now; times in ns, sizes in bytes, rates in bit/s.", nullable=True),
    _text("text", "The same, where it is no number: a state's name.", nullable=True),
)

_DROP: Final = Kind(
    "drop",
    "A packet was lost, anywhere.",
    _T,
    _text("where", "The link direction or the machine that dropped it."),
    _text("reason", "Why: `loss`, `queue full`, `early`, `drop rule`, `checksum`, `ttl` and others."),
    _text("source", "The sender's address."),
    _text("destination", "The receiver's address."),
    _FLAGS,
    _SEQ,
    _ACK,
    _LENGTH,
    _integer("size", "B", "The whole packet, with its headers."),
)

_MARK: Final = Kind(
    "mark",
    "A queue marked a packet, which met congestion, instead of dropping it (ECN).",
    _T,
    _text("link", "The link direction."),
    _text("reason", "Why: `above threshold`, `early`, `standing queue`."),
    _text("source", "The sender's address."),
    _text("destination", "The receiver's address."),
    _FLAGS,
    _SEQ,
    _ACK,
    _LENGTH,
    _integer("size", "B", "The whole packet, with its headers."),
)

_ICMP: Final = Kind(
    "icmp",
    "A machine told, or was told, why a packet went no further.",
    _T,
    _HOST,
    _text("connection", "The connection whose segment it is about; empty if it is about none."),
    _text("direction", "`sent`, `received`, or `withheld`: not sent, for there are limits."),
    _text("message", "What it says: `fragmentation needed`, `network unreachable` and others."),
    _text("source", "Who says it: an address."),
    _text("destination", "To whom: the sender of the packet."),
    _integer("mtu", "B", "The largest packet that the next link takes, where that is what it says.", nullable=True),
    _integer("seq", "", "Of the segment that it quotes: the sequence number on the wire.", nullable=True),
    _integer("size", "B", "Of the packet that it quotes, headers included.", nullable=True),
    _text("outcome", "Why it was not believed, or withheld; empty for the others."),
)

_QUEUE: Final = Kind(
    "queue",
    "A packet left the queue of a link.",
    _T,
    _text("link", "The link direction."),
    _integer("packets", "", "What remains in the queue."),
    _integer("bytes", "B", "What remains in the queue."),
    _integer("waited", "ns", "How long the packet was queued."),
)

_APP: Final = Kind(
    "app",
    "An application did something with a connection.",
    _T,
    _HOST,
    _CONNECTION,
    _text("event", "`connect`, `write`, `read`, `close`, `abort` and others."),
    _integer("length", "B", "How much was written or read; 0 for the others."),
)

KINDS: Final = {kind.name: kind for kind in (_STATE, _SEGMENT, _CWND, _CONTROL, _DROP, _MARK, _ICMP, _QUEUE, _APP)}
"""Every kind of rows by its name, which is also its file's: `segment.parquet`."""
