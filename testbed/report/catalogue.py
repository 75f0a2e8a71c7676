"""What can be plugged in, by kind: the same tables that the file loader reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final

from testbed.link.delay import JITTERS
from testbed.link.loss import LOSSES
from testbed.link.qdisc import QDISCS
from testbed.metrics import METRICS
from testbed.report.plots import PLOTS
from testbed.tcp.congestion import CONTROLS
from testbed.traffic import APPS

Entry = tuple[str, str]
"""A name, and one line on what it means."""

TOPOLOGIES: Final = Path("topologies")
"""Where files of networks are looked for, below the folder that one is in."""


def catalogue(kind: str) -> list[Entry]:
    """Everything of a kind, in the order of its table."""
    return list(KINDS[kind]())


def first_line(plug: object) -> str:
    """The first line of a plug's docstring."""
    return (plug.__doc__ or "").strip().partition("\n")[0]


def _table(plugs: Mapping[str, Any]) -> Callable[[], Iterator[Entry]]:
    return lambda: ((name, first_line(plug)) for name, plug in plugs.items())


def _metrics() -> Iterator[Entry]:
    for metric in chain.from_iterable(scope.values() for scope in METRICS.values()):
        unit = f" ({metric.unit})" if metric.unit else ""
        yield f"{metric.scope} {metric.name}", f"{metric.doc}{unit}"


def _topologies() -> Iterator[Entry]:
    """The files below `topologies/`, each with the comment that it begins with."""
    for file in sorted(TOPOLOGIES.glob("*.yaml")):
        first = file.read_text().partition("\n")[0]
        yield str(file), first.lstrip("# ") if first.startswith("#") else ""


KINDS: Final[dict[str, Callable[[], Iterator[Entry]]]] = {
    "controls": _table(CONTROLS),
    "losses": _table(LOSSES),
    "jitters": _table(JITTERS),
    "qdiscs": _table(QDISCS),
    "apps": _table(APPS),
    "metrics": _metrics,
    "plots": _table(PLOTS),
    "topologies": _topologies,
}
"""Every kind by its name."""
