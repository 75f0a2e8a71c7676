"""Two hosts, a link between them, and flows to run over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from testbed.clock import FOREVER, MILLISECOND, Clock
from testbed.host.host import Host
from testbed.link.link import Link
from testbed.link.spec import DirectionSpec
from testbed.runtime.guests import Guests
from testbed.tcp.config import TcpConfig
from testbed.trace.tracer import SILENT_LINK
from testbed.traffic.application import Application, End, FlowContext
from testbed.traffic.cue import Cue

DELAY = 10 * MILLISECOND


class World:
    """`left` and `right`, 10 ms apart. `play(application)` runs one flow from left to right."""

    def __init__(self, spec: DirectionSpec, seed: int = 1) -> None:
        self.clock = Clock()
        self.seed = seed
        self.launcher = Guests(self.clock)
        self.left = Host("left", 0x0A000001, self.clock, seed)
        self.right = Host("right", 0x0A000002, self.clock, seed)
        self._join("l1", self.left, self.right, spec)
        self._join("l1.reverse", self.right, self.left, spec)

    def _join(self, name: str, source: Host, target: Host, spec: DirectionSpec) -> None:
        link = Link(name, spec, self.clock, self.seed, target.ip.receive, SILENT_LINK)
        source.routes[target.address] = source.attach(name, link)

    def play(
        self, application: Application, *, until: int = FOREVER, start: int = 0, server_tcp: Any = None, **tcp: Any
    ) -> tuple[Any, Any]:
        """Run a flow of `application` until nothing happens any more, or `until`; returns both ends."""
        config = TcpConfig(**{"msl": MILLISECOND, **tcp})
        client, server = (
            make(self.context(config if client or server_tcp is None else server_tcp, cue, client=client))
            for make, cue, client in zip(
                (application.client, application.server), Cue.pair(self.clock), (True, False), strict=True
            )
        )
        for end in filter(None, (server, client)):
            self.clock.at(start, _start, end)
        self.clock.run(until)
        return client, server

    def context(self, config: TcpConfig, cue: Cue | None = None, *, client: bool) -> FlowContext:
        own, other = (self.left, self.right) if client else (self.right, self.left)
        return FlowContext(
            name="a", host=own, clock=self.clock, port=5001, config=config, seed=self.seed,
            peer_address=other.address, peer_name=other.name, cue=cue, launcher=self.launcher,
        )  # fmt: skip


def _start(end: End, now: int) -> None:
    end.start(now)


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    """Makes a world of a link's keys, which are the same in both directions."""
    made = []

    def make(seed: int = 1, **keys: Any) -> World:
        made.append(World(DirectionSpec(**{"delay": DELAY, **keys}), seed))
        return made[-1]

    yield make
    for world in made:
        world.launcher.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
