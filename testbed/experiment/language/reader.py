"""Values of a document to fields of a spec, gathering every problem instead of stopping at the first.

A spec is a frozen dataclass whose annotations say how each field is read. What the fields mean is not known here,
nor that there are networks.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from testbed.errors import ConfigError, ConfigProblem, UnitError
from testbed.experiment.language.document import Document, Path, nearest, problem


@dataclasses.dataclass(frozen=True)
class Plug:
    """A field that chooses from a plug table: a mapping whose `tag` names the plug and whose other keys are the
    plug's own. `default` is meant where the tag is left out; a bare value is the default plug's `shorthand`."""

    table: dict[str, Any]
    tag: str
    default: str
    shorthand: str = ""


class Reader:
    """Reads fields out of one document. `problems` holds what was wrong, in the order in which it was met."""

    def __init__(self, document: Document, plugs: dict[type, Plug] | None = None) -> None:
        self.document = document
        self.plugs = plugs or {}
        self.problems: list[ConfigProblem] = []
        self._told: set[str] = set()

    def problem(self, path: Path, message: str, suggestion: str = "", *, key: bool = False) -> None:
        """Note a problem with the value, or the `key`, at `path`; once, however often it is met."""
        found = problem(self.document, path, message, suggestion, key=key)
        if str(found) not in self._told:
            self._told.add(str(found))
            self.problems.append(found)

    def finish(self) -> None:
        """Raise ConfigError if there was any problem, in file order."""
        if self.problems:
            raise ConfigError(sorted(self.problems, key=lambda found: (found.file, found.line, found.column)))

    # -- shapes ------------------------------------------------------------------------------------------------------

    def mapping(self, path: Path) -> dict[str, Any]:
        """The mapping at `path`; an empty one where there is none, or (a problem) something else."""
        value = self.document.at(path)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem(path, f"is a mapping of keys to values, not {shown(value)}")
            return {}
        return value

    def sequence(self, path: Path) -> list[Any]:
        """The list at `path`; an empty one where there is none, or (a problem) something else."""
        value = self.document.at(path)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(path, f"is a list, not {shown(value)}", "write [a, b], or one '- ' a line")
            return []
        return value

    # -- specs -------------------------------------------------------------------------------------------------------

    def fields(self, path: Path, *specs: type, ignore: tuple[str, ...] = ()) -> dict[str, Any]:
        """The fields of the `specs` that are given at `path` and right. Unknown keys are problems, but `ignore`d."""
        known = {name: hint for spec in specs for name, hint in hints(spec).items()}
        found = {}
        for key, value in self.mapping(path).items():
            if key in ignore:
                continue
            if key not in known:
                self.problem((*path, key), f"unknown key {key!r}", nearest(key, [*known, *ignore]), key=True)
                continue
            read = self._field(known[key], (*path, key), value)
            if read is not _WRONG:
                found[key] = read
        return found

    def build(self, path: Path, spec: type, ignore: tuple[str, ...] = ()) -> Any:
        """The `spec` written at `path`, or None if it could not be read."""
        before = len(self.problems)
        found = self.fields(path, spec, ignore=ignore)
        if self.missing(path, spec) or len(self.problems) > before:
            return None
        return self.make(path, spec, found)

    def missing(self, path: Path, *specs: type) -> bool:
        """Whether a required field of the `specs` is not given at `path`; each such is a problem."""
        given = self.mapping(path)
        absent = [name for spec in specs for name in required(spec) if name not in given]
        for name in absent:
            self.problem(path, f"needs {name!r}", "", key=True)
        return bool(absent)

    def make(self, path: Path, spec: type, found: dict[str, Any]) -> Any:
        """`spec(**found)`, or None where the spec refuses; its message begins with the field, if it is one's fault."""
        names = {key_of(field): field.name for field in dataclasses.fields(spec)}
        try:
            return spec(**{names[key]: value for key, value in found.items()})
        except (UnitError, ValueError) as error:
            first, _, rest = str(error).partition(" ")
            at_field = (*path, first) if first in found else path
            self.problem(at_field, rest if first in found else str(error))
            return None

    def plug(self, path: Path, plug: Plug) -> Any:
        """The spec of the plug that is written at `path`, or None if it could not be read."""
        value = self.document.at(path)
        if not isinstance(value, dict):
            return self._shorthand(path, plug, value)
        name = value.get(plug.tag, plug.default)
        if name not in plug.table:
            self.unknown((*path, plug.tag), plug.tag, name, plug.table)
            return None
        return self.build(path, plug.table[name], ignore=(plug.tag,))

    def unknown(self, path: Path, what: str, name: object, known: Any) -> None:
        """Note that there is no `what` called `name` among the `known`."""
        self.problem(path, f"unknown {what} {name!r}", nearest(str(name), known))

    def _shorthand(self, path: Path, plug: Plug, value: object) -> Any:
        """A bare value: a plug's name, or the default plug's one value."""
        spec = plug.table.get(plug.default)
        if isinstance(value, str) and value in plug.table:
            spec = plug.table[value]
            absent = required(spec)
            if absent:
                self.problem(path, f"{value!r} needs {', '.join(absent)}", f"{{{plug.tag}: {value}, {absent[0]}: …}}")
                return None
            return spec()
        if isinstance(value, str) and not plug.shorthand:
            self.unknown(path, plug.tag, value, plug.table)
            return None
        if spec is None or not plug.shorthand:
            self.problem(path, f"is one of {', '.join(plug.table)}, or a mapping with {plug.tag!r}, not {shown(value)}")
            return None
        read = self.value(hints(spec)[plug.shorthand], path, value)
        return None if read is _WRONG else self.make(path, spec, {plug.shorthand: read})

    # -- values ------------------------------------------------------------------------------------------------------

    def _field(self, hint: Any, path: Path, value: object) -> Any:
        spec = arms(hint)[0]
        if spec not in self.plugs and not dataclasses.is_dataclass(spec):
            return self.value(hint, path, value)
        if value is None and _optional(hint):
            return None
        if hasattr(spec, "shorthand") and not isinstance(value, dict):
            read = self.value(hints(spec)[spec.shorthand], path, value)
            return spec(**{spec.shorthand: read}) if read is not _WRONG else _WRONG
        before = len(self.problems)
        read = self.plug(path, self.plugs[spec]) if spec in self.plugs else self.build(path, spec)
        return _WRONG if len(self.problems) > before else read

    def _items(self, hint: Any, path: Path, value: object) -> Any:
        """Each item of a list, or a bare value as the only one."""
        items = value if isinstance(value, list) else [value]
        at = [(*path, index) for index in range(len(items))] if isinstance(value, list) else [path]
        read = [self.value(hint, where, item) for where, item in zip(at, items, strict=True)]
        return _WRONG if _WRONG in read else tuple(read)

    def value(self, hint: Any, path: Path, value: object) -> Any:
        """`value` as the annotation `hint` reads it; `_WRONG` where it cannot, with its problems noted."""
        if value is None and _optional(hint):
            return None
        if typing.get_origin(hint) is tuple:
            return self._items(typing.get_args(hint)[0], path, value)
        try:
            return _adapter(hint).validate_python(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.problem((*path, *_inside(self.document.at(path), detail["loc"])), _worded(detail))
            return _WRONG


class _Wrong:
    """What a field that could not be read is, so that None may be a value."""


_WRONG: Final = _Wrong()


def given(value: object) -> bool:
    """Whether `Reader.value` could read."""
    return value is not _WRONG


def shown(value: object) -> str:
    """A value as the user wrote it, short."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


@cache
def hints(spec: type) -> dict[str, Any]:
    """The annotations of a spec's fields, by their keys: `from_` is written `from`."""
    resolved = typing.get_type_hints(spec, include_extras=True)
    return {key_of(field): resolved[field.name] for field in dataclasses.fields(spec)}


def key_of(field: dataclasses.Field[Any]) -> str:
    """How a field is called in a file."""
    return field.name.rstrip("_")


@cache
def required(spec: type) -> tuple[str, ...]:
    """The fields of a spec that have no default."""
    return tuple(
        key_of(field)
        for field in dataclasses.fields(spec)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )


def _optional(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType) and type(None) in typing.get_args(hint)


def arms(hint: Any) -> tuple[Any, ...]:
    """What a value may be, besides None."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return (hint,)
    return tuple(arm for arm in typing.get_args(hint) if arm is not type(None))


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    """What reads a field. None is dealt with before, lest a union report each of its arms."""
    united: Any = typing.Union[arms(hint)]  # noqa: UP007 (known only here)
    return TypeAdapter(united, config=ConfigDict(strict=True))


def _inside(value: object, location: tuple[int | str, ...]) -> Path:
    """The part of pydantic's `location` that exists in the document: it also names the arms of unions."""
    path: list[int | str] = []
    for part in location:
        there = part in value if isinstance(value, dict) else isinstance(value, list) and part in range(len(value))
        if there:
            value = typing.cast(Any, value)[part]
            path.append(part)
    return tuple(path)


_WORDS: Final = {
    "bool_type": "is true or false",
    "string_type": "is a text",
    "int_type": "is a whole number",
    "float_type": "is a number",
    "list_type": "is a list",
    "tuple_type": "is a list",
    "dict_type": "is a mapping",
}


def _worded(detail: Any) -> str:
    """A validator's complaint in the words of this project."""
    if detail["type"] in ("value_error", "assertion_error"):
        return str(detail["ctx"]["error"]) if "ctx" in detail else str(detail["msg"])
    if detail["type"] in _WORDS:
        return f"{_WORDS[detail['type']]}, not {shown(detail['input'])}"
    if detail["type"] == "literal_error":
        return f"is {detail['ctx']['expected']}, not {shown(detail['input'])}"
    limits = detail.get("ctx", {})
    for limit, words in (("ge", "at least"), ("le", "at most"), ("lt", "less than"), ("gt", "more than")):
        if limit in limits:
            return f"must be {words} {limits[limit]}, not {shown(detail['input'])}"
    message = str(detail["msg"])
    return f"{message[0].lower()}{message[1:]}, not {shown(detail['input'])}"
