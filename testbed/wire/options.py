"""TCP options between values and bytes (RFC 9293 section 3.2, RFC 7323, RFC 2018).

They are laid out as most stacks do it, so that every part starts on a multiple of four: MSS, SACK-permitted
and timestamps, NOP window scale, NOP NOP SACK, and then what we do not know. `options_size` says how long
that is.

What is malformed (MUST-7): a length below 2 or beyond the header makes everything after it unreadable, and
the segment is refused. An option of a known kind with a length that its kind does not have is taken for an
unknown one: ignored by the transport (MUST-6) and passed on as it came. Of an option given twice the last
counts.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from testbed.wire.segment import Segment

END: Final = 0
NOP: Final = 1
MSS: Final = 2
WINDOW_SCALE: Final = 3
SACK_PERMITTED: Final = 4
SACK: Final = 5
TIMESTAMPS: Final = 8

MAX_OPTIONS: Final = 40
"""Bytes: the data offset has four bits, so a header has at most 60."""

MAX_SACK_BLOCKS: Final = 4
MAX_SACK_BLOCKS_WITH_TIMESTAMPS: Final = 3  # RFC 2018 section 3

_ALIGNED_TIMESTAMPS: Final = Struct(">BBBBII")
_TIMESTAMPS: Final = Struct(">BBII")
_BLOCK: Final = Struct(">II")
_PADDING: Final = (b"", b"\x01", b"\x01\x01", b"\x01\x01\x01")  # NOPs


def options_size(segment: Segment) -> int:
    """Bytes that the options of `segment` need, a multiple of four: its header is `HEADER` plus this.

    Raises ValueError when they are more than a header can hold: who makes a segment keeps the limits above.
    """
    size = 12 if segment.timestamp is not None else 0
    if segment.sack:
        size += 4 + 8 * len(segment.sack)
    if segment.mss is not None:
        size += 4
    if segment.window_scale is not None:
        size += 4
    if segment.sack_permitted and segment.timestamp is None:
        size += 4  # it takes the place of the timestamps' two NOPs otherwise
    if segment.unknown:
        size += sum(2 + len(data) for _, data in segment.unknown) + 3 & ~3
    if size > MAX_OPTIONS:
        raise ValueError(f"{size} bytes of options do not fit a TCP header, which has room for {MAX_OPTIONS}")
    return size


def encode_options(segment: Segment, room: int) -> bytes:
    """Exactly `room` bytes of options: the usual layout, or without its NOPs where a foreign one was tighter.

    Raises ValueError when they do not fit: `header_size` was not set by `options_size`.
    """
    timestamp = segment.timestamp
    if timestamp is not None and _nothing_else(segment) and room == 12:  # nearly every segment of a transfer
        return _ALIGNED_TIMESTAMPS.pack(NOP, NOP, TIMESTAMPS, 10, timestamp, segment.timestamp_echo)
    parts = _parts(segment)
    block = b"".join([_PADDING[-len(part) % 4] + part for part in parts[:-1]]) + parts[-1]
    if len(block) > room:
        block = b"".join(parts)
    if len(block) > room:
        raise ValueError(f"{len(block)} bytes of options in a header with room for {room}")
    return block.ljust(room, b"\x00")


def _nothing_else(segment: Segment) -> bool:
    """Whether there are no options but timestamps."""
    bare = segment.mss is None and segment.window_scale is None and not segment.sack_permitted
    return bare and not segment.sack and not segment.unknown


def _parts(segment: Segment) -> list[bytes]:
    """The options in our order; the last part, perhaps empty, is all that is unknown."""
    parts = []
    if segment.mss is not None:
        parts.append(bytes((MSS, 4)) + segment.mss.to_bytes(2, "big"))
    middle = bytes((SACK_PERMITTED, 2)) if segment.sack_permitted else b""
    if segment.timestamp is not None:
        middle += _TIMESTAMPS.pack(TIMESTAMPS, 10, segment.timestamp, segment.timestamp_echo)
    if middle:
        parts.append(middle)
    if segment.window_scale is not None:
        parts.append(bytes((WINDOW_SCALE, 3, segment.window_scale)))
    if segment.sack:
        blocks = b"".join([_BLOCK.pack(left, right) for left, right in segment.sack])
        parts.append(bytes((SACK, 2 + len(blocks))) + blocks)
    parts.append(b"".join([bytes((kind, 2 + len(data))) + data for kind, data in segment.unknown]))
    return parts


def decode_options(data: bytes, segment: Segment) -> bool:
    """Set the options in `data` on `segment`. False: a length is impossible, and what follows unreadable."""
    if len(data) == 12 and data[:4] == b"\x01\x01\x08\x0a":
        _, _, _, _, segment.timestamp, segment.timestamp_echo = _ALIGNED_TIMESTAMPS.unpack(data)
        return True
    at = 0
    while at < len(data) and data[at] != END:
        if data[at] == NOP:
            at += 1
            continue
        length = data[at + 1] if at + 1 < len(data) else 0
        if length < 2 or at + length > len(data):
            return False
        _take(data[at], data[at + 2 : at + length], segment)
        at += length
    return True


def _take(kind: int, body: bytes, segment: Segment) -> None:
    """Set one option; anything that is not of its kind's length is unknown."""
    length = len(body)
    if kind == MSS and length == 2:
        segment.mss = int.from_bytes(body, "big")
    elif kind == WINDOW_SCALE and length == 1:
        segment.window_scale = body[0]
    elif kind == SACK_PERMITTED and length == 0:
        segment.sack_permitted = True
    elif kind == TIMESTAMPS and length == 8:
        segment.timestamp, segment.timestamp_echo = _BLOCK.unpack(body)
    elif kind == SACK and length and length % 8 == 0:
        segment.sack = tuple([_BLOCK.unpack_from(body, at) for at in range(0, length, 8)])
    else:
        segment.unknown += ((kind, body),)
