"""The controller of one run: it brings the agents together, lets time begin, watches, and decides when it is over.

Whatever ends a run gives a *verdict*; the first one counts. Then every agent that is there hands over what it has.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from testbed.clock import MILLISECOND
from testbed.control.channel import ChannelError
from testbed.control.collecting.part import part_folder
from testbed.control.join import Door, Guest
from testbed.control.member import LAST_WORDS, WANTING, Member
from testbed.control.messages import Broken, Message, Report, Start, Stop, Told, post
from testbed.control.orders import connections, preparations
from testbed.control.secret import make_secret
from testbed.control.spawn import Process
from testbed.control.stillness import Stillness
from testbed.control.verdict import Decision, Verdict
from testbed.experiment.reading.placement import Placement
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.status import COMPLETE, FAILED, INCOMPLETE, STALLED
from testbed.experiment.world.snapshot import Snapshot

START_UP: Final = 10.0
START_UP_EACH: Final = 0.5
"""Seconds until all agents must be ready: so many, and so many more for each of them."""

LEAD: Final = 100 * MILLISECOND
LEAD_EACH: Final = 2 * MILLISECOND
"""From the order to start until the start (ns): everybody must have it by then."""

SILENCE: Final = 5.0
"""Seconds without a word after which an agent hangs."""

HAND_OVER: Final = 60.0
"""Seconds for all agents to hand over what they have. Who is at it still reports, so that `SILENCE` holds as well."""

AFTERMATH: Final = 30.0
"""Seconds that connections may go on retransmitting once all applications have ended."""

LOOK_EVERY: Final = 0.05
"""Seconds between two looks at who is still there."""


class Controller:
    """Conducts one run, whose folder is `folder`. `joined` are the agents that have come from elsewhere, by name."""

    def __init__(self, spec: ExperimentSpec, folder: Path, placement: Placement, joined: dict[str, Guest]) -> None:
        self._spec = spec
        self._folder = folder
        self._placement = placement
        self._joined = joined
        self._members: dict[str, Member] = {}
        self._stillness = Stillness(placement.machines)
        self._done_at: float | None = None  # when all applications had ended
        self.decision = Decision()
        """Whoever wants the run to end may have it decided."""
        self.started = False
        """Time has begun: what there is may be worth keeping."""

    async def conduct(self) -> Verdict:
        """The whole run. Whatever happens, no process of ours is left behind."""
        door = await Door.open("127.0.0.1", 0, (secret := make_secret()).encode())
        guard = asyncio.create_task(self._guard())
        guard.add_done_callback(self.decision.broke)
        try:
            self._assemble(door, secret)
            await self._set_up_in_time(self._set_up(door))
            verdict = await self._collect(await self.decision.made)
        finally:
            guard.cancel()
            await asyncio.gather(door.close(), *(member.leave() for member in self._members.values()))
        return verdict

    def standing(self) -> tuple[int, Snapshot] | None:
        """How far it has come (ns), and how it stands, as far as it is known. From any thread."""
        reports = [report for member in list(self._members.values()) if (report := member.report) is not None]
        if not self.started or not reports:
            return None
        parts = [Snapshot.from_dict(report.snapshot) for report in reports]
        return max(report.now for report in reports), Snapshot.together(parts)

    def deserters(self) -> set[str]:
        """The agents that are no more with us."""
        return {name for name, member in self._members.items() if member.deserted}

    def agents(self) -> dict[str, Any]:
        """What the run's document says of the agents."""
        return {name: member.as_dict() for name, member in self._members.items()}

    # -- until time begins -------------------------------------------------------------------------------------------

    def _assemble(self, door: Door, secret: str) -> None:
        """Start our own agents; the others are here."""
        door.expect(self._placement.local)
        for name, machines in self._placement.machines.items():
            process = None if name in self._joined else Process(name, door.address[1], secret)
            folder = part_folder(self._folder, name)
            self._members[name] = Member(name, machines, process, folder, self._heard, self._lost)

    async def _set_up_in_time(self, set_up: Coroutine[Any, Any, None]) -> None:
        """Until it is done, or the run ends before it began. The deadline's victims are named."""
        seconds = START_UP + START_UP_EACH * len(self._members)
        task = asyncio.create_task(set_up)
        events: list[asyncio.Future[Any]] = [task, self.decision.made]
        await asyncio.wait(events, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            try:
                task.result()
            except ChannelError as error:
                await asyncio.wait([self.decision.made], timeout=2 * LAST_WORDS)  # whose loss it was knows more
                self.decision.end(FAILED, str(error))
            return
        task.cancel()
        await asyncio.wait([task])
        least = min(member.stage for member in self._members.values())  # the others have waited for these
        late = [f"agent {one.name} {WANTING[least]}" for one in self._members.values() if one.stage == least]
        self.decision.end(FAILED, f"{_some(late)} within {seconds:g} s")

    async def _set_up(self, door: Door) -> None:
        """All join, build their parts, and dig their tunnels; then time begins."""
        here = list(self._joined.values())
        for _ in self._members:
            guest = here.pop() if here else await door.enter()
            self._members[guest.hello.name].join(guest).add_done_callback(self.decision.broke)
        orders = preparations(self._spec, self._placement, self._folder, self._joined)
        ends = await asyncio.gather(*(self._members[name].prepare(one) for name, one in orders.items()))
        tunnels = self._placement.tunnels(self._spec)
        for name, order in connections(tunnels, dict(zip(orders, ends, strict=True))).items():
            post(self._members[name].channel, order)
        await asyncio.gather(*(member.ready.wait() for member in self._members.values()))
        self._start()

    def _start(self) -> None:
        at = time.monotonic_ns() + LEAD + LEAD_EACH * len(self._members)
        self.started = True
        for member in self._members.values():
            post(member.channel, Start(at=member.its_time(at)))

    # -- while it runs -----------------------------------------------------------------------------------------------

    async def _guard(self) -> None:
        """Look who is still there."""
        awake = looked = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = time.monotonic()
            if now - looked > SILENCE / 2:
                awake = now  # it was we who were stopped (Ctrl-Z), and heard nobody
            looked = now
            for member in self._members.values():
                process = member.process
                if member.guest is None and process is not None and process.ended:
                    member.lose(process.last_words())
                elif member.report is not None and now - max(awake, member.channel.heard_at) > SILENCE:
                    member.lose(f"hangs: it has said nothing for {SILENCE:g} s")
            if self._done_at is not None and now - self._done_at > AFTERMATH:
                self.decision.end(COMPLETE)

    def _heard(self, member: Member, message: Message) -> None:
        match message:
            case Report():
                self._weigh(member, message)
            case Told():
                other = "server" if message.role == "client" else "client"
                receiver = self._members[self._placement.agent_of_end(self._spec, message.flow, other)]
                if not receiver.gone.is_set():
                    post(receiver.channel, message)
            case Broken():
                member.error = member.error or message.error
                self.decision.end(INCOMPLETE if self.started else FAILED, f"agent {member.name}: {message.error}")

    def _lost(self, member: Member, why: str) -> None:
        self.decision.end(INCOMPLETE if self.started else FAILED, f"agent {member.name} {why}")

    def _weigh(self, member: Member, report: Report) -> None:
        """Whether the run has come to its end."""
        if not self.started:
            return
        still = self._stillness.add(member.name, report)
        reports = [one.report for one in self._members.values() if one.report is not None]
        if all(one.over for one in reports):
            self.decision.end(COMPLETE)
        elif still:
            self.decision.end(STALLED if any(one.waiting for one in reports) else COMPLETE, run_on=True)
        elif self._done_at is None and all(one.done for one in reports):
            self._done_at = time.monotonic()

    # -- when it is over ---------------------------------------------------------------------------------------------

    async def _collect(self, verdict: Verdict) -> Verdict:
        """Have all that are still there, and were told to build something, hand over what they have. The answer is the
        verdict after that, for here, too, something may break.

        Before time has begun nobody has anything, but who has joined from elsewhere is to be had for the next run.
        """
        ordered = [one for one in self._members.values() if one.is_at_work and not one.gone.is_set()]
        there = [one for one in ordered if self.started or one.process is None]
        for member in there:
            post(member.channel, Stop(run_on=verdict.run_on))
        seconds = HAND_OVER if self.started else SILENCE
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for member in there:
                    await member.gone.wait()
        for member in there:
            member.lose(f"did not hand over what it had within {seconds:g} s")
        errors = [f"agent {one.name}: {one.error}" for one in self._members.values() if one.error is not None]
        return Verdict(INCOMPLETE, _some(errors)) if errors and verdict.error is None else verdict


def _some(texts: Collection[str]) -> str:
    """All of them, if they are few."""
    first = list(texts)[:3]
    more = len(texts) - len(first)
    return "; ".join(first) + (f"; and {more} more" if more else "")
