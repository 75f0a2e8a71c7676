"""What all processes have left of a run, as one: tables, captures, numbers, and whether they can be trusted.

The agents' parts are in `.parts` below the run's folder, which goes when all is put together. An agent that was killed
has no account: its rows are there, its ends of flows are said to be unheard of.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from testbed.control.collecting.part import PARTS, free_reserve, read_account
from testbed.control.collecting.validity import why_late
from testbed.experiment.folder import SCHEMA
from testbed.experiment.spec import ExperimentSpec
from testbed.experiment.status import BROKEN_OFF, COMPLETE, INCOMPLETE, INVALID, STALLED
from testbed.experiment.world.findings import Findings
from testbed.experiment.world.outcome import end_of_run, outcome, waiting
from testbed.experiment.world.sockets import FILE
from testbed.metrics.histogram import Histogram
from testbed.metrics.summary import seconds
from testbed.runtime.lateness import Lateness
from testbed.trace import captures
from testbed.trace.files import write_json
from testbed.trace.merge import last_time, merge


def gather(
    folder: Path,
    spec: ExperimentSpec,
    *,
    status: str,
    error: str | None,
    agents: Mapping[str, Mapping[str, Any]],
    allow_late: bool,
) -> dict[str, Any]:
    """Put the run's `folder` together, and return what its document says of how it came out (see `AnyTrial.go`).

    `status` and `error` are how the run ended for the controller; `agents` what it knows of each. Where a part is not
    whole, neither is the run. Unless `allow_late`, a complete run that was too late is `invalid`.
    """
    parts = _Parts(folder / PARTS)
    merged = merge(folder, parts.folders, kinds=_wanted(spec), labels=parts.labels)
    parts.move_captures(folder / "captures")
    error = error or parts.error(agents)
    if error is not None and status not in BROKEN_OFF:
        status = INCOMPLETE
    ended = status not in BROKEN_OFF
    tunnels = parts.tunnels(at_rest=ended and not parts.more)
    late = why_late(spec, parts.lateness, tunnels, parts.crossing(spec)) if ended else None
    end = end_of_run(spec, parts.findings, parts.now, more=parts.more and status == COMPLETE)
    if status == COMPLETE and late is not None and not allow_late:
        status = INVALID
    write_json(folder / FILE, {"schema": SCHEMA, "sockets": parts.findings.sockets})
    document = {
        "stalled": waiting(spec, parts.findings) if status == STALLED else [],
        "error": error, "trace_sha256": merged.trace_sha256, "rows": merged.counts,
        **outcome(spec, folder, status, parts.findings, end),
        "lateness": _lateness(parts.lateness), "late": late, "tunnels": tunnels,
        "agents": {name: {**one, "error": one.get("error") or parts.error_of(name)} for name, one in agents.items()},
    }  # fmt: skip
    shutil.rmtree(folder / PARTS)
    return document


def _wanted(spec: ExperimentSpec) -> list[str]:
    """The kinds of rows that are kept."""
    return [kind for kind, wanted in vars(spec.trace).items() if wanted]


class _Parts:
    """All parts below a folder, put together."""

    def __init__(self, folder: Path) -> None:
        self.folders = sorted(path for path in folder.iterdir() if path.is_dir())
        for part in self.folders:
            free_reserve(part)  # of those that were killed
        found = {part.name: read_account(part) for part in self.folders}
        self._accounts = {name: account for name, account in found.items() if account is not None}
        self._unaccounted = [part for part in self.folders if part.name not in self._accounts]
        accounts = self._accounts.values()
        self.labels = {end: label for account in accounts for end, label in account.labels}
        self.findings = Findings.together(account.findings for account in accounts)
        self.lateness = Lateness.together(account.lateness for account in accounts)
        self.more = any(account.more for account in accounts)

    @property
    def now(self) -> int:
        """How far the run has come (ns): as far as anybody's clock, or rows."""
        return max([account.now for account in self._accounts.values()] + [last_time(self._unaccounted)])

    def tunnels(self, *, at_rest: bool) -> dict[str, dict[str, int]]:
        """What both ends have counted, by link direction; with nothing on its way any more, what is missing is lost."""
        sums: dict[str, Counter[str]] = {}
        for account in self._accounts.values():
            for direction, counters in account.tunnels.items():
                sums.setdefault(direction, Counter()).update(counters)
        for one in sums.values():
            one["lost"] = max(0, one["sent"] - one["received"] - one["overflowed"]) if at_rest else 0
        return {direction: dict(counters) for direction, counters in sorted(sums.items())}

    def error(self, agents: Iterable[str]) -> str | None:
        """The first that one of the agents has."""
        errors = ((agent, self.error_of(agent)) for agent in agents)
        return next((f"agent {agent}: {error}" for agent, error in errors if error is not None), None)

    def error_of(self, agent: str) -> str | None:
        """Why its part is not whole; None: it is."""
        return self._accounts[agent].error if agent in self._accounts else "left no account of its part"

    def crossing(self, spec: ExperimentSpec) -> set[str]:
        """The link directions that lead from one process to another."""
        owner = {machine: name for name, account in self._accounts.items() for machine in account.machines}
        directions = (one for link in spec.topology.links.values() for one in link.directions)
        return {name for name, sender, receiver, _ in directions if owner.get(sender) != owner.get(receiver)}

    def move_captures(self, folder: Path) -> None:
        """A machine's files come from one part only."""
        for part in self.folders:
            captures.recover(part / "captures")
            for file in sorted((part / "captures").glob("*")):
                folder.mkdir(exist_ok=True)
                file.replace(folder / file.name)


def _lateness(late: Lateness) -> dict[str, Any]:
    """As the run's document has it: in seconds, 0 where nothing was measured."""
    links = {name: _percentiles(histogram) for name, histogram in sorted(late.directions.items())}
    return {**_percentiles(late.work), "links": links}


def _percentiles(late: Histogram) -> dict[str, float]:
    values = {"p50": late.percentile(0.5), "p99": late.percentile(0.99), "max": late.greatest}
    return {name: seconds(value) or 0.0 for name, value in values.items()}
