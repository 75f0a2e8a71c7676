"""A dialogue as it stands in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from testbed.errors import UnitError
from testbed.traffic.application import CLIENT, SERVER, Application, FlowContext
from testbed.traffic.dialogue.end import DialogueEnd
from testbed.traffic.dialogue.script import EXAMPLE, Step, check_script, read_step
from testbed.units import Count, Quantity

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class _StepText(Quantity):
    """Lets a schema validator read each step by itself, so that each error has its line."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": ["string", "object"], "examples": [self.example], "description": EXAMPLE}


@dataclass(frozen=True, kw_only=True)
class DialogueSpec(Application):
    """Let both ends act step by step: connect, write, read, wait, close, reset. For lessons."""

    steps: tuple[Annotated[Step, _StepText("step", read_step, "client: write 1000")], ...]
    """The script: `client: connect`, `server: read 1000`, … (`testbed.traffic.dialogue.script` has all actions)."""

    listen: bool = True
    """Whether the server listens. False: nobody does. A server that connects, for a simultaneous open, never does."""

    client_port: Count | None = None
    """Which port the client connects from, each time. Absent: one that is free; for a simultaneous open, `port`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(read_step(step) for step in self.steps))
        check_script(self.steps)
        if self.client_port is not None and not 1 <= self.client_port <= 0xFFFF:
            raise UnitError("client_port must lie between 1 and 65535")

    @property
    def simultaneous(self) -> bool:
        """Both ends connect, each from the flow's port to the other's."""
        return any(step.verb == "connect" and SERVER in step.ends for step in self.steps)

    def client(self, context: FlowContext) -> DialogueEnd:
        port = context.port if self.simultaneous else self.client_port
        return DialogueEnd(context, self.steps, CLIENT, local_port=port)

    def server(self, context: FlowContext) -> DialogueEnd:
        return DialogueEnd(
            context,
            self.steps,
            SERVER,
            local_port=context.port if self.simultaneous else None,
            listens=self.listen and not self.simultaneous,
        )
