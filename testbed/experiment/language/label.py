"""What a value of an axis is called: in the names of folders, in tables, in expectations."""

from __future__ import annotations

import json
from typing import Any, Final

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def label(value: Any) -> str:
    """A value of an axis, short: as it is written in YAML."""
    if isinstance(value, str):
        return value
    return _ENCODER.encode(value)
