"""Scripts of our own: no system's personality, and only what the RFCs say."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from packetdrill.kernel import Kernel
from packetdrill.profile import Profile, configured, option_values, size_of
from packetdrill.script import Option, Unsupported

from testbed.tcp.config import TcpConfig
from testbed.tcp.state import State
from testbed.units import duration
from testbed.wire.segment import Segment

WINDOW = 10_000
"""The receive buffer: a round number, so that a script's edges can be seen."""


class Plain(Profile):
    """Headers without options but the MSS, a window of 10000 bytes, every segment of data acknowledged at once.

    A command sets one field of TcpConfig: `` `set delayed_ack 200ms` ``, `` `set sack true` ``,
    `` `set ecn classic` ``.
    """

    name: ClassVar[str] = "plain"

    def config(self) -> TcpConfig:
        return configured(
            TcpConfig(), receive_buffer=WINDOW, window_scaling=False, timestamps=False, sack=False, delayed_ack=0
        )

    def command(self, text: str, kernel: Kernel) -> None:
        match = re.fullmatch(r"set (\w+) (\w+)", text)
        if match is None:
            raise Unsupported(f"command {text!r}")
        value = match[2]
        if value in ("true", "false"):
            kernel.set(**{match[1]: value == "true"})
        elif value.isalpha():
            kernel.set(**{match[1]: value})
        else:
            kernel.set(**{match[1]: int(value) if value.isdigit() else duration(value)})

    def layout(self, segment: Segment, kernel: Kernel) -> tuple[Option, ...]:
        found = option_values(segment)
        padding = -sum(map(size_of, found.values())) % 4 if {"FO", "ECN"} & found.keys() else 0
        return (*found.values(), *[Option("nop")] * padding)

    def states(self) -> dict[str, int]:
        return {state.label: state.value for state in State}

    def constants(self) -> dict[str, Any]:
        return {state.name: state.value for state in State}
