"""The states that both ends of a connection went through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from testbed.errors import ConfigError
from testbed.report.connection.choice import choose
from testbed.report.connection.exchange import Row
from testbed.tcp.state import Event, State
from testbed.trace import store


class Step(NamedTuple):
    """A change of one end's state."""

    at: int
    """ns"""
    old: State
    event: Event
    new: State


Paths = dict[str, list[Step]]
"""The steps of each end, by its host."""


def paths_of(rows: Iterable[Row]) -> Paths:
    """The steps that `state` rows tell of, of two hosts; the one that called is the first."""
    paths: Paths = {}
    for row in rows:
        old, new = (State[row[name].replace("-", "_")] for name in ("from", "to"))
        paths.setdefault(row["host"], []).append(Step(row["t"], old, Event(row["cause"]), new))
    callers = [host for host, steps in paths.items() if steps[0].event is Event.ACTIVE_OPEN]
    ordered = [*callers, *(host for host in paths if host not in callers)]
    return {host: paths[host] for host in ordered[:2]}


def read_paths(run: Path, connection: str | None = None) -> tuple[str, Paths]:
    """The connection's label and its paths; None: of the first connection. Raises ConfigError where states were not
    recorded, and for a connection that is not there.
    """
    if "state" not in store.kinds(run):
        remedy = "switch it on in the experiment, `trace: {state: true}`, and run it again"
        raise ConfigError.of("no 'state' rows were recorded here", file=str(run), suggestion=remedy)
    label = choose(run, connection, kind="state")
    return label, paths_of(store.rows(run, "state", {"connection": label}))


def path_lines(run: Path, connection: str | None = None) -> Iterator[str]:
    """The paths for a terminal: a line a step."""
    label, paths = read_paths(run, connection)
    for host, path in paths.items():
        yield f"{host} · {label}"
        yield f"{'':>12}  {path[0].old.label}"
        for step in path:
            yield f"{step.at / 1e6:>9.3f} ms  {step.new.label:<12}  {step.event.value}"
        yield ""
