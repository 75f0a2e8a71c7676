"""Pictures of runs by name. To add one: its file, and a line here."""

from __future__ import annotations

from typing import Final

from testbed.report.ladder import Ladder

PLOTS: Final[dict[str, type]] = {
    "ladder": Ladder,
}
