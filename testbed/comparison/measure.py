"""One number of a run: where it stands in the run's document, its unit, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from statistics import fmean
from typing import Any, Final, Literal

from testbed import units
from testbed.errors import ConfigError
from testbed.experiment.language.document import nearest
from testbed.metrics.table import BETTER, COUNTERS, FLAG, FLOW, GROUP, LINK, LOWER, METRICS, NEITHER, RUN, TEXT

Run = Mapping[str, Any]

SUMMED: Final = frozenset(
    {
        "goodput", "bytes_delivered", "connections", "segments_sent", "data_segments_sent", "bytes_sent",
        "retransmitted_segments", "timeouts", "fast_retransmits",
    }
)  # fmt: skip
"""What several flows have together; of the others they have a mean."""

_SHARES: Final = frozenset({"retransmission_share", "drop_share", "utilisation"})


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A metric of some flows, of a link direction or of the whole run."""

    name: str
    """The metric's own, such as `goodput`."""
    scope: str
    unit: str
    flows: tuple[str, ...] = ()
    link: str = ""
    reverse: bool = False
    end: Literal["", "client", "server"] = ""
    """Whose counter it is, of the flow."""
    reason: str = ""
    """Of `drops_by_reason`."""

    @property
    def better(self) -> int:
        """HIGHER, LOWER or NEITHER, of `testbed.metrics`."""
        return LOWER if self.reason else BETTER.get(self.name, NEITHER)

    @property
    def title(self) -> str:
        """What it is of: `goodput of a`, `goodput (sum of a, b)`, `drops of links.bottleneck`."""
        if self.scope == LINK:
            place = f"links.{self.link}{'.reverse' if self.reverse else ''}"
            return f"{self.name}{f' ({self.reason})' if self.reason else ''} of {place}"
        if self.scope == RUN:
            return self.name
        if len(self.flows) == 1:
            return f"{self.name} of {self.flows[0]}{f'.{self.end}' if self.end else ''}"
        shown = ", ".join(self.flows) if len(self.flows) <= 4 else f"{len(self.flows)} flows"
        return f"{self.name} ({'sum' if self.name in SUMMED else 'mean'} of {shown})"

    def value(self, run: Run) -> float | None:
        """The number; None when this run has none."""
        if self.scope == RUN:
            return _number(run.get(self.name))
        if self.scope == LINK:
            direction = run["links"].get(self.link) or {}
            direction = (direction.get("reverse") or {}) if self.reverse else direction
            if self.reason:
                by_reason = direction.get("drops_by_reason")
                return None if by_reason is None else float(by_reason.get(self.reason, 0))
            return _number(direction.get(self.name))
        return self.together([self._of_flow(run["flows"].get(flow) or {}) for flow in self.flows])

    def _of_flow(self, flow: Mapping[str, Any]) -> float | None:
        return _number((flow.get(self.end) or {}).get(self.name) if self.end else flow.get(self.name))

    def together(self, values: Sequence[float | None]) -> float | None:
        """One number of all flows'; None if one has none."""
        known = [value for value in values if value is not None]
        if not known or len(known) < len(values):
            return None
        return sum(known) if self.name in SUMMED else fmean(known)

    def show(self, value: float | None) -> str:
        """With its unit, to three digits: `8.91 Mbit/s`."""
        if value is None:
            return "–"
        rounded = float(f"{value:.3g}")
        if self.unit == "s":
            return units.show_duration(float(f"{value * 1e9:.3g}")) if value else "0s"
        if self.unit in ("bit/s", "B"):
            return units.show_rate(rounded) if self.unit == "bit/s" else units.show_size(rounded)
        if self.name in _SHARES:
            return f"{rounded * 100:.3g} %"
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"

    def show_distance(self, value: float) -> str:
        """How far two values are apart, which has no sign: `1.2 Mbit/s`; a bare number where there is no unit."""
        return self.show(abs(value)) if self.unit in ("s", "bit/s", "B") else two_digits(abs(value))

    def show_difference(self, value: float) -> str:
        """The same with its sign: `+1.2 Mbit/s`."""
        return f"{'+' if value > 0 else '-' if value < 0 else ''}{self.show_distance(value)}"


def two_digits(value: float) -> str:
    """To two digits, whole from ten on: `18`, `1.2`, `0.031`; never with an exponent."""
    if not value or abs(value) >= 9.95:
        return f"{value:,.0f}"
    rounded = float(f"{value:.2g}")
    decimals = max(0, 1 - floor(log10(abs(rounded))))
    return f"{rounded:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{rounded:.0f}"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


# -- from its name ---------------------------------------------------------------------------------------------------


def measure(metric: str, runs: Sequence[Run], flow: str | None = None) -> Measure:
    """What `metric` means of these runs: `goodput`, `a.goodput`, `a.client.timeouts`, `links.bottleneck.drops`, `jain`.

    A bare flow metric is that of `flow`, or of all flows together. Raises ConfigError, with what it may have meant.
    """
    flows = list(dict.fromkeys(name for run in runs for name in run["flows"]))
    if flow is not None and flow not in flows:
        raise _wrong(f"there is no flow {flow!r}", nearest(flow, flows), "--flow")
    first, *rest = metric.split(".")
    if first == "links":
        return _of_link(rest, runs)
    if first in flows and rest:
        return _of_flow(first, rest)
    if rest or first in _numeric(FLOW):
        return _of_flow(flow, [first, *rest]) if flow or rest else _of_flows(first, flows)
    if first in _numeric(RUN):
        return Measure(name=first, scope=RUN, unit=_numeric(RUN)[first])
    known = [*_numeric(FLOW), *_numeric(RUN), *(f"{name}.goodput" for name in flows), "links.NAME.drops"]
    raise _wrong(f"there is no metric {first!r}", nearest(first, known))


def _of_flows(name: str, flows: list[str]) -> Measure:
    if not flows:
        raise _wrong("these runs have no flows", "such as links.NAME.utilisation")
    return Measure(name=name, scope=FLOW, unit=_numeric(FLOW)[name], flows=tuple(flows))


def _of_flow(flow: str | None, path: list[str]) -> Measure:
    if flow is None:
        raise _wrong(f"there is no flow or link {path[0]!r}", "as in a.goodput, links.NAME.drops or jain")
    if len(path) == 2 and path[0] in ("client", "server"):
        if path[1] not in COUNTERS:
            raise _wrong(f"the {path[0]} has no counter {path[1]!r}", nearest(path[1], COUNTERS))
        end: Literal["client", "server"] = "client" if path[0] == "client" else "server"
        unit = "B" if path[1].startswith("bytes") else ""
        return Measure(name=path[1], scope=FLOW, unit=unit, flows=(flow,), end=end)
    name, known = ".".join(path), _numeric(FLOW)
    if name not in known:
        raise _wrong(f"flow {flow!r} has no number {name!r}", nearest(name, known))
    return Measure(name=name, scope=FLOW, unit=known[name], flows=(flow,))


def _of_link(path: list[str], runs: Sequence[Run]) -> Measure:
    links = list(dict.fromkeys(name for run in runs for name in run["links"]))
    link = next((name for name in links if path[: name.count(".") + 1] == name.split(".")), None)
    if link is None:
        raise _wrong(f"there is no link {'.'.join(path[:1])!r}", nearest(".".join(path[:1]), links))
    rest = path[link.count(".") + 1 :]
    reverse = rest[:1] == ["reverse"]
    rest = rest[1:] if reverse else rest
    if len(rest) == 2 and rest[0] == "drops_by_reason":
        return Measure(name="drops", scope=LINK, unit="", link=link, reverse=reverse, reason=rest[1])
    name, known = ".".join(rest), _numeric(LINK)
    if name not in known:
        message = f"link {link!r} has no number {name!r}" if name else f"which number of link {link!r}?"
        raise _wrong(message, nearest(name, known))
    return Measure(name=name, scope=LINK, unit=known[name], link=link, reverse=reverse)


def _numeric(scope: str) -> dict[str, str]:
    """The scope's numbers and their units."""
    return {name: m.unit for name, m in METRICS[scope].items() if m.unit not in (TEXT, FLAG, GROUP)}


def _wrong(message: str, suggestion: str = "", place: str = "--metric") -> ConfigError:
    return ConfigError.of(message, file=place, suggestion=suggestion)
