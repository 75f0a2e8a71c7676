"""Text to values, each with its place: strict YAML 1.2 scalars on PyYAML's parser.

PyYAML speaks YAML 1.1, where `no` is false, `10:30` is 630 and a repeated key silently wins. Here only its events
are used: plain scalars follow the core schema of YAML 1.2 (section 10.3), a repeated key is a problem that names
both lines, and every key and value remembers where it was written. What a value means is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from testbed.errors import ConfigError, ConfigProblem
from testbed.experiment.language import document as tree
from testbed.experiment.language.document import Document, Place

FastLoader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH: Final = 60
MAX_NODES: Final = 200_000
"""Aliases may repeat a part; a small file must not grow without bound by repeating repetitions."""


def _integer(text: str, base: int = 10) -> int:
    """The number in `text`. Raises ValueError for one that is beyond all reckoning: no float could hold it."""
    number = int(text, base)
    if number.bit_length() > 1023:
        raise ValueError("too many digits")
    return number


_CORE: Final[tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...]] = (
    (re.compile(r"~|null|Null|NULL|"), lambda text: None),
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"[-+]?[0-9]+"), _integer),
    (re.compile(r"0o[0-7]+"), lambda text: _integer(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: _integer(text, 16)),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(?:nan|NaN|NAN)"), lambda text: float("nan")),
)

_REMEDIES: Final = {
    "cannot start any token": "indent with spaces, not tabs, and put quotes around a text that begins with a sign",
    "mapping values are not allowed": "look at the indentation; a text that holds ': ' needs quotes",
    "could not find expected ':'": "a key is followed by a colon and a space",
    "expected <block end>": "look at the indentation: keys of one block begin in one column",
    "expected ',' or": "a bracket may not have been closed",
    "while scanning a quoted scalar": "a quotation mark has not been closed",
}


def load(file: Path | str, *, loader: Any = FastLoader) -> Document:
    """The document in `file`. Raises ConfigError where it cannot be read; problems of its form are in the document."""
    path = Path(file)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([_unreadable(path, error)]) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([_not_utf8(path, data, error)]) from error
    document = loads(text, str(file), loader=loader)
    document.source = data
    return document


def loads(text: str, file: str, *, loader: Any = FastLoader) -> Document:
    """The document in `text`, which is said to come from `file`."""
    try:
        root = _Composer(yaml.parse(text, Loader=loader)).compose()
    except yaml.YAMLError as error:
        raise ConfigError([_syntax(file, text, error)]) from error
    builder = _Builder(file)
    if root is not None:
        builder.document.values[()] = Place(file, root.line, root.column)
    value = builder.value(root, ()) if root is not None else None
    builder.document.value = value
    return builder.document


def read_value(text: str) -> Any:
    """The value that `text` has in YAML, as after `--set PATH=`; raises ValueError where it has none."""
    try:
        document = loads(text, "")
    except ConfigError as error:
        raise ValueError(error.problems[0].message) from error
    if document.problems:
        raise ValueError(document.problems[0].message)
    return document.value


# -- what the file system and the parser complain of ------------------------------------------------------------------


def _unreadable(path: Path, error: OSError) -> ConfigProblem:
    if isinstance(error, FileNotFoundError):
        near = sorted(str(found) for found in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        remedy = f"in that folder: {', '.join(near[:6])}" if near else "look at the path"
        return ConfigProblem("no such file", file=str(path), suggestion=remedy)
    if isinstance(error, IsADirectoryError):
        return ConfigProblem("is a directory", file=str(path), suggestion="name a YAML file in it")
    return ConfigProblem(f"cannot be read: {error.strerror}", file=str(path), suggestion="look at its permissions")


def _not_utf8(path: Path, data: bytes, error: UnicodeDecodeError) -> ConfigProblem:
    before = data[: error.start]
    line_start = before.rfind(b"\n") + 1
    return ConfigProblem(
        f"byte 0x{data[error.start]:02x} is not UTF-8 text",
        file=str(path),
        line=before.count(b"\n") + 1,
        column=len(before[line_start:].decode("utf-8", "replace")) + 1,
        suggestion="save the file as UTF-8",
    )


def _syntax(file: str, text: str, error: yaml.YAMLError) -> ConfigProblem:
    """A syntax error of the parser's, with what usually helps."""
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        message = f"character U+{ord(text[error.position]):04X} is not allowed in YAML"
        return ConfigProblem(message, file=file, line=line, column=column, suggestion="remove it, or escape it")
    context, problem = getattr(error, "context", None) or "", getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = f"{problem} {context}".strip()
    remedy = next((remedy for sign, remedy in _REMEDIES.items() if sign in f"{context} {problem}"), "")
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return ConfigProblem(f"not YAML: {message}", file=file, line=line, column=column, suggestion=remedy)


# -- events to nodes --------------------------------------------------------------------------------------------------


class _Node:
    """A part of the file: `content` is a text, a list of nodes, or a list of pairs of nodes."""

    __slots__ = ("column", "content", "kind", "line", "plain", "tag")

    def __init__(self, kind: str, content: Any, event: Any) -> None:
        self.kind = kind
        self.content = content
        self.line: int = event.start_mark.line + 1
        self.column: int = event.start_mark.column + 1
        self.tag: str = event.tag or ""
        self.plain: bool = kind == "scalar" and bool(event.implicit[0])


class _Composer:
    """Gathers events into nodes. Not PyYAML's: its C twin overruns the stack on deep nesting."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, _Node] = {}

    def compose(self) -> _Node | None:
        """The first document's root, or None for an empty file; a second document is an error."""
        root = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise _error("a file holds one document; here begins a second", event)
                root = self._node(next(self._events), 0)
        return root

    def _node(self, event: Any, depth: int) -> _Node:
        if depth > MAX_DEPTH:
            raise _error(f"nested more than {MAX_DEPTH} deep", event)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _error(f"alias *{event.anchor} stands before the end of its anchor, or has none", event)
            return self._anchors[event.anchor]
        node = self._fresh(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _fresh(self, event: Any, depth: int) -> _Node:
        if isinstance(event, yaml.ScalarEvent):
            return _Node("scalar", event.value, event)
        parts = []
        end = yaml.SequenceEndEvent if isinstance(event, yaml.SequenceStartEvent) else yaml.MappingEndEvent
        while not isinstance(part := next(self._events), end):
            parts.append(self._node(part, depth + 1))
        if isinstance(event, yaml.SequenceStartEvent):
            return _Node("sequence", parts, event)
        return _Node("mapping", list(zip(parts[::2], parts[1::2], strict=True)), event)


def _error(problem: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


# -- nodes to values --------------------------------------------------------------------------------------------------


class _Builder:
    """Makes values of nodes, noting where each stands and what is wrong with its form."""

    def __init__(self, file: str) -> None:
        self.document = Document(None, {}, {})
        self._file = file
        self._nodes = 0

    def value(self, node: _Node, path: tree.Path) -> Any:
        """The value of `node`; its places, and those below it, are noted under `path`."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            if self._nodes == MAX_NODES + 1:
                self._problem(node, path, f"more than {MAX_NODES} values", "aliases repeat too much")
            return None
        self.document.values.setdefault(path, Place(self._file, node.line, node.column))
        if node.kind == "mapping":
            return self._mapping(node, path)
        if node.kind == "sequence":
            self._check_tag(node, path, ("", "!", "tag:yaml.org,2002:seq"))
            return [self.value(item, (*path, index)) for index, item in enumerate(node.content)]
        return self._scalar(node, path)

    def _mapping(self, node: _Node, path: tree.Path) -> dict[str, Any]:
        self._check_tag(node, path, ("", "!", "tag:yaml.org,2002:map"))
        made: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.content:
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in lines:
                message = f"repeated key {key!r}: first on line {lines[key]}, again on line {key_node.line}"
                self._problem(key_node, (*path, key), message, "remove one of them")
                continue
            lines[key] = key_node.line
            self.document.keys[(*path, key)] = Place(self._file, key_node.line, key_node.column)
            made[key] = self.value(value_node, (*path, key))
        return made

    def _key(self, node: _Node, path: tree.Path) -> str | None:
        if node.kind != "scalar":
            self._problem(node, path, f"a key is a word, not a {node.kind}", "put quotes around a text with brackets")
            return None
        key = self._scalar(node, path)
        if not isinstance(key, str):
            self._problem(node, path, f"a key is a word, not {node.content!r}", f'write "{node.content}" in quotes')
            return None
        return key

    def _scalar(self, node: _Node, path: tree.Path) -> Any:
        if node.tag in ("!", "tag:yaml.org,2002:str") or (not node.tag and not node.plain):
            return node.content
        self._check_tag(node, path, ("",))
        for pattern, read in _CORE:
            if pattern.fullmatch(node.content):
                try:
                    return read(node.content)
                except ValueError:  # an integer of hundreds of digits
                    self._problem(node, path, "a number with too many digits", "write a smaller number")
                    return None
        return node.content

    def _check_tag(self, node: _Node, path: tree.Path, known: tuple[str, ...]) -> None:
        if node.tag not in known:
            self._problem(node, path, f"tag {node.tag!r} is not used here", "remove it")

    def _problem(self, node: _Node, path: tree.Path, message: str, suggestion: str) -> None:
        place = Place(self._file, node.line, node.column)
        self.document.problems.append(tree.problem_at(place, tree.dotted(path), message, suggestion))
