"""Linux's scripts, as far as their wire goes: the order of options, the scale, the states' numbers.

Here for suites to come; what their `defaults.sh` sets is in `config`.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from packetdrill.kernel import Kernel
from packetdrill.profile import Profile, configured, option_values, rescaled, size_of
from packetdrill.script import Option, Unsupported

from testbed.clock import MILLISECOND
from testbed.tcp.config import TcpConfig
from testbed.wire.segment import Segment

STATES = {
    "ESTABLISHED": 1, "SYN-SENT": 2, "SYN-RECEIVED": 3, "FIN-WAIT-1": 4, "FIN-WAIT-2": 5, "TIME-WAIT": 6, "CLOSED": 7,
    "CLOSE-WAIT": 8, "LAST-ACK": 9, "LISTEN": 10, "CLOSING": 11,
}  # fmt: skip

NAMES = {"FIN-WAIT-1": "FIN_WAIT1", "FIN-WAIT-2": "FIN_WAIT2", "SYN-RECEIVED": "SYN_RECV", "CLOSED": "CLOSE"}


ECN_MODES = (
    ("off", "off"), ("classic", "classic"), ("classic", "off"), ("accurate", "accurate"), ("accurate", "classic"),
    ("accurate", "off"),
)  # fmt: skip
"""What a listener agrees to, and what a client asks for, by the number of `tcp_ecn`."""


class Linux(Profile):
    """Linux 6, as the scripts have it."""

    name: ClassVar[str] = "linux"

    def config(self) -> TcpConfig:
        return configured(
            TcpConfig(), receive_buffer=15 * 2**20, send_buffer=2**18, rto_min=200 * MILLISECOND, delayed_ack=0
        )

    def command(self, text: str, kernel: Kernel) -> None:
        if re.search(r"defaults\.sh|set_sysctls|sysctl", text) is None:
            raise Unsupported(f"command {text!r}")
        if mode := re.search(r"net\.ipv4\.tcp_ecn=(\d)", text):
            accepted, asked = ECN_MODES[int(mode[1])]
            kernel.set(ecn=accepted)
            kernel.when_connecting["ecn"] = asked
        if option := re.search(r"net\.ipv4\.tcp_ecn_option=(\d)", text):
            kernel.set(ecn_option=option[1] != "0")

    def layout(self, segment: Segment, kernel: Kernel) -> tuple[Option, ...]:
        """MSS; SACK permitted in the room that timestamps leave, or after two NOPs; NOP, window scale; SACK last."""
        found = option_values(segment)
        nop = Option("nop")
        written: list[Option] = [found[name] for name in ("mss",) if name in found]
        if "TS" in found:
            written += [found["sackOK"]] if "sackOK" in found else [nop, nop]
            written.append(found["TS"])
            written += _ecn(found)
        else:
            written += _ecn(found)
            written += [nop, nop, found["sackOK"]] if "sackOK" in found else []
        if "wscale" in found:
            written += [nop, found["wscale"]]
        if "FO" in found:
            written += [found["FO"]] + [nop] * (-size_of(found["FO"]) % 4)
        if "sack" in found:
            written += [nop, nop, found["sack"]]
        return tuple(written)

    def window(self, segment: Segment, kernel: Kernel) -> int:
        return rescaled(segment, kernel.config.window_scale, kernel.config.window_scale)

    def states(self) -> dict[str, int]:
        return STATES

    def constants(self) -> dict[str, Any]:
        return {f"TCP_{NAMES.get(name, name).replace('-', '_')}": number for name, number in STATES.items()}


def _ecn(found: dict[str, Option]) -> list[Option]:
    """The counters of accurate ECN, filled up by NOPs."""
    return [found["ECN"]] + [Option("nop")] * (-size_of(found["ECN"]) % 4) if "ECN" in found else []
