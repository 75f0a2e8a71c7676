"""Rows and counters to numbers, and what the numbers mean."""

from testbed.metrics.table import METRICS

__all__ = ["METRICS"]
