"""An agent's life, from the controller's first order to its last.

Every order may come at any time; a run ends for an agent when it is told to stop, or when the controller has gone.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from uvloop import new_event_loop

from testbed.control.agent.stage import Stage
from testbed.control.channel import Channel, ChannelClosed
from testbed.control.channel.transfer import send_folder
from testbed.control.collecting.part import part_folder
from testbed.control.join import join
from testbed.control.messages import (
    REPORT_EVERY,
    Address,
    Bound,
    Broken,
    Closed,
    Connect,
    Goodbye,
    Prepare,
    Ready,
    Start,
    Stop,
    Told,
    hear,
    post,
    say,
)  # fmt: skip
from testbed.errors import RunError, in_words
from testbed.experiment.abandoned import Claim, sweep

TEMPORARY: Final = "testbed-agent-"
"""What a folder is called, in the system's for temporary ones, whose rows go to another computer in the end."""

SAVE_EACH: Final = 5
"""So many reports later, rows are on the disk: what is lost when this process is killed."""


def take_part(address: Address, secret: bytes, name: str, patience: float) -> None:
    """Join the controller at `address` as the agent called `name`, and serve it until it says goodbye.

    `patience`: seconds to go on trying while nobody is there. Raises ChannelError, also when the controller goes
    without a word.
    """

    async def live() -> None:
        await serve(await join(address, secret, name, patience, lambda line: print(line, file=sys.stderr)))

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(live())


async def serve(channel: Channel) -> None:
    """Take part in the controller's runs until it says goodbye. Raises ChannelClosed when it goes without a word."""
    try:
        while not isinstance(order := await hear(channel), Goodbye):
            if isinstance(order, Prepare) and isinstance(await _perform(channel, order), Goodbye):
                return
    finally:
        await channel.close()


async def _perform(channel: Channel, orders: Prepare) -> Stop | Goodbye:
    """One run. The answer is the order that ended it."""
    with _workplace(orders) as folder:
        try:
            stage = Stage(orders, folder, partial(post, channel), partial(_complain, channel))
        except (OSError, RunError) as error:
            _complain(channel, in_words(error))
            last = await _last_order(channel)
        else:
            last = await _play(channel, stage, orders)
        if isinstance(last, Stop):
            await _hand_over(channel, None if orders.folder else folder)
    return last


async def _play(channel: Channel, stage: Stage, orders: Prepare) -> Stop | Goodbye:
    """Our part of the run, until it is written."""
    gc.freeze()  # packets and rows make no cycles, and what is here now stays
    gc.set_threshold(200_000, 20, 100)
    with stage:
        async with _reporting(channel, stage):
            post(channel, Bound(tunnels=stage.addresses))
            try:
                last = await _last_order(channel, stage)
            except ChannelClosed:
                stage.stop(run_on=False)
                await _write(channel, stage)
                await _be_orphaned(orders)
                raise
            stage.stop(run_on=isinstance(last, Stop) and last.run_on)
            if isinstance(last, Stop):
                await _write(channel, stage)
    return last


def _complain(channel: Channel, error: str) -> None:
    post(channel, Broken(error=error))


@contextmanager
def _workplace(orders: Prepare) -> Iterator[Path]:
    """Where to write: our part of the run's folder, or a folder that is ours, if that one is on another computer."""
    if orders.folder is not None:
        yield part_folder(Path(orders.folder), orders.agent)
    else:
        sweep(Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"))
        with tempfile.TemporaryDirectory(prefix=TEMPORARY) as temporary, closing(Claim(Path(temporary))):
            yield Path(temporary)


@asynccontextmanager
async def _reporting(channel: Channel, stage: Stage) -> AsyncIterator[None]:
    """Tell how it stands, again and again."""

    async def report() -> None:
        for number in count(1):
            post(channel, stage.report())
            if number % SAVE_EACH == 0:
                stage.save()
            await asyncio.sleep(REPORT_EVERY)

    reporting = asyncio.create_task(report())
    reporting.add_done_callback(stage.failed)
    try:
        yield
    finally:
        reporting.cancel()


async def _last_order(channel: Channel, stage: Stage | None = None) -> Stop | Goodbye:
    """Follow all orders until the one to stop, or to go. Without a stage there is nothing else to follow."""
    while not isinstance(order := await hear(channel), Stop | Goodbye):
        match order:
            case Connect() if stage is not None:
                stage.connect(order.peers)
                await say(channel, Ready())
            case Start() if stage is not None:
                stage.begin(order.at)
            case Told() if stage is not None:
                stage.hear(order)
    return order


async def _write(channel: Channel, stage: Stage) -> None:
    try:
        await asyncio.to_thread(stage.write)
    except (OSError, RunError) as error:
        _complain(channel, in_words(error))


async def _hand_over(channel: Channel, folder: Path | None) -> None:
    """What was written is there; from `folder`, it is sent."""
    await say(channel, Closed())
    if folder is not None:
        await send_folder(channel, folder)


async def _be_orphaned(orders: Prepare) -> None:
    """The controller has gone: keep what there is."""
    if orders.folder is not None:
        from testbed.control.collecting import heir  # loads what other agents never need

        await asyncio.to_thread(heir.inherit, Path(orders.folder), orders.agent, orders.local_agents)
