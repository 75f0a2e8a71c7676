"""Coroutines live in virtual time: exact, in one order with everything else, and deterministic."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import testbed
from testbed.clock import MILLISECOND, SECOND, Clock
from testbed.errors import RunError
from testbed.link.loss.bernoulli import Bernoulli
from testbed.link.spec import DirectionSpec
from testbed.runtime.stall import StalledError
from testbed.runtime.streams import open_connection, start_server
from testbed.runtime.virtual import run

RIGHT = 0x0A000002


async def test_this_test_itself_takes_an_hour() -> None:
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(3600)
    assert asyncio.get_running_loop().time() == began + 3600


def test_time_is_exact_to_the_nanosecond() -> None:
    async def main() -> None:
        for delay in (0.05, 0.1, 0.2 - 0.05, 1e-9, 1 / 3):
            await asyncio.sleep(delay)

    clock = Clock(10**6 * SECOND)
    run(clock, main())
    assert clock.now == 10**6 * SECOND + 50_000_000 + 100_000_000 + 150_000_000 + 1 + 333_333_333


def test_timers_share_one_order_with_everything_else() -> None:
    """What is due at one instant happens in the order in which it was asked for, whoever asked."""
    clock, seen = Clock(), list[str]()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        clock.at(SECOND, lambda name, now: seen.append(name), "packet 1")
        loop.call_later(1, seen.append, "timer")
        clock.at(SECOND, lambda name, now: seen.append(name), "packet 2")
        loop.call_at(1, seen.append, "another timer")
        await asyncio.sleep(2)

    run(clock, main())
    assert seen == ["packet 1", "timer", "packet 2", "another timer"]


def test_whoever_is_woken_runs_at_the_same_instant_after_what_is_due_already() -> None:
    clock, seen = Clock(), list[str]()

    async def main() -> None:
        arrived = asyncio.Event()
        clock.at(SECOND, lambda _, now: arrived.set(), None)
        clock.at(SECOND, lambda _, now: seen.append("the next entry"), None)
        await arrived.wait()
        seen.append(f"the waiting task at {asyncio.get_running_loop().time()}")
        await asyncio.sleep(1)

    run(clock, main())
    assert seen == ["the next entry", "the waiting task at 1.0"]


def test_cancelled_timers_stay_silent_and_timeouts_time_out() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        loop.call_later(1, pytest.fail, "it was cancelled").cancel()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await asyncio.sleep(10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(10), 0.5)
        return loop.time()

    assert run(Clock(), main()) == 2.0


def test_what_main_leaves_behind_is_cancelled() -> None:
    ended = list[str]()

    async def background() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.append("background")

    async def main() -> str:
        asyncio.create_task(background())  # noqa: RUF006 -- left behind on purpose
        await asyncio.sleep(1)
        return "done"

    clock = Clock()
    assert run(clock, main()) == "done"
    assert ended == ["background"]
    assert clock.now == SECOND


def test_an_error_of_main_is_the_callers() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        run(Clock(), main())


@pytest.mark.parametrize(
    "wait",
    [
        lambda: asyncio.to_thread(print),
        lambda: asyncio.open_connection("127.0.0.1", 80),
        lambda: asyncio.start_server(print, port=80),
        lambda: asyncio.create_subprocess_exec("true"),
        lambda: asyncio.get_running_loop().getaddrinfo("localhost", 80),
    ],
)
def test_what_waits_for_the_machine_is_refused(wait: Callable[[], Any]) -> None:
    async def main() -> None:
        await wait()

    with pytest.raises(RunError, match="cannot be waited for in virtual time"):
        run(Clock(), main())


# -- stalls ------------------------------------------------------------------------------------------------------------


def stall(main: Any, clock: Clock | None = None) -> list[str]:
    """Who waits for what, in a run of `main` that must stall."""
    with pytest.raises(StalledError, match="no more progress is possible") as caught:
        run(clock or Clock(), main)
    return caught.value.waiting


def test_waiting_for_what_never_comes_is_named_with_its_place() -> None:
    async def patient() -> None:
        await asyncio.Event().wait()

    [line] = stall(patient())
    assert line.startswith("Task-1 waits in patient at test_virtual.py:")
    assert line.endswith("in Event.wait")


def test_sleeping_for_ever_is_a_stall() -> None:
    async def main() -> None:
        await asyncio.sleep(float("inf"))

    assert "Task-1 waits in main" in stall(main())[0]


def test_polling_without_waiting_is_a_stall() -> None:
    async def impatient() -> None:
        asyncio.get_running_loop().call_later(1, print)
        while True:
            await asyncio.sleep(0)

    assert "impatient" in stall(impatient())[0]


def test_a_reader_whose_peer_is_silent_is_named_with_the_connection(make_lan: Any) -> None:
    lan = make_lan(Clock())

    async def main() -> None:
        await start_server(lan.right, silent, 80)
        reader, writer = await open_connection(lan.left, RIGHT, 80)
        try:
            await reader.read()
        finally:
            writer.close()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readline()
        finally:
            writer.close()

    assert stall(main(), lan.clock) == [
        "Task-1 (main): left reads from 10.0.0.2:80 (ESTABLISHED)",
        "Task-2 (silent): right reads from 10.0.0.1:49152 (ESTABLISHED)",
    ]


def test_a_server_that_nobody_calls_is_named_with_its_port(make_lan: Any) -> None:
    lan = make_lan(Clock())

    async def main() -> None:
        async with await start_server(lan.right, print, 80) as server:
            await server.serve_forever()

    assert stall(main(), lan.clock) == ["Task-1 (main): right waits for a connection to port 80"]


def test_a_connection_attempt_on_a_cut_link_times_out_and_does_not_stall(make_lan: Any) -> None:
    lan = make_lan(Clock(), spec=DirectionSpec(loss=Bernoulli(p=1.0)))

    async def main() -> None:
        with pytest.raises(TimeoutError, match="timed out"):
            await open_connection(lan.left, RIGHT, 80)

    run(lan.clock, main())
    assert lan.clock.now > 100 * SECOND


# -- determinism -------------------------------------------------------------------------------------------------------


def tell(program: Path, seed: int, hash_seed: int) -> str:
    """What `guests.py` prints in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(Path(testbed.__file__).parents[1])}
    told = subprocess.run([sys.executable, program, str(seed)], env=environment, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_guests_do_the_same_at_the_same_times_in_every_process(request: pytest.FixtureRequest) -> None:
    program = request.path.parent / "guests.py"
    first = tell(program, seed=1, hash_seed=1)
    assert "guest-7 14000" in first
    assert tell(program, seed=1, hash_seed=2) == first
    assert tell(program, seed=2, hash_seed=1) != first


# -- streams over bad links --------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    writes=st.lists(st.binary(min_size=1, max_size=30_000), min_size=1, max_size=6),
    reads=st.integers(1, 20_000),
    loss=st.sampled_from([0.0, 0.05, 0.2]),
    seed=st.integers(1, 10**6),
)
def test_what_is_read_is_what_was_written_whatever_the_link_does(
    make_lan: Any, writes: list[bytes], reads: int, loss: float, seed: int
) -> None:
    lan = make_lan(Clock(), seed, DirectionSpec(delay=MILLISECOND, loss=Bernoulli(p=loss) if loss else None))
    received: list[bytes] = []

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(reads):
            received.append(data)
        writer.close()

    async def main() -> None:
        await start_server(lan.right, read, 80)
        reader, writer = await open_connection(lan.left, RIGHT, 80)
        for data in writes:
            writer.write(data)
            await writer.drain()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()

    run(lan.clock, main())
    lan.clock.run()
    assert b"".join(received) == b"".join(writes)
    assert (lan.left.sockets, lan.right.sockets) == ([], [])
