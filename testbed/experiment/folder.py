"""Folders of runs and of experiments, shown when they are whole; and a spec as their JSON has it.

Everything is written under a name that begins with a dot and renamed when it is whole, so that what can be seen is
complete: a run that fails or is interrupted leaves nothing half-written.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from testbed.errors import RunError
from testbed.experiment.reading.topology import PLUGS
from testbed.experiment.spec import ExperimentSpec
from testbed.wire.packet import show_address

if TYPE_CHECKING:
    from testbed.experiment.reading.load import Plan, PlannedRun

SCHEMA: Final = 1
"""Version of the JSON files in a run folder."""


def show(hidden: Path) -> Path:
    """Give an experiment's folder, hidden as `.NAME.random`, its name; the answer is where it is then."""
    name = hidden.name.removeprefix(".").rpartition(".")[0]
    for number in range(1, 1000):
        final = hidden.with_name(name if number == 1 else f"{name}-{number}")
        try:
            hidden.rename(final)  # refused by the system when something is there: no gap to slip through
        except OSError:
            if not final.exists():
                raise
            continue
        return final
    raise RunError(f"{hidden.parent}: a thousand folders called {name}")


def show_run(hidden: Path, final: Path | None = None) -> Path:
    """The same for a run's folder, hidden as `.ID`: it has all that it will have, and what was there before goes."""
    final = final or hidden.with_name(hidden.name.removeprefix("."))
    if final.exists():
        aside = final.with_name(f".{final.name}.before")
        final.rename(aside)
        hidden.rename(final)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        hidden.rename(final)
    return final


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """What the file system refuses, as a RunError that says where and why."""
    try:
        yield
    except OSError as error:
        where = error.filename or place
        raise RunError(f"results cannot be written to {where}: {error.strerror or error}") from error


def empty(folder: Path) -> None:
    """Remove what is in `folder`."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


# -- specs as JSON ----------------------------------------------------------------------------------------------------


def resolved_plan(plan: Plan, runs: Sequence[PlannedRun], keys: Mapping[str, str]) -> dict[str, Any]:
    """What the experiment came to: each run with its parameters, seed and key. A run's spec is in its manifest.

    `keys` are those of the runs, by id.
    """
    return {
        "schema": SCHEMA,
        "name": plan.name,
        "set": plan.overrides,
        "runs": [
            {"id": run.id, "params": run.params, "repeat": run.repeat, "seed": run.spec.seed, "key": keys[run.id]}
            for run in runs
        ],
        "spec": resolved(runs[0].spec),
    }


def resolved(spec: ExperimentSpec) -> dict[str, Any]:
    """A run's spec with every default filled in, in ns, bytes and bit/s."""
    topology = spec.topology
    return {
        "name": spec.name,
        "clock": spec.clock,
        "processes": spec.processes,
        "agents": plain(spec.agents),
        "duration": spec.duration,
        "seed": spec.seed,
        "topology": topology.name,
        "hosts": {
            one.name: {"address": show_address(one.address), "tcp": plain(one.tcp)}
            for one in topology.machines.values()
            if not one.forwarding
        },
        "routers": {one.name: show_address(one.address) for one in topology.machines.values() if one.forwarding},
        "links": {
            link.name: {"ends": list(link.ends), **plain(link.forward), "reverse": plain(link.reverse)}
            for link in topology.links.values()
        },
        "traffic": {
            flow.name: {
                "app": flow.app, "from": flow.source, "to": flow.destination, "port": flow.port, "start": flow.start,
                **plain(flow.application, named=False), "client_tcp": plain(flow.client_tcp),
                "server_tcp": plain(flow.server_tcp),
            }
            for flow in spec.flows.values()
        },
        "timeline": [
            {"at": change.at, "set": {name: plain(one) for name, one in change.directions.items()}}
            for change in spec.timeline
        ],
        "expect": list(spec.expect),
        "trace": plain(spec.trace),
        "capture": plain(spec.capture),
    }  # fmt: skip


_NAMES: Final = {spec: (plug.tag, name) for plug in PLUGS.values() for name, spec in plug.table.items()}


def plain(value: Any, *, named: bool = True) -> Any:
    """A spec as JSON has it; a plug tells its name first."""
    kind: Any = type(value)
    if kind.__str__ is not object.__str__:
        return str(value)  # a text, or what has a form of its own
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        tag = dict([_NAMES[type(value)]]) if named and type(value) in _NAMES else {}
        return tag | {field.name.rstrip("_"): plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
