"""A reader without a writer of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from testbed.errors import UnitError
from testbed.traffic.application import SERVER, Application, FlowContext
from testbed.traffic.reading import ReadingEnd
from testbed.units import Duration, Rate


@dataclass(frozen=True, kw_only=True)
class SinkSpec(Application):
    """Listen and read whatever comes, on any number of connections: the other end of a program of yours."""

    ends: ClassVar[tuple[str, ...]] = (SERVER,)

    read_rate: Rate | None = None
    """How fast it reads each connection. Left out: at once."""

    read_delay: Duration = 0
    """How long it waits after accepting a connection before it reads."""

    def __post_init__(self) -> None:
        if self.read_rate == 0:
            raise UnitError("read_rate must be at least 1bit/s")

    def client(self, context: FlowContext) -> None:
        return None

    def server(self, context: FlowContext) -> ReadingEnd:
        return ReadingEnd(context, connections=None, rate=self.read_rate, delay=self.read_delay)
