"""Packets as files for tshark and tcpdump: the tracer that writes what passes the interfaces of machines.

pcapng: one file a machine, with all its interfaces; a packet that was lost is there once more, on an interface of
its own (`l1 (dropped)`), with a comment that says where and why. pcap: one file an interface.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from testbed.trace.files import finished, unfinished
from testbed.trace.tracer import SILENT_HOST, SILENT_LINK, HostTracer, LinkTracer, Tracer
from testbed.wire.capture import INBOUND, OUTBOUND, PcapngWriter, PcapWriter, whole_size
from testbed.wire.codec import encode

if TYPE_CHECKING:
    from testbed.wire.packet import Packet


class Captures(Tracer):
    """Captures of the machines called `machines` (None: of all) into `folder`. `close` makes the files.

    `senders` tells for each link direction which machine sends on it; `descriptions` what is to be said of an
    interface, by (machine, interface); `epoch` (ns since 1970) is when the experiment began.
    """

    def __init__(
        self,
        folder: Path,
        *,
        file_format: str = "pcapng",
        machines: Collection[str] | None = None,
        senders: Mapping[str, str] | None = None,
        descriptions: Mapping[tuple[str, str], str] | None = None,
        epoch: int = 0,
    ) -> None:
        self._build = FORMATS[file_format]
        self._machines = machines
        self._senders = senders or {}
        self._settings = CaptureSettings(folder, descriptions or {}, epoch)
        self._captures: dict[str, MachineCapture] = {}

    def host(self, name: str) -> HostTracer:
        capture = self._capture(name)
        return SILENT_HOST if capture is None else _Frames(capture, name)

    def link(self, name: str) -> LinkTracer:
        capture = self._capture(self._senders.get(name, ""))
        return SILENT_LINK if capture is None else _LinkDrops(capture, name)

    def close(self) -> list[Path]:
        """Finish every file; which are there now."""
        return [path for capture in self._captures.values() for path in capture.close()]

    def _capture(self, machine: str) -> MachineCapture | None:
        if not machine or (self._machines is not None and machine not in self._machines):
            return None
        if machine not in self._captures:
            self._captures[machine] = self._build(machine, self._settings)
        return self._captures[machine]


def recover(folder: Path) -> None:
    """Make files of what a killed process has left, up to the last packet that was written whole."""
    for left in folder.glob(unfinished(folder / "*").name):
        with left.open("r+b") as file:
            size = 0
            if left.stat().st_size:
                with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                    size = whole_size(data)
            file.truncate(size)
        if size:
            left.replace(finished(left))
        else:
            left.unlink()


class CaptureSettings(NamedTuple):
    """What the captures of all machines have in common; see `Captures`."""

    folder: Path
    descriptions: Mapping[tuple[str, str], str]
    epoch: int


class MachineCapture(ABC):
    """The capture of one machine, in one format. Files are opened at the first packet."""

    def __init__(self, machine: str, settings: CaptureSettings) -> None:
        self._machine = machine
        self._settings = settings
        self._files: dict[Path, BinaryIO] = {}

    @abstractmethod
    def frame(self, now: int, interface: str, direction: str, packet: Packet) -> None:
        """`packet` passes `interface`: "in" or "out"."""

    @abstractmethod
    def drop(self, now: int, where: str, direction: str, packet: Packet, comment: str) -> None:
        """`packet` was lost at `where`, on its way "in" or "out"."""

    def close(self) -> list[Path]:
        """Finish the files."""
        for path, file in self._files.items():
            file.close()
            unfinished(path).replace(path)
        return list(self._files)

    def _open(self, name: str) -> BinaryIO:
        path = self._settings.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._files[path] = unfinished(path).open("wb", buffering=1 << 18)
        return self._files[path]


class PcapngCapture(MachineCapture):
    """One pcapng file: `left1.pcapng`."""

    def __init__(self, machine: str, settings: CaptureSettings) -> None:
        super().__init__(machine, settings)
        self._writer: PcapngWriter | None = None
        self._numbers: dict[str, int] = {}

    def frame(self, now: int, interface: str, direction: str, packet: Packet) -> None:
        self._write(now, interface, direction, packet, "")

    def drop(self, now: int, where: str, direction: str, packet: Packet, comment: str) -> None:
        self._write(now, f"{where} (dropped)", direction, packet, comment)

    def _write(self, now: int, interface: str, direction: str, packet: Packet, comment: str) -> None:
        if self._writer is None:
            self._writer = PcapngWriter(self._open(f"{self._machine}.pcapng"))
        if interface not in self._numbers:
            description = self._settings.descriptions.get((self._machine, interface), "")
            self._numbers[interface] = self._writer.interface(interface, description)
        when = self._settings.epoch + now
        self._writer.packet(self._numbers[interface], when, encode(packet), direction, comment)


class PcapCapture(MachineCapture):
    """A classic pcap file for each interface: `left1-l1.pcap`. It cannot say what was lost."""

    def __init__(self, machine: str, settings: CaptureSettings) -> None:
        super().__init__(machine, settings)
        self._writers: dict[str, PcapWriter] = {}

    def frame(self, now: int, interface: str, direction: str, packet: Packet) -> None:
        if interface not in self._writers:
            self._writers[interface] = PcapWriter(self._open(f"{self._machine}-{interface}.pcap"))
        self._writers[interface].packet(self._settings.epoch + now, encode(packet))

    def drop(self, now: int, where: str, direction: str, packet: Packet, comment: str) -> None:
        pass


FORMATS: Final[dict[str, type[MachineCapture]]] = {"pcapng": PcapngCapture, "pcap": PcapCapture}


class _Frames(HostTracer):
    def __init__(self, capture: MachineCapture, machine: str) -> None:
        self._capture = capture
        self._machine = machine

    def frame(self, now: int, interface: str, direction: str, packet: Packet) -> None:
        self._capture.frame(now, interface, direction, packet)

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        self._capture.drop(now, self._machine, INBOUND, packet, f"dropped by {self._machine}: {reason}")


class _LinkDrops(LinkTracer):
    def __init__(self, capture: MachineCapture, link: str) -> None:
        self._capture = capture
        self._link = link

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        self._capture.drop(now, self._link, OUTBOUND, packet, f"dropped by link {self._link}: {reason}")
