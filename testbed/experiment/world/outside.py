"""What lies beyond a world that is only a part: other processes, with the other machines.

In virtual time there is none: all machines are here. In real time the agent of each process brings its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from testbed.traffic.cue import Cue
from testbed.wire.packet import Packet

Deliver = Callable[[Packet, int], None]
"""Takes a packet at the end of a link direction."""


class Outside(ABC):
    """How a part of a world reaches the others."""

    @abstractmethod
    def outlet(self, direction: str) -> Deliver:
        """What the link direction of that name delivers to: its receiver is elsewhere."""

    @abstractmethod
    def inlet(self, direction: str, deliver: Deliver) -> None:
        """`deliver` is to be given the packets of that link direction, whose sender is elsewhere."""

    @abstractmethod
    def watch(self, direction: str, deliver: Deliver) -> Deliver:
        """What the link direction of that name delivers to: both its ends are here. The answer passes on to `deliver`,
        and may measure how late it is asked to."""

    @abstractmethod
    def cue(self, flow: str, role: str) -> Cue:
        """The line from the end of `flow` that is `role`, and here, to the other end, which is not."""
