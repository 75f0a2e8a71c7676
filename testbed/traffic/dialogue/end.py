"""One actor of a dialogue: brings together whose turn it is and what a step does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.errors import RunError
from testbed.host.socket import Handler
from testbed.traffic.application import End, FlowContext, show_state
from testbed.traffic.dialogue.script import FAILURES, Step
from testbed.traffic.dialogue.talk import Talk
from testbed.traffic.dialogue.turns import Turns

if TYPE_CHECKING:
    from testbed.host.socket import Socket

GIVEN_UP: Final = -1
"""Told instead of a step's number by an end that has failed."""


class DialogueEnd(End):
    """Acts by `steps` as the end that `role` names. `local_port` is where it connects from, if that matters."""

    def __init__(
        self,
        context: FlowContext,
        steps: tuple[Step, ...],
        role: str,
        *,
        local_port: int | None = None,
        listens: bool = False,
    ) -> None:
        super().__init__(context)
        if context.cue is None:
            raise RunError(f"the dialogue {context.name!r} needs a cue for each end: see traffic.cue")
        self._cue = context.cue
        self._cue.hear = self._heard
        self._listens = listens
        self._turns = Turns(steps, role, self._cue)
        self._ears = _Ears(self)
        self.talk = Talk(context.clock, lambda: self.connect(self._ears, local_port=local_port), self._look)
        self._proceeding = False

    def start(self, now: int) -> None:
        self.started_at = now
        if self._listens:
            self.listen()
        for number, step in enumerate(self._turns.steps):
            if step.at is not None:
                self.context.clock.at(step.at, self._overtake, number)
        self.proceed(now)

    def stop(self, now: int) -> None:
        """A dialogue has its own end."""

    @property
    def position(self) -> int:
        """The number, from 0, of the step whose turn it is."""
        return self._turns.position

    @property
    def waiting_for(self) -> str:
        name = self.context.host.name
        if self.done or self._turns.over:
            return f"{name} has nothing left to do"
        return f"{name} waits for {self._turns.place}{show_state(self.talk.socket)}"

    def fail(self, error: str) -> None:
        if not self.done:
            super().fail(error)
            self._cue.tell(GIVEN_UP, self.context.clock.now)

    # -- what the socket says ------------------------------------------------------------------------------------------

    def accepted(self, socket: Socket, now: int) -> None:
        socket.handler = self._ears
        self.talk.adopt(socket)
        self._ears.connected(socket, now)

    def failed(self, socket: Socket, now: int, error: str) -> None:
        """An error, unless an `expect` of ours ahead names it, or we have nothing left to do."""
        if self.talk.closed:
            return
        self.talk.failure = error
        ahead = self._turns.ahead
        if ahead and not any(FAILURES.get(step.word, "nothing") in error for step in ahead):
            self.fail(f"{error}, at {self._turns.place}")

    # -- whose turn it is ----------------------------------------------------------------------------------------------

    def proceed(self, now: int) -> None:
        """Take every step whose turn it is. An action may call back into here: then the one in progress goes on."""
        if self._proceeding or self.started_at is None:
            return
        self._proceeding = True
        if self._turns.steps:
            in_progress = self._turns.steps[-1] if self._turns.over else self._turns.step
            self.talk.go_on(in_progress, now)
        while not self.done and not self._turns.over and self._take_turn(now):
            pass
        self.complete = self._turns.over and self.error is None
        self._count(now)
        self._proceeding = False

    def _take_turn(self, now: int) -> bool:
        """Do our part of the step whose turn it is; say whether the next one's has come."""
        turns, talk = self._turns, self.talk
        step = turns.step
        if step.at is not None and now < step.at:
            return False
        if turns.ours:
            if not turns.begun and talk.begin(step, now):
                turns.begin()
            if turns.begun and talk.done(step, now):
                turns.finish(now)
            elif hindrance := talk.hindrance(step, now):
                self.fail(f"{hindrance}, at {turns.place}")
        return turns.advance()

    def _heard(self, number: int, now: int) -> None:
        """The other end has finished a step, or has given up."""
        if number == GIVEN_UP:
            super().fail("the other end has failed")
            return
        self._turns.heard(number)
        self.proceed(now)

    def _overtake(self, number: int, now: int) -> None:
        """The time of a step has come: what is still going on before it is waited for no more."""
        if self._turns.position < number and not self.done:
            self.talk.give_up()
            self._turns.position = number
        self.proceed(now)

    def _look(self, subject: None, now: int) -> None:
        self.proceed(now)

    def _count(self, now: int) -> None:
        """Note what has been read and written meanwhile."""
        reading, writing = self.talk.reading, self.talk.writing
        if reading.total > self.bytes_read:
            self.finished_at = now
        self.bytes_read, self.bytes_written = reading.total, writing.total
        if reading.corrupted:
            self.fail("corrupted data")


class _Ears(Handler):
    """The handler of a dialogue's sockets: whatever happens, it may be what a step has waited for."""

    def __init__(self, end: DialogueEnd) -> None:
        self._end = end

    def connected(self, socket: Socket, now: int) -> None:
        self._end.talk.connected = True
        self._end.proceed(now)

    def readable(self, socket: Socket, now: int) -> None:
        self._end.proceed(now)

    def writable(self, socket: Socket, now: int) -> None:
        self._end.proceed(now)

    def peer_closed(self, socket: Socket, now: int) -> None:
        self._end.proceed(now)

    def failed(self, socket: Socket, now: int, error: str) -> None:
        if socket is self._end.talk.socket:  # not one that the script has left behind
            self._end.failed(socket, now, error)
            self._end.proceed(now)

    def closed(self, socket: Socket, now: int) -> None:
        if socket is self._end.talk.socket:
            self._end.talk.closed = True
            self._end.proceed(now)
