"""What outlives a run: the loop on which the controller lives, and the agents that have joined from elsewhere.

The loop has a thread of its own, so that a run can be made from anywhere: from a program, from within another event
loop, from a notebook. Whoever started the run waits in its own thread, where Ctrl-C reaches it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from uvloop import new_event_loop

from testbed.control.controller import Controller
from testbed.control.join import Door, Guest
from testbed.control.messages import Goodbye, post
from testbed.control.verdict import Verdict
from testbed.errors import ConfigError, RunError
from testbed.experiment.reading.placement import place
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.status import INTERRUPTED
from testbed.experiment.world.snapshot import Tidings

T = TypeVar("T")

TELL_EVERY: Final = 0.2
"""Seconds between two tellings."""

JOIN_TIME: Final = 60.0
"""Seconds for agents on other computers to join: somebody has to start them."""


class Listen(NamedTuple):
    """Where agents from other computers may join, and what they must know."""

    host: str
    port: int
    secret: bytes


class Ended(NamedTuple):
    """What came of a run."""

    verdict: Verdict
    started: bool
    agents: dict[str, Any]


class Headquarters:
    """Costs nothing until it is asked for something. To be closed."""

    def __init__(self, listen: Listen | None = None) -> None:
        self._listen = listen
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._door: Door | None = None
        self._joined: dict[str, Guest] = {}
        self._controller: Controller | None = None
        self._conducting: asyncio.Task[Any] | None = None

    def conduct(self, spec: ExperimentSpec, folder: Path, tell: Tidings) -> Ended:
        """A run, from its start to its end; `tell` is told of it in the caller's thread.

        Ctrl-C ends it tidily; a second one at once. Raises RunError where the agents do not come.
        """
        task = self._submit(self._conduct(spec, folder))
        try:
            if self._follow(task, tell):
                return task.result()
            kept = Verdict(INTERRUPTED, "what there was by then is kept")
            return task.result()._replace(verdict=kept)  # even if it was just complete
        except BaseException:
            self._abandon(task)
            raise

    def close(self) -> None:
        """Say goodbye to the agents that have joined, and end the loop."""
        if self._loop is None or self._thread is None:
            return
        self._submit(self._dismiss()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    # -- in the caller's thread --------------------------------------------------------------------------------------

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Have it done on our loop, which is started for the first."""
        if self._loop is None:
            self._loop = new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="testbed-control", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _follow(self, task: concurrent.futures.Future[Ended], tell: Tidings) -> bool:
        """Until it is over, tell how it stands. False: it was interrupted, and ended with what it had."""
        try:
            while not concurrent.futures.wait([task], timeout=TELL_EVERY).done:
                controller = self._controller
                standing = None if controller is None else controller.standing()
                tell(*(standing or (0, None)))  # whoever waits for fifty agents sees that something is going on
        except KeyboardInterrupt:
            assert self._loop is not None
            if (controller := self._controller) is None:
                raise
            self._loop.call_soon_threadsafe(controller.decision.end, INTERRUPTED)
            concurrent.futures.wait([task])
            return False
        return True

    def _abandon(self, task: concurrent.futures.Future[Ended]) -> None:
        """Let go of the run; when this returns, there is none of its processes left."""
        task.cancel()
        self._submit(self._let_go()).result()

    # -- on the loop -------------------------------------------------------------------------------------------------

    async def _conduct(self, spec: ExperimentSpec, folder: Path) -> Ended:
        self._conducting = asyncio.current_task()
        placement = place(spec)
        await self._gather(placement.joined)
        joined = {name: guest for name, guest in self._joined.items() if name in placement.joined}
        controller = self._controller = Controller(spec, folder, placement, joined)
        try:
            verdict = await controller.conduct()
            return Ended(verdict, controller.started, controller.agents())
        finally:
            self._joined = {name: one for name, one in self._joined.items() if name not in controller.deserters()}
            self._controller = None

    async def _gather(self, names: Iterable[str]) -> None:
        """Wait until all of them have joined. Raises ConfigError where they cannot, RunError where they do not."""
        missing = sorted(set(names) - set(self._joined))
        if not missing:
            return
        if self._listen is None:
            remedy = f"run with --listen HOST:PORT, and start {', '.join(missing)} there: see docs/machines.md"
            raise ConfigError.of("names agents that cannot join", path="agents", suggestion=remedy)
        if self._door is None:
            self._door = await Door.open(*self._listen)
        self._door.expect(missing)
        try:
            async with asyncio.timeout(JOIN_TIME):
                while set(missing) - set(self._joined):
                    guest = await self._door.enter()
                    self._joined[guest.hello.name] = guest
        except TimeoutError as error:
            turned_away = f" (turned away: {'; '.join(self._door.turned_away)})" if self._door.turned_away else ""
            absent = ", ".join(sorted(set(missing) - set(self._joined)))
            raise RunError(f"not joined within {JOIN_TIME:g} s: {absent}{turned_away}") from error

    async def _let_go(self) -> None:
        """Until the run, which has been cancelled, has let go of everything."""
        if self._conducting is not None:
            await asyncio.wait([self._conducting])

    async def _dismiss(self) -> None:
        for guest in self._joined.values():
            post(guest.channel, Goodbye())
            await guest.channel.close()
        if self._door is not None:
            await self._door.close()
