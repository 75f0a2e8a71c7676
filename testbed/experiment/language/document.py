"""A tree of values that remembers where each was written, and the dotted paths that change it.

`set` in a file, `--set` on the command line, the axes of a sweep and the `set` of a timeline all name a value by
one kind of path, `links.bottleneck.loss.p`, and all come here.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from testbed.errors import ConfigProblem

Path = tuple[str | int, ...]
"""The way to a value: keys of mappings and indices of sequences."""

NAMED: Final = {"hosts": "host", "links": "link", "traffic": "flow"}
"""Keys whose entries are named by the user, and what one entry is called."""


class Place(NamedTuple):
    """Where something is written. Lines and columns count from 1; line 0: on the command line, or in Python."""

    file: str
    line: int
    column: int


NOWHERE: Final = Place("", 0, 0)


class Document:
    """A value tree, and the places of its keys and values by path. `problems` are those of its form: repeated keys.

    `source` is the file as it was read, for a document that is one.
    """

    __slots__ = ("keys", "problems", "source", "value", "values")

    def __init__(self, value: Any, keys: dict[Path, Place], values: dict[Path, Place]) -> None:
        self.value = value
        self.keys = keys
        self.values = values
        self.problems: list[ConfigProblem] = []
        self.source = b""

    @classmethod
    def constant(cls, value: Any, place: Place) -> Document:
        """A value all of which comes from one place."""
        return cls(value, {}, {(): place})

    def copy(self) -> Document:
        """One to change without changing this."""
        return Document(copy.deepcopy(self.value), dict(self.keys), dict(self.values))

    def at(self, path: Path) -> Any:
        """The value at `path`, or None where there is none."""
        value = self.value
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where `path` is written, or the nearest thing around it that is."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, NOWHERE)

    def part(self, path: Path) -> Document:
        """What stands at `path`, as a document of its own."""
        depth = len(path)
        keys = {there[depth:]: place for there, place in self.keys.items() if there[:depth] == path}
        values = {there[depth:]: place for there, place in self.values.items() if there[:depth] == path}
        values.setdefault((), self.place(path))
        return Document(copy.deepcopy(self.at(path)), keys, values)

    def put(self, path: Path, part: Document) -> None:
        """Let `part` stand at `path`, whose parent is a mapping, in place of what is there."""
        self.remove(path)
        self.at(path[:-1])[path[-1]] = part.value
        self.keys |= {(*path, *there): place for there, place in part.keys.items()}
        self.values |= {(*path, *there): place for there, place in part.values.items()}

    def remove(self, path: Path) -> None:
        """Take away what stands at `path`, and its places."""
        depth = len(path)
        parent = self.at(path[:-1])
        if isinstance(parent, dict):
            parent.pop(path[-1], None)
        for places in (self.keys, self.values):
            for there in [there for there in places if there[:depth] == path]:
                del places[there]

    def name_items(self, key: str, names: dict[int, str], values: dict[str, Any]) -> None:
        """Let the list at the top's `key` become the mapping `values`. Its entries stand where items stood: item
        number i has become `names[i]`, or nothing."""
        self.value[key] = values
        self.keys = {_renamed(path, key, names): place for path, place in self.keys.items()}
        self.values = {_renamed(path, key, names): place for path, place in self.values.items()}


def _renamed(path: Path, key: str, names: dict[int, str]) -> Path:
    if len(path) > 1 and path[0] == key and isinstance(path[1], int) and path[1] in names:
        return (key, names[path[1]], *path[2:])
    return path


def problem(document: Document, path: Path, message: str, suggestion: str = "", *, key: bool = False) -> ConfigProblem:
    """A problem with the value (or the `key`) at `path`."""
    return problem_at(document.place(path, key=key), dotted(path), message, suggestion)


def problem_at(place: Place, path: str, message: str, suggestion: str = "") -> ConfigProblem:
    """A problem with the dotted `path`, which is written at `place`."""
    return ConfigProblem(
        message, file=place.file, line=place.line, column=place.column, path=path, suggestion=suggestion
    )


def assign(document: Document, name: str, part: Document, named_at: Place) -> list[ConfigProblem]:
    """Let `part` stand at the dotted path `name`, which is written at `named_at`; what is wrong with the path.

    Whether there may be such a key, and such a value, is for the reader of the whole document to say.
    """
    path: Path = tuple(name.split("."))
    wrong = _wrong_path(document, path)
    if wrong:
        return [problem_at(named_at, name, *wrong)]
    for depth in range(1, len(path)):
        if document.at(path[:depth]) is None:
            document.put(path[:depth], Document.constant({}, named_at))
    document.put(path, part)
    document.keys[path] = named_at
    return []


def _wrong_path(document: Document, path: Path) -> tuple[str, str] | None:
    """Why nothing can be put at `path`, and what to write instead."""
    top = str(path[0])
    if not all(path):
        return "a path is words with dots between", "such as links.bottleneck.rate"
    if top in ("topology", "routers", "set", "timeline", "matrix", "zip", "include", "exclude") or (
        top in NAMED and len(path) < 3
    ):
        return f"{dotted(path)!r} cannot be set", "but what stands below hosts.NAME, links.NAME or traffic.NAME can"
    if top in NAMED and path[1] not in (document.at((top,)) or {}):
        return f"there is no {NAMED[top]} {path[1]!r}", nearest(str(path[1]), document.at((top,)) or {})
    for depth in range(1, len(path)):
        value = document.at(path[:depth])
        if value is not None and not isinstance(value, dict):
            above = dotted(path[:depth])
            return f"{above} is {value!r}, which has no parts", f"write {above} as a mapping"
    return None


def dotted(path: Path) -> str:
    """`("links", "l1", "rate")` as `links.l1.rate`."""
    return ".".join(str(part) for part in path)


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy for an unknown word: the known one most like it, or what is known."""
    names = list(known)
    alike = 0.5 if len(word) < 4 else 0.54  # `l2` is like `l1`, but `bogus` is not like `routers`
    close = difflib.get_close_matches(word, names, n=1, cutoff=alike)
    if not close:
        close = difflib.get_close_matches(word.lower().replace("_", "-"), names, n=1, cutoff=alike)
    if close:
        return f"did you mean {close[0]!r}?"
    if not names:
        return "there is none"
    shown = ", ".join(names[:12])
    return f"one of: {shown}" if len(names) <= 12 else f"one of: {shown}, …"
