"""What a reader of a sweep's page can choose: metrics, and whose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from testbed.comparison.measure import Measure, measure

if TYPE_CHECKING:
    from testbed.report.page.sweep.table import Sweep

ALL: Final = "all flows"
"""The flows of a run together: their sum, or their mean, as the metric wants it."""

SINGLE: Final = 4
"""Flows that can be looked at by themselves."""

OF_FLOWS: Final = (
    "goodput", "completion_time", "rtt_mean", "rtt_p99", "retransmission_share", "retransmitted_segments", "timeouts",
    "bytes_delivered",
)  # fmt: skip
"""The metrics of flows that a reader can choose, where there are any values of them, in this order."""

OF_A_LINK: Final = ("utilisation", "queue_delay_mean", "drop_share")
"""The same of the link that dropped and queued the most."""


@dataclass(frozen=True)
class Choice:
    """One metric, of one flow, all flows, a link or the run: what pictures and tables are made of."""

    metric: str
    flow: str
    """A flow's name, ALL, or empty for what is no flow's."""
    measure: Measure

    @property
    def title(self) -> str:
        """`goodput of a`."""
        return self.measure.title.replace(self.measure.name, self.measure.name.replace("_", " "), 1)

    @property
    def marks(self) -> dict[str, str | None]:
        """Attributes by which the page's choosers find what is made of it."""
        return {"data_metric": self.metric, "data_flowof": self.flow or None}

    def show(self, value: float | None) -> str:
        """A value with its unit."""
        return self.measure.show(value)


class Offer:
    """The choices that a sweep has numbers for."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    @cached_property
    def flows(self) -> list[str]:
        """The only flow, or all together and some by themselves."""
        known = self._sweep.flows
        return known if len(known) < 2 else [ALL, *known[:SINGLE]]

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics of which there is any value but nought."""
        offered = [*OF_FLOWS, *(["jain"] if len(self.flows) > 1 else []), *self._of_links()]
        first = {metric: choices[0] for metric in offered if (choices := self._choices_of(metric))}
        return [metric for metric, choice in first.items() if any(self._sweep.values(self._sweep.runs, choice))]

    def _of_links(self) -> list[str]:
        worst: dict[str, float] = {}
        for run in self._sweep.runs:
            for name, link in (run.get("links") or {}).items():
                worst[name] = max(worst.get(name, 0.0), link["drops"] + 1e3 * (link["utilisation"] or 0.0))
        most = max(worst, key=lambda name: worst[name], default=None)
        return [] if most is None else [f"links.{most}.{metric}" for metric in OF_A_LINK]

    def _choices_of(self, metric: str) -> list[Choice]:
        if metric in OF_FLOWS:
            return [self.choice(metric, flow) for flow in self.flows]
        return [self.choice(metric, "")]

    @cached_property
    def choices(self) -> list[Choice]:
        """Everything that can be chosen; the first is what is shown at first."""
        return [choice for metric in self.metrics for choice in self._choices_of(metric)]

    def choice(self, metric: str, flow: str) -> Choice:
        """One of these."""
        return Choice(metric, flow, measure(metric, self._sweep.runs, flow if flow not in ("", ALL) else None))
