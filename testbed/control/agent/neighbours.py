"""What lies beyond an agent's part of the world: tunnels to the other agents, and cues by way of the controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from testbed.clock import Clock
from testbed.control.messages import Told
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.world.outside import Deliver, Outside
from testbed.runtime.real import RealTime
from testbed.runtime.tunnel import Tunnel
from testbed.traffic.application import CLIENT, SERVER
from testbed.traffic.cue import Cue

_OTHER = {CLIENT: SERVER, SERVER: CLIENT}


class Neighbours(Outside):
    """`tunnels` by link; `say` sends a cue to the controller, which passes it on."""

    def __init__(
        self,
        spec: ExperimentSpec,
        time: RealTime,
        clock: Clock,
        tunnels: Mapping[str, Tunnel],
        say: Callable[[Told], None],
    ) -> None:
        self._links = {name: link.name for link in spec.topology.links.values() for name, *_ in link.directions}
        self._time = time
        self._clock = clock
        self._tunnels = tunnels
        self._say = say
        self._cues: dict[tuple[str, str], FarCue] = {}
        self.told = 0
        """Cues that have been sent."""
        self.heard = 0
        """Cues that have come."""

    def outlet(self, direction: str) -> Deliver:
        return self._tunnels[self._links[direction]].outlet(direction)

    def inlet(self, direction: str, deliver: Deliver) -> None:
        self._tunnels[self._links[direction]].inlet(direction, deliver)

    def watch(self, direction: str, deliver: Deliver) -> Deliver:
        return self._time.watch(direction, deliver)

    def cue(self, flow: str, role: str) -> Cue:
        one = self._cues[flow, role] = FarCue(self._clock, lambda step: self._tell(flow, role, step))
        return one

    def hear(self, told: Told) -> None:
        """The other end of a flow has finished a step: tell ours, now."""
        self.heard += 1
        self._clock.catch_up()
        self._clock.at(self._time.now(), self._cues[told.flow, _OTHER[told.role]].arrive, told.step)

    def _tell(self, flow: str, role: str, step: int) -> None:
        self.told += 1
        self._say(Told(flow=flow, role=role, step=step))


class FarCue(Cue):
    """The line to an end in another process."""

    def __init__(self, clock: Clock, send: Callable[[int], None]) -> None:
        super().__init__(clock)
        self._send = send

    def tell(self, step: int, now: int) -> None:
        self._send(step)

    def arrive(self, step: int, now: int) -> None:
        """The other end has finished `step`."""
        self._told(step, now)
