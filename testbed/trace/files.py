"""Files that are whole or not there: written under a temporary name, renamed at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_UNFINISHED: Final = ".unfinished"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name to write to; `path` appears when the block ends well, nothing when it does not."""
    temporary = unfinished(path)
    try:
        yield temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)


def finished(path: Path) -> Path:
    """What the file will be called that is called `path` until it is whole."""
    return path.with_name(path.name.removeprefix(".").removesuffix(_UNFINISHED))


def unfinished(path: Path) -> Path:
    """What a file is called until it is whole: hidden, and in the same folder, so that renaming is one step."""
    return path.with_name(f".{path.name}{_UNFINISHED}")


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """A JSON file, whole or not at all."""
    with whole(path) as unfinished:
        unfinished.write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
