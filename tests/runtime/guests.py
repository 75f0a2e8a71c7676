"""Run as a program with a seed: eight guests talk to an echo over a bad link; prints what became of them, in the
order in which `asyncio.wait` gives them, and when."""

from __future__ import annotations

import asyncio
import random
import sys

from conftest import Lan  # beside this file

from testbed.clock import Clock
from testbed.link.loss.bernoulli import Bernoulli
from testbed.link.spec import DirectionSpec
from testbed.runtime.streams import open_connection, start_server
from testbed.runtime.virtual import run


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(999):
        writer.write(data)
    writer.close()


async def guest(lan: Lan, name: str) -> str:
    reader, writer = await open_connection(lan.left, lan.right.address, 80, label=name)
    writer.write(name.encode() * 2000)
    writer.write_eof()
    length = len(await reader.read())
    writer.close()
    return f"{name} {length} {lan.clock.now}"


async def main(lan: Lan) -> list[str]:
    await start_server(lan.right, echo, 80)
    guests = set()
    for number in range(8):
        waste = [object() for _ in range(random.SystemRandom().randrange(100))]  # so that nothing lies where it did
        guests.add(asyncio.create_task(guest(lan, f"guest-{number}")))
        del waste
    done, _ = await asyncio.wait(guests)
    return [task.result() for task in done]


if __name__ == "__main__":
    bad_link = DirectionSpec(delay=5_000_000, rate=1_000_000, loss=Bernoulli(p=0.1))
    lan = Lan(Clock(), int(sys.argv[1]), bad_link)
    print(*run(lan.clock, main(lan)), sep="\n")
