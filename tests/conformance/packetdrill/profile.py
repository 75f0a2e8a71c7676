"""What makes one operating system's scripts different from another's, and from our stack's habits.

A profile translates personality only: the order and padding of options, the scale of the window, how buffers are
reported, what commands and symbols mean. It never excuses a segment that should not have been sent.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from packetdrill.kernel import Kernel
from packetdrill.script import Option, PacketEvent, Script

from testbed.host.socket import Socket
from testbed.tcp.config import TcpConfig
from testbed.tcp.lifetime.fast_open import KIND as FAST_OPEN
from testbed.wire.accurate_ecn import ORDERS
from testbed.wire.packet import CE, ECT0, ECT1
from testbed.wire.segment import SYN, Segment

ERRORS = {
    "connection refused": "ECONNREFUSED",
    "connection reset by peer": "ECONNRESET",
    "connection timed out": "ETIMEDOUT",
    "port unreachable": "ECONNREFUSED",
    "protocol unreachable": "ENOPROTOOPT",
    "network unreachable": "ENETUNREACH",
    "host unreachable": "EHOSTUNREACH",
    "network prohibited": "ENETUNREACH",
    "host prohibited": "EHOSTUNREACH",
    "communication prohibited": "EHOSTUNREACH",
}


ECN_COUNTERS = {ECT0: "e0b", CE: "ceb", ECT1: "e1b"}


class Profile(ABC):
    """One operating system's scripts. Made anew for each script."""

    name: ClassVar[str]
    errors: ClassVar[dict[str, str]] = ERRORS
    """What an application hears of an error, by our word for it."""

    defined: ClassVar[frozenset[str]] = frozenset()
    """What `#ifdef` finds defined."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.no_options: set[int] = set()  # local ports whose sockets asked for bare headers
        self.leaned_on: set[str] = set()  # names of the rules of `equivalent` that were needed

    @abstractmethod
    def config(self) -> TcpConfig:
        """The settings that the scripts take for granted."""

    @abstractmethod
    def command(self, text: str, kernel: Kernel) -> None:
        """Obey a shell command. Raises `Unsupported` for what is not understood, `Mismatch` for a query that fails."""

    @abstractmethod
    def layout(self, segment: Segment, kernel: Kernel) -> tuple[Option, ...]:
        """The options of `segment` in the order, and with the padding, in which this system writes them."""

    @abstractmethod
    def states(self) -> dict[str, int]:
        """This system's numbers for the RFC's states, by the RFC's names."""

    @abstractmethod
    def constants(self) -> dict[str, Any]:
        """Names that code blocks may use."""

    def window(self, segment: Segment, kernel: Kernel) -> int:
        """The window field as this system would write it."""
        return segment.window

    def equivalent(self, event: PacketEvent, segment: Segment, kernel: Kernel) -> PacketEvent:
        """What to expect of our stack where the script expects `event` and `segment` came.

        For habits that no RFC asks for and none forbids; each one used is noted in `leaned_on`.
        """
        return event

    def admits(self, segment: Segment, kernel: Kernel) -> bool:
        """Whether a segment passes the filters in front of the stack."""
        return True

    def receive_buffer(self, socket: Socket | None, size: int) -> int:
        """What SO_RCVBUF reports for a buffer set to `size`."""
        return size

    def setup(self, text: str, kernel: Kernel) -> None:
        """The command before the first event."""
        if text:
            self.command(text, kernel)

    def tcp_info(self, socket: Socket | None) -> dict[str, Any]:
        """The connection's state by the names of `struct tcp_info`, without their `tcpi_`."""
        states = self.states()
        if socket is None:
            return {"state": states["CLOSED"], "options": 0}
        return {**socket.info(), "state": states[socket.state]}


def option_values(segment: Segment) -> dict[str, Option]:
    """The options that a segment carries, by name, in no order."""
    found = {}
    if segment.mss is not None:
        found["mss"] = Option("mss", (segment.mss,))
    if segment.window_scale is not None:
        found["wscale"] = Option("wscale", (segment.window_scale,))
    if segment.sack_permitted:
        found["sackOK"] = Option("sackOK")
    if segment.timestamp is not None:
        found["TS"] = Option("TS", (segment.timestamp, segment.timestamp_echo))
    if segment.sack:
        found["sack"] = Option("sack", segment.sack)
    for kind, data in segment.unknown:
        if kind == FAST_OPEN:
            found["FO"] = Option("FO", (data.hex(),) if data else ())
            continue
        if kind in ORDERS:
            names = [ECN_COUNTERS[codepoint] for codepoint in ORDERS[kind]]
            told = [str(int.from_bytes(data[at : at + 3], "big")) for at in range(0, len(data), 3)]
            found["ECN"] = Option("ECN", tuple([word for pair in zip(names, told, strict=False) for word in pair]))
            continue
        found[f"kind-{kind}"] = Option(f"kind-{kind}", (data.hex(),))
    return found


def size_of(option: Option) -> int:
    """Bytes that an option takes."""
    fixed = {"mss": 4, "wscale": 3, "sackOK": 2, "TS": 10, "nop": 1, "eol": 1}
    if option.name == "FO" and not option.values:
        return 2
    if option.name == "ECN":
        return 2 + 3 * (len(option.values) // 2)
    if option.name == "sack":
        return 2 + 8 * len(option.values)
    return fixed[option.name] if option.name in fixed else 2 + len(str(option.values[-1])) // 2


def rescaled(segment: Segment, ours: int, theirs: int) -> int:
    """The window field of a segment if its window, in bytes, were written with another shift: rounded up, as ours is
    (RFC 7323 section 2.4)."""
    if segment.flags & SYN or ours == theirs:
        return segment.window
    return min(-(-(segment.window << ours) >> theirs), 0xFFFF)


def configured(base: TcpConfig, **changes: Any) -> TcpConfig:
    """`base` with `changes`; a name that is no setting raises TypeError."""
    return dataclasses.replace(base, **changes)
