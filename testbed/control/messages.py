"""What a controller and its agents say to each other in a run: a class a message, and its way over the channel.

    controller                                     agent
        │ prepare   the spec, your machines            │
        │ ───────────────────────────────────────────▶ │  builds its part of the world, binds its tunnels
        │                                 bound  ports │
        │ ◀─────────────────────────────────────────── │
        │ connect   your tunnels' other ends           │
        │ ───────────────────────────────────────────▶ │
        │                                        ready │
        │ ◀─────────────────────────────────────────── │
        │ start     when time is 0                     │
        │ ───────────────────────────────────────────▶ │
        │        report, again and again; cue; broken  │
        │ ◀─────────────────────────────────────────── │
        │ cue       of another agent                   │
        │ stop                                         │
        │ ───────────────────────────────────────────▶ │  writes its tables
        │                                       closed │
        │ ◀─────────────────────────────────────────── │
        │ goodbye, or the next run's prepare           │

An agent that is told *stop* in any phase hands over what it has. Times are ns, of the experiment unless said otherwise.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from testbed.control.channel import Channel, ChannelError

Address = tuple[str, int]
"""Of a socket: IPv4 address and port."""

REPORT_EVERY: Final = 0.2
"""Seconds between two reports. They are the heartbeat, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something that is said."""

    kind: ClassVar[str]


# -- the controller's -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare(Message):
    """There is a run: build your part of it."""

    kind = "prepare"

    agent: str
    """Your name, in this run."""
    spec: dict[str, Any]
    machines: list[str]
    """Those that are this agent's."""
    tunnels: dict[str, str]
    """The address at which to bind an end, by link: of the links that lead to other agents."""
    epoch: int
    """When the experiment begins, for dates: ns since 1970."""
    folder: str | None
    """The run's folder, into which to write; None: it is on another computer, send what you have."""
    local_agents: list[str]
    """Who writes into the same folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Message):
    """Where the other ends of your tunnels are, by link."""

    kind = "connect"

    peers: dict[str, Address]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Message):
    """Time is 0 when your CLOCK_MONOTONIC shows `at`."""

    kind = "start"

    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Message):
    """The run is over; hand over what you have."""

    kind = "stop"

    run_on: bool
    """First do at once whatever was still to come: everybody is quiet, and only waits are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye(Message):
    """There are no more runs."""

    kind = "goodbye"


# -- the agents' ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound(Message):
    """My ends of the tunnels, by link."""

    kind = "bound"

    tunnels: dict[str, Address]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(Message):
    """I can start."""

    kind = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Message):
    """How it stands here."""

    kind = "report"

    now: int
    done: bool
    """No application here has anything left to do."""
    waiting: bool
    """Some application here has, and not because it never ends."""
    quiet: bool
    """Nothing that is still to come here can send anything."""
    over: bool
    """The experiment's duration has passed."""
    sent: int
    """Datagrams and cues, so far."""
    received: int
    snapshot: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(Message):
    """I cannot go on."""

    kind = "broken"

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Message):
    """What I had is in the folder, or on its way to you: then its files follow."""

    kind = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Message):
    """A cue, from agent to controller to agent: the end of `flow` that is `role` has finished `step`."""

    kind = "cue"

    flow: str
    role: str
    step: int


_KINDS: Final[dict[str, type[Message]]] = {
    one.kind: one for one in (Prepare, Connect, Start, Stop, Goodbye, Bound, Ready, Report, Broken, Closed, Told)
}  # fmt: skip

M = TypeVar("M", bound=Message)


async def say(channel: Channel, message: Message) -> None:
    """Send, and wait until there is room for more. Raises ChannelClosed."""
    await channel.send(message.kind, **_fields(message))


def post(channel: Channel, message: Message) -> None:
    """Send from where nobody can wait."""
    channel.post(message.kind, **_fields(message))


async def hear(channel: Channel) -> Message:
    """The next message. Raises ChannelClosed, or ChannelError for what is none of ours."""
    fields = await channel.receive()
    kind = fields.pop("kind")
    try:
        return _KINDS[kind](**fields)
    except (KeyError, TypeError) as error:
        raise ChannelError(f"a message that nobody understands: {kind}") from error


async def expect(channel: Channel, wanted: type[M]) -> M:
    """The next message, which must be a `wanted`. Raises ChannelError."""
    message = await hear(channel)
    if not isinstance(message, wanted):
        raise ChannelError(f"{message.kind!r} where {wanted.kind!r} was due")
    return message


def _fields(message: Message) -> dict[str, Any]:
    return {field.name: getattr(message, field.name) for field in dataclasses.fields(message)}
