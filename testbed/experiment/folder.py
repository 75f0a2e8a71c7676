"""Run folders: `results/<experiment>/<UTC time>-<hash>/`, with the files as given and a folder for each run.

Everything is written under a name that begins with a dot and renamed when it is whole, so that what can be seen is
complete: a run that fails or is interrupted leaves nothing half-written. Two that begin in the same second never
meet.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from testbed.errors import RunError
from testbed.experiment.abandoned import Claim, sweep
from testbed.experiment.reading.topology import PLUGS
from testbed.experiment.spec import ExperimentSpec
from testbed.trace.files import write_json
from testbed.wire.packet import show_address

if TYPE_CHECKING:
    from testbed.experiment.reading.load import Plan

SCHEMA: Final = 1
"""Version of the JSON files in a run folder."""


class ExperimentFolder:
    """The folder of one experiment, hidden until `finish`."""

    def __init__(self, results: Path, plan: Plan) -> None:
        self._home = results / plan.name
        with _explained(results):
            self._home.mkdir(parents=True, exist_ok=True)
            sweep(self._home.glob(".*Z-*.*"))
            self.path = Path(tempfile.mkdtemp(prefix=f".{_name(plan)}.", dir=self._home))
            self._claim = Claim(self.path)
            try:
                self._begin(plan)
            except OSError:
                self.discard()
                raise

    def _begin(self, plan: Plan) -> None:
        self.path.chmod(0o777 & ~_umask())
        for name, content in plan.files.items():
            (self.path / name).write_bytes(content)
        write_json(self.path / "resolved.json", _resolved_plan(plan))

    @contextmanager
    def run(self, run_id: str) -> Iterator[Path]:
        """A folder for the run called `run_id`, which gets its name when the block ends well."""
        hidden = self.path / "runs" / f".{run_id}"
        with _explained(self.path):
            hidden.mkdir(parents=True)
            try:
                yield hidden
            except BaseException:
                shutil.rmtree(hidden, ignore_errors=True)
                raise
            show_run(hidden)

    def finish(self) -> Path:
        """Show the folder under its name, which is the answer; another one of that name gets a number after it."""
        self.path = show(self.path)
        self._claim.close()
        return self.path

    def discard(self) -> None:
        """Leave nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._claim.close()
        for parent in (self._home, self._home.parent):
            try:
                parent.rmdir()  # only what is empty goes
            except OSError:
                return


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


def show_run(hidden: Path) -> Path:
    """The same for a run's folder, hidden as `.ID`: it has all that it will have."""
    final = hidden.with_name(hidden.name.removeprefix("."))
    hidden.rename(final)
    return final


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _name(plan: Plan) -> str:
    """`20261122T101500Z-1a2b3c4d`: when, and what: the hash is of all that was given."""
    digest = hashlib.sha256()
    for name, content in sorted(plan.files.items()):
        digest.update(name.encode() + content)
    digest.update(json.dumps(plan.overrides, sort_keys=True, default=str).encode())
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{digest.hexdigest()[:8]}"


@contextmanager
def _explained(place: Path) -> Iterator[None]:
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


def _resolved_plan(plan: Plan) -> dict[str, Any]:
    """What the experiment came to: each run with its parameters and seed. A run's whole spec is in its manifest."""
    return {
        "schema": SCHEMA,
        "name": plan.name,
        "set": plan.overrides,
        "runs": [
            {"id": run.id, "params": run.params, "repeat": run.repeat, "seed": run.spec.seed} for run in plan.runs
        ],
        "spec": resolved(plan.runs[0].spec),
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
