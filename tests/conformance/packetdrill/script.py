"""A packetdrill script as values: what the parser makes and the runner plays.

Times are ns. Sequence numbers are the script's own, which count from each side's initial one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any


class ScriptError(Exception):
    """The text is not a packetdrill script; the message has the line."""


class Unsupported(Exception):
    """The script asks for what the interpreter, or the stack, has not got: never a verdict on the stack."""


class Mismatch(AssertionError):
    """The stack did not do what the script expects."""


@dataclass(frozen=True)
class Moment:
    """When an event happens.

    `kind` is "absolute", "relative" or "any". `until` makes a range of it for an outbound packet; `end` is when a
    system call that blocks must have returned. Both are counted like `at`.
    """

    kind: str
    at: int = 0
    until: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Option:
    """One TCP option: `mss`, `wscale`, `sackOK`, `sack`, `TS`, `nop`, `eol`, or another by name, as it is written."""

    name: str
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.name == "TS":
            return "TS val {} ecr {}".format(*self.values)
        if self.name == "sack":
            return "sack " + " ".join(f"{left}:{right}" for left, right in self.values)
        return " ".join([self.name, *map(str, self.values)])


@dataclass(frozen=True)
class PacketEvent:
    """A segment that goes to the stack (`inbound`) or is expected from it.

    `seq` None: any. `options` None: any (`<...>`). `window`, `urgent` None: not given. `absolute`: `seq` is not to
    be mapped (a trailing `!`). `ip` holds what stood in parentheses before the flags.
    """

    inbound: bool
    flags: str
    seq: int | None
    length: int
    ack: int | None = None
    window: int | None = None
    urgent: int | None = None
    options: tuple[Option, ...] | None = ()
    ports: tuple[int, int] | None = None
    ip: str = ""
    absolute: bool = False
    foreign: str = ""  # what it is if not a plain segment: icmp, udp, an encapsulation


@dataclass(frozen=True)
class Word:
    """Symbols of a call: `O_RDWR | O_NONBLOCK` has two names."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "|".join(self.names)


Argument = EllipsisType | int | str | Word | list[Any] | dict[str, Any]


@dataclass(frozen=True)
class CallEvent:
    """A system call and what it returns. `result` None: anything."""

    name: str
    arguments: tuple[Any, ...]
    result: int | None
    error: str = ""


@dataclass(frozen=True)
class CommandEvent:
    """A shell command, which must succeed."""

    text: str


@dataclass(frozen=True)
class CodeEvent:
    """Python that looks at the connection's `tcp_info`."""

    text: str


@dataclass(frozen=True)
class Event:
    """One line of the script."""

    moment: Moment
    body: PacketEvent | CallEvent | CommandEvent | CodeEvent
    line: int
    text: str


@dataclass(frozen=True)
class Script:
    """Everything a file holds. `options` are those at its head, without the dashes; `setup` and `cleanup` are the
    commands before the first event and after the last; `defined` says whether it has text for a STANDARD stack."""

    options: dict[str, str]
    events: tuple[Event, ...]
    setup: str = ""
    cleanup: str = ""
    mentions: frozenset[str] = field(default_factory=frozenset)

    def integer(self, name: str, default: int) -> int:
        """The option `name` as a number."""
        return int(self.options.get(name, default), 0) if name in self.options else default
