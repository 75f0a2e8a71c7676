"""What a step does to one end's connection, and when that is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from testbed.clock import Alarm
from testbed.traffic.dialogue.hands import ReadingHand, WritingHand
from testbed.traffic.dialogue.script import FAILURES, Step

if TYPE_CHECKING:
    from testbed.clock import Clock
    from testbed.host.socket import Socket


class Talk:
    """`connect` makes the connection; `woken` is called when a step that waits for a time should be looked at."""

    def __init__(self, clock: Clock, connect: Callable[[], Socket], woken: Callable[[None, int], None]) -> None:
        self.socket: Socket | None = None
        self.connected = False
        self.closed = False
        self.failure = ""
        self.reading = ReadingHand()
        self.writing = WritingHand()
        self._connect = connect
        self._alarm = Alarm(clock, woken, None)
        self._until = 0  # when the step in progress has waited enough

    @property
    def over(self) -> bool:
        """Whether the connection has been, and is no more."""
        return self.closed or bool(self.failure)

    def adopt(self, socket: Socket | None) -> None:
        """Speak over `socket` from now on; None: over the next that is accepted."""
        self.socket = socket
        self.connected = self.closed = False
        self.failure = ""
        self.reading.reset()
        self.writing.reset()

    def begin(self, step: Step, now: int) -> bool:
        """Do what can be done at once. False: there is no connection to do it with yet."""
        without_socket = _WITHOUT_SOCKET.get(step.verb)
        if without_socket is not None:
            without_socket(self, step, now)
        elif self.socket is None:
            return False
        elif not self.failure:
            _WITH_SOCKET[step.verb](self, self.socket, step, now)
        return True

    def go_on(self, step: Step, now: int) -> None:
        """Something has happened: read what may be read; if `step` writes, write what there is room and time for."""
        if self.socket is None or self.failure:
            return
        self.reading.go_on(self.socket)
        if step.verb == "write":
            again = self.writing.go_on(step, self.socket, now)
            if again is not None:
                self._alarm.set(again)

    def done(self, step: Step, now: int) -> bool:
        """Whether there is nothing left to do of a step that has begun."""
        if step.verb == "wait":
            return now >= self._until
        if step.verb == "expect":
            return self._has_happened(step.word)
        if self.failure:
            return True  # for an `expect` ahead knows of it
        if step.verb in ("connect", "accept"):
            return self.connected
        if step.verb == "write":
            return self.writing.done
        return step.verb != "read" or (self.socket is not None and self.reading.done(step, self.socket))

    def hindrance(self, step: Step, now: int) -> str:
        """Why a step that has begun and is not done can never be done; nothing if it can."""
        if self.socket is None or step.verb not in ("read", "write") or self.done(step, now):
            return ""
        if step.verb == "read" and self.socket.at_eof:
            return "the other end has closed"
        return "the connection is over" if self.closed else ""

    def give_up(self) -> None:
        """The step in progress has been overtaken."""
        self.writing.give_up()
        self._alarm.set(None)

    def _has_happened(self, word: str) -> bool:
        if word == "urgent":
            return self.socket is not None and self.socket.urgent
        return self.closed if word == "closed" else FAILURES[word] in self.failure


# -- the actions, by their verbs ---------------------------------------------------------------------------------------


def _connect(talk: Talk, step: Step, now: int) -> None:
    talk.adopt(talk._connect())


def _accept(talk: Talk, step: Step, now: int) -> None:
    if talk.over:
        talk.adopt(None)


def _wait(talk: Talk, step: Step, now: int) -> None:
    talk._until = now + step.duration
    talk._alarm.set(talk._until)


def _keep_or_stop(talk: Talk, step: Step, now: int) -> None:
    talk.reading.keep_reading = step.verb == "keep"
    talk.go_on(step, now)


def _expect(talk: Talk, step: Step, now: int) -> None:
    """Nothing to do but to look."""


def _read(talk: Talk, socket: Socket, step: Step, now: int) -> None:
    talk.reading.begin(step)
    talk.go_on(step, now)


def _write(talk: Talk, socket: Socket, step: Step, now: int) -> None:
    talk.writing.begin(step, now)
    talk.go_on(step, now)


def _close(talk: Talk, socket: Socket, step: Step, now: int) -> None:
    socket.close()


def _release(talk: Talk, socket: Socket, step: Step, now: int) -> None:
    talk.closed = True
    socket.release()


def _abort(talk: Talk, socket: Socket, step: Step, now: int) -> None:
    talk.closed = True
    socket.abort()


_WITHOUT_SOCKET: Final = {
    "connect": _connect,
    "accept": _accept,
    "wait": _wait,
    "keep": _keep_or_stop,
    "stop": _keep_or_stop,
    "expect": _expect,
}
_WITH_SOCKET: Final = {
    "read": _read,
    "write": _write,
    "close": _close,
    "release": _release,
    "abort": _abort,
}
