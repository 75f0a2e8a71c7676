"""How much later than it should have been things happened in real time: what a run's figures can be trusted for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from testbed.metrics.histogram import Histogram


class Lateness:
    """Of one process, or of a run. All in ns; nothing ever happens too early."""

    def __init__(self) -> None:
        self.work = Histogram()
        """Of every entry of the heap: a bound. What is due together is done together, and all of it counts from when
        the first was due until the last was done."""
        self.directions: dict[str, Histogram] = {}
        """Of every packet, by link direction: until it left the sender's process, or was delivered inside it."""

    def of(self, direction: str) -> Histogram:
        """The link direction's, made when it is first asked for."""
        return self.directions.setdefault(direction, Histogram())

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        directions = {name: histogram.as_dict() for name, histogram in self.directions.items()}
        return {"work": self.work.as_dict(), "directions": directions}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Lateness:
        """What `as_dict` gave."""
        lateness = cls()
        lateness.work = Histogram.from_dict(data["work"])
        lateness.directions = {name: Histogram.from_dict(one) for name, one in data["directions"].items()}
        return lateness

    @classmethod
    def together(cls, parts: Iterable[Lateness]) -> Lateness:
        """Of several processes as of one."""
        whole = cls()
        for part in parts:
            whole.work.merge(part.work)
            for name, histogram in part.directions.items():
                whole.of(name).merge(histogram)
        return whole
