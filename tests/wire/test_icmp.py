"""ICMP messages: values, bytes, and what they quote."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.wire.capture import PcapWriter
from testbed.wire.codec import Malformed, decode, encode
from testbed.wire.icmp import FRAGMENTATION_NEEDED, TIME_EXCEEDED, UNREACHABLE, Message, read_quote
from testbed.wire.packet import Packet, icmp_packet

ROUTER, SENDER = 0x0A000009, 0x0A000001
BYTE = st.integers(0, 255)
LONG = st.integers(0, 0xFFFFFFFF)


def decoded(data: bytes) -> Packet:
    packet = decode(data)
    assert isinstance(packet, Packet), packet
    return packet


@given(BYTE, BYTE, LONG, st.binary(max_size=60), LONG, LONG, st.integers(1, 255))
def test_a_message_survives_the_wire(
    kind: int, code: int, word: int, quote: bytes, source: int, destination: int, ttl: int
) -> None:
    packet = icmp_packet(source, destination, Message(kind, code, quote, word), ttl)
    data = encode(packet)
    found = decoded(data)
    assert len(data) == packet.size == found.size
    assert (found.source, found.destination, found.ttl) == (source, destination, ttl)
    assert found.message is not None
    assert (found.message.type, found.message.code) == (kind, code)
    assert (found.message.word, found.message.quote) == (word, quote)


@pytest.mark.parametrize("place", range(20, 56))
def test_a_message_with_a_flipped_bit_is_refused(data_packet: Packet, place: int) -> None:
    data = bytearray(encode(icmp_packet(ROUTER, SENDER, Message(UNREACHABLE, 4, encode(data_packet)[:28], 1400))))
    data[place] ^= 0x20
    assert decode(bytes(data)) == Malformed("icmp checksum")


@pytest.mark.parametrize("length", range(20, 28))
def test_a_message_shorter_than_its_header_is_refused(length: int) -> None:
    data = encode(icmp_packet(ROUTER, SENDER, Message(TIME_EXCEEDED, 0, b"")))
    short = bytearray(data[:length])
    short[2:4] = length.to_bytes(2, "big")
    short[10:12] = (int.from_bytes(data[10:12], "big") + 28 - length).to_bytes(2, "big")
    assert decode(bytes(short)) == Malformed("truncated")


# -- what it says ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code", "name"),
    [
        (3, 0, "network unreachable"),
        (3, 3, "port unreachable"),
        (3, 4, "fragmentation needed"),
        (3, 10, "host prohibited"),
        (3, 15, "precedence cutoff"),
        (3, 16, "type 3, code 16"),
        (11, 0, "time to live exceeded"),
        (4, 0, "type 4, code 0"),
    ],
)
def test_a_message_has_a_name(kind: int, code: int, name: str) -> None:
    assert Message(kind, code, b"").name == name


def test_the_next_mtu_is_in_the_lower_half_and_only_where_fragmentation_was_needed() -> None:
    assert Message(UNREACHABLE, FRAGMENTATION_NEEDED, b"", 0xFFFF_05AA).next_mtu == 0x05AA
    assert Message(UNREACHABLE, FRAGMENTATION_NEEDED, b"").next_mtu == 0
    assert Message(UNREACHABLE, 3, b"", 0x05AA).next_mtu is None


# -- what it quotes ----------------------------------------------------------------------------------------------------


def test_eight_bytes_of_a_segment_are_enough_to_know_it(data_packet: Packet) -> None:
    segment = data_packet.segment
    quote = read_quote(encode(data_packet)[:28])
    assert quote is not None
    assert (quote.source, quote.destination) == (data_packet.source, data_packet.destination)
    assert (quote.source_port, quote.destination_port) == (segment.source_port, segment.destination_port)
    assert (quote.seq, quote.size) == (segment.seq, data_packet.size)


@given(st.binary(max_size=27))
def test_less_quotes_nothing(data: bytes) -> None:
    assert read_quote(data) is None


@given(st.binary(min_size=28, max_size=80))
def test_whatever_is_quoted_is_answered(data: bytes) -> None:
    quote = read_quote(data)
    assert quote is None or data[9] == 6


def test_a_quoted_message_is_no_segment() -> None:
    assert read_quote(encode(icmp_packet(1, 2, Message(UNREACHABLE, 1, bytes(40))))) is None


# -- on its way --------------------------------------------------------------------------------------------------------


def test_a_copy_carries_the_same_message() -> None:
    packet = icmp_packet(ROUTER, SENDER, Message(TIME_EXCEEDED, 0, bytes(28)))
    assert encode(packet.copy()) == encode(packet)
    assert packet.copy().size == packet.size


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_what_we_write(tmp_path: Path, data_packet: Packet) -> None:
    path = tmp_path / "icmp.pcap"
    with path.open("wb") as file:
        quote = encode(data_packet)
        PcapWriter(file).packet(0, encode(icmp_packet(ROUTER, SENDER, Message(UNREACHABLE, 4, quote, 1400))))
    wanted = ["icmp.type", "icmp.code", "icmp.mtu", "icmp.checksum.status", "tcp.dstport"]
    command = ["tshark", "-r", str(path), "-T", "fields", *[part for name in wanted for part in ("-e", name)]]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["3", "4", "1400", "1", "5001"]
