"""Whether a whole run has come to rest, from what its agents report one by one.

No report knows of a datagram that is on its way. So each agent reports twice: if all were quiet in one round of
reports and in the next, which began after the first was over, and nobody has sent or received anything in between,
then nothing was on its way (after Mattern's four counters, 1987; that as many were received as were sent is not asked
for, since datagrams get lost).
"""

from __future__ import annotations

from collections.abc import Iterable

from testbed.control.messages import Report

_State = tuple[bool, int, int]


class Stillness:
    """Of the agents with these names."""

    def __init__(self, agents: Iterable[str]) -> None:
        self._agents = set(agents)
        self._round: dict[str, _State] = {}
        self._before: dict[str, _State] = {}

    def add(self, agent: str, report: Report) -> bool:
        """Take in a report; say whether the run is at rest."""
        self._round[agent] = report.quiet, report.sent, report.received
        if set(self._round) != self._agents:
            return False
        before, self._before = self._before, self._round
        self._round = {}
        return before == self._before and all(quiet for quiet, _, _ in before.values())
