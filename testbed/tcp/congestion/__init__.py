"""Congestion controls by name. To add one: its file, and a line here."""

from __future__ import annotations

from typing import Final

from testbed.tcp.congestion.base import Control, ControlSpec, initial_window
from testbed.tcp.congestion.reno import RenoSpec

CONTROLS: Final[dict[str, type[ControlSpec]]] = {
    "reno": RenoSpec,
}

__all__ = ["CONTROLS", "Control", "ControlSpec", "initial_window"]
