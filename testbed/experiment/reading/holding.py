"""What a setting holds, by its path: whether a value with commas in it is one value, or several of an axis."""

from __future__ import annotations

import typing
from typing import Any, Final

from testbed.experiment import spec
from testbed.experiment.language.document import Document, Path
from testbed.experiment.language.overrides import LIST, TEXT
from testbed.experiment.language.reader import arms, hints
from testbed.experiment.reading.topology import PLUGS
from testbed.link.spec import DirectionSpec
from testbed.tcp.config import TcpConfig
from testbed.traffic import APPS

_TCP: Final = ("tcp", "client_tcp", "server_tcp")
_NAMES: Final = ("from", "to", "app", "address")
"""Texts in which there is no comma."""


def holds(document: Document, path: Path) -> str:
    """LIST or TEXT, or "" for what is neither, such as a quantity, and for what is not there."""
    if path[0] == "agents" and len(path) == 2:
        return LIST
    inner = arms(_hint(document, path))[0]
    if typing.get_origin(inner) is tuple:
        return LIST
    return TEXT if inner is str and path[-1] not in _NAMES else ""


def _hint(document: Document, path: Path) -> Any:
    """The annotation of the field at `path`; None where there is none."""
    classes: tuple[Any, ...] = (spec.ExperimentKeys,)
    if path[0] in ("hosts", "links", "traffic") and len(path) > 2:
        app = (document.at(path[:2]) or {}).get("app") if isinstance(document.at(path[:2]), dict) else None
        entries = {
            "hosts": (spec.HostKeys,), "links": (spec.LinkKeys, DirectionSpec),
            "traffic": (spec.FlowKeys, *([APPS[app]] if app in APPS else [])),
        }  # fmt: skip
        classes, start = entries[str(path[0])], 2
    else:
        start = 0
    hint: Any = None
    for depth in range(start, len(path)):
        key = str(path[depth])
        hint = next((hints(one)[key] for one in classes if key in hints(one)), None)
        classes = _below(key, hint, document.at(path[: depth + 1]))
    return hint


def _below(key: str, hint: Any, value: Any) -> tuple[Any, ...]:
    """The specs whose fields stand below a key."""
    if key in _TCP:
        return (TcpConfig,)
    if key == "reverse":
        return (DirectionSpec,)
    inner = arms(hint)[0]
    if inner in PLUGS:
        plug = PLUGS[inner]
        name = value.get(plug.tag, plug.default) if isinstance(value, dict) else plug.default
        return (plug.table[name],) if name in plug.table else ()
    return (inner,) if hasattr(inner, "__dataclass_fields__") else ()
