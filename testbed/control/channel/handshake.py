"""How an agent and a controller come to trust each other, in four messages.

    agent                                            controller
      │ hello      who I am, and a nonce                 │
      │ ───────────────────────────────────────────────▶ │  the protocol and the release are the same
      │                             challenge  a nonce   │
      │ ◀─────────────────────────────────────────────── │
      │ answer     proof of both that were said          │
      │ ───────────────────────────────────────────────▶ │  the agent knows the secret, and is expected
      │                             welcome    proof     │
      │ ◀─────────────────────────────────────────────── │
    the controller knows the secret

The agent proves itself first, so that whoever merely finds the port learns nothing to try secrets on. Instead of its
message the controller may say *refused*, and why. A proof covers all that was said before it, byte for byte, and the
keys of the frames that follow come from the same.
"""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from testbed.control.channel.frames import MESSAGE, ChannelError, Frames, decode, encode
from testbed.control.secret import Seal, make_nonce, proof, proves

PROTOCOL: Final = 1
"""Version of the messages. Both sides must speak the same."""

LARGEST_GREETING: Final = 4096
"""Bytes of a message from somebody who has not proved anything."""

_CONTROLLER: Final = "controller"
_AGENT: Final = "agent"
_OTHER_SECRET: Final = "its secret is not ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Who an agent is."""

    name: str
    pid: int
    host: str
    """What its computer calls itself."""
    boot: str
    """Which start of which kernel: whoever has the same reads the same CLOCK_MONOTONIC. Empty where nobody knows."""
    version: str
    """Release of the testbed; empty where it is not installed."""
    protocol: int = PROTOCOL

    @classmethod
    def of(cls, name: str) -> Hello:
        """This process, as the agent called `name`."""
        return cls(name=name, pid=os.getpid(), host=platform.node(), boot=this_boot(), version=_version())


Admit = Callable[[Hello], str | None]
"""Why an agent that knows the secret may not come in, or None."""


def this_boot() -> str:
    """This computer's `Hello.boot`."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/time').readlink()}"  # containers may have a time of their own
    except OSError:
        return ""


def _version() -> str:
    try:
        return metadata.version("testbed")
    except metadata.PackageNotFoundError:
        return ""


class _Exchange:
    """The messages of a handshake, and a digest of all that was said in it so far."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self.said = b""

    def say(self, kind: str, **fields: Any) -> None:
        self._frames.write(MESSAGE, self._note(encode(kind, fields)))

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message, which must be of that kind. Raises ChannelError."""
        _, payload = await self._frames.read()
        message = decode(self._note(payload))
        if message["kind"] == "refused":
            raise ChannelError(f"the controller refused: {message.get('reason')}")
        if message["kind"] != kind:
            raise ChannelError(f"not a testbed's control channel: {message['kind']!r} where {kind!r} was due")
        return message

    def _note(self, payload: bytes) -> bytes:
        self.said = sha256(self.said + payload).digest()
        return payload


async def greet(frames: Frames, secret: bytes, hello: Hello) -> None:
    """The agent's side. Raises ChannelError."""
    exchange = _Exchange(frames)
    exchange.say("hello", **dataclasses.asdict(hello), nonce=make_nonce())
    await exchange.hear("challenge")
    exchange.say("answer", proof=proof(secret, _AGENT, exchange.said))
    said = exchange.said
    welcome = await exchange.hear("welcome")
    if not proves(welcome.get("proof"), secret, _CONTROLLER, said):
        raise ChannelError(f"the controller is not who it should be: {_OTHER_SECRET}")
    frames.seal(Seal(secret, _AGENT, said), Seal(secret, _CONTROLLER, said))


async def receive_greeting(frames: Frames, secret: bytes, admit: Admit | None) -> Hello:
    """The controller's side; the answer is who came in. Raises ChannelError, and tells the agent."""
    exchange = _Exchange(frames)
    try:
        hello = _read_hello(await exchange.hear("hello"))
        exchange.say("challenge", nonce=make_nonce())
        said = exchange.said
        answer = await exchange.hear("answer")
        if not proves(answer.get("proof"), secret, _AGENT, said):
            raise ChannelError(f"agent {hello.name} was turned away: {_OTHER_SECRET}")
        if admit is not None and (why := admit(hello)):
            raise ChannelError(f"agent {hello.name} was turned away: {why}")
    except ChannelError as error:
        exchange.say("refused", reason=str(error))
        raise
    said = exchange.said
    exchange.say("welcome", proof=proof(secret, _CONTROLLER, said))
    frames.seal(Seal(secret, _CONTROLLER, said), Seal(secret, _AGENT, said))
    return hello


def _read_hello(message: dict[str, Any]) -> Hello:
    """Who it says it is, if it is of our kind. Raises ChannelError."""
    if message.get("protocol") != PROTOCOL:
        raise ChannelError(f"an agent that speaks protocol {message.get('protocol')}, and we speak {PROTOCOL}")
    fields: dict[str, Any] = {field.name: message.get(field.name) for field in dataclasses.fields(Hello)}
    whole = all(isinstance(value, int if name in ("pid", "protocol") else str) for name, value in fields.items())
    if not whole:
        raise ChannelError("an agent that does not say who it is")
    hello = Hello(**fields)
    ours = _version()
    if ours and hello.version and hello.version != ours:
        raise ChannelError(f"agent {hello.name} has testbed {hello.version}, and the controller {ours}")
    return hello
