"""Programs of the user's own at the two ends of a flow: coroutine functions that talk through `testbed.streams`.

What such a program is, and who runs it, stands in `host.guest`. A client is done when its function has returned, a
server when its connections are over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from testbed.errors import RunError, UnitError
from testbed.host.guest import Patron, Program, Running, Visit
from testbed.traffic.application import CLIENT, SERVER, Application, End, FlowContext
from testbed.units import Quantity

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

    from testbed.host.socket import Socket

_REFERENCE: Final = re.compile(r"(?P<file>[^:]+\.py):(?P<function>[A-Za-z_]\w*)")
_EXAMPLE: Final = "client.py:main"


def read_program(text: object) -> Program:
    """`client.py:main`, whose text is still to be found."""
    if isinstance(text, Program):
        return text
    match = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnitError(f"a program is a Python file and a coroutine function in it, e.g. {_EXAMPLE!r}, not {text!r}")
    return Program(file=match["file"], function=match["function"])


class _ProgramText(Quantity):
    """Lets a schema validator read a program."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[^:]+\.py:[A-Za-z_]\w*$", "examples": [self.example]}


_ProgramField = Annotated[Program, _ProgramText("program", read_program, _EXAMPLE)]


@dataclass(frozen=True, kw_only=True)
class GuestSpec(Application):
    """Run programs of your own: coroutine functions that use `testbed.streams` as they would asyncio's."""

    roams: ClassVar[bool] = True

    client_: _ProgramField | None = None
    """The client's program and function, relative to this file: `client.py:main`. The end is done when it returns."""

    server_: _ProgramField | None = None
    """The server's. It begins with the run, and is done when its connections are over, whether it returns or not."""

    client_arguments: dict[str, Any] = field(default_factory=dict)
    """What the client's function is called with, by name: texts, numbers, true or false."""

    server_arguments: dict[str, Any] = field(default_factory=dict)
    """What the server's function is called with."""

    def __post_init__(self) -> None:
        if self.client_ is None and self.server_ is None:
            raise UnitError("a guest needs a program: client, server or both")
        for role in (CLIENT, SERVER):
            for name, value in self.arguments(role).items():
                if not isinstance(value, bool | int | float | str):
                    raise UnitError(f"{role}_arguments: {name!r} is a text, a number, true or false, not {value!r}")
            if self.arguments(role) and self.program(role) is None:
                raise UnitError(f"{role}_arguments are for a {role}, and there is none")

    def program(self, role: str) -> Program | None:
        """What runs at the end that is `role`."""
        return self.client_ if role == CLIENT else self.server_

    def arguments(self, role: str) -> Mapping[str, Any]:
        """What that is called with."""
        return self.client_arguments if role == CLIENT else self.server_arguments

    def client(self, context: FlowContext) -> GuestEnd | None:
        return self._end(context, CLIENT)

    def server(self, context: FlowContext) -> GuestEnd | None:
        return self._end(context, SERVER)

    def _end(self, context: FlowContext, role: str) -> GuestEnd | None:
        program = self.program(role)
        return GuestEnd(context, role, program, self) if program is not None else None


class GuestEnd(End, Patron):
    """An end that is a program."""

    def __init__(self, context: FlowContext, role: str, program: Program, spec: GuestSpec) -> None:
        super().__init__(context)
        if context.launcher is None:
            raise RunError(f"the guest {context.name!r} needs a launcher: see host.guest")
        self._launcher = context.launcher
        self._visit = Visit(
            name=f"{context.name}.{role}", label=context.name, program=program, arguments=spec.arguments(role),
            serves=role == SERVER, host=context.host, port=context.port, peer_address=context.peer_address,
            addresses=context.addresses, config=context.config, stream=lambda name: context.stream(f"{role}/{name}"),
        )  # fmt: skip
        self._expects_client = spec.client_ is not None
        self._running: Running | None = None

    def start(self, now: int) -> None:
        self.started_at = now
        self._running = self._launcher.launch(self._visit, self)
        self.changed()

    def stop(self, now: int) -> None:
        """A program has its own end."""

    @property
    def waiting_for(self) -> str:
        if self._running is None:
            return f"{self.context.host.name} has not begun"
        return self._running.waiting_for

    # -- what the program does -----------------------------------------------------------------------------------------

    def opened(self, socket: Socket) -> None:
        self.sockets.append(socket)
        self.changed()

    def took(self, size: int) -> None:
        self.bytes_read += size
        self.finished_at = self.context.clock.now

    def gave(self, size: int) -> None:
        self.bytes_written += size

    def changed(self) -> None:
        running = self._running
        if running is not None:
            over = self._served(running) if self._visit.serves else running.returned
            self.complete = over and self.error is None

    def _served(self, running: Running) -> bool:
        """Nobody knows whether another client will come: what is open decides."""
        if running.busy:
            return False
        return bool(self.sockets) or not self._expects_client or (running.returned and not running.listens)
