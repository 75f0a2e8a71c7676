"""Captures that tshark and tcpdump read: classic pcap and pcapng, both with nanoseconds.

The link type is IPV4 (228), not RAW (101), which libpcap refuses in a file of several interfaces; for the
same reason all interfaces have one snap length. Writers take bytes and a file; what is captured, and what the
file is called, is for others. Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

from mmap import mmap
from struct import Struct
from typing import BinaryIO, Final

LINKTYPE_IPV4: Final = 228
SNAP_LENGTH: Final = 262_144  # more than any packet: libpcap's own default

_NANOSECONDS: Final = 1_000_000_000

# -- pcap ----------------------------------------------------------------------------------------------------

_PCAP_MAGIC: Final = 0xA1B23C4D  # nanoseconds
_PCAP_HEADER: Final = Struct("<IHHiIII")
_PCAP_RECORD: Final = Struct("<IIII")


class PcapWriter:
    """A classic capture of one interface. Has no room for directions or comments."""

    __slots__ = ("_file",)

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(_PCAP_HEADER.pack(_PCAP_MAGIC, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_IPV4))

    def packet(self, now: int, data: bytes) -> None:
        """Add the bytes of a packet that passed at `now` (ns)."""
        size = len(data)
        self._file.write(_PCAP_RECORD.pack(now // _NANOSECONDS, now % _NANOSECONDS, size, size) + data)


# -- pcapng --------------------------------------------------------------------------------------------------

INBOUND: Final = "in"
OUTBOUND: Final = "out"

_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_PACKET: Final = 6

_BYTE_ORDER: Final = 0x1A2B3C4D
_SECTION_BODY: Final = Struct("<IHHq")  # magic, version 1.0, length unknown
_INTERFACE_BODY: Final = Struct("<HHI")
_PACKET_BODY: Final = Struct("<IIIII")
_OPTION: Final = Struct("<HH")
_BLOCK: Final = Struct("<II")
_WORD: Final = Struct("<I")

_COMMENT: Final = 1
_APPLICATION: Final = 4  # of a section
_NAME, _DESCRIPTION, _RESOLUTION = 2, 3, 9  # of an interface
_FLAGS: Final = 2  # of a packet
_DIRECTIONS: Final = {INBOUND: 1, OUTBOUND: 2}


class PcapngWriter:
    """A capture of several interfaces, with directions and comments."""

    __slots__ = ("_file", "_interfaces")

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._interfaces = 0
        body = _SECTION_BODY.pack(_BYTE_ORDER, 1, 0, -1)
        file.write(_block(_SECTION, body + _options((_APPLICATION, b"testbed"))))

    def interface(self, name: str, description: str = "") -> int:
        """Announce an interface, at any time before its first packet; its number is what `packet` wants."""
        options = [(_NAME, name.encode()), (_RESOLUTION, b"\x09")]  # 10^-9 s
        if description:
            options.insert(1, (_DESCRIPTION, description.encode()))
        body = _INTERFACE_BODY.pack(LINKTYPE_IPV4, 0, SNAP_LENGTH)
        self._file.write(_block(_INTERFACE, body + _options(*options)))
        self._interfaces += 1
        return self._interfaces - 1

    def packet(self, interface: int, now: int, data: bytes, direction: str, comment: str = "") -> None:
        """Add the bytes of a packet that passed `interface` at `now` (ns), "in" or "out"."""
        size = len(data)
        body = _PACKET_BODY.pack(interface, now >> 32, now & 0xFFFFFFFF, size, size) + _padded(data)
        options = [(_FLAGS, _WORD.pack(_DIRECTIONS[direction]))]
        if comment:
            options.append((_COMMENT, comment.encode()))
        self._file.write(_block(_PACKET, body + _options(*options)))


def _block(kind: int, body: bytes) -> bytes:
    """A block has its length before and after it, so that a reader can walk both ways."""
    size = len(body) + 12
    return _BLOCK.pack(kind, size) + body + _WORD.pack(size)


def _options(*options: tuple[int, bytes]) -> bytes:
    return b"".join([_OPTION.pack(code, len(value)) + _padded(value) for code, value in options]) + bytes(4)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


# -- what is left of a writer that was killed ----------------------------------------------------------------


def whole_size(data: bytes | mmap) -> int:
    """How many bytes of a capture, in either format, are whole records: the rest was cut off."""
    pcapng = data[: _WORD.size] == _WORD.pack(_SECTION)
    size_at = _block_size if pcapng else _record_size
    whole, end = 0, _block_size(data, 0) if pcapng else _PCAP_HEADER.size
    while whole < end <= len(data):
        whole, end = end, end + size_at(data, end)
    return whole


def _block_size(data: bytes | mmap, at: int) -> int:
    return int(_BLOCK.unpack_from(data, at)[1]) if at + _BLOCK.size <= len(data) else _BLOCK.size


def _record_size(data: bytes | mmap, at: int) -> int:
    return _PCAP_RECORD.size + (_PCAP_RECORD.unpack_from(data, at)[2] if at + _PCAP_RECORD.size <= len(data) else 0)
