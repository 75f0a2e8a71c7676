"""FreeBSD's scripts: its sysctls, `sockstat`, `tcpdrop`, and how its segments are laid out.

Where FreeBSD and the RFCs differ the scripts say so themselves, by `#ifdef STANDARD` and `#ifdef FreeBSD`; STANDARD
is what is defined here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, ClassVar

from packetdrill.kernel import Kernel
from packetdrill.profile import ERRORS, Profile, configured, option_values, rescaled, size_of
from packetdrill.script import Mismatch, Option, PacketEvent, Unsupported

from testbed.clock import MILLISECOND, SECOND
from testbed.host.socket import Socket
from testbed.tcp.config import TcpConfig
from testbed.wire.segment import ACK, FIN, SYN, Segment

RECEIVE_SPACE = 65536
MSS = 1460

STATES = {
    "CLOSED": 0, "LISTEN": 1, "SYN-SENT": 2, "SYN-RECEIVED": 3, "ESTABLISHED": 4, "CLOSE-WAIT": 5, "FIN-WAIT-1": 6,
    "CLOSING": 7, "LAST-ACK": 8, "FIN-WAIT-2": 9, "TIME-WAIT": 10,
}  # fmt: skip

SOCKSTAT = {"SYN_RCVD": "SYN-RECEIVED"} | {name.replace("-", "_"): name for name in STATES}

ECN_MODES = (("off", "off"), ("classic", "classic"), ("classic", "off"), ("accurate", "accurate"), ("accurate", "off"))
"""What a listener agrees to, and what a client asks for, by the number of `ecn.enable`."""

IRRELEVANT = {
    "net.inet.tcp.hostcache.purgenow",  # there is no cache between connections
    "net.inet.tcp.syncookies",
    "net.inet.tcp.syncookies_only",
    "net.inet.tcp.rexmit_slop",  # FreeBSD adds it to the RTO; ours is RFC 6298's, and within the scripts' tolerance
    "net.inet.tcp.sendspace",
    "net.inet.tcp.icmp_may_rst",
}

MUST_BE = {
    "net.inet.tcp.blackhole": "0",
    "net.inet.tcp.insecure_rst": "0",  # RFC 5961 cannot be switched off
    "net.inet.tcp.insecure_syn": "0",
    "net.inet.tcp.rexmit_drop_options": "0",
}


def round_up(size: int, unit: int) -> int:
    """`size`, or the next multiple of `unit`."""
    return -(-size // unit) * unit


class FreeBSD(Profile):
    """FreeBSD 13 to 15, as the scripts have it."""

    name: ClassVar[str] = "freebsd"
    errors: ClassVar[dict[str, str]] = ERRORS | dict.fromkeys(
        ("network prohibited", "host prohibited", "communication prohibited"), "ECONNREFUSED"
    )
    defined: ClassVar[frozenset[str]] = frozenset({"STANDARD"})

    def config(self) -> TcpConfig:
        """A receive buffer of 64 KiB that is rounded up to whole segments (65700), so that more is accepted than the
        16 bits of an unscaled window can say; acknowledgements wait 40 ms; RTO_MAX 64 s; ten repetitions of a SYN."""
        return configured(
            TcpConfig(),
            receive_buffer=round_up(RECEIVE_SPACE, MSS),
            send_buffer=32768,
            delayed_ack=40 * MILLISECOND,
            ack_any_size=True,
            rto_min=230 * MILLISECOND,
            rto_max=64 * SECOND,
            syn_retries=10,
            msl=30 * SECOND,
        )

    # -- commands ------------------------------------------------------------------------------------------------------

    def command(self, text: str, kernel: Kernel) -> None:
        if match := re.fullmatch(r"sysctl -w ([\w.]+)=(\S+)", text):
            kernel.sysctls[match[1]] = match[2]
            self._sysctl(match[1], match[2], kernel)
        elif match := re.fullmatch(r"sockstat (.*?)\| *(?:grep packetdril *\| *)?grep -c (\w+) *\| *grep (\d+)", text):
            port = re.search(r"-p (\d+)", match[1])
            count = kernel.count(SOCKSTAT[match[2]], int(port[1]) if port else None)
            if count != int(match[3]):
                raise Mismatch(f"{count} connections are in {SOCKSTAT[match[2]]}, not {match[3]}")
        elif match := re.fullmatch(r"tcpdrop -s (\w+)", text):
            kernel.drop_connections(SOCKSTAT[match[1]])
        else:
            raise Unsupported(f"command {text!r}")

    def _sysctl(self, name: str, value: str, kernel: Kernel) -> None:
        on = value != "0"
        match name.removeprefix("net.inet.tcp."):
            case "rfc1323":
                kernel.set(window_scaling=on, timestamps=on)
            case "sack.enable":
                kernel.set(sack=on)
            case "delacktime":
                kernel.set(delayed_ack=int(value) * MILLISECOND)
            case "rexmit_initial":
                kernel.set(rto_initial=int(value) * MILLISECOND)
            case "recvspace":
                kernel.set(receive_buffer=round_up(int(value), MSS))
            case "keepidle":
                kernel.set(keepalive_idle=int(value) * MILLISECOND)
            case "keepintvl":
                kernel.set(keepalive_interval=int(value) * MILLISECOND)
            case "keepinit":  # a limit for the handshake; ours is one for whatever stays unacknowledged
                kernel.set(user_timeout=int(value) * MILLISECOND)
            case "keepcnt":
                kernel.set(keepalive_probes=int(value))
            case "ecn.enable":
                accepted, asked = ECN_MODES[int(value)]
                kernel.set(ecn=accepted)
                kernel.when_connecting["ecn"] = asked
            case "ecn.maxretries":
                kernel.set(ecn_retries=int(value))
            case "drop_synfin" | "kern.ipc.maxsockbuf":
                pass  # read from `kernel.sysctls` where they matter
            case _ if name in MUST_BE and value == MUST_BE[name]:
                pass
            case _ if name not in IRRELEVANT:
                raise Unsupported(f"sysctl {name}={value}")

    # -- segments ------------------------------------------------------------------------------------------------------

    def admits(self, segment: Segment, kernel: Kernel) -> bool:
        """`drop_synfin` is a filter in front of TCP. Where a script has a STANDARD part, that part has no filter."""
        drops = kernel.sysctls.get("net.inet.tcp.drop_synfin", "0") != "0" and "STANDARD" not in self.script.mentions
        return not (drops and segment.flags & (SYN | FIN) == SYN | FIN)

    def _scale(self, kernel: Kernel) -> int:
        """FreeBSD's shift lets the largest possible buffer be shown, ours the buffer that there is."""
        largest = int(kernel.sysctls.get("kern.ipc.maxsockbuf", "2097152"))
        shift = 0
        while shift < 14 and 0xFFFF << shift < largest:
            shift += 1
        return shift

    def layout(self, segment: Segment, kernel: Kernel) -> tuple[Option, ...]:
        """MSS, window scale, SACK permitted, timestamps, SACK: each moved by NOPs to where its numbers are aligned,
        and the end filled with EOL."""
        found = option_values(segment)
        if segment.source_port in self.no_options:
            found.pop("mss", None)  # TCP_NOOPT: ours always says its MSS (RFC 9293 SHLD-5)
        if "wscale" in found and found["wscale"].values == (kernel.config.window_scale,):
            found["wscale"] = Option("wscale", (self._scale(kernel),))
        written: list[Option] = []
        size = 0
        for name, unit, remainder in (
            ("mss", 1, 0), ("wscale", 2, 1), ("sackOK", 2, 0), ("TS", 4, 2), ("sack", 4, 2),
        ):  # fmt: skip
            if name not in found:
                continue
            while size % unit != remainder:
                written.append(Option("nop"))
                size += 1
            option = found.pop(name)
            written.append(option)
            size += size_of(option)
        written += found.values()  # what the script cannot have asked for shows up as a difference
        written += [Option("eol")] * (-size % 4)
        return tuple(written)

    def window(self, segment: Segment, kernel: Kernel) -> int:
        sockets = [socket for socket in kernel.host.sockets if socket.local[1] == segment.source_port]
        scaled = sockets and sockets[-1].connection.output.scale
        return rescaled(segment, kernel.config.window_scale, self._scale(kernel)) if scaled else segment.window

    def equivalent(self, event: PacketEvent, segment: Segment, kernel: Kernel) -> PacketEvent:
        """The rule "FIN repeated": while its FIN is unacknowledged FreeBSD sends it again with each acknowledgement
        that it owes. Ours acknowledges from SND.NXT, as figure 13 of RFC 9293 (simultaneous close) has it."""
        if event.flags != "F." or event.length or event.seq is None or segment.flags != ACK or segment.payload:
            return event
        for socket in kernel.host.sockets:
            sender = socket.connection.sender
            if sender.closing and segment.seq == sender.next & 0xFFFFFFFF and sender.una < sender.next:
                self.leaned_on.add("FIN repeated")
                return replace(event, flags=".", seq=event.seq + 1)
        return event

    # -- queries -------------------------------------------------------------------------------------------------------

    def receive_buffer(self, socket: Socket | None, size: int) -> int:
        """Rounded up to whole segments once the size of one is known."""
        size = RECEIVE_SPACE if size == round_up(RECEIVE_SPACE, MSS) else size
        receiver = socket.connection.receiver if socket is not None else None
        return size if receiver is None else round_up(size, receiver.mss)

    def states(self) -> dict[str, int]:
        return STATES

    def constants(self) -> dict[str, Any]:
        names = {f"TCPI_{name.replace('-', '_')}": number for name, number in STATES.items()}
        options = {"TCPI_OPT_TIMESTAMPS": 1, "TCPI_OPT_SACK": 2, "TCPI_OPT_WSCALE": 4, "TCPI_OPT_ECN": 8}
        return names | options
