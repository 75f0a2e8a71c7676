"""Specs as JSON and back, for a process that is to run a part of an experiment: equal to the original, and complete.

A spec is an object with the name of its class under `@`, which no name in a file can be; what is listed is a tuple.
Only what a spec is made of has a name here: whoever sends JSON cannot have anything else built.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from testbed.errors import RunError
from testbed.experiment import spec as experiment
from testbed.experiment.reading.topology import PLUGS
from testbed.host.guest import Program
from testbed.link.drop_rule import DropRule
from testbed.link.reorder import Reorder
from testbed.link.spec import DirectionSpec
from testbed.tcp.config import TcpConfig
from testbed.traffic import APPS
from testbed.traffic.dialogue.script import Step

CLASS: Final = "@"

_SPECS: Final[tuple[Callable[..., Any], ...]] = (
    experiment.ExperimentSpec, experiment.TopologySpec, experiment.MachineSpec, experiment.LinkSpec,
    experiment.FlowSpec, experiment.ChangeSpec, experiment.TraceKeys, experiment.CaptureKeys,
    DirectionSpec, DropRule, Reorder, TcpConfig, Step, Program,
)  # fmt: skip

Known = Mapping[str, Callable[..., Any]]


def known() -> Known:
    """Every class that a spec may consist of, by its name. A program may have added to the plugs at any time."""
    plugs = [one for plug in PLUGS.values() for one in plug.table.values()]
    return {one.__name__: one for one in (*_SPECS, *plugs, *APPS.values())}


def to_json(spec: experiment.ExperimentSpec) -> dict[str, Any]:
    """What `json.dumps` takes. Raises TypeError for what nobody could read back."""
    written = _write(spec, known())
    assert isinstance(written, dict)
    return written


def from_json(data: Mapping[str, Any]) -> experiment.ExperimentSpec:
    """The spec that `to_json` was given. Raises RunError for anything else."""
    try:
        spec = _read(data, known())
    except (TypeError, ValueError) as error:
        raise RunError(f"a spec that cannot be read: {error}") from error
    if not isinstance(spec, experiment.ExperimentSpec):
        raise RunError("a spec that cannot be read: it is not an experiment's")
    return spec


def foreign(spec: experiment.ExperimentSpec) -> set[str]:
    """The plugs in `spec` that do not come with the testbed: no other process knows them."""
    classes = known()
    return {name for name in _classes(to_json(spec)) if not classes[name].__module__.startswith("testbed.")}


def _classes(data: Any) -> Iterator[str]:
    if isinstance(data, list):
        for item in data:
            yield from _classes(item)
    elif isinstance(data, Mapping):
        if CLASS in data:
            yield data[CLASS]
        for item in data.values():
            yield from _classes(item)


def _write(value: Any, classes: Known) -> Any:
    if type(value).__name__ in classes:
        return {CLASS: type(value).__name__} | {name: _write(item, classes) for name, item in _fields(value)}
    if isinstance(value, Mapping) and all(isinstance(key, str) and key != CLASS for key in value):
        return {key: _write(item, classes) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_write(item, classes) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    if dataclasses.is_dataclass(value):
        return ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    return iter(value._asdict().items())


def _read(data: Any, classes: Known) -> Any:
    if isinstance(data, list):
        return tuple(_read(item, classes) for item in data)
    if not isinstance(data, Mapping):
        return data
    fields = {key: _read(item, classes) for key, item in data.items() if key != CLASS}
    if CLASS not in data:
        return fields
    if data[CLASS] not in classes:
        raise ValueError(f"there is no {data[CLASS]!r}")
    return classes[data[CLASS]](**fields)
