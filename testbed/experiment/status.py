"""How a run can end: its `status`, in one word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

COMPLETE: Final = "complete"
STALLED: Final = "stalled"
INVALID: Final = "invalid"
INCOMPLETE: Final = "incomplete"
INTERRUPTED: Final = "interrupted"
FAILED: Final = "failed"

STATUSES: Final = {
    COMPLETE: "All applications did what they were to do, or the experiment's `duration` was over.",
    STALLED: "Nothing could happen any more, and an application waited still: `stalled` says for what.",
    INVALID: "It went to its end, but too late for its figures to mean anything: `late` says why. Real time only.",
    INCOMPLETE: "Something broke it off, such as the death of a process: `error` says what. What there was is kept.",
    INTERRUPTED: "Its user broke it off. In real time, what there was is kept.",
    FAILED: "It broke, as `error` says, and nothing came of it.",
}
"""What each means."""

BROKEN_OFF: Final = frozenset({INCOMPLETE, INTERRUPTED})
"""Its numbers go as far as it did."""


def went_well(document: Mapping[str, Any]) -> bool:
    """Whether a run was completed, and everything came that was expected of it."""
    return document["status"] == COMPLETE and all(row["ok"] for row in document["expect"])
