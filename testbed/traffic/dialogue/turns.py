"""Whose turn it is: one end's place in the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.traffic.application import CLIENT, SERVER
from testbed.traffic.dialogue.script import Step

if TYPE_CHECKING:
    from testbed.traffic.cue import Cue


class Turns:
    """`position` is the step whose turn it is; `role` the end whose view this is."""

    def __init__(self, steps: tuple[Step, ...], role: str, cue: Cue) -> None:
        self.steps = steps
        self.position = 0
        self._role = role
        self._other = SERVER if role == CLIENT else CLIENT
        self._cue = cue
        self._begun = -1  # the last step that we have begun
        self._finished: set[tuple[int, str]] = set()  # (step, end): what each end has finished

    @property
    def over(self) -> bool:
        """Whether every step has had its turn."""
        return self.position == len(self.steps)

    @property
    def step(self) -> Step:
        """The step whose turn it is."""
        return self.steps[self.position]

    @property
    def place(self) -> str:
        """The same, for messages: `step 3, 'client: close'`."""
        return f"step {self.position + 1}, {self.step.text!r}"

    @property
    def ours(self) -> bool:
        """Whether it is for us to do, and not done."""
        return self._role in self.step.ends and (self.position, self._role) not in self._finished

    @property
    def ahead(self) -> list[Step]:
        """What is for us to do, from here to the end of the script."""
        return [step for step in self.steps[self.position :] if self._role in step.ends]

    @property
    def begun(self) -> bool:
        """Whether we have begun the step whose turn it is."""
        return self._begun == self.position

    def begin(self) -> None:
        """We have begun it."""
        self._begun = self.position

    def finish(self, now: int) -> None:
        """We have finished it, and tell the other end."""
        self._finished.add((self.position, self._role))
        self._cue.tell(self.position, now)

    def heard(self, number: int) -> None:
        """The other end has finished the step of this number."""
        self._finished.add((number, self._other))

    def advance(self) -> bool:
        """Move on if every end has finished; say whether that was so."""
        finished = all((self.position, end) in self._finished for end in self.step.ends)
        self.position += finished
        return finished
