"""What chance does to a packet between the serialiser and its arrival.

Each impairment has a random stream of its own and draws for every packet, even for one that another has lost
already. Turning one on, off or up therefore leaves what the others do to the n-th packet as it was.
"""

from __future__ import annotations

from random import Random

from testbed import seeds
from testbed.link.corruption import Corruption
from testbed.link.delay import Jitter
from testbed.link.loss.model import Loss
from testbed.link.reorder import Reordering
from testbed.link.spec import DirectionSpec


class Streams:
    """One component's random streams, by their use. A stream goes on where it was when its user changes."""

    __slots__ = ("_made", "_owner", "_seed")

    def __init__(self, seed: int, owner: str) -> None:
        self._seed = seed
        self._owner = owner
        self._made: dict[str, Random] = {}

    def of(self, use: str) -> Random:
        """The stream for `use`, e.g. "loss", which is called e.g. `links.bottleneck/loss`."""
        if use not in self._made:
            self._made[use] = seeds.stream(self._seed, f"{self._owner}/{use}")
        return self._made[use]


class Impairments:
    """Those of one link direction. `active` is False when there are none, so that nobody need ask."""

    __slots__ = (
        "_corruption", "_duplicate", "_duplicate_stream", "_jitter", "_jitter_reorders", "_last_arrival",
        "_loss", "_reordering", "_spec", "_streams", "active",
    )  # fmt: skip

    def __init__(self, spec: DirectionSpec, streams: Streams) -> None:
        self._streams = streams
        self._loss: Loss | None = None
        self._corruption: Corruption | None = None
        self._jitter: Jitter | None = None
        self._reordering: Reordering | None = None
        self._last_arrival = 0  # of those that jitter keeps in order
        self._spec = DirectionSpec()
        self.change(spec)

    def change(self, spec: DirectionSpec) -> None:
        """Build anew what `spec` has otherwise than before; the rest goes on as it is."""
        before, streams = self._spec, self._streams
        if spec.loss != before.loss:
            self._loss = spec.loss.build(streams.of("loss")) if spec.loss else None
        if spec.corrupt != before.corrupt:
            self._corruption = Corruption(spec.corrupt, streams.of("corrupt")) if spec.corrupt else None
        if spec.jitter != before.jitter:
            self._jitter = spec.jitter.build(streams.of("jitter")) if spec.jitter else None
        if spec.reorder != before.reorder:
            self._reordering = spec.reorder.build(streams.of("reorder")) if spec.reorder else None
        if spec.delay != before.delay:
            self._last_arrival = 0  # a shorter way: those on it overtake those on the longer one
        self._duplicate = spec.duplicate
        self._duplicate_stream = streams.of("duplicate") if spec.duplicate else None
        self._jitter_reorders = spec.jitter is not None and spec.jitter.reorder
        self._spec = spec
        self.active = bool(spec.loss or spec.corrupt or spec.jitter or spec.reorder or spec.duplicate)

    def loses(self, now: int) -> bool:
        """Whether the packet whose sending begins `now` never arrives."""
        return self._loss is not None and self._loss.lost(now)

    def flips(self, size: int) -> int:
        """Which bits of a packet of `size` bytes flip (see `Corruption.draw`)."""
        return 0 if self._corruption is None else self._corruption.draw(size)

    def duplicates(self) -> bool:
        """Whether the packet arrives twice."""
        return self._duplicate_stream is not None and self._duplicate_stream.random() < self._duplicate

    def held_back(self) -> int:
        """For how long (ns) the packet is held back, so that others overtake it."""
        return 0 if self._reordering is None else self._reordering.draw()

    def arrival(self, departure: int, delay: int) -> int:
        """When a packet arrives that leaves at `departure` and is not held back."""
        if self._jitter is None:
            return departure + delay
        arrival = departure + max(0, delay + self._jitter.draw())
        if self._jitter_reorders:
            return arrival
        if arrival < self._last_arrival:
            arrival = self._last_arrival
        self._last_arrival = arrival
        return arrival
