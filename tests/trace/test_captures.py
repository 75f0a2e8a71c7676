"""Packets that pass interfaces, or are lost, as capture files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.trace.captures import FORMATS, Captures, recover
from testbed.trace.tracer import SILENT_HOST, SILENT_LINK
from testbed.wire.packet import Packet

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def told(path: Path, *fields: str) -> list[list[str]]:
    wanted = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", *wanted], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@needs_tshark
def test_a_machine_has_one_pcapng_with_its_interfaces_and_losses(
    tmp_path: Path, packet_with: Callable[..., Packet]
) -> None:
    captures = Captures(tmp_path, senders={"l1": "r1"}, descriptions={("r1", "l1"): "10 Mbit/s"}, epoch=10**18)
    router, link = captures.host("r1"), captures.link("l1")
    router.frame(1, "l0", "in", packet_with())
    router.frame(1, "l1", "out", packet_with())
    link.drop(2, packet_with(), "queue full")
    router.drop(3, packet_with(), "ttl")
    assert captures.close() == [tmp_path / "r1.pcapng"]
    assert list(tmp_path.iterdir()) == [tmp_path / "r1.pcapng"]
    names = ("frame.time_epoch", "frame.interface_name", "frame.packet_flags_direction", "frame.comment")
    assert told(tmp_path / "r1.pcapng", *names) == [
        ["1000000000.000000001", "l0", "0x00000001", ""],
        ["1000000000.000000001", "l1", "0x00000002", ""],
        ["1000000000.000000002", "l1 (dropped)", "0x00000002", "dropped by link l1: queue full"],
        ["1000000000.000000003", "r1 (dropped)", "0x00000001", "dropped by r1: ttl"],
    ]


@needs_tshark
def test_a_corrupted_packet_is_captured_as_it_is(tmp_path: Path, packet_with: Callable[..., Packet]) -> None:
    packet = packet_with()
    packet.raw = b"\x45" + bytes(39)
    captures = Captures(tmp_path)
    captures.host("left").frame(1, "l1", "in", packet)
    captures.close()
    assert told(tmp_path / "left.pcapng", "frame.len", "ip.src") == [["40", "0.0.0.0"]]


def test_classic_captures_have_a_file_an_interface(tmp_path: Path, packet_with: Callable[..., Packet]) -> None:
    captures = Captures(tmp_path, file_format="pcap", senders={"l1": "left"})
    machine = captures.host("left")
    machine.frame(1, "l1", "out", packet_with())
    machine.frame(2, "l2", "in", packet_with())
    captures.link("l1").drop(3, packet_with(), "loss")
    captures.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["left-l1.pcap", "left-l2.pcap"]
    assert (tmp_path / "left-l1.pcap").stat().st_size == 24 + 16 + packet_with().size


def test_only_the_machines_asked_for_are_captured(tmp_path: Path) -> None:
    captures = Captures(tmp_path, machines=["left"], senders={"l1": "left", "l1.reverse": "right"})
    assert captures.host("left") is not SILENT_HOST
    assert captures.host("right") is SILENT_HOST
    assert captures.link("l1") is not SILENT_LINK
    assert captures.link("l1.reverse") is SILENT_LINK
    assert captures.link("unknown") is SILENT_LINK


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_silent_machine_leaves_no_file(tmp_path: Path, file_format: str) -> None:
    captures = Captures(tmp_path, file_format=file_format)
    captures.host("left")
    assert captures.close() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_has_its_name_only_when_it_is_whole(
    tmp_path: Path, file_format: str, packet_with: Callable[..., Packet]
) -> None:
    captures = Captures(tmp_path, file_format=file_format)
    captures.host("left").frame(1, "l1", "out", packet_with())
    assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    captures.close()
    assert not any(path.name.startswith(".") for path in tmp_path.iterdir())


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_a_killed_process_left_is_a_capture(
    tmp_path: Path, packet_with: Callable[..., Packet], file_format: str
) -> None:
    """Wherever it was cut off, up to the last packet that is whole."""
    whole = tmp_path / "whole"
    captures = Captures(whole, file_format=file_format)
    machine = captures.host("left")
    for now in range(3):
        machine.frame(now, "l1", "out", packet_with(payload=bytes(now)))
    (path,) = captures.close()
    data = path.read_bytes()
    left, sizes = tmp_path / "left", set()
    left.mkdir()
    for size in range(len(data) + 1):
        (left / f".{path.name}.unfinished").write_bytes(data[:size])
        recover(left)
        sizes.add((left / path.name).stat().st_size if (left / path.name).exists() else 0)
        assert data.startswith((left / path.name).read_bytes() if (left / path.name).exists() else b"")
        assert not list(left.glob(".*"))
        (left / path.name).unlink(missing_ok=True)
    headers = {"pcap": 1, "pcapng": 2}[file_format]
    assert len(sizes - {0}) == headers + 3
    assert max(sizes) == len(data)
