"""Who decides how a run ends."""

from __future__ import annotations

import asyncio

import pytest

from testbed.control.verdict import Decision, Verdict


async def _breaks() -> None:
    raise KeyError("a")


async def test_whoever_comes_first_decides() -> None:
    decision = Decision()
    decision.end("stalled", run_on=True)
    decision.end("incomplete", "too late")
    assert await decision.made == Verdict("stalled", None, True)


async def test_what_breaks_in_a_task_is_not_swallowed() -> None:
    decision = Decision()
    asyncio.create_task(_breaks()).add_done_callback(decision.broke)
    with pytest.raises(KeyError):
        await decision.made


async def test_a_task_that_ends_as_it_should_decides_nothing() -> None:
    decision = Decision()
    tasks = [asyncio.create_task(asyncio.sleep(0)), asyncio.create_task(asyncio.sleep(60))]
    for task in tasks:
        task.add_done_callback(decision.broke)
    tasks[1].cancel()
    await asyncio.wait(tasks)
    assert not decision.made.done()
