"""The terminal, made once, at the edge: 80 columns and no colours where there is none."""

from __future__ import annotations

import codecs
import io
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN: Final = dict(zip("·→←↳▶◀─│┊✗✓↻∞–…µ×²", "-><>><-|:x+~~-.ux2", strict=True))
"""What stands for our signs where they cannot be shown: as wide, so that columns stay straight."""


def be_there() -> None:
    """Let whatever was closed (`>&-`) lead nowhere: or the next file that is opened gets its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, "w" if number else "r", encoding="utf-8"))


def be_plain() -> None:
    """Let an output that is not UTF-8 (`LC_ALL=C`, an old terminal) get plain signs, and not break."""
    codecs.register_error("testbed.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="testbed.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


@cache
def stdout() -> Console:
    """For results."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


@cache
def stderr() -> Console:
    """For progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)
