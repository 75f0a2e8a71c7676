"""From text to a `Script`: the language of packetdrill, with what the nplab dialect adds (reference in `script`)."""

from __future__ import annotations

import re
from collections.abc import Collection
from types import EllipsisType
from typing import Any

from packetdrill.script import (
    CallEvent,
    CodeEvent,
    CommandEvent,
    Event,
    Moment,
    Option,
    PacketEvent,
    Script,
    Word,
)
from packetdrill.text import Cursor, decide_conditions, strip_comments

_NUMBER = r"\d+(?:\.\d+)?|\.\d+"
_FLAGS = r"(-|[SFRPUEWA.]+[0-7]?|[0-7])(?=\s)"
_INTEGER = r"-?(?:0x[0-9a-fA-F]+|\d+)"
_FOREIGN = r"(icmp|icmpv6|udp|gre|mpls|ipv4|ipv6|sctp)\b"


def parse(text: str, defined: Collection[str] = ()) -> Script:
    """The script in `text`, with `#ifdef NAME` true for the names in `defined`. Raises `ScriptError`."""
    text, mentions = decide_conditions(text, defined)
    cursor = Cursor(strip_comments(text))
    options = {}
    while match := cursor.take(r"--([a-z_0-9]+)(?:=([^\s]+))?"):
        options[match[1]] = match[2] or ""
    setup = _command(cursor) or ""
    events = []
    cleanup = ""
    while not cursor.done:
        command = _command(cursor)
        if command is None:
            events.append(_event(cursor))
        else:
            cleanup = command
    return Script(options, tuple(events), setup, cleanup, mentions)


def _command(cursor: Cursor) -> str | None:
    match = cursor.take(r"`([^`]*)`")
    return match[1].strip() if match else None


def _event(cursor: Cursor) -> Event:
    line, text = cursor.line, cursor.rest_of_line
    moment = _moment(cursor)
    command = _command(cursor)
    body: PacketEvent | CallEvent | CommandEvent | CodeEvent
    if command is not None:
        body = CommandEvent(command)
    elif code := cursor.take(r"%\{(.*?)\}%"):
        body = CodeEvent(code[1].strip("\n"))
    elif arrow := cursor.take(r"[<>]"):
        body = _packet(cursor, arrow[0] == "<")
    else:
        body = _call(cursor)
    return Event(moment, body, line, text)


# -- times -------------------------------------------------------------------------------------------------------------


def _moment(cursor: Cursor) -> Moment:
    if cursor.take(r"\*"):
        return Moment("any")
    kind = "relative" if cursor.take(r"\+") else "absolute"
    at = _seconds(cursor)
    if cursor.take(r"~"):
        cursor.take(r"\+")
        return Moment(kind, at, until=_seconds(cursor))
    if cursor.take(r"\.\.\."):
        return Moment(kind, at, end=_seconds(cursor))
    return Moment(kind, at)


def _seconds(cursor: Cursor) -> int:
    whole, _, part = cursor.need(_NUMBER, "a time")[0].partition(".")
    return int(whole or 0) * 1_000_000_000 + int(part[:9].ljust(9, "0") or 0)


# -- packets -----------------------------------------------------------------------------------------------------------


def _packet(cursor: Cursor, inbound: bool) -> PacketEvent:
    if match := cursor.take(rf"(\[\s*\d+:\d+\s*\(\d+\)\s*\]\s*)?{_FOREIGN}"):
        rest = cursor.take(r"[^\n]*")
        words = f"{match[2]} {rest[0] if rest else ''} {match[1] or ''}"  # what is quoted may stand first
        return PacketEvent(inbound, "", None, 0, foreign=" ".join(words.split()))
    ip = cursor.take(r"[(\[]((?:noecn|ect0|ect1|ect01|ce|tos|ttl|flowlabel)\b[^)\]]*)[)\]]")
    ports = cursor.take(r"(\d+)\s*>\s*(\d+)(?=\s)")
    flags = cursor.need(_FLAGS, "flags")[1]
    seq, length = _sequence(cursor)
    absolute = cursor.take(r"!") is not None
    numbers: dict[str, int] = {}
    while match := cursor.take(rf"(ack|win|urg)\s+({_INTEGER})"):
        numbers[match[1]] = int(match[2], 0)
    options = _options(cursor) if cursor.take(r"<(?=[^<>\n]*>)") else ()
    encapsulation = cursor.take(r"/(udp|psp)\([^)]*\)")
    return PacketEvent(
        inbound,
        flags,
        seq,
        length,
        numbers.get("ack"),
        numbers.get("win"),
        numbers.get("urg"),
        options,
        (int(ports[1]), int(ports[2])) if ports else None,
        ip[1].strip() if ip else "",
        absolute,
        f"{encapsulation[1]} encapsulation" if encapsulation else "",
    )


def _sequence(cursor: Cursor) -> tuple[int | None, int]:
    if match := cursor.take(r"\.\.\.\s*\((\d+)\)"):
        return None, int(match[1])
    match = cursor.need(r"(\d+):(\d+)\s*\((\d+)\)", "seq:end(length)")
    seq, end, length = int(match[1]), int(match[2]), int(match[3])
    if (seq + length) & 0xFFFFFFFF != end & 0xFFFFFFFF:
        raise cursor.wrong(f"{seq}:{end}({length}) does not add up")
    return seq, length


def _options(cursor: Cursor) -> tuple[Option, ...] | None:
    inside = cursor.need(r"([^<>\n]*)>", "options")[1].strip()
    if inside == "...":
        return None
    return tuple([_option(cursor, part.strip()) for part in inside.split(",")]) if inside else ()


def _option(cursor: Cursor, text: str) -> Option:
    words = text.split()
    match words:
        case ["mss" | "wscale" as name, number]:
            return Option(name, (int(number, 0),))
        case ["sackOK" | "nop" | "eol" as name]:
            return Option(name)
        case ["TS", "val", value, "ecr", echo]:
            return Option("TS", (int(value, 0), int(echo, 0)))
        case ["sack", *blocks] if all(re.fullmatch(r"\d+:\d+", block) for block in blocks):
            pairs = [block.split(":") for block in blocks]
            return Option("sack", tuple([(int(left), int(right)) for left, right in pairs]))
        case [name, *rest]:
            return Option(name, tuple(rest))
    raise cursor.wrong(f"no option can be read from {text!r}")


# -- system calls ------------------------------------------------------------------------------------------------------


def _call(cursor: Cursor) -> CallEvent:
    name = cursor.need(r"([a-z_][a-z_0-9]*)\s*\(", "an event")[1]
    arguments = _list(cursor, r"\)")
    cursor.need(r"=", "a result")
    if cursor.take(r"\.\.\."):
        return CallEvent(name, tuple(arguments), None)
    result = int(cursor.need(_INTEGER, "a result")[0], 0)
    error = cursor.take(r"(E[A-Z0-9]+)\b")
    cursor.take(r"\([^)\n]*\)")
    return CallEvent(name, tuple(arguments), result, error[1] if error else "")


def _list(cursor: Cursor, end: str) -> list[Any]:
    items: list[Any] = []
    while not cursor.take(end):
        if items:
            cursor.need(r",", "',' or the end")
        items.append(_value(cursor))
    return items


def _value(cursor: Cursor) -> EllipsisType | int | str | Word | list[Any] | dict[str, Any]:
    if cursor.take(r"\.\.\."):
        return ...
    if cursor.take(r"\["):
        return _list(cursor, r"\]")
    if cursor.take(r"\{"):
        return _structure(cursor)
    if match := cursor.take(r'"((?:[^"\\]|\\.)*)"'):
        text = match[1]
        while more := cursor.take(r'"((?:[^"\\]|\\.)*)"'):
            text += more[1]
        return text
    if match := cursor.take(_INTEGER):
        return int(match[0], 0)
    if match := cursor.take(r"([a-z_]+)\s*\("):  # htons(8080), inet_addr("192.0.2.1")
        arguments = _list(cursor, r"\)")
        return arguments[0] if arguments else ...
    names = [cursor.need(r"[A-Za-z_]\w*", "an argument")[0]]
    while cursor.take(r"\|"):
        names.append(cursor.need(r"[A-Za-z_0-9]\w*", "a name")[0])
    if cursor.take(r"="):
        return {"".join(names): _value(cursor)}
    return Word(tuple(names))


def _structure(cursor: Cursor) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for position, item in enumerate(_list(cursor, r"\}")):
        fields |= item if isinstance(item, dict) else {str(position): item}
    return fields
