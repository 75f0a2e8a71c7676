"""An agent as the controller sees it, in one run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from testbed.control.channel import Channel, ChannelError
from testbed.control.channel.handshake import this_boot
from testbed.control.channel.offset import Offset, measure
from testbed.control.channel.transfer import receive_folder
from testbed.control.join import Guest
from testbed.control.messages import Address, Bound, Closed, Goodbye, Message, Prepare, Ready, Report, hear, post
from testbed.control.spawn import Process

WANTING: Final = (
    "had not joined",
    "did not tell its time",
    "did not build its part",
    "did not connect its tunnels",
    "",
)
"""What an agent still has to do before time can begin, in this order; what it is blamed for."""

ORDERED: Final = 2
"""The stage from which it has its orders."""

LAST_WORDS: Final = 1.0
"""Seconds that a process has to end once its channel is closed, so that it is known how."""

FAREWELL: Final = 3.0
"""Seconds that a process has to end once it was told goodbye."""


class Member:
    """One agent: a `process` of ours, or, without one, an agent that joined from elsewhere.

    `heard` is told of what concerns others, `lost` of the loss of it.
    """

    def __init__(
        self, name: str, machines: tuple[str, ...], process: Process | None, folder: Path,
        heard: Callable[[Member, Message], None], lost: Callable[[Member, str], None],
    ) -> None:  # fmt: skip
        self.name = name
        self.machines = machines
        self.process = process
        self.guest: Guest | None = None
        self.stage = 0
        """How far it has come, of `WANTING`."""
        self.bound: asyncio.Future[dict[str, Address]] = asyncio.get_running_loop().create_future()
        self.ready = asyncio.Event()
        self.gone = asyncio.Event()
        """It has handed over what it had, or is lost."""
        self.deserted = False
        """It cannot be had for another run: it is lost, or nobody knows what it is doing."""
        self.report: Report | None = None
        self.error: str | None = None
        self.offset = Offset(0, 0)
        self._folder = folder
        self._heard = heard
        self._lost = lost
        self._listening: asyncio.Task[None] | None = None

    @property
    def channel(self) -> Channel:
        """The line to it, once it has joined."""
        assert self.guest is not None
        return self.guest.channel

    @property
    def is_at_work(self) -> bool:
        """It has been told to build its part."""
        return self.stage >= ORDERED

    def join(self, guest: Guest) -> asyncio.Task[None]:
        """It has come in. The answer is our listening to it, which ends when it is lost."""
        self.guest = guest
        self.stage = 1
        self._listening = asyncio.create_task(self._listen())
        return self._listening

    async def prepare(self, orders: Prepare) -> dict[str, Address]:
        """Find out what its clock shows, and have it build its part; the answer is where its tunnels end."""
        self.offset = await measure(self.channel)
        self.stage = ORDERED
        self.deserted = True  # until it has handed over
        post(self.channel, orders)
        return await asyncio.shield(self.bound)  # whoever gives up waiting does not cancel what it says

    def its_time(self, ours: int) -> int:
        """What its CLOCK_MONOTONIC shows when ours shows `ours`: the same, if it is the same."""
        assert self.guest is not None
        boot = this_boot()
        return ours if boot and self.guest.hello.boot == boot else self.offset.theirs(ours)

    def lose(self, why: str) -> None:
        """It is no more with us, or shall not be."""
        if self.gone.is_set():
            return
        self.error = why
        self.deserted = True
        if self.process is not None:
            self.process.kill()
        self.gone.set()
        self._lost(self, why)

    async def leave(self) -> None:
        """The run is over; a process of ours ends, whatever it does."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        if self.guest is not None and (self.process is not None or self.deserted):
            post(self.channel, Goodbye())
            await self.channel.close()
        if self.process is not None:
            if self.guest is not None and not self.deserted:
                await self._ended_within(FAREWELL)
            self.process.close()

    def as_dict(self) -> dict[str, Any]:
        """What the run's document says of it. Times in seconds."""
        return {
            "machines": list(self.machines), "host": self.guest.hello.host if self.guest else None,
            "clock_offset": self.offset.offset / 1e9, "clock_offset_error": self.offset.error / 1e9,
            "error": self.error,
        }  # fmt: skip

    # -- what it says ------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        try:
            while True:
                message = await hear(self.channel)
                await self._take(message)
        except (ChannelError, OSError) as error:
            await self._ended_within(LAST_WORDS)
            ended = self.process is not None and self.process.ended
            why = str(error).removeprefix(f"{self.channel.peer}: ")
            self.lose(self.process.last_words() if self.process is not None and ended else f"is lost: {why}")

    async def _take(self, message: Message) -> None:
        match message:
            case Bound():
                self.stage = 3
                self.bound.set_result({link: (host, port) for link, (host, port) in message.tunnels.items()})
            case Ready():
                self.stage = 4
                self.ready.set()
            case Closed():
                if self.process is None:
                    await receive_folder(self.channel, self._folder)
                self.deserted = False
                self.gone.set()
            case Report():
                self.report = message
                self._heard(self, message)
            case _:
                self._heard(self, message)

    async def _ended_within(self, seconds: float) -> None:
        """Wait for the end of the process, but not for ever."""
        until = time.monotonic() + seconds
        while self.process is not None and not self.process.ended and time.monotonic() < until:
            await asyncio.sleep(0.01)
