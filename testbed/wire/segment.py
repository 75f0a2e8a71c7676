"""A TCP segment as a value (RFC 9293 section 3.1), with its options taken apart.

Sequence numbers here are the 32-bit ones of the wire. Segments are made by the transport and read by everyone;
after they are made nobody changes them.
"""

from __future__ import annotations

from typing import Final

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10
URG: Final = 0x20
ECE: Final = 0x40
CWR: Final = 0x80
AE: Final = 0x100
"""Accurate ECN (RFC 9768), which was NS once."""

ACE: Final = AE | CWR | ECE
"""The three as one field of accurate ECN, whose lowest bit is ECE: see `ACE_SHIFT`."""

ACE_SHIFT: Final = 6

FLAG_NAMES: Final = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"), (URG, "URG"),
                     (ECE, "ECE"), (CWR, "CWR"), (AE, "AE"))  # fmt: skip

HEADER: Final = 20
"""Bytes of a TCP header without options."""

SEQUENCE_MASK: Final = 0xFFFFFFFF


class Segment:
    """Header fields, options and payload. Absent options are None (`sack` and `unknown`: empty).

    `reason` is why it was sent ("new data", "fast retransmit", …): known to the sender and to its trace only,
    never on the wire. `ecn` is the IP header's codepoint that it was sent with, or came with: a router marks the
    packet, and `with_ecn` makes it the segment's when it has arrived.
    """

    __slots__ = (
        "ack", "destination_port", "ecn", "flags", "header_size", "mss", "payload", "reason", "sack", "sack_permitted",
        "seq", "source_port", "timestamp", "timestamp_echo", "unknown", "urgent_pointer", "window", "window_scale",
    )  # fmt: skip

    def __init__(
        self,
        source_port: int,
        destination_port: int,
        seq: int,
        ack: int,
        flags: int,
        window: int,
        payload: bytes = b"",
        reason: str = "",
    ) -> None:
        self.source_port = source_port
        self.destination_port = destination_port
        self.seq = seq
        self.ack = ack
        self.flags = flags
        self.window = window
        self.payload = payload
        self.reason = reason
        self.ecn = 0
        self.urgent_pointer = 0
        self.header_size = HEADER
        self.mss: int | None = None
        self.window_scale: int | None = None
        self.sack_permitted = False
        self.sack: tuple[tuple[int, int], ...] = ()
        self.timestamp: int | None = None
        self.timestamp_echo = 0
        self.unknown: tuple[tuple[int, bytes], ...] = ()

    @property
    def length(self) -> int:
        """SEG.LEN (RFC 9293 section 3.3.1): bytes of data, with SYN and FIN counted as one each."""
        return len(self.payload) + (self.flags & SYN != 0) + (self.flags & FIN != 0)

    def with_ecn(self, codepoint: int) -> Segment:
        """The same, as it came in a packet that a router has marked: the sender's own stays as it was."""
        twin = Segment(self.source_port, self.destination_port, self.seq, self.ack, self.flags, self.window)
        for name in Segment.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.ecn = codepoint
        return twin

    def __repr__(self) -> str:
        data = f" {len(self.payload)}B" if self.payload else ""
        return f"<{show_flags(self.flags)} seq={self.seq} ack={self.ack} win={self.window}{data}>"


def show_flags(flags: int) -> str:
    """`SYN,ACK`, in a fixed order; `-` for none."""
    return _SHOWN[flags]


def read_flags(text: str) -> int:
    """The bits for `SYN`, `SYN,ACK` or `SYN-ACK`. Raises KeyError for a name that is no flag."""
    bits = {name: bit for bit, name in FLAG_NAMES}
    return sum(bits[name.strip().upper()] for name in text.replace("-", ",").split(","))


_SHOWN: Final = [",".join(name for bit, name in FLAG_NAMES if flags & bit) or "-" for flags in range(512)]
