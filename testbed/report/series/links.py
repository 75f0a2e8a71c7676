"""What each direction of a link did over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from testbed.report.series.rows import columns, seconds, unit_of
from testbed.report.series.series import Series

if TYPE_CHECKING:
    import polars as pl

EVENTS: Final = {"drops": ("drop", "where", "drops"), "marks": ("mark", "link", "marks")}
"""Series -> the kind of rows, its column of the place, the label."""


def link_series(run: Path) -> dict[str, dict[str, Series]]:
    """The series of each link direction on which anything waited, was dropped or marked, by its name: `queue` (in
    packets), `queue_bytes`, `queue_delay` (of each packet that waited), `drops` and `marks` (how many so far; the
    notes say why).

    Machines that drop packets are here too, by their names. A kind that was not recorded has no series.
    """
    found: dict[str, dict[str, Series]] = {}
    rows = columns(run, "queue", ["t", "link", "packets", "bytes", "waited"])
    for name, part in _by_place(rows, "link"):
        t, (packets, size, waited) = seconds(part), (part[one].to_numpy() for one in ("packets", "bytes", "waited"))
        found[name] = {
            "queue": Series("queue", "queue", "packets", t, packets.astype(np.float64), step=True),
            "queue_bytes": Series("queue_bytes", "queue", unit_of("queue", "bytes"), t, size * 1.0, step=True),
            "queue_delay": Series("queue_delay", "waited", unit_of("queue", "waited"), t, waited / 1e9, step=False),
        }
    for series, (kind, place, label) in EVENTS.items():
        for name, part in _by_place(columns(run, kind, ["t", place, "reason"]), place):
            so_far = np.arange(1, part.height + 1, dtype=np.float64)
            notes = part["reason"].to_list()
            found.setdefault(name, {})[series] = Series(
                series, label, "packets", seconds(part), so_far, step=True, notes=notes
            )
    return found


def _by_place(rows: pl.DataFrame | None, column: str) -> list[tuple[str, pl.DataFrame]]:
    if rows is None:
        return []
    parts = rows.partition_by(column, as_dict=True, maintain_order=True)
    return [(str(name), part) for (name,), part in parts.items()]
