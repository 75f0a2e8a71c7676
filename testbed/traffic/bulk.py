"""One transfer in one direction, as fast as TCP allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from testbed.errors import UnitError
from testbed.traffic.application import Application, FlowContext
from testbed.traffic.payload import ENDLESS
from testbed.traffic.reading import ReadingEnd
from testbed.traffic.writing import WritingEnd
from testbed.units import Duration, Rate, Size

if TYPE_CHECKING:
    from testbed.host.socket import Socket


@dataclass(frozen=True, kw_only=True)
class BulkSpec(Application):
    """Write `size` bytes as fast as TCP takes them, then close; the server reads everything."""

    size: Size | None = None
    """Bytes to transfer. Left out: until `duration` is over, or the run."""

    duration: Duration | None = None
    """How long to go on writing, from the flow's start. What TCP has taken by then still goes. Left out:
    until `size` is written, or the run is over."""

    read_rate: Rate | None = None
    """How fast the server reads, to see its window close. Left out: at once."""

    read_delay: Duration = 0
    """How long the server waits after accepting the connection before it reads."""

    def __post_init__(self) -> None:
        if self.size is not None and self.duration is not None:
            raise UnitError("bulk takes a size or a duration, not both")
        if self.read_rate == 0:
            raise UnitError("read_rate must be at least 1bit/s")

    @property
    def endless(self) -> bool:
        return self.size is None and self.duration is None

    def client(self, context: FlowContext) -> BulkClient:
        return BulkClient(context, self)

    def server(self, context: FlowContext) -> ReadingEnd:
        return ReadingEnd(context, size=self.size, rate=self.read_rate, delay=self.read_delay)


class BulkClient(WritingEnd):
    """Keeps the send buffer full until all is written."""

    def __init__(self, context: FlowContext, spec: BulkSpec) -> None:
        super().__init__(context, spec.duration)
        self._size = ENDLESS if spec.size is None else spec.size

    def connected(self, socket: Socket, now: int) -> None:
        self.write(self._size, now)
        if self._finishing or self._size < ENDLESS:
            self.finish(now)
