"""A comparison, to reckon with and to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from testbed.api import html
from testbed.api.tables import as_kind
from testbed.comparison.result import Comparison
from testbed.report.comparison import ComparisonTable


@dataclass(frozen=True, kw_only=True, repr=False)
class Compared(Comparison):
    """Settings compared by one metric: `verdicts` in words, `settings` and `differences` in numbers; and the runs."""

    runs: tuple[Mapping[str, Any], ...]

    def frame(self, kind: str = "polars") -> Any:
        """A row for each setting, with its difference from the baseline: a table of polars, or of "pandas"."""
        return as_kind(super().frame(), kind)

    def plot(self, name: str = "box", **options: Any) -> Any:
        """The settings side by side: one of `testbed list plots`, as a matplotlib Figure."""
        from testbed.report.plots import draw

        flows = self.measure.flows
        flow = {"flow": flows[0]} if len(flows) == 1 else {}
        return draw(name, self.runs, **{"by": self.by, "metric": self.measure.name, **flow, **options})

    def _repr_html_(self) -> str:
        table = ComparisonTable(self)
        said = [html.remark(f"→ {verdict}") for verdict in self.verdicts]
        notes = [html.remark(f"· {note}") for note in self.notes]
        remark = f"by {', '.join(self.by)}"
        return html.page(self.measure.title, remark, *said, html.table(table.head(), table.cells()), *notes)


def compared(comparison: Comparison, runs: Sequence[Mapping[str, Any]]) -> Compared:
    """The same, with its runs."""
    known = {field.name: getattr(comparison, field.name) for field in fields(comparison)}
    return Compared(**known, runs=tuple(runs))
