"""Temporary folders whose process was killed, so that nobody has removed them: whoever comes next does.

A folder is locked as long as its process lives, and locks die with their owner. For a while after that somebody else
may be at it, the heir of a controller say; so it must also have lain still.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

STILL: Final = 60.0
"""Seconds without a change after which nobody is at a folder without an owner."""


class Claim:
    """This process's to a `folder`, as long as it lives, or until it is closed."""

    def __init__(self, folder: Path, *, wait: bool = True) -> None:
        """Raises BlockingIOError if somebody else has one and we do not `wait`."""
        self._folder = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._folder)
            raise

    def close(self) -> None:
        """Give it up."""
        os.close(self._folder)


def sweep(folders: Iterable[Path], still: float = STILL) -> None:
    """Remove those of `folders` that were somebody's who is no more, and nobody has touched for `still` seconds."""
    for folder in folders:
        with suppress(OSError):  # it has just gone, or is another user's
            if is_abandoned(folder, still):
                shutil.rmtree(folder, ignore_errors=True)


def is_abandoned(folder: Path, still: float = STILL) -> bool:
    """Whether nobody has a claim to `folder`, and nothing in it has changed for `still` seconds."""
    return time.time() - _touched(folder) > still and not is_owned(folder)


def _touched(folder: Path) -> float:
    """When anything in it last changed (s since 1970)."""
    return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))


def is_owned(folder: Path) -> bool:
    """Whether a living process has a claim to `folder`."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
