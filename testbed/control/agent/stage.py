"""What an agent has of one run: its machines, their real time, their tunnels, and where it all is written.

Knows no channel: whoever has one (`serve`) calls the methods, and hands in whom to tell of cues and of what breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from testbed.clock import Clock
from testbed.control.agent.neighbours import Neighbours
from testbed.control.agent.quiet import THE_END, is_quiet
from testbed.control.collecting.part import Part
from testbed.control.messages import Address, Prepare, Report, Told
from testbed.errors import TestbedError, in_words
from testbed.experiment import spec_json
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.trial import LONGEST
from testbed.experiment.world.snapshot import snapshot
from testbed.experiment.world.world import World
from testbed.runtime.guests import Guests
from testbed.runtime.real import RealTime
from testbed.runtime.tunnel import Tunnel


class Stage:
    """Everything of one run that is in this process. As a context manager, it gives its sockets back at the end."""

    def __init__(
        self, orders: Prepare, folder: Path, say: Callable[[Told], None], broken: Callable[[str], None]
    ) -> None:
        self.error: str | None = None
        self._broken = broken
        self._over = False
        self._stopped = False
        self._spec = spec_json.from_json(orders.spec)
        self._clock = Clock()
        with ExitStack() as given_back:
            self._build(orders, folder, say, given_back)
            self._given_back = given_back.pop_all()

    def _build(self, orders: Prepare, folder: Path, say: Callable[[Told], None], given_back: ExitStack) -> None:
        """Everything that is to be `given_back` in the end, or when the next thing cannot be had."""
        spec, clock, loop = self._spec, self._clock, asyncio.get_running_loop()
        self._time = RealTime(clock, loop)
        given_back.callback(self._time.close)
        self._time.failed.add_done_callback(self.failed)
        self._tunnels: dict[str, Tunnel] = {}
        for link, address in orders.tunnels.items():
            self._tunnels[link] = Tunnel(self._time, link, address)
            given_back.callback(self._tunnels[link].close)
        self._neighbours = Neighbours(spec, self._time, clock, self._tunnels, say)
        self._part = Part(folder, spec, orders.machines, orders.epoch)
        given_back.callback(self._part.abandon)
        self._world = World(spec, clock, self._part.tracer, orders.machines, self._neighbours, Guests(clock, loop))
        given_back.callback(self._world.close)
        if spec.duration is not None:
            clock.at(spec.duration + 1, self._end, THE_END)  # what is due then is still done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._given_back.close()

    @property
    def addresses(self) -> dict[str, Address]:
        """This end of each tunnel, by link."""
        return {link: tunnel.address for link, tunnel in self._tunnels.items()}

    def connect(self, peers: Mapping[str, Address]) -> None:
        """The other ends of the tunnels are there."""
        for link, (host, port) in peers.items():
            self._tunnels[link].connect((host, port))

    def begin(self, at: int) -> None:
        """Let the time be 0 when CLOCK_MONOTONIC shows `at` (ns)."""
        self._time.begin(at)

    def hear(self, told: Told) -> None:
        """Pass on a cue from elsewhere."""
        self._neighbours.hear(told)

    def report(self) -> Report:
        """How it stands."""
        flows = self._world.flows.values()
        stats = [tunnel.stats for tunnel in self._tunnels.values()]
        return Report(
            now=max(0, self._time.now()), over=self._over, quiet=is_quiet(self._world), done=self._world.done,
            waiting=any(not flow.done and not flow.spec.application.endless for flow in flows),
            sent=sum(one.sent for one in stats) + self._neighbours.told,
            received=sum(one.received for one in stats) + self._neighbours.heard,
            snapshot=snapshot(self._world).as_dict(),
        )  # fmt: skip

    def stop(self, run_on: bool) -> None:
        """Let no more time pass. `run_on`: first have happen, at once, whatever was still to come."""
        self._stopped = True
        self._time.freeze()
        self._world.close()
        if run_on and not self._over:
            self._clock.run(self._spec.duration or LONGEST)

    def save(self) -> None:
        """Have the rows on the disk, in case this process is killed, and the sockets, for who wants to look. After
        `stop` that is `write`'s."""
        if self._stopped:
            return
        self._part.show(self._world)
        try:
            self._part.save()
        except OSError as error:
            self._break(error)

    def write(self) -> None:
        """Make whole what the run leaves. Takes its time, and may be done by another thread, after `stop`."""
        counted = dict(_counters(self._spec, self._world.hosts, self._tunnels))
        self._part.close(self._world, lateness=self._time.lateness, tunnels=counted, error=self.error)

    def _end(self, subject: object, now: int) -> None:
        """The run's duration has passed."""
        self._over = True
        self._time.freeze()
        self._world.close()
        self._clock.clear()

    def failed(self, failure: asyncio.Future[None]) -> None:
        """Something that goes on in the background is over; if it broke, so has our part of the run."""
        if not failure.cancelled() and (error := failure.exception()) is not None:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        expected = isinstance(error, OSError | TestbedError)
        self.error = in_words(error) if expected else f"{type(error).__name__}: {error}"
        self._broken(self.error)


def _counters(
    spec: ExperimentSpec, machines: Collection[str], tunnels: Mapping[str, Tunnel]
) -> Iterator[tuple[str, dict[str, int]]]:
    """What the tunnels have counted, by link direction: each end counts what it sends of one, and receives of the
    other."""
    for link, tunnel in tunnels.items():
        stats = tunnel.stats.as_dict()
        for name, sender, _, _ in spec.topology.links[link].directions:
            ours = sender in machines
            yield name, {key: n if (key in ("sent", "refused")) == ours else 0 for key, n in stats.items()}
