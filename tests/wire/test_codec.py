"""Packets to bytes and back; bytes that are no packet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.wire import codec
from testbed.wire.checksum import checksum, word_sum
from testbed.wire.codec import Malformed, decode, encode, forwarded, header_ok
from testbed.wire.options import MAX_OPTIONS, encode_options, options_size
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, HEADER, SYN, Segment

WORD = st.integers(0, 0xFFFF)
LONG = st.integers(0, 0xFFFFFFFF)
KNOWN = {2, 3, 4, 5, 8}


def fields(packet: Packet) -> dict[str, Any]:
    """Everything that travels."""
    mine = {name: getattr(packet, name) for name in Packet.__slots__ if name not in ("segment", "raw")}
    theirs = {name: getattr(packet.segment, name) for name in Segment.__slots__ if name != "reason"}
    return mine | theirs


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    """Any segment that a transport could make, whatever its options, as long as they fit."""
    flags, payload = draw(st.integers(0, 255)), draw(st.binary(max_size=60))
    segment = Segment(draw(WORD), draw(WORD), draw(LONG), draw(LONG), flags, draw(WORD), payload)
    segment.urgent_pointer = draw(WORD)
    segment.mss = draw(st.none() | WORD)
    segment.window_scale = draw(st.none() | st.integers(0, 255))
    segment.sack_permitted = draw(st.booleans())
    segment.timestamp = draw(st.none() | LONG)
    segment.timestamp_echo = 0 if segment.timestamp is None else draw(LONG)
    segment.sack = tuple(draw(st.lists(st.tuples(LONG, LONG), max_size=2)))
    if draw(st.booleans()):
        kinds = st.integers(2, 255).filter(lambda kind: kind not in KNOWN)
        segment.unknown = tuple(draw(st.lists(st.tuples(kinds, st.binary(max_size=4)), max_size=2)))
    return segment


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    segment = draw(segments())
    try:
        segment.header_size = HEADER + options_size(segment)
    except ValueError:
        segment.sack, segment.unknown = (), ()
        segment.header_size = HEADER + options_size(segment)
    packet = Packet(draw(LONG), draw(LONG), segment, draw(st.integers(1, 255)))
    packet.ecn = segment.ecn = draw(st.integers(0, 3))
    packet.identification = draw(WORD)
    return packet


def good(data: bytes) -> Packet:
    packet = decode(data)
    assert isinstance(packet, Packet), packet
    return packet


# -- round trips -------------------------------------------------------------------------------------------


@given(packets())
def test_a_packet_survives_the_wire(packet: Packet) -> None:
    data = encode(packet)
    assert len(data) == packet.size
    assert fields(good(data)) == fields(packet)


@given(packets(), st.binary(min_size=1, max_size=20))
def test_padding_after_the_packet_is_ignored(packet: Packet, padding: bytes) -> None:
    assert fields(good(encode(packet) + padding)) == fields(packet)


@given(st.binary(max_size=120))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert isinstance(decode(data), Malformed | Packet)


@given(packets(), st.binary(max_size=40).filter(lambda data: len(data) % 4 == 0))
def test_foreign_options_keep_their_size_when_sent_on(packet: Packet, options: bytes) -> None:
    packet.segment.header_size = HEADER
    data = with_options(packet, options)
    found = decode(data)
    if isinstance(found, Packet):
        again = good(encode(found))
        assert len(encode(found)) == len(data)
        assert fields(again) == fields(found)
    else:
        assert found.reason == codec.BAD_OPTION


def with_options(packet: Packet, options: bytes) -> bytes:
    """The packet's bytes with these raw options, checksums made right by hand, word for word."""
    segment, payload = packet.segment, packet.segment.payload
    header = segment.source_port.to_bytes(2, "big") + segment.destination_port.to_bytes(2, "big")
    header += segment.seq.to_bytes(4, "big") + segment.ack.to_bytes(4, "big")
    header += bytes(((HEADER + len(options)) // 4 << 4, segment.flags)) + segment.window.to_bytes(2, "big")
    urgent = segment.urgent_pointer.to_bytes(2, "big")
    size = HEADER + len(options) + len(payload)
    addresses = packet.source.to_bytes(4, "big") + packet.destination.to_bytes(4, "big")
    pseudo = addresses + b"\x00\x06" + size.to_bytes(2, "big")
    check = slow_checksum(pseudo + header + urgent + options + payload)
    tcp = header + check + urgent + options + payload
    front = bytes((0x45, packet.ecn)) + (20 + size).to_bytes(2, "big") + b"\x00\x00\x40\x00"
    front += bytes((packet.ttl, 6))
    return front + slow_checksum(front + addresses) + addresses + tcp


def slow_checksum(data: bytes) -> bytes:
    """RFC 1071 as it is told, with the carry folded at every step."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\x00"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return (total ^ 0xFFFF).to_bytes(2, "big")


@given(packets())
def test_checksums_are_those_of_the_slow_way(packet: Packet) -> None:
    packet.identification = 0
    segment = packet.segment
    options = encode_options(segment, segment.header_size - HEADER)
    assert encode(packet) == with_options(packet, options)


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 9001, 65_001])
def test_long_data_is_summed_in_parts(size: int) -> None:
    data = bytes(number * 7 % 251 for number in range(size))
    assert checksum(0xFFFF + word_sum(data)).to_bytes(2, "big") == slow_checksum(b"\xff\xff" + data)


def test_a_sum_of_negative_zero_gives_checksum_zero() -> None:
    """The trap of the modulo: words that add up to 0xFFFF leave 0, and their checksum is 0, not 0xFFFF."""
    segment = Segment(0, 0, 0, 0, 0, 0)
    packet = Packet(0, 0, segment)
    segment.window = 0xFFFF - (6 + 20 + 0x5000)
    data = encode(packet)
    assert data[36:38] == b"\x00\x00"
    assert good(data).segment.window == segment.window


# -- damage ------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(packets())
def test_every_flipped_bit_is_noticed(packet: Packet) -> None:
    data = encode(packet)
    for bit in range(len(data) * 8):
        broken = bytearray(data)
        broken[bit // 8] ^= 0x80 >> bit % 8
        assert isinstance(decode(bytes(broken)), Malformed), f"bit {bit}"


@settings(max_examples=20)
@given(packets())
def test_every_truncation_is_noticed(packet: Packet) -> None:
    data = encode(packet)
    for length in range(len(data)):
        assert decode(data[:length]) == Malformed(codec.TRUNCATED)


def rechecked(data: bytes) -> bytes:
    """A good header checksum for a header that was tampered with."""
    size = (data[0] & 0xF) * 4
    return data[:10] + slow_checksum(data[:10] + b"\x00\x00" + data[12:size]) + data[12:]


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, 0x65, codec.IP_VERSION),
        (0, 0x44, codec.IP_HEADER_LENGTH),
        (8, 1, codec.IP_CHECKSUM),
        (20, 1, codec.TCP_CHECKSUM),
        (45, 1, codec.TCP_CHECKSUM),
    ],
)
def test_a_wrong_byte_has_its_reason(data_packet: Packet, at: int, value: int, reason: str) -> None:
    data = bytearray(encode(data_packet))
    data[at] = value
    assert decode(bytes(data)) == Malformed(reason)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (6, 0x20, codec.FRAGMENT),  # more fragments
        (7, 0x01, codec.FRAGMENT),  # an offset
        (9, 17, codec.PROTOCOL),
        (2, 0xFF, codec.TRUNCATED),  # a total length beyond the bytes
    ],
)
def test_a_wrong_header_with_a_right_checksum(data_packet: Packet, at: int, value: int, reason: str) -> None:
    data = bytearray(encode(data_packet))
    data[at] = value
    assert decode(rechecked(bytes(data))) == Malformed(reason)


@pytest.mark.parametrize("words", [0, 4, 15])
def test_a_data_offset_outside_the_segment(words: int) -> None:
    segment = Segment(1, 2, 3, 4, ACK, 5)
    segment.header_size = words * 4
    packet = Packet(1, 2, Segment(1, 2, 3, 4, ACK, 5))
    data = bytearray(encode(packet))
    data[32] = words << 4
    data[36:38] = b"\x00\x00"
    pseudo = bytes(data[12:20]) + b"\x00\x06\x00\x14"
    data[36:38] = slow_checksum(pseudo + bytes(data[20:]))
    assert decode(bytes(data)) == Malformed(codec.DATA_OFFSET)


def test_ip_options_are_skipped(data_packet: Packet) -> None:
    data = encode(data_packet)
    longer = bytes((0x46, data[1])) + (len(data) + 4).to_bytes(2, "big") + data[4:20] + b"\x01\x01\x01\x00"
    packet = good(rechecked(longer) + data[20:])
    assert packet.segment.payload == data_packet.segment.payload
    assert packet.size == len(data) + 4


def test_every_reason_is_listed() -> None:
    words = {value for name, value in vars(codec).items() if name.isupper() and isinstance(value, str)}
    assert words == set(codec.REASONS)


# -- options -----------------------------------------------------------------------------------------------


def test_options_stand_where_stacks_put_them(syn_packet: Packet, data_packet: Packet, sack_packet: Packet) -> None:
    assert encode(syn_packet)[40:].hex() == "020405b4" + "0402080a000003e800000000" + "01030307"
    assert encode(data_packet)[40:52].hex() == "0101080a000003e9000007d2"
    blocks = "0000002100000031" + "fffffffa00000004" + "0000004100000051"
    assert encode(sack_packet)[40:].hex() == "0101080a000007d3000003e9" + "0101051a" + blocks


def test_sack_permitted_alone_is_aligned() -> None:
    segment = Segment(1, 2, 3, 0, SYN, 5)
    segment.sack_permitted = True
    assert encode_options(segment, options_size(segment)).hex() == "01010402"


@given(segments())
def test_the_size_is_that_of_the_encoding(segment: Segment) -> None:
    try:
        size = options_size(segment)
    except ValueError:
        return
    assert size % 4 == 0
    assert size <= MAX_OPTIONS
    assert len(encode_options(segment, size).rstrip(b"\x00")) <= size
    if size:
        with pytest.raises(ValueError, match="room"):
            segment.unknown += ((200, bytes(MAX_OPTIONS)),)
            encode_options(segment, size)


@pytest.mark.parametrize("timestamps", [False, True])
def test_one_sack_block_more_than_fits_is_refused(timestamps: bool) -> None:
    segment = Segment(1, 2, 3, 4, ACK, 5)
    segment.timestamp = 1 if timestamps else None
    room = 3 if timestamps else 4
    segment.sack = ((1, 2),) * room
    assert options_size(segment) <= MAX_OPTIONS
    segment.sack = ((1, 2),) * (room + 1)
    with pytest.raises(ValueError, match="do not fit"):
        options_size(segment)


@pytest.mark.parametrize("options", ["02000000", "02010000", "08ff0000", "01010102", "010101fe"])
def test_an_impossible_option_length_refuses_the_segment(data_packet: Packet, options: str) -> None:
    assert decode(with_options(data_packet, bytes.fromhex(options))) == Malformed(codec.BAD_OPTION)


@pytest.mark.parametrize(
    ("options", "kind", "body"),
    [
        ("02030501", 2, "05"),  # an MSS of one byte
        ("03040505", 3, "0505"),
        ("04040000", 4, "0000"),
        ("0802010101010101", 8, ""),
        ("0506000000010100", 5, "00000001"),
        ("fd06cafebabe0101", 253, "cafebabe"),  # RFC 6994: experiments
    ],
)
def test_an_option_of_the_wrong_length_is_kept_as_unknown(
    data_packet: Packet, options: str, kind: int, body: str
) -> None:
    segment = good(with_options(data_packet, bytes.fromhex(options))).segment
    assert segment.unknown == ((kind, bytes.fromhex(body)),)
    assert (segment.mss, segment.window_scale, segment.sack, segment.timestamp) == (None, None, (), None)


def test_what_follows_the_end_of_options_is_ignored(data_packet: Packet) -> None:
    segment = good(with_options(data_packet, bytes.fromhex("0002ffff"))).segment
    assert segment.mss is None
    assert segment.unknown == ()


# -- corrupted packets on their way ------------------------------------------------------------------------


def test_a_router_lowers_the_ttl_of_bytes(data_packet: Packet) -> None:
    there = good(forwarded(encode(data_packet)))
    assert there.ttl == data_packet.ttl - 1
    assert there.segment.payload == data_packet.segment.payload


def test_damage_to_the_payload_is_forwarded_as_it_is(data_packet: Packet) -> None:
    broken = encode(data_packet)[:-1] + b"!"
    assert header_ok(broken)
    assert header_ok(forwarded(broken))
    assert decode(forwarded(broken)) == Malformed(codec.TCP_CHECKSUM)


def test_damage_to_the_header_is_not_forwarded(data_packet: Packet) -> None:
    broken = b"\x45\x01" + encode(data_packet)[2:]
    assert not header_ok(broken)
    assert not header_ok(b"")


def test_a_corrupted_packet_is_its_bytes(data_packet: Packet) -> None:
    data_packet.raw = b"what is left of it"
    assert encode(data_packet) == b"what is left of it"
