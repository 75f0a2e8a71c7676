"""The language as a JSON Schema, made of the same specs and plug tables that the reader goes by.

It describes shapes, so that an editor can complete and underline; what needs the whole file to be seen (a host that
is not there, a port used twice) is `testbed check`'s.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from testbed.experiment import spec
from testbed.experiment.language.axes import LogspaceKeys, RangeKeys
from testbed.experiment.language.reader import Plug, arms, hints, key_of, required
from testbed.experiment.language.repeat import RepeatKeys
from testbed.experiment.reading.topology import PLUGS
from testbed.link.spec import DirectionSpec
from testbed.tcp.config import TcpConfig
from testbed.traffic import APPS
from testbed.traffic.application import CLIENT
from testbed.units import Count

Schema = dict[str, Any]

_NAME: Final = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]*$"}
_NAMES: Final = {"type": "array", "items": _NAME}
_ANYTHING: Final = {"type": "object", "additionalProperties": True}
_ENTRIES: Final = {"type": "array", "items": {**_ANYTHING, "minProperties": 1}}


def experiment_schema() -> Schema:
    """The schema of experiment files; a topology file is one without traffic."""
    topology = _object(spec.TopologyKeys)
    experiment = _object(spec.ExperimentKeys)
    experiment["properties"] |= {
        key: value for key, value in topology["properties"].items() if key in ("hosts", "routers", "links")
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "testbed experiment",
        **experiment,
        "$defs": {
            "topology": topology,
            "tcp": _object(TcpConfig),
            "host": _object(spec.HostKeys),
            "link": _object(spec.LinkKeys, DirectionSpec),
            "direction": _object(DirectionSpec),
            "flow": {"type": "object", "oneOf": [_flow(name, app) for name, app in APPS.items()]},
            "change": _object(spec.ChangeKeys),
        },
    }


def _flow(name: str, app: type) -> Schema:
    schema = _object(spec.FlowKeys, app)
    schema["properties"]["app"] = {"const": name, "description": _first_line(app)}
    if CLIENT in app.ends:  # type: ignore[attr-defined]
        schema["required"].append("from")
    return schema


# -- objects ----------------------------------------------------------------------------------------------------------


def _object(*classes: type) -> Schema:
    """A mapping whose keys are the fields of the classes."""
    properties = {
        key: {**_value(one, key, hint), **_described(one, key)} for one in classes for key, hint in hints(one).items()
    }
    needed = [key for one in classes for key in required(one)]
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _described(one: type, key: str) -> Schema:
    text = field_docs(one).get(key, "")
    return {"description": text} if text else {}


def _value(one: type, key: str, hint: Any) -> Schema:
    """The schema of a field; those that the reader treats by themselves have theirs below."""
    if (one, key) in _SPECIAL:
        return _SPECIAL[one, key]()
    inner = arms(hint)[0]
    if inner in PLUGS:
        return _plug(PLUGS[inner])
    if dataclasses.is_dataclass(inner) and isinstance(inner, type):
        schema = _object(inner)
        short = getattr(inner, "shorthand", "")
        return {"anyOf": [schema["properties"][short], schema]} if short else schema
    return _of_type(hint)


@cache
def _of_type(hint: Any) -> Schema:
    schema = TypeAdapter(hint).json_schema()
    if schema.get("type") == "array":
        schema = {"anyOf": [schema, *([schema["items"]] if "items" in schema else [])]}
    return schema


def _plug(plug: Plug) -> Schema:
    """A mapping for each plug of the table, or a bare value."""
    mappings = []
    for name, one in plug.table.items():
        schema = _object(one)
        schema["properties"] = {plug.tag: {"const": name, "description": _first_line(one)}} | schema["properties"]
        if name != plug.default:
            schema["required"] = [plug.tag, *schema["required"]]
        mappings.append(schema)
    short = _of_type(hints(plug.table[plug.default])[plug.shorthand]) if plug.shorthand else {}
    return {"anyOf": [*mappings, {"enum": list(plug.table)}, short]}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _axes() -> Schema:
    """Axes of a sweep by path, each with its values."""
    listed = {"type": "array", "minItems": 1}
    return _mapping({"anyOf": [listed, _object(RangeKeys), _object(LogspaceKeys)]})


def _tcp_reference() -> Schema:
    return _reference("tcp")


_SPECIAL: Final[dict[tuple[type, str], Callable[[], Schema]]] = {
    (spec.ExperimentKeys, "topology"): lambda: {"anyOf": [{"type": "string"}, _reference("topology")]},
    (spec.ExperimentKeys, "set"): lambda: _ANYTHING,
    (spec.ExperimentKeys, "tcp"): _tcp_reference,
    (spec.ExperimentKeys, "traffic"): lambda: {"type": "array", "items": _reference("flow")},
    (spec.ExperimentKeys, "timeline"): lambda: {"type": "array", "items": _reference("change")},
    (spec.ExperimentKeys, "matrix"): lambda: _axes(),
    (spec.ExperimentKeys, "zip"): lambda: {"anyOf": [_axes(), {"type": "array", "items": _axes()}]},
    (spec.ExperimentKeys, "include"): lambda: _ENTRIES,
    (spec.ExperimentKeys, "exclude"): lambda: _ENTRIES,
    (spec.ExperimentKeys, "repeat"): lambda: {"anyOf": [_of_type(Count), _object(RepeatKeys)]},
    (spec.TopologyKeys, "hosts"): lambda: {
        "anyOf": [_NAMES, _mapping({"anyOf": [_reference("host"), {"type": "null"}]})]
    },
    (spec.TopologyKeys, "routers"): lambda: _NAMES,
    (spec.TopologyKeys, "links"): lambda: _mapping(_reference("link")),
    (spec.HostKeys, "tcp"): _tcp_reference,
    (spec.LinkKeys, "ends"): lambda: {**_NAMES, "minItems": 2, "maxItems": 2},
    (spec.LinkKeys, "reverse"): lambda: _reference("direction"),
    (spec.FlowKeys, "name"): lambda: _NAME,
    (spec.FlowKeys, "tcp"): _tcp_reference,
    (spec.FlowKeys, "client_tcp"): _tcp_reference,
    (spec.FlowKeys, "server_tcp"): _tcp_reference,
    (spec.ChangeKeys, "set"): lambda: _ANYTHING,
}

# -- documentation ----------------------------------------------------------------------------------------------------


@cache
def field_docs(one: type) -> dict[str, str]:
    """The docstring under each field of a spec and of what it inherits from, by key, on one line."""
    found: dict[str, str] = {}
    for base in reversed(one.__mro__):
        if dataclasses.is_dataclass(base):
            found |= _docs_in(base)
    keys = {field.name: key_of(field) for field in dataclasses.fields(one)}
    return {keys[name]: text for name, text in found.items() if name in keys}


def _docs_in(one: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def _first_line(one: type) -> str:
    return (one.__doc__ or "").strip().partition("\n")[0]
