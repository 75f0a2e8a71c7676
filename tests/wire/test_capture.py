"""Captures, judged by tshark and tcpdump."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from testbed.wire.capture import PcapngWriter, PcapWriter
from testbed.wire.codec import encode
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, SYN, Segment

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
needs_tcpdump = pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")

SECOND = 1_000_000_000


def tool(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tshark(path: Path, *fields: str) -> list[list[str]]:
    """One list of fields a frame, TCP checksums checked."""
    wanted = [part for field in fields for part in ("-e", field)]
    checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    checks += ["-o", "tcp.relative_sequence_numbers:FALSE"]
    return [line.split("\t") for line in tool("tshark", "-r", path, *checks, "-T", "fields", *wanted).splitlines()]


@pytest.fixture
def exchange(syn_packet: Packet, data_packet: Packet, sack_packet: Packet) -> list[Packet]:
    """Three packets of one connection that tell a consistent story up to the SACK."""
    return [syn_packet, data_packet, sack_packet]


@pytest.fixture
def pcapng_file(tmp_path: Path, exchange: list[Packet]) -> Path:
    path = tmp_path / "left1.pcapng"
    with path.open("wb") as file:
        writer = PcapngWriter(file)
        first = writer.interface("l1", "10 Mbit/s, 20ms")
        second = writer.interface("l2")
        writer.packet(first, 1, encode(exchange[0]), "out")
        writer.packet(first, 5 * SECOND + 123_456_789, encode(exchange[1]), "out", "dropped by link l1: queue full")
        writer.packet(second, 1_700_000_000 * SECOND + 1, encode(exchange[2]), "in")
    return path


@needs_tshark
def test_tshark_reads_interfaces_directions_comments_and_nanoseconds(pcapng_file: Path) -> None:
    names = ("frame.interface_name", "frame.packet_flags_direction", "frame.comment", "frame.time_epoch")
    assert tshark(pcapng_file, *names) == [
        ["l1", "0x00000002", "", "0.000000001"],
        ["l1", "0x00000002", "dropped by link l1: queue full", "5.123456789"],
        ["l2", "0x00000001", "", "1700000000.000000001"],
    ]
    assert tshark(pcapng_file, "frame.interface_description")[0] == ["10 Mbit/s, 20ms"]


@needs_tshark
def test_tshark_finds_every_checksum_good_and_nothing_malformed(pcapng_file: Path) -> None:
    names = ("ip.checksum.status", "tcp.checksum.status", "_ws.malformed")
    assert tshark(pcapng_file, *names) == [["1", "1", ""]] * 3


@needs_tshark
def test_tshark_sees_what_we_meant(pcapng_file: Path) -> None:
    names = ("tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.timestamp.tsval", "tcp.len")
    assert tshark(pcapng_file, *names) == [
        ["1460", "7", "1000", "0"],
        ["", "", "1001", "16"],
        ["", "", "2003", "0"],
    ]
    assert tshark(pcapng_file, "tcp.options.sack_le")[2] == ["33,4294967290,65"]


@needs_tshark
def test_tshark_has_no_complaint_about_a_handshake(tmp_path: Path) -> None:
    path = tmp_path / "handshake.pcapng"
    syn, answer, last = handshake()
    with path.open("wb") as file:
        writer = PcapngWriter(file)
        interface = writer.interface("l1")
        for at, packet in enumerate((syn, answer, last)):
            writer.packet(interface, at * SECOND, encode(packet), "in" if packet is answer else "out")
    report = tool("tshark", "-r", path, "-q", "-z", "expert")
    assert "Errors" not in report
    assert "Warns" not in report


def handshake() -> tuple[Packet, Packet, Packet]:
    syn = Segment(49152, 5001, 99, 0, SYN, 65535)
    answer = Segment(5001, 49152, 199, 100, SYN | ACK, 65535)
    last = Segment(49152, 5001, 100, 200, ACK, 65535)
    return Packet(1 << 24, 2 << 24, syn), Packet(2 << 24, 1 << 24, answer), Packet(1 << 24, 2 << 24, last)


@needs_tcpdump
def test_tcpdump_reads_several_interfaces(pcapng_file: Path) -> None:
    text = tool("tcpdump", "-r", pcapng_file, "-n", "-S", "-tt", "-vv", "--nano")
    assert "incorrect" not in text
    assert "bad cksum" not in text
    assert "5.123456789 IP" in text
    assert "sack 3 {33:49}{4294967290:4}{65:81}" in text


@needs_tcpdump
def test_tcpdump_reads_classic_captures(tmp_path: Path, exchange: list[Packet]) -> None:
    path = tmp_path / "left1-l1.pcap"
    with path.open("wb") as file:
        writer = PcapWriter(file)
        for at, packet in enumerate(exchange):
            writer.packet(at * SECOND + 7, encode(packet))
    lines = tool("tcpdump", "-r", path, "-n", "-tt", "--nano").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["0.000000007", "1.000000007", "2.000000007"]
