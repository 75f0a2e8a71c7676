"""Congestion controls by name. To add one: its file, and a line here."""

from __future__ import annotations

from typing import Final

from testbed.tcp.congestion.base import Control, ControlSpec, Sample, Start, initial_window
from testbed.tcp.congestion.bbr.draft import BbrSpec
from testbed.tcp.congestion.bbr.v1 import Bbr1Spec
from testbed.tcp.congestion.cubic import CubicSpec
from testbed.tcp.congestion.dctcp import DctcpSpec
from testbed.tcp.congestion.fixed import FixedSpec
from testbed.tcp.congestion.ledbat import LedbatSpec
from testbed.tcp.congestion.reno import RenoSpec
from testbed.tcp.congestion.vegas import VegasSpec
from testbed.tcp.congestion.westwood import WestwoodSpec

CONTROLS: Final[dict[str, type[ControlSpec]]] = {
    "reno": RenoSpec,
    "cubic": CubicSpec,
    "dctcp": DctcpSpec,
    "vegas": VegasSpec,
    "westwood": WestwoodSpec,
    "ledbat": LedbatSpec,
    "bbr": BbrSpec,
    "bbr1": Bbr1Spec,
    "fixed": FixedSpec,
}

__all__ = ["CONTROLS", "Control", "ControlSpec", "Sample", "Start", "initial_window"]
