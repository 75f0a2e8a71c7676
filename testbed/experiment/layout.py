"""What the parts of an experiment's folder, and of a run's, are called."""

from __future__ import annotations

from typing import Final

RESOLVED: Final = "resolved.json"
"""Of an experiment: all runs that were planned."""

EXPERIMENT: Final = "experiment.json"
"""Of an experiment: how it ended as a whole. Written last."""

RUNS: Final = "runs"
"""Of an experiment: the folder of its runs."""

MANIFEST: Final = "manifest.json"
"""Of a run: what it was, and how it ended. Where it stands, the run is whole."""

SUMMARY: Final = "summary.json"
"""Of a run: its numbers."""
