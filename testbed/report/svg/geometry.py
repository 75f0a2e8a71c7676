"""Boxes that lie askew, and whether they touch."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin
from typing import NamedTuple

Spot = tuple[float, float]


class Box(NamedTuple):
    """A rectangle about `middle`, turned clockwise by `angle` degrees (y runs down)."""

    middle: Spot
    width: float
    height: float
    angle: float = 0.0

    @property
    def corners(self) -> list[Spot]:
        (x, y), turn = self.middle, radians(self.angle)
        along = (cos(turn) * self.width / 2, sin(turn) * self.width / 2)
        across = (-sin(turn) * self.height / 2, cos(turn) * self.height / 2)
        return [
            (x + a * along[0] + b * across[0], y + a * along[1] + b * across[1])
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]


def between(begin: Spot, end: Spot, share: float) -> Spot:
    """The spot at this share of the way."""
    return begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share


def touch(one: Sequence[Spot], other: Sequence[Spot]) -> bool:
    """Whether two convex shapes, or lines, have a spot in common: no side of either parts them."""
    for shape in (one, other):
        for (ax, ay), (bx, by) in zip(shape, [*shape[1:], shape[0]], strict=True):
            normal = (ay - by, bx - ax)
            near, far = _reach(one, normal), _reach(other, normal)
            if near[1] <= far[0] or far[1] <= near[0]:
                return False
    return True


def _reach(shape: Sequence[Spot], direction: Spot) -> tuple[float, float]:
    along = [x * direction[0] + y * direction[1] for x, y in shape]
    return min(along), max(along)
