"""What an axis and its values are called: in the names of folders, in tables, in expectations, on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def label(value: Any) -> str:
    """A value of an axis, short: as it is written in YAML."""
    if isinstance(value, str):
        return value
    return _ENCODER.encode(value)


def axes_called(word: str, axes: Iterable[str]) -> list[str]:
    """The axes that go by `word`: the one of that path, or else all whose paths end in it."""
    known = list(axes)
    return [axis for axis in known if axis == word] or [axis for axis in known if axis.endswith(f".{word}")]
