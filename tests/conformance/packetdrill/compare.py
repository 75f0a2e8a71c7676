"""Between packets of the script and packets of the wire: making the ones, checking the others."""

from __future__ import annotations

import struct
from collections.abc import Callable

from packetdrill.kernel import LOCAL_ADDRESS, REMOTE_ADDRESS, Kernel
from packetdrill.numbers import Numbers
from packetdrill.profile import Profile
from packetdrill.script import Mismatch, Option, PacketEvent, Unsupported

from testbed.wire import codec
from testbed.wire.packet import Packet
from testbed.wire.segment import ACK, SYN, Segment

LETTERS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, ".": 0x10, "U": 0x20, "E": 0x40, "W": 0x80, "A": 0x100}
ECN = {"noecn": 0, "ect1": 1, "ect0": 2, "ce": 3}


def flag_bits(letters: str) -> int:
    """`S.` -> SYN | ACK. A digit is accurate ECN's field: `.5` -> ACK | AE | ECE."""
    if letters == "-":
        return 0
    return sum(int(letter) << 6 if letter.isdigit() else LETTERS[letter] for letter in letters)


def flag_letters(bits: int) -> str:
    """SYN | ACK -> `S.`."""
    return "".join(letter for letter in "SFRPEWAU." if bits & LETTERS[letter]) or "-"


# -- to the stack ------------------------------------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071), written out, so as not to lean on the code under test."""
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def encode_option(option: Option, numbers: Numbers) -> bytes:
    """One option as bytes."""
    values = option.values
    match option.name:
        case "nop" | "eol":
            return b"\x01" if option.name == "nop" else b"\x00"
        case "mss":
            return struct.pack(">BBH", 2, 4, *values)
        case "wscale":
            return struct.pack(">BBB", 3, 3, *values)
        case "sackOK":
            return b"\x04\x02"
        case "sack":
            blocks = [struct.pack(">II", *map(numbers.inbound_ack, block)) for block in values]
            return bytes((5, 2 + 8 * len(blocks))) + b"".join(blocks)
        case "ECN":
            fields = dict(zip(values[::2], map(int, values[1::2]), strict=True))
            body = b"".join([count.to_bytes(3, "big") for count in fields.values()])
            return bytes((174 if next(iter(fields), "") == "e1b" else 172, 2 + len(body))) + body
        case "FO":
            cookie = bytes.fromhex(values[0]) if values else b""
            return bytes((34, 2 + len(cookie))) + cookie
        case "TS":
            return struct.pack(">BBII", 8, 10, values[0], numbers.inbound_echo(values[1]))
    raise Unsupported(f"option {option}")


def build(event: PacketEvent, ports: tuple[int, int], numbers: Numbers) -> Packet:
    """The packet that the script injects, as the stack would get it from a wire. `ports`: source, destination."""
    options = b"".join([encode_option(option, numbers) for option in event.options or ()])
    if len(options) % 4:
        raise Unsupported(f"{len(options)} bytes of options")
    flags = flag_bits(event.flags)
    ack = numbers.inbound_ack(event.ack) if event.ack is not None else 0
    offset = (20 + len(options)) << 10 | flags
    header = struct.pack(
        ">HHIIHHHH", *ports, numbers.inbound_seq(event), ack, offset, event.window or 0, 0, event.urgent or 0
    )
    body = header + options + bytes(event.length)
    pseudo = struct.pack(">IIHH", REMOTE_ADDRESS, LOCAL_ADDRESS, 6, len(body))
    body = body[:16] + checksum(pseudo + body).to_bytes(2, "big") + body[18:]
    ecn = service_octet(event.ip) & 3
    ip = struct.pack(">HHHHHHII", 0x4500 | ecn, 20 + len(body), 0, 0, 64 << 8 | 6, 0, REMOTE_ADDRESS, LOCAL_ADDRESS)
    packet = codec.decode(ip[:10] + checksum(ip).to_bytes(2, "big") + ip[12:] + body)
    if not isinstance(packet, Packet):
        raise Unsupported(f"the wire refuses the packet: {packet}")
    return packet


def service_octet(ip: str) -> int:
    """The octet of the IP header that `ect0`, or `tos 0x2`, stands for; nothing else there can be sent."""
    match ip.split():
        case []:
            return 0
        case ["tos", number] if int(number, 0) < 4:
            return int(number, 0)
        case [name] if name in ECN:
            return ECN[name]
    raise Unsupported(f"IP field {ip!r}")


# -- from the stack ----------------------------------------------------------------------------------------------------


def check(event: PacketEvent, packet: Packet, numbers: Numbers, profile: Profile, kernel: Kernel, tick: int) -> None:
    """Compare everything that the script says of a packet with the one that was sent. Raises `Mismatch`."""
    live = packet.segment
    wanted = flag_bits(event.flags)
    expect("flags", flag_letters(wanted), flag_letters(live.flags))
    if live.flags & SYN and live.reason == "open" and event.seq is not None:
        numbers.learn(event.seq, live.seq)
    if event.seq is not None:
        seq = live.seq if event.absolute else numbers.outbound_seq(live.seq)
        expect("sequence number", event.seq, seq)
    if live.flags & ACK:
        expect("acknowledgement", event.ack, numbers.outbound_ack(live.ack))
    expect("length", event.length, len(live.payload))
    if event.window is not None:
        expect("window", event.window, profile.window(live, kernel))
    expect("urgent pointer", event.urgent or 0, live.urgent_pointer)
    if event.options is not None:
        _check_options(event.options, profile.layout(live, kernel), numbers, tick)
    if any(live.payload):
        raise Mismatch("the payload is not what the application wrote: zeros")
    _check_ip(event.ip, packet)


def _check_ip(ip: str, packet: Packet) -> None:
    for part in ip.replace(" ", "").split(",") if ip else ():
        if part == "ect01":
            expect("ECN field", True, packet.ecn in (1, 2))
        else:
            expect("ECN field", service_octet(part.replace("tos", "tos ")), packet.ecn)


def _check_options(wanted: tuple[Option, ...], live: tuple[Option, ...], numbers: Numbers, tick: int) -> None:
    """The exact list, in the exact order. A timestamp's value is the stack's own: learnt, and with a tick compared."""
    shown = tuple([numbers.outbound_option(option) for option in live])
    expect("options", _line(wanted, masked=True), _line(shown, masked=True))
    for scripted, seen in zip(wanted, shown, strict=True):
        if scripted.name != "TS":
            continue
        expect("timestamp echo", scripted.values[1], seen.values[1])
        drift, elapsed = numbers.stamp_drift(scripted.values[0], seen.values[0], tick) if tick else (0, 0)
        if drift > max(4_000_000, elapsed // 8):
            raise Mismatch(f"timestamp {seen.values[0]} is {drift} ns off")
        numbers.note_stamp(scripted.values[0], seen.values[0])


def _line(options: tuple[Option, ...], masked: bool) -> str:
    return ",".join("TS" if masked and option.name == "TS" else str(option) for option in options)


def expect(what: str, wanted: object, live: object) -> None:
    """Raise `Mismatch` unless both are the same."""
    if wanted != live:
        raise Mismatch(f"{what}: expected {wanted}, got {live}")


def show(segment: Segment, numbers: Numbers, options: Callable[[Segment], tuple[Option, ...]]) -> str:
    """A segment in the language of scripts, for messages."""
    seq = numbers.outbound_seq(segment.seq)
    ack = f" ack {numbers.outbound_ack(segment.ack)}" if segment.flags & ACK else ""
    line = _line(tuple([numbers.outbound_option(option) for option in options(segment)]), masked=False)
    tail = f" <{line}>" if line else ""
    size = len(segment.payload)
    why = f"  ({segment.reason})" if segment.reason else ""
    return f"{flag_letters(segment.flags)} {seq}:{seq + size}({size}){ack} win {segment.window}{tail}{why}"
