"""The language of a dialogue: what each end does, step by step.

A step is `<end>: <action>`, and the end is `client`, `server` or `both`:

    connect                 open the connection; done when it is established, or has failed as `expect` says
    accept                  wait until the connection is established at the server
    write SIZE [x COUNT] [every DURATION] [urgent]
                            write so many bytes, so many times; done when the send buffer has taken them
    read SIZE               read so many bytes more than the steps before have read
    read eof                read until the other end has closed
    keep reading            from now on, read whatever arrives (at the start, nothing is read but by `read`)
    stop reading            no longer do so
    wait DURATION           do nothing
    close                   close for sending; reading goes on (half close)
    release                 the application is gone: nobody will read what is unread or still comes
    abort                   cut the connection with a reset
    expect refused          wait until the connection has failed in this way: nobody listens there
    expect reset            … the other end has reset it
    expect timeout          … the other end has not answered for too long
    expect urgent           wait until there is urgent data to read
    expect closed           wait until the connection is over at this end

A step begins when the one before it is done, whichever end that one belonged to: at once where it is the same
end, within the same instant otherwise. A step with `at:` begins at that time of the experiment: the script waits
for it, and a step before it that is still going on then is waited for no more. There is one connection at a time;
after it is over, `connect` and `accept` begin another. A failure that no `expect` ahead names is an error, and so
is a step that can never be done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from testbed import units
from testbed.errors import UnitError
from testbed.traffic.application import CLIENT, SERVER

BOTH: Final = "both"
EXAMPLE: Final = "a step is '<end>: <action>', e.g. 'client: write 1000'"

_ENDS: Final = {CLIENT: (CLIENT,), SERVER: (SERVER,), BOTH: (CLIENT, SERVER)}

FAILURES: Final = {"refused": "connection refused", "reset": "connection reset", "timeout": "timed out"}
"""What `expect` calls a failure, and what the host calls it."""

_EXPECTED: Final = (*FAILURES, "urgent", "closed")


class Step(NamedTuple):
    """One line of a script, read. (No dataclass, for a schema validator would take that to pieces itself.)"""

    ends: tuple[str, ...]
    """Who acts."""

    verb: str
    """The action's first word."""

    text: str
    """The line as it was written, for messages."""

    at: int | None = None
    """When it begins (ns), if it does not wait its turn."""

    word: str = ""
    """What is expected; `eof` for reading to the end."""

    size: int = 0
    """Bytes to read, or of each write."""

    times: int = 1
    """How many writes."""

    duration: int = 0
    """How long to wait; between two writes."""

    urgent: bool = False


def read_step(given: object) -> Step:
    """A step from `client: close`, {client: close} or {at: 2s, client: close}. Raises UnitError for anything else."""
    if isinstance(given, Step):
        return given
    end, action, at = _taken_apart(given)
    if end not in _ENDS:
        raise UnitError(f"{end!r} is no end of a dialogue, it is client, server or both: {EXAMPLE}")
    words = action.split()
    if not words or words[0] not in VERBS:
        raise UnitError(f"{action!r} is no action{_nearest(words)}: {EXAMPLE}; the actions are {', '.join(VERBS)}")
    details = VERBS[words[0]](words[1:])
    return Step(ends=_ENDS[end], verb=words[0], text=f"{end}: {action}", at=at, **details)


def check_script(steps: Iterable[Step]) -> None:
    """Refuse what each step allows and the whole does not: times that go backwards."""
    latest = 0
    for step in steps:
        if step.at is not None and step.at < latest:
            raise UnitError(f"the steps are in order of time, but {step.text!r} is to begin before one above it")
        latest = latest if step.at is None else step.at


def _taken_apart(given: object) -> tuple[str, str, int | None]:
    """The end, the action and the time of a step in any of its notations."""
    if isinstance(given, str):
        end, colon, action = given.partition(":")
        if not colon:
            raise UnitError(f"{given!r} names no end: {EXAMPLE}")
        return end.strip(), action.strip(), None
    if not isinstance(given, Mapping):
        raise UnitError(f"{given!r} is no step: {EXAMPLE}")
    rest = dict(given)
    at = units.duration(rest.pop("at")) if "at" in rest else None
    if len(rest) != 1:
        raise UnitError(f"one end and one action to a step, not {len(rest)}: {EXAMPLE}, or {{at: 2s, client: close}}")
    [(end, action)] = rest.items()
    return str(end), str(action), at


def _nearest(words: list[str]) -> str:
    near = get_close_matches(words[0], VERBS, 1) if words else []
    return f", did you mean {near[0]!r}?" if near else ""


# -- the actions' own words, each read into the fields of a step -----------------------------------------------------


def _nothing(words: list[str]) -> dict[str, Any]:
    if words:
        raise UnitError(f"{' '.join(words)!r} is too much: the action is a single word")
    return {}


def _reading(words: list[str]) -> dict[str, Any]:
    if words != ["reading"]:
        raise UnitError("the actions are 'keep reading' and 'stop reading'")
    return {}


def _wait(words: list[str]) -> dict[str, Any]:
    return {"duration": units.duration(" ".join(words))}


def _expect(words: list[str]) -> dict[str, Any]:
    word = " ".join(words)
    if word not in _EXPECTED:
        raise UnitError(f"{word!r} cannot be expected, only {', '.join(_EXPECTED)}: e.g. 'client: expect reset'")
    return {"word": word}


def _read(words: list[str]) -> dict[str, Any]:
    if words == ["eof"]:
        return {"word": "eof"}
    return {"size": _size(" ".join(words), "client: read 1000' or 'client: read eof")}


_WRITE: Final = re.compile(r"(?P<size>.+?)(?: x (?P<times>\S+))?(?: every (?P<every>\S+))?(?P<urgent> urgent)?")


def _write(words: list[str]) -> dict[str, Any]:
    match = _WRITE.fullmatch(" ".join(words))
    if match is None:
        raise UnitError("write needs a size, e.g. 'client: write 1000' or 'client: write 100 x 20 every 5ms'")
    return {
        "size": _size(match["size"], "client: write 1000' or 'client: write 100 x 20 every 5ms"),
        "times": units.count(match["times"] or 1),
        "duration": units.duration(match["every"] or 0),
        "urgent": match["urgent"] is not None,
    }


def _size(text: str, example: str) -> int:
    """Bytes, with or without a unit: a script counts bytes, so that `write 1000` means one thing only."""
    try:
        size = units.size(f"{text}B" if text.isdecimal() else text)
    except UnitError as error:
        raise UnitError(f"{error}: e.g. '{example}'") from None
    if size == 0:
        raise UnitError(f"at least one byte: e.g. '{example}'")
    return size


VERBS: Final[dict[str, Callable[[list[str]], dict[str, Any]]]] = {
    "connect": _nothing,
    "accept": _nothing,
    "write": _write,
    "read": _read,
    "keep": _reading,
    "stop": _reading,
    "wait": _wait,
    "close": _nothing,
    "release": _nothing,
    "abort": _nothing,
    "expect": _expect,
}
